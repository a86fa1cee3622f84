"""The reference items of a run <-> ``reference.parquet`` and ``reference.json``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.core.plain import from_plain, to_plain
from repdiff.core.ranges import Count
from repdiff.core.regular import read_json
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.reference import Reference, ReferenceDirection
from repdiff.results.spectrum import KeptSpectrum
from repdiff.store.closer import EIGENVECTORS
from repdiff.store.tables import columns_of, read_named

REFERENCE, PLACES = "reference.parquet", "reference.json"
_ROUNDING = 1e-6
REFERENCE_COLUMNS = ("row", "weight")
Coordinates: TypeAlias = npt.NDArray[Any]
Eigenvalues: TypeAlias = npt.NDArray[np.float64]
Spectra: TypeAlias = Mapping[DirectionName, Callable[[], KeptSpectrum]]


@dataclass(frozen=True)
class _Places:
    """Centres, and either which eigenvectors of the run the coordinates are, or eigenvalues of those in the table."""

    centres: tuple[tuple[float, ...], ...]
    vectors: tuple[Count, ...] | None = None
    eigenvalues: tuple[float, ...] | None = None


@dataclass(frozen=True)
class _BothPlaces:
    x_only: _Places
    y_only: _Places


def write_reference(folder: Path, comparison: Comparison) -> None:
    """Write both files, if new items can be assigned.

    Where all items are reference items, their coordinates are columns of the eigenvectors that the run keeps anyway,
    and are not written again. A sample of a larger run has its own, some hundred kilobytes: to take them from the
    eigenvectors, all of those would have to be read.
    """
    reference = comparison.reference
    if reference is None:
        return
    columns = {"row": pa.array(reference.rows), "weight": pa.array(reference.weights)}
    told = {}
    for direction in (comparison.x_only, comparison.y_only):
        name: str = direction.name
        places: ReferenceDirection = getattr(reference, name)
        centres = tuple(map(tuple, places.centres.tolist()))
        vectors = _vectors_of(places, direction.spectrum) if len(reference.rows) == len(direction.labels) else None
        if vectors is None:
            columns[name] = _as_lists(places.coordinates)
            told[name] = _Places(centres, eigenvalues=tuple(places.eigenvalues.tolist()))
        else:
            told[name] = _Places(centres, vectors)
    for side, values in (("x", reference.x), ("y", reference.y)):
        if values is not None:
            columns[side] = _as_lists(values)
    pq.write_table(pa.table(columns), folder / REFERENCE)
    (folder / PLACES).write_text(json.dumps(to_plain(_BothPlaces(**told))) + "\n", encoding="utf-8")


def _vectors_of(places: ReferenceDirection, spectrum: KeptSpectrum | None) -> tuple[int, ...] | None:
    """Which vectors of a spectrum the coordinates of all items are; None where they are not among them."""
    if spectrum is None:
        return None
    found = []
    for value, column in zip(places.eigenvalues, places.coordinates.T, strict=True):
        alike = np.flatnonzero(spectrum.values == value).tolist()
        same = [place for place in alike if np.array_equal(spectrum.vectors[:, place], column)]
        if not same:
            return None
        found.append(same[0])
    return tuple(found)


def read_reference(file: Path, n_clusters: Mapping[DirectionName, int], n: int, spectra: Spectra) -> Reference:
    """What the files hold.

    Parameters
    ----------
    file : path
        ``reference.parquet``.
    n_clusters : mapping
        How many clusters each direction has.
    n : int
        How many items the run has.
    spectra : mapping
        Reads the eigenvectors of a direction, if the run keeps them.

    Raises
    ------
    LookupError, TypeError, ValueError
        Where they do not fit each other or the clusters.
    """
    told = from_plain(_BothPlaces, read_json(file.parent / PLACES), PLACES)
    own = [name for name in DIRECTIONS if getattr(told, name).vectors is None]
    kept = [name for name in ("x", "y") if name in columns_of(file)]
    table = read_named(file, [*REFERENCE_COLUMNS, *own, *kept], most=n)
    x, y = (_matrix(table, name) if name in kept else None for name in ("x", "y"))
    rows, weights = table["row"].to_numpy(), table["weight"].to_numpy()
    if rows.dtype != np.int64 or weights.dtype != np.float64:
        raise TypeError(f"{file.name}: columns 'row' and 'weight' must hold whole numbers and numbers")
    if not len(rows) or rows[0] < 0 or rows[-1] >= n or (np.diff(rows) <= 0).any():
        raise ValueError(f"{file.name}: column 'row' does not name items in order")
    if not (weights > 0).all() or abs(weights.sum() - n) > _ROUNDING * n:
        raise ValueError(f"{file.name}: the weights must be positive and sum to {n}, the number of items")

    def direction(name: DirectionName, places: _Places) -> ReferenceDirection:
        if places.vectors is None:
            coordinates, eigenvalues = _own(table, name, places.eigenvalues)
        else:
            coordinates, eigenvalues = _of_run(spectra, name, rows, places.vectors)
        if len(places.centres) != n_clusters[name]:
            raise ValueError(
                f"{PLACES} has {len(places.centres)} centres of {name}, but there are {n_clusters[name]} clusters"
            )
        centres = np.array(places.centres, np.float64).reshape(n_clusters[name], len(eigenvalues))
        return ReferenceDirection(coordinates, eigenvalues, centres)

    return Reference(rows, weights, direction("x_only", told.x_only), direction("y_only", told.y_only), x, y)


def _own(table: pa.Table, name: str, values: tuple[float, ...] | None) -> tuple[Coordinates, Eigenvalues]:
    """Coordinates that the table holds, and their eigenvalues."""
    if values is None:
        raise LookupError(f"{PLACES}.{name} has neither 'vectors' nor 'eigenvalues'")
    return _matrix(table, name).reshape(table.num_rows, len(values)), np.array(values, np.float64)


def _of_run(
    spectra: Spectra, name: DirectionName, rows: npt.NDArray[np.int64], vectors: tuple[int, ...]
) -> tuple[Coordinates, Eigenvalues]:
    """Coordinates that are eigenvectors of the run, and their eigenvalues."""
    if name not in spectra:
        raise LookupError(f"{PLACES} names eigenvectors of {name}, but {EIGENVECTORS} has none")
    spectrum = spectra[name]()
    if max(vectors, default=0) >= len(spectrum.values):
        raise ValueError(
            f"{PLACES} names more eigenvectors of {name} than the {len(spectrum.values)} of {EIGENVECTORS}"
        )
    chosen = list(vectors)
    return spectrum.vectors[rows][:, chosen], spectrum.values[chosen]


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
