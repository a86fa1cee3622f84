"""Centred kernel alignment: whether the same pairs of items have large products.

With K and L the products of all items within x and within y, columns centred, the alignment is
<K, L> / (||K|| ||L||), from the Hilbert-Schmidt independence criterion (Gretton et al., ALT 2005; Kornblith et al.,
"Similarity of neural network representations revisited", ICML 2019).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from repdiff.core.errors import InputError
from repdiff.core.parallel import row_tiles
from repdiff.similarities.points import (
    ROWS_AT_A_TIME,
    Points,
    PointsOrDistances,
    both,
    check_memory_for_pairs,
    sides,
    without_spread,
)

BANDWIDTH = 0.8
_BANDWIDTHS = 1e-6, 1e6  # beyond them rounding decides; within them nothing overflows
_BYTES_PER_PAIR = 24  # distances of both sides, and a copy of one for its median
_NOTHING = 1e-12  # of the norm of a kernel: anything smaller is rounding
_CANCELLED = 1e-4  # of its square: if no more is left, a difference of sums has lost four digits


def cka(x: Any, y: Any) -> float:
    """Linear centred kernel alignment, in [0, 1]; 1 for identical (Kornblith et al., ICML 2019, section 3).

    Unchanged by rotation, isotropic scale and shift of either side; not by other linear maps. With fewer items than
    dimensions it is well above 0 even for unrelated sides: see :func:`debiased_cka`.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both. No n x n matrices are made; time is that of d_x x d_y products.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number.
    """
    x, y = both(x, y)
    if (value := without_spread(x, y)) is not None:
        return value
    return float(min(1.0, _product(x, y) / x.gram_norm / y.gram_norm))


def cka_of_unrelated(x: Points, y: Points) -> float:
    """Mean of :func:`cka` over all pairings of the items of x with those of y: tr K tr L / ((n - 1) ||K|| ||L||).

    The average of L over all orders of the items is tr L / (n - 1) times the centring matrix.
    """
    if (value := without_spread(x, y)) is not None:
        return value
    traces = float(x.squared_norms.sum()) * float(y.squared_norms.sum())
    return min(1.0, traces / (x.n - 1) / x.gram_norm / y.gram_norm)


def debiased_cka(x: Any, y: Any) -> float:
    """Linear CKA from the unbiased criterion, in [-1, 1]; 1 for identical, 0 on average for unrelated sides.

    Song et al. (JMLR 2012, equation 5) leave out the products of items with themselves; used for CKA by Nguyen et al.
    ("Do wide and deep networks learn the same things?", ICLR 2021). Unchanged by rotation, isotropic scale and shift.
    With fewer than four items, or if all items are equally far apart, a side has no spread.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number.
    """
    x, y = both(x, y)
    if x.n < 4:
        return 1.0
    product, own_x, own_y = _unbiased(x, y)
    nothing_x, nothing_y = (
        own <= (_NOTHING * side.gram_norm) ** 2 for own, side in ((own_x, x), (own_y, y))
    )  # fmt: skip
    if nothing_x or nothing_y:
        return float(nothing_x and nothing_y)
    return float(np.clip(product / np.sqrt(own_x) / np.sqrt(own_y), -1, 1))


def rbf_cka(x: Any, y: Any, *, bandwidth: float = BANDWIDTH) -> float:
    """CKA of Gaussian kernels, in [0, 1]; 1 for identical (Kornblith et al., ICML 2019, section 3).

    The kernel is exp(-distance^2 / (2 sigma^2)) with sigma a share of the median distance, so near pairs count more
    than in the linear one. Unchanged by rotation, isotropic scale and shift.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both. Time grows with n^2; memory with 12 n^2 bytes, for the median.
    bandwidth : float
        sigma, as a share of the median distance between items (between distinct items, if most coincide); from a
        millionth to a million.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number, or the bandwidth is out of range.
    MemoryLimitError
        Where the distances of all pairs do not fit into what is free.
    """
    x, y = sides(x, y)
    if not _BANDWIDTHS[0] <= bandwidth <= _BANDWIDTHS[1]:
        raise InputError(f"bandwidth must be from {_BANDWIDTHS[0]:g} to {_BANDWIDTHS[1]:g}, but is {bandwidth}")
    if (value := without_spread(x, y)) is not None:
        return value
    return rbf_sums(x, y, bandwidth=bandwidth).alignment


@dataclass(frozen=True)
class RbfSums:
    """Sums over two centred Gaussian kernels: <K, L>, ||K||^2, ||L||^2, tr K, tr L, and the number of items."""

    product: float
    square_x: float
    square_y: float
    trace_x: float
    trace_y: float
    n: int

    @property
    def alignment(self) -> float:
        """The score."""
        return self._normalised(self.product)

    @property
    def alignment_of_unrelated(self) -> float:
        """The mean score over all pairings, as in :func:`cka_of_unrelated`."""
        return self._normalised(self.trace_x * self.trace_y / (self.n - 1))

    def _normalised(self, product: float) -> float:
        return float(np.clip(product / np.sqrt(self.square_x) / np.sqrt(self.square_y), 0, 1))


def rbf_sums(x: PointsOrDistances, y: PointsOrDistances, *, bandwidth: float = BANDWIDTH) -> RbfSums:
    """The sums over both kernels of two sides with some spread, a block of rows at a time.

    Centring subtracts row means, so <HKH, HLH> = sum K L - 2/n r_K . r_L + s_K s_L / n^2 with r the sums of rows
    and s of all. A constant makes no difference, so K - 1 is used for K: a wide kernel then loses no digits.
    """
    check_memory_for_pairs(x, y, _BYTES_PER_PAIR)
    slopes = [-0.5 / (bandwidth**2 * _median(side)) for side in (x, y)]
    sums = np.zeros((2, x.n))
    products = np.zeros(3)
    for rows in row_tiles(x.n, ROWS_AT_A_TIME):
        k, l = (_kernel(side, rows, slope) for side, slope in zip((x, y), slopes, strict=True))  # noqa: E741
        sums[:, rows] = k.sum(axis=1), l.sum(axis=1)
        products += np.vdot(k, l), np.vdot(k, k), np.vdot(l, l)
    totals = sums.sum(axis=1)

    def centred(product: float, i: int, j: int) -> float:
        return float(product - 2 / x.n * (sums[i] @ sums[j]) + totals[i] * totals[j] / x.n**2)

    return RbfSums(
        centred(products[0], 0, 1), centred(products[1], 0, 0), centred(products[2], 1, 1),
        -float(totals[0]) / x.n, -float(totals[1]) / x.n, x.n,
    )  # fmt: skip


def _kernel(side: PointsOrDistances, rows: slice, slope: float) -> Any:
    """The Gaussian kernel of some items with all, less 1; an item's own entry is exactly zero."""
    distances = side.squared_distances(rows)
    distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = 0
    return np.expm1(slope * distances)


