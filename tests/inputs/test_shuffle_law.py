"""A law: shuffling the rows of any part, where ids exist under any name, changes no label of any item."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from repdiff.inputs.pair import make_pair

N = 7
IDS = np.array([f"pic {row}.png" for row in range(N)])
NUMBERS = np.array([12, 3, 45, 6, 78, 9, 10])
KIND = np.array(list("aabbccc"))
NAMES = ("id", "ID", "filename", "item_id", "path", "key")

Make = Callable[[Path, str, np.ndarray, np.ndarray], Any]


def wide(values: np.ndarray, **more: Any) -> pd.DataFrame:
    return pd.DataFrame(values, columns=[f"f{place}" for place in range(values.shape[1])]).assign(**more)


def lists(name: str, ids: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    return {name: ids, "e": list(values)}


def h5(path: Path, arrays: dict[str, Any]) -> Path:
    with h5py.File(path, "w") as out:
        for name, values in arrays.items():
            out[name] = values.tolist() if values.dtype.kind in "UO" else values
    return path


def saved(path: Path, write: Callable[[Path], Any]) -> Path:
    write(path)
    return path


# Each takes a folder, the name of the ids, the ids and the vectors.
CONTAINERS: dict[str, Make] = {
    "mapping": lambda _, name, ids, v: {"embeddings": v, name: ids},
    "mapping of vectors": lambda _, name, ids, v: dict(zip(ids.astype(str), v, strict=True)),
    "pandas": lambda _, name, ids, v: wide(v, **{name: ids}),
    "pandas, index": lambda _, name, ids, v: wide(v).set_axis(pd.Index(ids, name=name)),
    "pandas, unnamed index": lambda _, name, ids, v: wide(v).set_axis(ids),
    "pandas, lists": lambda _, name, ids, v: pd.DataFrame(lists(name, ids, v)),
    "polars": lambda _, name, ids, v: pl.from_pandas(wide(v, **{name: ids})),
    "pyarrow": lambda _, name, ids, v: pa.table(lists(name, ids, v)),
    ".npz": lambda to, name, ids, v: saved(to / "e.npz", lambda p: np.savez(p, e=v, **{name: ids})),
    ".npz of vectors": lambda to, name, ids, v: saved(
        to / "v.npz", lambda p: np.savez(p, **dict(zip(ids.astype(str), v, strict=True)))
    ),
    ".safetensors of vectors": lambda to, name, ids, v: saved(
        to / "v.safetensors",
        lambda p: safetensors.numpy.save_file({str(k): r.copy() for k, r in zip(ids, v, strict=True)}, p),
    ),
    ".h5": lambda to, name, ids, v: h5(to / "e.h5", {"e": v, name: ids}),
    ".csv": lambda to, name, ids, v: saved(to / "e.csv", lambda p: wide(v, **{name: ids}).to_csv(p, index=False)),
    ".csv, index": lambda to, name, ids, v: saved(
        to / "i.csv", lambda p: wide(v).set_axis(pd.Index(ids, name=name)).to_csv(p)
    ),
    ".csv of text": lambda to, name, ids, v: saved(
        to / "t.csv", lambda p: pd.DataFrame({name: ids, "e": [str(row.tolist()) for row in v]}).to_csv(p, index=False)
    ),
    ".parquet": lambda to, name, ids, v: saved(to / "e.parquet", lambda p: wide(v, **{name: ids}).to_parquet(p)),
    ".parquet, index": lambda to, name, ids, v: saved(to / "i.parquet", lambda p: wide(v).set_axis(ids).to_parquet(p)),
    ".parquet, lists": lambda to, name, ids, v: saved(
        to / "l.parquet", lambda p: pd.DataFrame(lists(name, ids, v)).to_parquet(p)
    ),
    ".feather": lambda to, name, ids, v: saved(to / "e.feather", lambda p: wide(v, **{name: ids}).to_feather(p)),
}  # fmt: skip
TABLES: dict[str, Callable[[Path, str, np.ndarray, np.ndarray], Any]] = {
    "pandas": lambda _, name, ids, kind: pd.DataFrame({name: ids, "label": kind}),
    "pandas, index": lambda _, name, ids, kind: pd.DataFrame({"label": kind}, index=pd.Index(ids, name=name)),
    "pandas, unnamed index": lambda _, name, ids, kind: pd.DataFrame({"label": kind}, index=ids),
    "polars": lambda _, name, ids, kind: pl.DataFrame({name: ids, "label": kind}),
    ".csv": lambda to, name, ids, kind: saved(
        to / "items.csv", lambda p: pd.DataFrame({name: ids, "label": kind}).to_csv(p, index=False)
    ),
    ".parquet": lambda to, name, ids, kind: saved(
        to / "items.parquet", lambda p: pd.DataFrame({name: ids, "label": kind}).to_parquet(p)
    ),
}

orders = st.permutations(range(N)).map(np.array)
names = st.sampled_from(NAMES)


@settings(max_examples=150, deadline=None)
@given(
    x=st.sampled_from(sorted(CONTAINERS)),
    y=st.sampled_from(sorted(CONTAINERS)),
    items=st.sampled_from(sorted(TABLES)),
    called=st.tuples(names, names, names),
    orders=st.tuples(orders, orders, orders),
    are_numbers=st.booleans(),
)
def test_shuffling_a_part_changes_no_label(x, y, items, called, orders, are_numbers) -> None:
    rng = np.random.default_rng(0)
    vectors = {"x": rng.normal(size=(N, 3)), "y": rng.normal(size=(N, 2))}
    ids = NUMBERS if are_numbers else IDS
    with tempfile.TemporaryDirectory() as folder:
        parts = {}
        for side, kind, name, rows in (("x", x, called[0], orders[0]), ("y", y, called[1], orders[1])):
            (place := Path(folder) / side).mkdir()
            name = name if name in ("id", "ID", "item_id") or not are_numbers else "item_id"  # else a dimension
            parts[side] = CONTAINERS[kind](place, name, ids[rows], vectors[side][rows])
        table = TABLES[items](Path(folder), called[2], ids[orders[2]], KIND[orders[2]])
        pair = make_pair(**parts, items=table)
    truth = [row for first in pair.x for row in np.flatnonzero(np.isclose(vectors["x"], first).all(axis=1))]
    assert sorted(truth) == list(range(N))
    np.testing.assert_allclose(pair.y, vectors["y"][truth])
    assert pair.items.frame["label"].tolist() == KIND[truth].tolist()
    assert pair.items.frame["id"].tolist() == ids[truth].astype(str).tolist()
    assert pair.matched_by == "id"
