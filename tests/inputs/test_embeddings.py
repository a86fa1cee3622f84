from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy

from repdiff import InputError
from repdiff.inputs import as_embeddings, read_embeddings

VALUES = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
IDS = [f"item {i}" for i in range(6)]
COLUMNS = ["a", "b", "c"]


def wide() -> pd.DataFrame:
    return pd.DataFrame(VALUES, columns=COLUMNS).assign(id=IDS)


def with_lists() -> pa.Table:
    return pa.table({"id": IDS, "embedding": pa.FixedSizeListArray.from_arrays(pa.array(VALUES.ravel()), 3)})


def write_h5(path: Path, datasets: dict[str, Any]) -> None:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values


def write_stream(path: Path, table: pa.Table) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


FILES: dict[str, Callable[[Path], Any]] = {
    "plain.npy": lambda path: np.save(path, VALUES),
    "fortran.npy": lambda path: np.save(path, np.asfortranarray(VALUES)),
    "big-endian.npy": lambda path: np.save(path, VALUES.astype(">f4")),
    "one.npz": lambda path: np.savez(path, anything=VALUES),
    "ids.npz": lambda path: np.savez(path, embeddings=VALUES, ids=np.array(IDS)),
    "named.npz": lambda path: np.savez_compressed(path, embeddings=VALUES, logits=np.eye(6), id=np.array(IDS)),
    "beside-a-vector.npz": lambda path: np.savez(path, values=VALUES, weights=np.ones(6)),
    "one.safetensors": lambda path: safetensors.numpy.save_file({"e": VALUES}, path),
    "one.h5": lambda path: write_h5(path, {"layer/embeddings": VALUES}),
    "ids.h5": lambda path: write_h5(path, {"embeddings": VALUES, "ids": IDS}),
    "wide.feather": lambda path: wide().to_feather(path),
    "lists.arrow": lambda path: write_stream(path, with_lists()),
    "wide.csv": lambda path: wide().to_csv(path, index=False),
    "upper-case.CSV": lambda path: wide().to_csv(path, index=False),
    "with-bom.csv": lambda path: wide().to_csv(path, index=False, encoding="utf-8-sig"),
    "no-header.csv": lambda path: np.savetxt(path, VALUES, delimiter=",", fmt="%.9g"),
    "numbered.csv": lambda path: pd.DataFrame(VALUES).to_csv(path, index=False),
    "wide.parquet": lambda path: wide().to_parquet(path),
    "lists.parquet": lambda path: pq.write_table(with_lists(), path),
    "ids-in-index.parquet": lambda path: wide().set_index("id").to_parquet(path),
}

WITHOUT_IDS = {
    "plain.npy", "fortran.npy", "big-endian.npy", "one.npz", "beside-a-vector.npz", "one.safetensors", "no-header.csv",
    "numbered.csv", "one.h5",
}  # fmt: skip

TABLES: dict[str, Callable[[], Any]] = {
    "pandas": wide,
    "pandas, index": lambda: wide().set_index("id"),
    "pandas, odd index": lambda: wide().set_index(np.arange(6)[::-1]),
    "pandas, integer columns": lambda: pd.DataFrame(VALUES).assign(id=IDS),
    "pandas, lists": lambda: pd.DataFrame({"id": IDS, "e": list(VALUES)}),
    "polars": lambda: pl.from_pandas(wide()),
    "polars, lazy": lambda: pl.from_pandas(wide()).lazy(),
    "polars, lists": lambda: pl.from_arrow(with_lists()),
    "pyarrow": lambda: pa.Table.from_pandas(wide(), preserve_index=False),
    "pyarrow, lists": with_lists,
    "mapping": lambda: {"embeddings": VALUES, "ids": IDS},
}


@pytest.mark.parametrize("name", FILES)
def test_every_file_gives_the_same_matrix(name: str, tmp_path: Path) -> None:
    FILES[name](tmp_path / name)
    found = read_embeddings(tmp_path / name)
    np.testing.assert_array_equal(found.values.astype(np.float32), VALUES)
    assert found.values.flags.c_contiguous
    assert found.values.dtype.isnative
    assert (found.ids is None) == (name in WITHOUT_IDS)
    if found.ids is not None:
        assert found.ids.tolist() == IDS
    assert found.source == str(tmp_path / name)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_gives_the_same_matrix(name: str) -> None:
    found = as_embeddings(TABLES[name](), source="x")
    np.testing.assert_array_equal(found.values, VALUES)
    assert found.ids is not None
    assert found.ids.tolist() == IDS
    assert found.values.dtype == np.float32


