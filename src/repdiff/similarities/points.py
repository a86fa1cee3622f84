"""One side of a score: items as points in float64, or as distances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError, MemoryLimitError
from repdiff.core.geometry import squared_distances, squared_norms
from repdiff.core.kernels import kernel
from repdiff.core.memory import available_bytes, format_bytes
from repdiff.core.parallel import row_tiles

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = slice | npt.NDArray[np.int64]

ROWS_AT_A_TIME = 256
# Of the scale of a squared distance: smaller differences are ties. Far above the rounding of one
# float64 product, so that items as far apart as others stay so when a representation is rotated.
TIE = 2.0**-40
# Of the largest singular value: a direction with less is rounding of float32 input, and counts as absent.
RANK_TOLERANCE = 1e-6


class _Items(ABC):
    """Base of both kinds of sides; ``values`` has a row per item."""

    values: Floats

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.values)

    @property
    def is_constant(self) -> bool:
        """Whether all items are in one place."""
        return not self.values.any()

    @abstractmethod
    def squared_distances(self, rows: Rows) -> Floats:
        """Squared distances of some items from all, (r, n); not below zero."""

    @property
    @abstractmethod
    def typical_square(self) -> float:
        """Typical squared size of the terms that distances were computed from, which sets their rounding."""

    @cached_property
    def squared_distances_of_pairs(self) -> Floats:
        """Of all pairs of different items, (n (n - 1) / 2,); 0 if it is only rounding."""
        found = np.empty(self.n * (self.n - 1) // 2)
        start = 0
        for rows in row_tiles(self.n, ROWS_AT_A_TIME):
            for row, distances in enumerate(self.squared_distances(rows), start=rows.start):
                stop = start + self.n - row - 1
                found[start:stop] = distances[row + 1 :]
                start = stop
        found[found <= TIE * self.typical_square] = 0
        return found


@dataclass(frozen=True, eq=False)
class Points(_Items):
    """Items as points.

    Attributes
    ----------
    values : ndarray of float64, (n, d)
        Columns have mean zero and the largest magnitude lies between a half and 1, or all are 0. No score depends on
        the scale, so this loses nothing.
    """

    values: Floats

    @cached_property
    def squared_norms(self) -> Floats:
        """Squared distance of each item from the centre, (n,)."""
        return squared_norms(self.values)

    @cached_property
    def typical_square(self) -> float:
        """Twice the median squared norm; a few items far away do not move it."""
        return 2 * float(np.median(self.squared_norms))

    @cached_property
    def moments(self) -> Floats:
        """Products of columns, (d, d), or of rows, (n, n), whichever are fewer; both have the same eigenvalues."""
        n, d = self.values.shape
        return self.values.T @ self.values if d < n else self.values @ self.values.T

    @cached_property
    def gram_norm(self) -> float:
        """Frobenius norm of the matrix of all products of items."""
        return float(np.linalg.norm(self.moments))

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """Eigenvalues of the products, (m,), the largest first, none below zero, and their eigenvectors, (m, m)."""
        from scipy.linalg import eigh

        values, vectors = eigh(self.moments, driver="evr")
        return np.maximum(values[::-1], 0), vectors[:, ::-1]

    @cached_property
    def compact(self) -> Floats:
        """The points, rotated so that they have at most n columns, (n, min(n, d))."""
        n, d = self.values.shape
        if d <= n:
            return self.values
        variances, vectors = self.spectrum
        return np.asarray(vectors * np.sqrt(variances))

    @cached_property
    def principal(self) -> tuple[Floats, Floats]:
        """Orthonormal principal axes of the items, (n, r), that are above rounding, and their squared sizes, (r,)."""
        from scipy.linalg import solve_triangular

        variances, vectors = self.spectrum
        rank = int((variances > RANK_TOLERANCE**2 * variances[0]).sum())
        variances, vectors = variances[:rank], vectors[:, :rank]
        if len(vectors) == self.n:
            return vectors, variances
        axes = self.values @ (vectors / np.sqrt(variances))
        # Small axes contain the rounding of large ones; removing it in order leaves the leading ones unchanged.
        lower = np.linalg.cholesky(axes.T @ axes)
        return solve_triangular(lower, axes.T, lower=True, overwrite_b=True).T, variances

    def squared_distances(self, rows: Rows) -> Floats:
        """Squared distances of some items from all, (r, n); not below zero."""
        return squared_distances(self.values[rows], self.values, self.squared_norms[rows], self.squared_norms)


@dataclass(frozen=True, eq=False)
class DistanceItems(_Items):
    """Items known only by their distances.

    Attributes
    ----------
    values : ndarray of float64, (n, n)
        From 0 to 1.
    """

    values: Floats

    @cached_property
    def squared_norms(self) -> Floats:
        """Zeros, (n,): nothing was computed from products, so there is no rounding beyond that of the distances."""
        return np.zeros(self.n)

    @property
    def typical_square(self) -> float:
        """Zero, for the same reason."""
        return 0.0

    def squared_distances(self, rows: Rows) -> Floats:
        """Squared distances of some items from all, (r, n)."""
        return np.asarray(self.values[rows] ** 2)


PointsOrDistances: TypeAlias = Points | DistanceItems


def both(x: Any, y: Any) -> tuple[Points, Points]:
    """Two arrays as points of the same items.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix with at least two rows and a column, or their rows differ in number.
    """
    pair = as_points(x, "x"), as_points(y, "y")
    if pair[0].n != pair[1].n:
        raise InputError(f"x has {pair[0].n:,} rows and y {pair[1].n:,}; both must hold the same items")
    return pair


def sides(x: Any, y: Any) -> tuple[PointsOrDistances, PointsOrDistances]:
    """The same for two arrays, or for two sides that are already points or distances."""
    if isinstance(x, Points | DistanceItems) and isinstance(y, Points | DistanceItems):
        return x, y
    return both(x, y)


def as_points(values: Any, source: str = "x") -> Points:
    """An array as centred points; points as they are."""
    if isinstance(values, Points):
        return values
    array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "fiub" or len(array) < 2 or not array.shape[1]:
        raise InputError(
            f"{source} must be a numeric matrix with at least two rows and a column, but has shape {array.shape}, "
            f"{array.dtype}"
        )
    with np.errstate(over="ignore"):  # from a wider float; reported as infinity below
        values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError(f"{source} holds NaN or infinity; remove those rows from both sides, or fill them in")
    scaled = _scaled(values)
    # Subtract the first row first, so that a constant column becomes exactly zero.
    scaled -= scaled[0].copy()
    scaled -= scaled.mean(axis=0)
    return Points(_scaled(scaled))


def as_distances(values: npt.NDArray[Any]) -> DistanceItems:
    """A matrix of distances, symmetric and finite, as a side; only their order and ratios count."""
    scaled = _scaled(values.astype(np.float64))
    scaled = (scaled + scaled.T) / 2
    np.fill_diagonal(scaled, scaled.min())
    scaled -= scaled.min()
    return DistanceItems(scaled / (scaled.max() or 1.0))


def without_spread(x: PointsOrDistances, y: PointsOrDistances) -> float | None:
    """The value of any score if a side has no spread: 1 if both have none, 0 if only one; None if both have some."""
    return float(x.is_constant and y.is_constant) if x.is_constant or y.is_constant else None


def check_memory_for_pairs(x: PointsOrDistances, y: PointsOrDistances, bytes_per_pair: int) -> None:
    """Refuse work on all pairs of items that does not fit into free memory; given distances need no more.

    Raises
    ------
    MemoryLimitError
        With the needed and the free bytes, and what to do.
    """
    to_come = bytes_per_pair - 8 * sum("squared_distances_of_pairs" in vars(side) for side in (x, y))
    needed, free = to_come * x.n * (x.n - 1) // 2, available_bytes()
    if needed > free:
        raise MemoryLimitError(
            f"distances of all pairs of {x.n:,} items take {format_bytes(needed)}, but {format_bytes(free)} "
            "are free; give a sample of the items, as repdiff.similarity does with max_items"
        )


def tied_ranks(values: Floats, scale: float) -> Floats:
    """Ranks of values that are not negative, counted from 1; those that differ by rounding only share their mean.

    A group of ties reaches from its least value v to v + TIE (v + ``scale``). It starts at a value, not at a grid line,
    so that equal values rounded to either side of a line stay equal.
    """
    ranks = np.empty(len(values))
    _rank(values, np.argsort(values), scale, ranks)
    return ranks


@kernel(nogil=True)
def _rank(values, order, scale, ranks):  # type: ignore[no-untyped-def]
    start = 0
    for i in range(1, len(order) + 1):
        if i < len(order):
            value, least = values[order[i]], values[order[start]]
            if value - least <= TIE * (value + scale):
                continue
        for j in range(start, i):
            ranks[order[j]] = (start + 1 + i) / 2
        start = i


def _scaled(values: Floats) -> Floats:
    """The values times a power of two, which rounds nothing, so that the largest magnitude is from a half to 1."""
    largest = max(float(values.max()), -float(values.min()))
    return values if largest == 0 else np.ldexp(values, -int(np.frexp(largest)[1]))
