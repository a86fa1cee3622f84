"""Files that claim much more than they hold: refused before anything is read, with the claim and the file's size."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from repdiff.core.errors import InputError
from repdiff.core.memory import available_bytes
from repdiff.inputs import as_items, read_embeddings
from repdiff.inputs.claims import FREELY, MOST_FOLD, check_claim

ROWS, COLUMNS = 10**6, 2000  # 16 GB of float64


def header(shape: tuple[int, ...], dtype: str = "<f8") -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
    return file.getvalue()


def npy(path: Path) -> None:
    path.write_bytes(header((10**9, 10**9)) + bytes(64))


def npy_of_large_items(path: Path) -> None:
    path.write_bytes(header((10,), "<U500000000") + bytes(64))


def npy_below_zero(path: Path) -> None:
    path.write_bytes(header((-5, -5)) + bytes(640))


def npz(path: Path) -> None:
    """Zeros: 280 MB of them are 272 kB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as file:
        file.write(header((280, 10**6), "<u1"))
        for _ in range(280):
            file.write(bytes(10**6))


def hdf5(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.create_dataset("embeddings", (ROWS, COLUMNS), "f8", chunks=(1000, 1000), fillvalue=1)


def h5ad(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.create_dataset("obsm/X", (ROWS, COLUMNS), "f8", chunks=(1000, 1000), fillvalue=1)
        file.create_group("obs").attrs["_index"] = "_index"
        file.create_dataset("obs/_index", (ROWS * 1000,), h5py.string_dtype(), chunks=(10**6,))


def parquet_text(path: Path) -> None:
    """One text of 1 MB, a hundred thousand times: 100 GB."""
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 10**6]))
    pq.write_table(pa.table({"id": np.arange(100_000).astype(str), "text": words}), path, store_schema=False)


def parquet_numbers(path: Path) -> None:
    column = np.zeros(10**6)
    pq.write_table(pa.table({f"c{place}": column for place in range(60)}), path)


def parquet_lists(path: Path) -> None:
    lists = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(36 * 10**6)), 36_000)
    pq.write_table(pa.table({"v": lists}), path)


def feather(path: Path) -> None:
    table = pa.table({"v": np.zeros(60 * 10**6)})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(
        file, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as writer:  # fmt: skip
        writer.write_table(table)


def arrow_dictionary(path: Path) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 10**5]))
    table = pa.table({"text": words})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def csv(path: Path) -> None:
    """A wide header, and lines that would each be filled up to its length."""
    path.write_text(",".join(f"c{place}" for place in range(20_000)) + "\n" + "1\n" * 200_000)


def pt(path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"embeddings": torch.zeros(1).expand(ROWS, COLUMNS)}, path)


def sparse_pt(path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save(torch.sparse_coo_tensor([[0], [0]], [1.0], (ROWS, COLUMNS)), path)


def safetensors(path: Path) -> None:
    facts = json.dumps({"x": {"dtype": "F64", "shape": [ROWS, COLUMNS], "data_offsets": [0, ROWS * COLUMNS * 8]}})
    path.write_bytes(struct.pack("<Q", len(facts)) + facts.encode() + bytes(64))


FOLD = r"claims [\d.]+ (GB|MB) of (values|cells), but the file has only [\d.]+ (kB|MB|bytes)"
BOMBS = {
    ".npy": (npy, r"8000000000\.0 GB, but 64 bytes follow"),
    "large items.npy": (npy_of_large_items, r"20\.0 GB, but 64 bytes follow"),
    "below zero.npy": (npy_below_zero, r"shape \(-5, -5\); it is damaged"),
    ".npz": (npz, FOLD),
    ".h5": (hdf5, FOLD),
    ".h5ad": (h5ad, FOLD),
    "text.parquet": (parquet_text, FOLD),
    "numbers.parquet": (parquet_numbers, FOLD),
    "lists.parquet": (parquet_lists, FOLD),
    ".feather": (feather, FOLD),
    "dictionary.feather": (arrow_dictionary, FOLD),
    ".csv": (csv, FOLD),
    ".pt": (pt, FOLD),
    "sparse.pt": (sparse_pt, FOLD),
    ".safetensors": (safetensors, "cannot be read as .safetensors"),
}


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bombs")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_in_one_line_before_it_is_read(name, bombs):
    import resource

    write, says = BOMBS[name]
    path = bombs / f"x{name}"
    write(path)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + FREELY + (300 << 20), limits[1]))
    try:
        with pytest.raises(InputError, match=says) as found:
            (as_items if "text" in name or "dictionary" in name else read_embeddings)(path)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert "\n" not in str(found.value)
    assert not any(words in str(found.value) for words in ("MemoryError", "close other programs"))


def test_files_that_compress_well_are_read(tmp_path):
    np.savez_compressed(tmp_path / "x.npz", embeddings=np.eye(3000, dtype=np.float32))
    np.testing.assert_array_equal(read_embeddings(tmp_path / "x.npz").values, np.eye(3000, dtype=np.float32))
    pd.DataFrame({"id": range(50_000), "label": "the same for all"}).to_parquet(tmp_path / "t.parquet")
    assert as_items(tmp_path / "t.parquet").frame["label"].nunique() == 1


def test_what_does_not_fit_into_the_memory_is_refused():
    free = available_bytes()
    check_claim("x.npy", FREELY, 1)
    check_claim("x.npy", free // 2, free // 2)
    with pytest.raises(InputError, match=r"x\.npy: its values take .* but only .* of memory are free"):
        check_claim("x.npy", 2 * free, 2 * free)
    with pytest.raises(InputError, match="claims"):
        check_claim("x.npy", FREELY + 1, FREELY // MOST_FOLD)


def test_a_picture_that_claims_a_billion_pixels_is_refused(tmp_path):
    from PIL import Image

    from repdiff.inputs.images import open_image

    Image.new("RGB", (9, 9)).save(tmp_path / "x.png")
    data = bytearray((tmp_path / "x.png").read_bytes())
    data[16:24] = struct.pack(">II", 40_000, 40_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "x.png").write_bytes(bytes(data))
    with pytest.raises(InputError, match="megapixels"):
        open_image(tmp_path / "x.png")
