"""What a run keeps for a closer look: neighbour lists and eigenvectors, in fixed-size lists of Parquet."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.neighbors import NeighborLists, place_type
from repdiff.results.spectrum import KeptSpectrum
from repdiff.store.lazy import Part, once
from repdiff.store.tables import (
    check_columns,
    check_rows,
    check_table,
    columns_of,
    read_columns,
    read_named,
    write_rows,
)

NEIGHBORS, EIGENVECTORS, EIGENVALUES = "neighbors.parquet", "eigenvectors.parquet", "eigenvalues.parquet"
_LISTS = ("x", "x_in_y", "y", "y_in_x")
_OF_VALUES = pa.schema([("direction", pa.string()), ("value", pa.float64()), ("residual", pa.float64())])
_MOST_VALUES = 10_000


def write_closer(folder: Path, comparison: Comparison) -> None:
    """Write what there is of them."""
    lists = comparison.neighbors
    if lists is not None:
        columns = {"row": pa.array(lists.rows), **{name: _fixed(getattr(lists, name)) for name in _LISTS}}
        pq.write_table(pa.table(columns), folder / NEIGHBORS)
    spectra = {
        one.name: one.spectrum for one in (comparison.x_only, comparison.y_only) if one.spectrum is not None
    }  # fmt: skip
    if not spectra:
        return
    vectors: dict[str, pa.Array] = {}
    for name, spectrum in spectra.items():
        vectors |= {name: _fixed(spectrum.vectors), _degree(name): pa.array(spectrum.degree)}
    pq.write_table(pa.table(vectors), folder / EIGENVECTORS, use_dictionary=False)
    rows = [
        {"direction": name, "value": float(value), "residual": float(residual)}
        for name, spectrum in spectra.items()
        for value, residual in zip(spectrum.values, spectrum.residuals, strict=True)
    ]
    write_rows(folder / EIGENVALUES, rows, _OF_VALUES)


def neighbors_later(folder: Path, n: int) -> Callable[[], NeighborLists | None]:
    """Reads the neighbour lists of n items when it is called; that their file is sound is checked at once."""
    if not os.path.lexists(folder / NEIGHBORS):
        return lambda: None
    check_columns(folder / NEIGHBORS, ("row", *_LISTS))
    part = Part(folder, NEIGHBORS)
    return once(lambda: part(lambda file: _read_neighbors(file, n)))


def spectra_later(folder: Path, n: int) -> Mapping[DirectionName, Callable[[], KeptSpectrum]]:
    """Reads the eigenvectors of a direction of n items when it is called; directions without any are left out."""
    if not os.path.lexists(folder / EIGENVECTORS):
        return {}
    check_table(folder / EIGENVALUES, _OF_VALUES)
    columns = columns_of(folder / EIGENVECTORS)
    names: tuple[DirectionName, ...] = ("x_only", "y_only")
    held = [name for name in names if name in columns]
    check_columns(folder / EIGENVECTORS, [*held, *map(_degree, held)])
    check_rows(folder / EIGENVECTORS, n)
    vectors, values = Part(folder, EIGENVECTORS), Part(folder, EIGENVALUES)

    def reader(name: DirectionName) -> Callable[[], KeptSpectrum]:
        return once(lambda: vectors(lambda file: _read_spectrum(file, values(_read_values), name)))

    return {name: reader(name) for name in held}


def most_clusters(folder: Path) -> int:
    """Into how many clusters both directions of a run can be cut again; 0 where no eigenvectors are kept.

    Only the eigenvalues are read, which are few.
    """
    if not os.path.lexists(folder / EIGENVALUES):
        return 0
    directions: list[str] = Part(folder, EIGENVALUES)(_read_values)["direction"].to_pylist()
    return min(directions.count(name) for name in DIRECTIONS)


def _read_values(file: Path) -> pa.Table:
    return read_columns(file, _OF_VALUES, most=_MOST_VALUES)


def _read_neighbors(file: Path, n: int) -> NeighborLists:
    table = read_named(file, ("row", *_LISTS), most=n)
    place = place_type(n)
    x, y = (_matrix(table, name, np.int32) for name in ("x", "y"))
    x_in_y, y_in_x = (_matrix(table, name, place) for name in ("x_in_y", "y_in_x"))
    rows = _numbers(table, "row", np.int64)
    _check_within(file, "row", rows, 0, n)
    if len(rows) > 1 and (np.diff(rows) <= 0).any():
        raise ValueError(f"{file.name}: its rows are not ascending")
    for name, values, least, most in (
        ("x", x, 0, n),
        ("y", y, 0, n),
        ("x_in_y", x_in_y, 1, n),
        ("y_in_x", y_in_x, 1, n),
    ):
        _check_within(file, name, values, least, most)
        if values.shape != x.shape:
            raise ValueError(f"{file.name}: its lists differ in length")
    return NeighborLists(n, rows, x, y, x_in_y, y_in_x)


def _read_spectrum(file: Path, pairs: pa.Table, name: DirectionName) -> KeptSpectrum:
    table = read_named(file, [name, _degree(name)])
    vectors = _matrix(table, name, np.float32)
    own = np.array([direction == name for direction in pairs["direction"].to_pylist()])
    values, residuals = (pairs[column].to_numpy().astype(np.float64)[own] for column in ("value", "residual"))
    degree = _numbers(table, _degree(name), np.float64)
    if len(values) != vectors.shape[1]:
        raise ValueError(
            f"{file.name} has {vectors.shape[1]} vectors of {name}, but {EIGENVALUES} has {len(values)} values"
        )
    if (degree <= 0).any():
        raise ValueError(f"{file.name}: a degree of {name} is not positive")
    return KeptSpectrum(vectors, values, residuals, degree)


def _degree(name: str) -> str:
    return f"{name}_degree"


def _fixed(values: npt.NDArray[Any]) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(values).ravel()), values.shape[1])


def _numbers(table: pa.Table, name: str, dtype: type[np.generic]) -> npt.NDArray[Any]:
    values = table[name].to_numpy()
    if values.dtype != dtype:
        raise TypeError(f"{name!r} must hold {np.dtype(dtype).name}, but holds {values.dtype.name}")
    return np.array(values)


def _matrix(table: pa.Table, name: str, dtype: type[np.generic]) -> npt.NDArray[Any]:
    column = table[name]
    if not pa.types.is_fixed_size_list(column.type):
        raise TypeError(f"{name!r} must hold lists of one length")
    flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
    if np.dtype(dtype).kind != flat.dtype.kind:
        raise TypeError(f"{name!r} must hold {np.dtype(dtype).name}, but holds {flat.dtype.name}")
    return np.asarray(flat.reshape(len(table), column.type.list_size), dtype=dtype)


def _check_within(file: Path, name: str, values: npt.NDArray[Any], least: int, most: int) -> None:
    if values.size and (int(values.min()) < least or int(values.max()) >= most):
        raise ValueError(f"{file.name}: a value of {name!r} is not from {least} to {most - 1}")
