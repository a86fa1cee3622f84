"""Files of every format that repdiff reads, and seeded ways to damage them.

``cases(folder, kinds, n, seed)`` writes damaged files one after another; the same seed gives the same bytes. The large
benchmark uses it, too.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

N = 12
VALUES = np.random.default_rng(0).normal(size=(N, 4)).astype(np.float32)
IDS = [f"item {row}" for row in range(N)]
INTEGERS = (0, 1, 2, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1)
NUMBERS_IN_TEXT = (b"0", b"-1", b"1e999", b"nan", b"4294967296", b"9223372036854775807", b"1" * 400)
ZIPPED = (".npz", ".pt", ".pt2")
TEXT = (".csv", ".tsv", ".json")


@dataclass(frozen=True)
class Case:
    """A file to open, and how it was made."""

    kind: str
    path: Path
    made: str


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, VALUES)
    return file.getvalue()


def npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, embeddings=VALUES, ids=np.array(IDS))
    return file.getvalue()


def frame() -> pd.DataFrame:
    words = pd.Series([None if row == 3 else f"label {row % 3}" for row in range(N)])
    return pd.DataFrame({"id": IDS, "vector": VALUES.tolist(), "label": words, "size": np.arange(N)})


def table() -> Any:
    import pyarrow as pa

    made = pa.Table.from_pandas(frame(), preserve_index=False)
    label = made.schema.get_field_index("label")
    return made.set_column(label, "label", made["label"].dictionary_encode())


def parquet(**options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        import pyarrow.parquet as pq

        file = io.BytesIO()
        pq.write_table(table(), file, **options)
        return file.getvalue()

    return make


def wide_parquet() -> bytes:
    file = io.BytesIO()
    pd.DataFrame(VALUES, columns=list("abcd")).assign(id=IDS).to_parquet(file)
    return file.getvalue()


def feather(compression: str = "lz4") -> Callable[[], bytes]:
    def make() -> bytes:
        import pyarrow.feather

        file = io.BytesIO()
        pyarrow.feather.write_feather(table(), file, compression=compression)
        return file.getvalue()

    return make


def arrow_stream() -> bytes:
    import pyarrow as pa

    file = io.BytesIO()
    with pa.ipc.new_stream(file, table().schema) as writer:
        writer.write_table(table(), max_chunksize=5)
    return file.getvalue()


def csv(separator: str = ",") -> Callable[[], bytes]:
    return lambda: pd.DataFrame(VALUES, columns=list("abcd")).assign(id=IDS).to_csv(index=False, sep=separator).encode()


def safetensors() -> bytes:
    from safetensors.numpy import save

    return save({"embeddings": VALUES})


def hdf5(**options: Any) -> Callable[[], bytes]:
    def make() -> bytes:
        import h5py

        made = io.BytesIO()
        with h5py.File(made, "w") as file:
            file.create_dataset("group/embeddings", data=VALUES, **options)
            file["ids"] = np.array(IDS, dtype=object)
        return made.getvalue()

    return make


def h5ad() -> bytes:
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as file:
        file["obsm/X_pca"] = VALUES
        obs = file.create_group("obs")
        obs.attrs["_index"] = "_index"
        obs.attrs["column-order"] = ["label"]
        obs["_index"] = np.array(IDS, dtype=object)
        label = obs.create_group("label")
        label.attrs["encoding-type"] = "categorical"
        label["codes"] = (np.arange(N) % 3).astype(np.int8)
        label["categories"] = np.array(["a", "b", "c"], dtype=object)
    return made.getvalue()


def pt() -> bytes:
    import torch

    file = io.BytesIO()
    torch.save({"embeddings": torch.from_numpy(VALUES), "numbers": VALUES[:2], "half": torch.ones(3).bfloat16()}, file)
    return file.getvalue()


def old_pt() -> bytes:
    import torch

    file = io.BytesIO()
    torch.save(torch.from_numpy(VALUES), file, _use_new_zipfile_serialization=False)
    return file.getvalue()


def onnx_model() -> bytes:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weights = np.ones((12, 3), np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["images", "shape"], ["flat"]),
            helper.make_node("MatMul", ["flat", "w"], ["embedding"]),
        ],
        "g",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [None, 3, 2, 2])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [None, 3])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.array([-1, 12]), "shape")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(onnx._serialize(made)) if hasattr(onnx, "_serialize") else made.SerializeToString()


def pt2_model() -> bytes:
    import torch

    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        batch = ({0: torch.export.Dim("batch", min=1, max=64)},)
        program = torch.export.export(net, (torch.zeros(2, 3, 4, 4),), dynamic_shapes=batch)
        file = io.BytesIO()
        torch.export.save(program, file)
    return file.getvalue()


def picture(form: str, mode: str = "RGB") -> Callable[[], bytes]:
    def make() -> bytes:
        from PIL import Image

        file = io.BytesIO()
        pixels = np.random.default_rng(1).integers(0, 255, (9, 11, 3), np.uint8)
        Image.fromarray(pixels).convert(mode).save(file, form)
        return file.getvalue()

    return make


# What to call each, its suffix, and how a sound one is made.
SOUND: dict[str, tuple[str, Callable[[], bytes]]] = {
    "npy": (".npy", npy),
    "npz": (".npz", npz),
    "csv": (".csv", csv()),
    "tsv": (".tsv", csv("\t")),
    "parquet": (".parquet", parquet()),
    "parquet, no dictionary": (".parquet", parquet(use_dictionary=False, compression="none")),
    "parquet, wide": (".parquet", wide_parquet),
    "feather": (".feather", feather()),
    "feather, not compressed": (".feather", feather("uncompressed")),
    "arrow": (".arrow", arrow_stream),
    "safetensors": (".safetensors", safetensors),
    "hdf5": (".h5", hdf5()),
    "hdf5, compressed": (".h5", hdf5(compression="gzip", shuffle=True, chunks=(4, 2))),
    "h5ad": (".h5ad", h5ad),
    "pt": (".pt", pt),
    "pt, old": (".pt", old_pt),
    "onnx": (".onnx", onnx_model),
    "pt2": (".pt2", pt2_model),
    "png": (".png", picture("PNG")),
    "jpeg": (".jpg", picture("JPEG")),
    "gif": (".gif", picture("GIF", "P")),
    "webp": (".webp", picture("WEBP")),
    "tiff": (".tif", picture("TIFF")),
    "bmp": (".bmp", picture("BMP")),
}


@cache
def sound(kind: str) -> bytes:
    """A sound file of that kind."""
    return SOUND[kind][1]()


def cases(folder: Path, kinds: Sequence[str], n: int, seed: int) -> Iterator[Case]:
    """Damaged files, n of each kind, each with a name of its own; whoever takes one may delete it."""
    for kind in kinds:
        for number in range(n):
            rng = np.random.default_rng([seed, list(SOUND).index(kind), number])
            data, made = damaged(sound(kind), SOUND[kind][0], rng)
            path = folder / f"{seed}-{list(SOUND).index(kind)}-{number}{SOUND[kind][0]}"
            path.write_bytes(data)
            yield Case(kind, path, made)


def damaged(data: bytes, suffix: str, rng: np.random.Generator) -> tuple[bytes, str]:
    """The bytes with one to three kinds of damage, and what they were."""
    ways = [*WAYS, *([_inside_zip] * 4 if suffix in ZIPPED else []), *([_text] * 4 if suffix in TEXT else [])]
    told = []
    for _ in range(int(rng.integers(1, 4))):
        way = ways[int(rng.integers(len(ways)))]
        data = way(data, rng)
        told.append(way.__name__.strip("_"))
        if way is _truncated:
            break
    return data, " + ".join(told)


def _place(size: int, rng: np.random.Generator) -> int:
    """A place in the bytes; ends are where headers and footers are."""
    near = min(size, 300)
    return int([rng.integers(size), rng.integers(near), size - 1 - rng.integers(near)][int(rng.integers(3))])


def _bits(data: bytes, rng: np.random.Generator) -> bytes:
    made = bytearray(data)
    for _ in range(int(rng.integers(1, 9)) if made else 0):
        made[_place(len(made), rng)] ^= 1 << int(rng.integers(8))
    return bytes(made)


def _bytes(data: bytes, rng: np.random.Generator) -> bytes:
    made = bytearray(data)
    for _ in range(int(rng.integers(1, 5)) if made else 0):
        made[_place(len(made), rng)] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF]))
    return bytes(made)


def _integer(data: bytes, rng: np.random.Generator) -> bytes:
    """An aligned or unaligned integer of 2, 4 or 8 bytes, set to an extreme."""
    size = int(rng.choice([2, 4, 8]))
    if len(data) < size:
        return data
    at = min(_place(len(data), rng), len(data) - size)
    at -= at % size if rng.random() < 0.7 else 0
    value = INTEGERS[int(rng.integers(len(INTEGERS)))] % (1 << 8 * size)
    return data[:at] + value.to_bytes(size, "little" if rng.random() < 0.8 else "big") + data[at + size :]


def _truncated(data: bytes, rng: np.random.Generator) -> bytes:
    return data[: int(rng.integers(len(data) + 1))]


def _longer(data: bytes, rng: np.random.Generator) -> bytes:
    return data + rng.bytes(int(rng.integers(1, 4096)))


def _block(data: bytes, rng: np.random.Generator) -> bytes:
    """A block left out, doubled, cleared or filled with noise."""
    if not data:
        return data
    start = _place(len(data), rng)
    end = min(len(data), start + int(rng.integers(1, 65)))
    block = [b"", data[start:end] * 2, bytes(end - start), rng.bytes(end - start)][int(rng.integers(4))]
    return data[:start] + block + data[end:]


def _text(data: bytes, rng: np.random.Generator) -> bytes:
    """A number or a sign in text, replaced."""
    at = _place(len(data), rng) if data else 0
    word = [*NUMBERS_IN_TEXT, b'"', b",", b"\n", b"\r", b"\x00", b"\xff", b",,,,", b"id", b"[1, 2"]
    return data[:at] + word[int(rng.integers(len(word)))] + data[at + int(rng.integers(0, 4)) :]


def _inside_zip(data: bytes, rng: np.random.Generator) -> bytes:
    """A member of a zip file damaged, in a file whose checksums are right."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except Exception:  # it was damaged before
        return _bits(data, rng)
    if not members:
        return data
    name = list(members)[int(rng.integers(len(members)))]
    way = [*WAYS, _text][int(rng.integers(len(WAYS) + 1))]
    members[name] = way(members[name], rng)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return made.getvalue()


WAYS: tuple[Callable[[bytes, np.random.Generator], bytes], ...] = (
    _bits, _bytes, _integer, _integer, _truncated, _longer, _block,
)  # fmt: skip
