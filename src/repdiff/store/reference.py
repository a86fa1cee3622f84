"""The reference items of a run <-> ``reference.parquet`` and ``reference.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.core.plain import from_plain, to_plain
from repdiff.core.regular import read_json
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.results.reference import Reference, ReferenceDirection
from repdiff.store.tables import columns_of, read_named

REFERENCE, PLACES = "reference.parquet", "reference.json"
_ROUNDING = 1e-6
REFERENCE_COLUMNS = ("row", "weight", *DIRECTIONS)


@dataclass(frozen=True)
class _Places:
    eigenvalues: tuple[float, ...]
    centres: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class _BothPlaces:
    x_only: _Places
    y_only: _Places


def write_reference(folder: Path, reference: Reference | None) -> None:
    """Write both files, if new items can be assigned."""
    if reference is None:
        return
    columns = {"row": pa.array(reference.rows), "weight": pa.array(reference.weights)}
    for direction in DIRECTIONS:
        columns[direction] = _as_lists(getattr(reference, direction).coordinates)
    for name, values in (("x", reference.x), ("y", reference.y)):
        if values is not None:
            columns[name] = _as_lists(values)
    pq.write_table(pa.table(columns), folder / REFERENCE)
    places = _BothPlaces(*(_places(getattr(reference, name)) for name in DIRECTIONS))
    (folder / PLACES).write_text(json.dumps(to_plain(places)) + "\n", encoding="utf-8")


def _places(direction: ReferenceDirection) -> _Places:
    return _Places(tuple(direction.eigenvalues.tolist()), tuple(map(tuple, direction.centres.tolist())))


def read_reference(file: Path, n_clusters: Mapping[DirectionName, int], n: int) -> Reference:
    """What the files hold.

    Parameters
    ----------
    file : path
        ``reference.parquet``.
    n_clusters : mapping
        How many clusters each direction has.
    n : int
        How many items the run has.

    Raises
    ------
    LookupError, TypeError, ValueError
        Where they do not fit each other or the clusters.
    """
    kept = [name for name in ("x", "y") if name in columns_of(file)]
    table = read_named(file, [*REFERENCE_COLUMNS, *kept], most=n)
    told = from_plain(_BothPlaces, read_json(file.parent / PLACES), PLACES)
    x, y = (_matrix(table, name) if name in kept else None for name in ("x", "y"))
    rows, weights = table["row"].to_numpy(), table["weight"].to_numpy()
    if rows.dtype != np.int64 or weights.dtype != np.float64:
        raise TypeError(f"{file.name}: columns 'row' and 'weight' must hold whole numbers and numbers")
    if not len(rows) or rows[0] < 0 or rows[-1] >= n or (np.diff(rows) <= 0).any():
        raise ValueError(f"{file.name}: column 'row' does not name items in order")
    if not (weights > 0).all() or abs(weights.sum() - n) > _ROUNDING * n:
        raise ValueError(f"{file.name}: the weights must be positive and sum to {n}, the number of items")
    return Reference(
        rows,
        weights,
        _read_direction(table, "x_only", told.x_only, n_clusters["x_only"]),
        _read_direction(table, "y_only", told.y_only, n_clusters["y_only"]),
        x,
        y,
    )


def _read_direction(table: pa.Table, name: str, told: _Places, n_clusters: int) -> ReferenceDirection:
    eigenvalues = np.array(told.eigenvalues, np.float64)
    if len(told.centres) != n_clusters:
        raise ValueError(f"{PLACES} has {len(told.centres)} centres of {name}, but there are {n_clusters} clusters")
    centres = np.array(told.centres, np.float64).reshape(n_clusters, len(eigenvalues))
    coordinates = _matrix(table, name).reshape(table.num_rows, len(eigenvalues))
    return ReferenceDirection(coordinates, eigenvalues, centres)


def _as_lists(matrix: npt.NDArray[Any]) -> pa.ListArray:
    offsets = np.arange(len(matrix) + 1, dtype=np.int32) * matrix.shape[1]
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(matrix.reshape(-1)))


def _matrix(table: pa.Table, name: str) -> npt.NDArray[Any]:
    column = table[name].combine_chunks()
    if not pa.types.is_list(column.type) or not pa.types.is_floating(column.type.value_type):
        raise TypeError(f"{REFERENCE}: column {name!r} must hold lists of numbers")
    if len(set(np.diff(column.offsets.to_numpy()).tolist())) > 1:
        raise ValueError(f"{REFERENCE}: lists of column {name!r} differ in length")
    values = np.array(column.flatten().to_numpy(zero_copy_only=False))
    return values.reshape(table.num_rows, -1) if len(values) else np.empty((table.num_rows, 0), np.float32)
