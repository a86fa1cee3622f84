"""Inputs that hold no vectors, or not only vectors: each is refused in one line that says where and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from repdiff import InputError
from repdiff.inputs import as_embeddings, as_items
from repdiff.inputs.pair import make_pair

N = 8
V = np.random.default_rng(0).normal(size=(N, 3))
GAP = [*V[:7], None]


def wide(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(V, columns=list("abc")).assign(**more)


def written(name: str, write: Callable[[Path], Any], then: str = "") -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        write(folder / name)
        return f"{folder / name}{then}"

    return make


def text(contents: str, name: str = "x.csv") -> Callable[[Path], str]:
    return written(name, lambda path: path.write_text(contents))


def splits(folder: Path) -> Path:
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return folder


def shards_that_differ(folder: Path) -> str:
    np.save(folder / "p1.npy", V)
    np.save(folder / "p2.npy", V[:, :2])
    return str(folder / "p*.npy")


def anndata(path: Path) -> None:
    with h5py.File(path, "w") as out:
        sparse = out.create_group("X")
        sparse.attrs["encoding-type"] = "csr_matrix"
        out["obsm/X_pca"], out["obsm/X_umap"] = V, V
        obs = out.create_group("obs")
        obs.attrs.update({"_index": "_index", "column-order": []})
        obs["_index"] = [f"cell {row}" for row in range(N)]


def many(path: Path) -> None:
    np.savez(path, **{f"layer{place}.weight": np.eye(3 + place) for place in range(9)})


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    # vectors that are missing, ragged or none
    "a list with a gap": (lambda _: GAP, r"x: row 7 has no vector; remove the row from both sides, or fill it in"),
    "ragged lists": (lambda _: [[1, 2], [3, 4], [5]], r"x: is ragged: row 0 has 2 values and row 2 1"),
    "a column with gaps": (
        lambda _: pd.DataFrame({"e": [None, *V[1:7], None]}),
        r"x: column 'e': row 0 has no vector \(2 such rows\)",
    ),
    "an Arrow column with a gap": (
        lambda _: pa.table({"e": GAP}),
        r"x: column 'e': row 7 has no vector \(1 such row\)",
    ),
    "a ragged Arrow column": (lambda _: pa.table({"e": [[1.0, 2.0], [3.0]]}), r"'e' is ragged: row 0 has 2 .* row 1 1"),
    "a vector of words": (
        lambda _: pd.DataFrame({"e": [[1, 2], ["a", "b"]]}),
        r"'e': row 1 holds .*not a vector of numbers",
    ),
    "matrices in cells": (
        lambda _: pd.DataFrame({"e": [np.eye(2)] * 3}),
        r"row 0 holds an array of shape \(2, 2\); fl",
    ),
    "tensors in cells": (
        lambda _: pa.table(
            {
                "e": pa.ExtensionArray.from_storage(
                    pa.fixed_shape_tensor(pa.float64(), [2, 2]),
                    pa.FixedSizeListArray.from_arrays(pa.array(np.arange(8.0)), 4),
                )
            }
        ),
        r"'e' holds tensors of shape \(2, 2\)",
    ),
    "shortened text": (
        lambda _: pd.DataFrame({"e": ["[0.1 0.2]", "[0.1 ... 0.2]"]}),
        r"row 1 holds a vector that was sho",
    ),
    "broken text": (
        lambda _: pd.DataFrame({"e": ["[0.1 0.2]", "[0.1 two]"]}),
        r"row 1 holds '\[0\.1 two\]', which is no",
    ),
    "empty text": (text('id,e\n1,"[1, 2]"\n2,\n'), r"x\.csv: column 'e': row 1 has no vector"),
    "complex": (lambda _: V * 1j, r"holds values of type complex128"),
    "records": (lambda _: np.zeros(3, [("a", "f4"), ("b", "f4")]), r"x: holds values of type"),
    "float8": (written("x.npy", lambda p: np.save(p, np.zeros((4, 2), "V1"))), r"x\.npy: holds values of type \|V1"),
    "several axes": (lambda _: np.zeros((4, 3, 1, 2)), r"has shape \(4, 3, 1, 2\)"),
    "an object": (lambda _: object(), r"x: holds Python objects, not numbers"),
    # columns that are no dimensions
    "numeric label": (
        lambda _: wide(label=np.arange(N) % 2),
        r"column 'label' has a name for labels.*table of items",
    ),
    "numeric target": (lambda _: wide(target=V[:, 0]), r"column 'target' has a name for labels"),
    "numeric index that repeats": (lambda _: wide(index=[1] * N), r"column 'index' has a name for ids, .*rename it"),
    "user_id that repeats": (lambda _: wide(user_id=[1] * N), r"column 'user_id' has a name for ids"),
    "a column of words": (lambda _: wide(kind=["a"] * N), r"column 'kind' is not numeric: row 0 holds 'a'"),
    "a stray word": (text("a,b\n1,2\n3,four\n5,6\n"), r"column 'b' is not numeric: row 1 holds 'four'"),
    "a saved index": (text(",a\n0,1.5\n1,2.5\n"), r"column 0 has no name; is it a saved index"),
    "ids with a gap": (lambda _: wide(ID=[1.0, np.nan, *range(6)]), r"x: row 1 has no id"),
    "ids that repeat": (lambda _: wide(ID=[1] * N), r"x: id '1' is in rows 0 and 1 \(7 repeated in all\)"),
    "two names of ids": (lambda _: wide(ID=range(N), Ids=range(N)), r"'ID' and 'Ids' both have names for ids"),
    # several things in one file
    "two columns of vectors": (
        written("x.parquet", lambda p: pq.write_table(pa.table({"a": list(V), "b": list(V)}), p)),
        r"columns 'a', 'b' hold vectors; choose one, as in .*x\.parquet:a",
    ),
    "two columns in memory": (lambda _: pa.table({"a": list(V), "b": list(V)}), r"choose one, as in table\[\['a'\]\]"),
    "no such column": (
        written("x.csv", lambda p: wide().to_csv(p, index=False), ":e"),
        r"no column 'e'; it has 'a', 'b', 'c'",
    ),
    "a column of numbers": (written("x.csv", lambda p: wide().to_csv(p), ":a"), r"column 'a' holds no vectors"),
    "no such array": (written("x.npz", lambda p: np.savez(p, a=V), ":b"), r"there is no array 'b'; it holds 'a'"),
    "weights of a model": (
        written("x.npz", many),
        r"holds ('layer\d\.weight', ){5}\.\.\.; choose one with FILE:NAME, keep one, or call",
    ),
    "AnnData without a choice": (
        written("x.h5ad", anndata),
        r"holds obsm/X_pca, obsm/X_umap, X; choose one, as in .*x\.h5ad:obsm/X_pca",
    ),
    "AnnData, sparse": (written("x.h5ad", anndata, ":X"), r"x\.h5ad:X: is sparse \(csr_matrix\), .*pca"),
    "AnnData, not there": (
        written("x.h5ad", anndata, ":obsm/X_tsne"),
        r"there is no 'obsm/X_tsne'; it holds obsm/X_pca",
    ),
    "splits": (splits, r"holds the splits train, test; give one of them, as in .*train"),
    "no file matches": (lambda folder: folder / "e-*.npy", r"e-\*\.npy: no file matches"),
    "parts that differ": (shards_that_differ, r"p2\.npy: has 2 columns and .*p1\.npy 3"),
    "a folder": (lambda folder: folder, r"is a folder, not a file of embeddings"),
    "a drive letter": (lambda _: r"C:\data\x.npy", r"C:\\data\\x\.npy: no such file of embeddings"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_vectors_is_refused_in_a_line(name: str, tmp_path: Path) -> None:
    make, says = REFUSED[name]
    with pytest.raises(InputError, match=says) as caught:
        as_embeddings(make(tmp_path), source="x")
    assert "\n" not in str(caught.value)


def test_rows_that_are_the_same_or_constant_are_counted() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 40, 5)).astype(np.float32)
    x[[3, 9, 30]], y[7] = x[1], 0
    told = make_pair(x, y).warnings
    assert told[0].startswith("x: 4 of 40 rows are the same as another row (rows 1 and 3, for instance)")
    assert told[1].startswith("y: 1 of 40 rows holds one value throughout (row 7 first)")
    assert len(told) == 2


def test_similarities_with_a_zero_diagonal_are_asked_about() -> None:
    kind = np.repeat(np.arange(4), 10)
    points = 3 * np.eye(4)[kind] + np.random.default_rng(0).normal(size=(40, 4))
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    alike = np.exp(-apart)
    np.fill_diagonal(alike, 0)
    with pytest.raises(InputError, match=r"x: has a zero diagonal .* put the largest value .* or -1 if they are dist"):
        make_pair(alike, apart, metric="precomputed")
    np.fill_diagonal(alike, 1)
    pair = make_pair(alike, apart, metric="precomputed")
    assert (np.argsort(pair.x, axis=1)[:, :5] == np.argsort(pair.y, axis=1)[:, :5]).mean() > 0.99
    unit = points / np.linalg.norm(points, axis=1)[:, None]
    for distances in (apart, apart**2, 1 - unit @ unit.T):
        symmetric = (distances + distances.T) / 2
        np.fill_diagonal(symmetric, 0)
        make_pair(np.maximum(symmetric, 0), apart, metric="precomputed")
    np.fill_diagonal(alike, -1)
    assert make_pair(alike, apart, metric="precomputed").x is alike


METADATA: dict[str, Callable[[], Any]] = {
    "integers over 64 bits": lambda: [2**70 + row for row in range(N)],
    "mixed integers": lambda: [2**70, 1, -(2**80), *range(5)],
    "sparse": lambda: pd.arrays.SparseArray([0, 0, 1, 0] * 2),
    "nested": lambda: [{"a": [row]} for row in range(N)],
    "empty mappings": lambda: [{}] * N,
    "nested of several kinds": lambda: [{"a": 1}, {"a": "b"}, [1], *range(5)],
    "complex": lambda: [1j] * N,
    "intervals": lambda: pd.interval_range(0, N),
    "periods": lambda: pd.period_range("2020", periods=N, freq="M"),
    "time spans": lambda: pd.timedelta_range("1D", periods=N),
    "categories": lambda: pd.Categorical(list("abab") * 2),
    "categories of several kinds": lambda: pd.Categorical([1, "a", 2.5, None] * 2),
    "objects": lambda: [object() for _ in range(N)],
    "half surrogates": lambda: pd.Series(["\udcff"] * N, dtype=object),
    "arrays": lambda: [np.eye(2)] * N,
    "bytes": lambda: [b"\xff"] * N,
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_of_any_kind_can_be_written(name: str, tmp_path: Path) -> None:
    items = as_items(pd.DataFrame({"id": range(N), "fact": METADATA[name]()}))
    items.frame.to_parquet(tmp_path / "items.parquet")
    assert len(pd.read_parquet(tmp_path / "items.parquet")) == N
    assert items.frame["fact"].notna().sum() in (N, N - 2)
    if name == "integers over 64 bits":
        assert items.frame["fact"].tolist() == [str(2**70 + row) for row in range(N)]
    if name == "sparse":
        assert items.frame["fact"].tolist() == [0, 0, 1, 0] * 2


def test_integers_over_64_bits_in_a_file_are_kept(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("id,hash\na,18446744073709551617\nb,2\n")
    assert as_items(tmp_path / "items.csv").frame["hash"].astype(str).tolist() == ["18446744073709551617", "2"]