def _median(side: PointsOrDistances) -> float:
    """Median squared distance of two items; of distinct ones, if it is zero."""
    distances = np.sqrt(side.squared_distances_of_pairs)
    return float(np.median(distances, overwrite_input=True) or np.median(distances[distances > 0])) ** 2


def _product(x: Points, y: Points) -> float:
    """<K, L> = ||X^T Y||^2."""
    cross = x.compact.T @ y.compact
    return float(np.vdot(cross, cross))


def _unbiased(x: Points, y: Points) -> tuple[float, float, float]:
    """The unbiased criterion of x with y, x with x and y with y, each times n (n - 3)."""
    squares = x.gram_norm**2, y.gram_norm**2
    found = _from_sums(x, y, _product(x, y)), _from_sums(x, x, squares[0]), _from_sums(y, y, squares[1])
    if all(own > _CANCELLED * square for own, square in zip(found[1:], squares, strict=True)):
        return found
    # A few items far away, or all equally far apart: subtract item by item, since the sums would lose digits.
    products = np.zeros(3)
    for rows in row_tiles(x.n, ROWS_AT_A_TIME):
        k, l = (_without_sides(side, rows) for side in (x, y))  # noqa: E741
        products += np.vdot(k, l), np.vdot(k, k), np.vdot(l, l)
    return float(products[0]), float(products[1]), float(products[2])


def _from_sums(x: Points, y: Points, product: float) -> float:
    """Equation 5 for columns that are centred: rows of K then sum to zero."""
    own = float(x.squared_norms @ y.squared_norms)
    traces = float(x.squared_norms.sum()) * float(y.squared_norms.sum())
    return product - x.n / (x.n - 2) * own + traces / ((x.n - 1) * (x.n - 2))


def _without_sides(side: Points, rows: slice) -> Any:
    """Some rows of K with a zero diagonal and without additive row and column terms; the products are the same."""
    n, own = side.n, side.squared_norms
    kernel = side.values[rows] @ side.values.T
    kernel += (own[rows, None] + own) / (n - 2) - own.sum() / ((n - 1) * (n - 2))
    kernel[np.arange(len(kernel)), np.arange(rows.start, rows.stop)] = 0
    return kernel