def test_a_float_array_is_not_copied() -> None:
    assert as_embeddings(VALUES, source="x").values is VALUES


@pytest.mark.parametrize(
    ("given", "kept"),
    [("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i1", "f4"), ("u2", "f4"), ("i4", "f8"), ("i8", "f8"), ("?", "f4")],
)
def test_numbers_become_floats_that_hold_them(given: str, kept: str) -> None:
    values = np.array([[0, 1], [1, 0]], dtype=given)
    found = as_embeddings(values, source="x").values
    assert found.dtype == kept
    np.testing.assert_array_equal(found, values)


def test_integers_too_wide_for_float32_keep_their_digits() -> None:
    values = np.array([[16_777_217, 0], [0, 1]])
    assert as_embeddings(values, source="x").values[0, 0] == 16_777_217


def test_a_masked_column_with_a_gap_becomes_nan() -> None:
    table = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array([0.5, 1.5], dtype="Float32")})
    assert np.isnan(as_embeddings(table, source="x").values[1, 0])


def test_lists_of_lists_and_sparse_matrices_are_arrays() -> None:
    from scipy import sparse

    np.testing.assert_array_equal(as_embeddings([[1, 2], [3, 4]], source="x").values, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(as_embeddings(sparse.eye_array(3).tocsr(), source="x").values, np.eye(3))


def test_a_tensor_with_a_gradient_is_an_array() -> None:
    torch = pytest.importorskip("torch")
    for dtype in (torch.float32, torch.bfloat16):
        tensor = torch.ones(2, 3, dtype=dtype, requires_grad=True)
        np.testing.assert_array_equal(as_embeddings(tensor, source="x").values, np.ones((2, 3), np.float32))


def test_ids_in_a_csv_keep_their_zeros_and_words(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("id,a\n007,1\nNA,2\nnull,3\n")
    found = read_embeddings(tmp_path / "x.csv").ids
    assert found is not None
    assert found.tolist() == ["007", "NA", "null"]


def test_whole_floats_are_the_ids_of_integers() -> None:
    found = as_embeddings({"e": VALUES, "id": np.arange(6.0)}, source="x").ids
    assert found is not None
    assert found.tolist() == ["0", "1", "2", "3", "4", "5"]


def test_the_hash_tells_values_shapes_and_types_apart() -> None:
    def sha256(values: np.ndarray) -> str:
        return as_embeddings(values, source="x").sha256()

    assert sha256(VALUES) == sha256(VALUES.copy())
    others = [VALUES + 1, VALUES.reshape(3, 6), VALUES.astype(np.float64)]
    assert len({sha256(values) for values in (VALUES, *others)}) == 4


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(InputError, match="ragged"):
        as_embeddings([[1, 2], [3]], source="x")


def test_a_missing_list_is_named() -> None:
    table = pa.table({"e": pa.array([[1.0, 2.0], None], pa.list_(pa.float32()))})
    with pytest.raises(InputError, match=r"row 1 has no vector \(1 such row\)"):
        as_embeddings(table, source="x")


@pytest.mark.parametrize("form", ["tensor", "mapping", "half"])
def test_a_pt_file_gives_its_tensor(form: str, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(VALUES)
    torch.save(
        {"tensor": tensor, "mapping": {"embeddings": tensor, "ids": IDS}, "half": tensor.bfloat16()}[form],
        tmp_path / "x.pt",
    )
    found = read_embeddings(tmp_path / "x.pt")
    np.testing.assert_allclose(found.values, VALUES, rtol=1e-2 if form == "half" else 0)
    assert (found.ids is None) == (form != "mapping")


def test_a_pt_file_of_objects_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"model": Path("x")}, tmp_path / "x.pt")
    with pytest.raises(InputError, match=r"x\.pt: .*pickle"):
        read_embeddings(tmp_path / "x.pt")
    torch.save({"epoch": 3}, tmp_path / "x.pt")
    with pytest.raises(InputError, match="neither a tensor"):
        read_embeddings(tmp_path / "x.pt")


def test_a_missing_extra_names_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FILES["one.safetensors"](tmp_path / "x.safetensors")
    monkeypatch.setitem(__import__("sys").modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install "repdiff\[safetensors\]"'):
        read_embeddings(tmp_path / "x.safetensors")
