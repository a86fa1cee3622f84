"""Whether the values of one side can be compared, and what a reader must know about them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.core.metrics import Metric
from repdiff.core.parallel import row_tiles
from repdiff.inputs.embeddings import Embeddings

_ROWS_AT_A_TIME = 4096
_SCALES = {4: (2.0**-120, math.inf), 8: (2.0**-500, 2.0**500)}  # of the largest value, by bytes of a number
_SYMMETRY_TOLERANCE = 1e-5  # of the largest entry
_TRIPLES = 20_000  # of items, checked to tell distances from similarities
_MOST_BENT = 0.05  # share of triples in which one side is more than twice as long as the other two together


def check_values(side: Embeddings, metric: Metric, *, any_scale: bool = False) -> None:
    """Refuse a side that is empty, has gaps, does not vary, or has values or rows that the metric cannot compare.

    Raises
    ------
    InputError
        With the first row and column that is wrong.
    """
    if not side.values.size:
        raise InputError(f"{side.source}: has shape {side.values.shape}, so there is nothing to compare")
    check_finite(side)
    if not any_scale:
        check_scale(side)
    if all((side.values[rows] == side.values[0]).all() for rows in row_tiles(len(side.values), _ROWS_AT_A_TIME)):
        raise InputError(
            f"{side.source}: has zero variance: all {len(side.values):,} rows are the same, so no item is near or far; "
            "check how the embeddings were made"
        )
    if metric == "cosine":
        check_directions(side)


def check_directions(side: Embeddings, *, first_row: int = 0) -> None:
    """Refuse rows of zeros, which have no direction; rows are counted from ``first_row``.

    Raises
    ------
    InputError
        With the first such row.
    """
    if not (has_direction := side.values.any(axis=1)).all():
        raise InputError(
            f"{side.source}: row {first_row + int(has_direction.argmin())} is all zeros and has no direction, so the "
            "cosine metric cannot compare it; remove the row from both sides, or use the euclidean metric"
        )


def as_compared(side: Embeddings, metric: Metric) -> Embeddings:
    """The side as it is, or as distances where the metric is "precomputed"."""
    return as_distances(side) if metric == "precomputed" else side


def check_scale(side: Embeddings) -> None:
    """Refuse values whose squares are too large or too small to be numbers: distances between them would be wrong.

    Raises
    ------
    InputError
        With the largest value, and the power of two that brings it near one.
    """
    values = side.values
    largest = max((float(np.abs(rows).max()) for rows in _blocks(values)), default=0.0)
    least, most = _SCALES[values.dtype.itemsize]
    if largest == 0 or least <= largest <= most:
        return
    exponent = -math.frexp(largest)[1]
    raise InputError(
        f"{side.source}: its largest value is {largest:.3g}, and squares of such values cannot be computed; scale them "
        f"with numpy.ldexp(values, {exponent}), which changes no digit and no rank"
    )


def _blocks(values: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    return (values[start : start + _ROWS_AT_A_TIME] for start in range(0, len(values), _ROWS_AT_A_TIME))


def as_distances(side: Embeddings) -> Embeddings:
    """The side's n x n matrix as distances; similarities are subtracted from the largest of them.

    Raises
    ------
    InputError
        Where it is not square or not symmetric, or it is unclear whether it holds distances or similarities.
    """
    values = side.values
    if values.shape[0] != values.shape[1]:
        raise InputError(f"{side.source}: has shape {values.shape}, but precomputed distances are a square matrix")
    scale = float(np.abs(values).max())
    odd = np.abs(values - values.T) > _SYMMETRY_TOLERANCE * scale
    if odd.any():
        row, column = (int(place[0]) for place in np.nonzero(odd))
        raise InputError(
            f"{side.source}: is not symmetric: row {row}, column {column} holds {values[row, column]:g}, but row "
            f"{column}, column {row} {values[column, row]:g}; average the matrix with its transpose"
        )
    own = np.diagonal(values)
    others = values[~np.eye(len(values), dtype=bool)]
    if (others == others[0]).all():
        raise InputError(f"{side.source}: all distances are the same, so no item is near or far")
    if (own[:, None] <= values).all():
        if not own.any() and _bends(values) > _MOST_BENT:
            raise InputError(
                f"{side.source}: has a zero diagonal like distances, but its other values look like similarities: "
                "items near to one item are far from each other; put the largest value on the diagonal if they are "
                "similarities, or -1 if they are distances"
            )
        return side
    if (own[:, None] >= values).all():
        return replace(side, values=values.max() - values)
    row = int(np.argmax((own > values.min(axis=1)) & (own < values.max(axis=1))))
    raise InputError(
        f"{side.source}: is neither distances nor similarities: in row {row} the item itself ({own[row]:g}) is neither "
        "the nearest nor the most similar; check the diagonal"
    )


def check_finite(side: Embeddings, *, first_row: int = 0) -> None:
    """Refuse a side with NaN or infinity; its rows are counted from ``first_row``.

    Raises
    ------
    InputError
        With the first row and column that is wrong.
    """
    for start in range(0, len(side.values), _ROWS_AT_A_TIME):
        finite = np.isfinite(side.values[start : start + _ROWS_AT_A_TIME])
        if finite.all():
            continue
        row, column = (int(place[0]) for place in np.nonzero(~finite))
        value = side.values[start + row, column]
        name = column if side.columns is None else repr(side.columns[column])
        count = sum(
            int((~np.isfinite(side.values[first : first + _ROWS_AT_A_TIME]).all(axis=1)).sum())
            for first in range(start, len(side.values), _ROWS_AT_A_TIME)
        )
        what = "NaN" if np.isnan(value) else "infinite"
        raise InputError(
            f"{side.source}: row {first_row + start + row}, column {name} is {what} "
            f"({count:,} such {'row' if count == 1 else 'rows'}); remove those rows from both sides, or fill them in"
        )


def notes_on_rows(side: Embeddings, metric: Metric) -> tuple[str, ...]:
    """How many rows are the same as another one, and how many hold one value throughout."""
    values = side.values
    if values.shape[1] < 2 or metric == "precomputed":
        return ()
    sums, constant = np.empty(len(values), np.uint64), np.zeros(len(values), bool)
    bits = np.dtype(f"u{values.dtype.itemsize}")
    weights = np.random.default_rng(0).integers(1 << 62, size=values.shape[1], dtype=np.uint64) | np.uint64(1)
    for start in range(0, len(values), _ROWS_AT_A_TIME):
        rows = values[start : start + _ROWS_AT_A_TIME]
        constant[start : start + len(rows)] = (rows == rows[:, :1]).all(axis=1)
        np.sum(rows.view(bits) * weights, axis=1, dtype=np.uint64, out=sums[start : start + len(rows)])
    again = pd.Series(sums).duplicated(keep=False).to_numpy()
    told = []
    if again.any():
        first, second = _first_two(sums, again)
        told.append(
            f"{side.source}: {again.sum():,} of {len(values):,} rows are the same as another row (rows {first} and "
            f"{second}, for instance); such neighbours are ranked in the order of the rows"
        )
    if constant.any():
        count = int(constant.sum())
        told.append(
            f"{side.source}: {count:,} of {len(values):,} rows {'holds' if count == 1 else 'hold'} one value "
            f"throughout (row {int(constant.argmax())} first); check how they were made"
        )
    return tuple(told)


def _first_two(sums: npt.NDArray[np.uint64], again: npt.NDArray[np.bool_]) -> tuple[int, int]:
    first, second = np.flatnonzero(sums == sums[int(again.argmax())])[:2].tolist()
    return first, second


def _bends(values: npt.NDArray[Any]) -> float:
    """Share of triples in which two items are more than twice as far apart as the way through the third is long.

    Zero for distances, for their squares, and for one minus the cosine.
    """
    n = len(values)
    rng = np.random.default_rng(0)
    i, j, k = rng.integers(n, size=(3, _TRIPLES))
    different = (i != j) & (j != k) & (i != k)
    i, j, k = i[different], j[different], k[different]
    if not len(i):
        return 0.0
    return float(np.mean(values[i, k] > 2 * (values[i, j] + values[j, k]) * (1 + _SYMMETRY_TOLERANCE)))
