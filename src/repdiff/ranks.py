"""Embeddings -> tiles of neighbour ranks.

The neighbour rank N[i, j] is the place of item j in the list of all items sorted by their distance from i, counted from
1 (RDC, equation 1). The item itself always comes first and equal distances keep index order.

How close to exact. Squared distances come from one float32 product, |a|^2 + |b|^2 - 2ab, of rows that were centred in
float64 (so a common offset costs no digits) and scaled by a power of two (so tiny or huge scales neither vanish nor
overflow). Their error is a few float32 epsilons of |a|^2 + |b|^2. Neighbours in the sorted list that are nearer to each
other than ``NEAR_TIE`` are put in order by distances computed afresh in float64 from the rows as given, for the first
``REFINED_RANKS`` ranks; beyond those a swap changes the ratio of two ranks by less than 1 / REFINED_RANKS. Ties between
equal rows are exact at every rank, and so is everything where the rows hold small integers, since then the float32
product is exact.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from repdiff.errors import RepdiffError
from repdiff.metrics import Metric
from repdiff.parallel import for_each_tile, resolve_n_jobs, row_tiles

_OF_EMBEDDINGS = ("euclidean", "cosine")

REFINED_RANKS = 4096
NEAR_TIE = 2 * float(np.finfo(np.float32).eps)
_EXACT_IN_FLOAT32 = 2.0**24
_ROWS_AT_A_TIME = 64  # a block of float64 stays in the second-level cache
_GROUP_ROWS = 256
_SAMPLED_COLUMNS = 16
_FEW_DIGITS_BITS = 13  # two digits of 13 bits hold a row's distances in fixed point
_MOST_UNITS = 4.0
_ONE, _HALF = np.uint32(1), np.uint64(32)
_MOST_DIGITS, _MOST_DIGITS_BITS = 3, 11  # three of 11 hold any float's bits


@dataclass(frozen=True)
class RankScratch:
    """What one worker needs to rank the rows of a tile; reused from tile to tile."""

    distances: npt.NDArray[np.float32]  # (rows, n); ranks are written over it
    row: npt.NDArray[np.float32]  # (n,) squared distances of one item
    keys: npt.NDArray[np.uint32]  # (n,)
    pairs: npt.NDArray[np.uint64]  # (2, n)
    order: npt.NDArray[np.uint32]  # (n,)


class RankedEmbedding:
    """One representation, made ready to give neighbour ranks row by row.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Finite; kept by reference.
    metric : {"euclidean", "cosine"}
        Cosine distance is the Euclidean distance of rows scaled to length one.

    Attributes
    ----------
    values : ndarray, (n, d)
        The rows whose distances count, in their own precision.
    coordinates : ndarray of float32, (n, d)
        The rows to multiply, centred and scaled.
    squared_norms : ndarray of float32, (n,)
        Squared lengths of ``coordinates``.
    exact : bool
        Whether products of ``coordinates`` are exact.
    originals : ndarray of int32, (n,)
        For each row the first one that equals it.
    copies : ndarray of int32
        The rows that equal an earlier one.

    Raises
    ------
    RepdiffError
        For an unknown metric, or a row of zeros under the cosine metric.
    """

    def __init__(self, values: npt.NDArray[Any], *, metric: Metric = "euclidean") -> None:
        if metric not in _OF_EMBEDDINGS:
            raise RepdiffError(f"metric must be one of {', '.join(_OF_EMBEDDINGS)} for embeddings, but is {metric!r}")
        self.n = len(values)
        self.values = _unit_rows(values) if metric == "cosine" else values
        self.exact = _is_exact_in_float32(self.values)
        self.coordinates = self.values.astype(np.float32) if self.exact else _centred(self.values)
        self.squared_norms = _squared_norms(self.coordinates)
        self.originals = _first_equal_row(self.values)
        self.copies = np.flatnonzero(self.originals != np.arange(self.n)).astype(np.int32)

    @staticmethod
    def scratch_bytes(n: int, rows: int) -> int:
        """Bytes of one worker's scratch."""
        return 4 * n * rows + 28 * n

    def scratch(self, rows: int) -> RankScratch:
        """Working memory for tiles of at most ``rows`` rows."""
        return RankScratch(
            np.empty((rows, self.n), np.float32),
            np.empty(self.n, np.float32),
            np.empty(self.n, np.uint32),
            np.empty((2, self.n), np.uint64),
            np.empty(self.n, np.uint32),
        )

    def products(self, rows: slice, columns: slice, out: npt.NDArray[np.float32]) -> None:
        """Write the products of some rows with others, (r, c), as :meth:`rank` takes them."""
        np.matmul(self.coordinates[rows], self.coordinates[columns].T, out=out)

    def rank(self, rows: slice, products: npt.NDArray[np.float32], scratch: RankScratch) -> npt.NDArray[np.int32]:
        """Neighbour ranks, (r, n), int32, of a slice of rows, from their products with all rows, which they replace."""
        ranks = products.view(np.int32)
        rank_rows(
            products, rows.start, self.squared_norms, self.originals, self.copies,
            self.values, 0.0 if self.exact else NEAR_TIE,
            scratch.row, scratch.keys, scratch.pairs, scratch.order, ranks,
        )  # fmt: skip
        return ranks

    def ranks(self, rows: slice, scratch: RankScratch) -> npt.NDArray[np.int32]:
        """Neighbour ranks, (r, n), int32, of a slice of rows; they live in the scratch."""
        products = scratch.distances[: rows.stop - rows.start]
        self.products(rows, slice(None), products)
        return self.rank(rows, products, scratch)

    def nearest_members(self, members: npt.NDArray[np.int64], m: int) -> npt.NDArray[np.int64]:
        """For each member of a group, itself and its nearest fellow members, nearest first.

        Parameters
        ----------
        members : ndarray of int64, (size,)
            Rows of the group, ascending.
        m : int
            How many to return for each, the member itself included; at most ``size``.

        Returns
        -------
        ndarray of int64, (size, m)
            Places in ``members``; equal distances keep index order.
        """
        points, norms = self.coordinates[members], self.squared_norms[members]
        nearest = np.empty((len(members), m), np.int64)
        for rows in row_tiles(len(members), _GROUP_ROWS):
            distances = norms - 2 * (
                points[rows] @ points.T
            )  # less the row's own norm, which does not change the order
            distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = -np.inf
            limits = np.partition(distances, m - 1, axis=1)[:, m - 1]
            for row, (distance, limit) in enumerate(zip(distances, limits, strict=True), start=rows.start):
                candidates = np.flatnonzero(distance <= limit)
                nearest[row] = candidates[np.argsort(distance[candidates], kind="stable")[:m]]
        return nearest


def neighbor_ranks(
    X: npt.ArrayLike, *, metric: Metric = "euclidean", n_jobs: int | None = None
) -> npt.NDArray[np.int32]:
    """Neighbour ranks of every item in every item's list, counted from 1.

    Parameters
    ----------
    X : array_like, (n, d)
        One row per item.
    metric : {"euclidean", "cosine"}
        Distance between rows.
    n_jobs : int, optional
        Threads; all cores by default.

    Returns
    -------
    ndarray of int32, (n, n)
        ``ranks[i, j]`` is the place of j in i's list sorted by distance; ``ranks[i, i]`` is 1; equal distances keep
        index order (RDC, equation 1).

    Raises
    ------
    RepdiffError
        Where X is not a finite numeric matrix.
    """
    values = np.ascontiguousarray(X)
    if values.ndim != 2 or values.dtype.kind not in "fiub":
        raise RepdiffError(
            f"X must be a numeric matrix with one row per item, but has shape {values.shape}, {values.dtype}"
        )
    if values.dtype not in (np.float32, np.float64):
        values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise RepdiffError("X holds NaN or infinity; remove those rows or fill them in")
    embedding = RankedEmbedding(values, metric=metric)
    ranks = np.empty((embedding.n, embedding.n), np.int32)

    def rank_tile(rows: slice) -> None:
        ranks[rows] = embedding.ranks(rows, embedding.scratch(rows.stop - rows.start))

    for_each_tile(rank_tile, row_tiles(embedding.n, 256), n_jobs=resolve_n_jobs(n_jobs))
    return ranks


def _unit_rows(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Rows scaled to length one, in float64."""
    lengths = (
        np.linalg.norm(values, axis=1) if values.dtype == np.float64 else np.sqrt(_squared_norms(values, np.float64))
    )
    if not lengths.all():
        raise RepdiffError(
            f"row {int(np.argmin(lengths))} is all zeros and has no direction, so the cosine metric cannot place it; "
            "remove the row or use the euclidean metric"
        )
    return np.asarray(values / lengths[:, None])


def _squared_norms(values: npt.NDArray[Any], dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """Squared length of each row, summed in float64."""
    blocks = (values[rows].astype(np.float64) for rows in row_tiles(len(values), _ROWS_AT_A_TIME))
    return np.concatenate([np.einsum("ij,ij->i", block, block) for block in blocks]).astype(dtype)


def _is_exact_in_float32(values: npt.NDArray[Any]) -> bool:
    """Whether the rows are integers so small that every sum in a float32 product is exact."""
    blocks = (values[rows] for rows in row_tiles(len(values), _ROWS_AT_A_TIME))
    whole = all(np.array_equal(block, np.rint(block)) for block in blocks)
    return whole and 4 * _largest_magnitude(values) ** 2 * values.shape[1] < _EXACT_IN_FLOAT32


def _largest_magnitude(values: npt.NDArray[Any]) -> float:
    return max(float(values.max(initial=0)), -float(values.min(initial=0)))


def _centred(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Rows less their mean, scaled by a power of two to at most about one, in float32; a block of float64 at a time."""
    factor = 2.0 ** -int(np.frexp(_largest_magnitude(values))[1])
    mean = values.mean(axis=0, dtype=np.float64)
    out = np.empty(values.shape, np.float32)
    for rows in row_tiles(len(values), _ROWS_AT_A_TIME):
        out[rows] = (values[rows] - mean) * factor
    return out


def _first_equal_row(values: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """For each row the first row that equals it, itself where there is none before."""
    # Few rows agree in a sample of their columns; only those are compared whole.
    step = max(1, values.shape[1] // _SAMPLED_COLUMNS)
    samples = [_bytes_of(row) for row in values[:, ::step]]
    times = Counter(samples)
    originals = np.arange(len(values), dtype=np.int32)
    first: dict[bytes, int] = {}
    for i, sample in enumerate(samples):
        if times[sample] > 1:
            originals[i] = first.setdefault(sha256(_bytes_of(values[i])).digest(), i)
    return originals


def _bytes_of(row: npt.NDArray[Any]) -> bytes:
    return (row + 0).tobytes()  # adding zero turns -0.0 into 0.0, whose bytes differ


@njit(nogil=True, cache=True, error_model="numpy")
def rank_rows(  # type: ignore[no-untyped-def]
    products, start, squared_norms, originals, copies, values, near_tie, distances, keys, pairs, order, ranks
):
    """Write the ranks of a tile: products of rows ``start``... with all rows -> places in the sorted lists.

    ``ranks`` may be the same memory as ``products``, since a row is read before it is written.
    """
    counts = np.empty((_MOST_DIGITS, 1 << _FEW_DIGITS_BITS), np.uint32)
    for row in range(products.shape[0]):
        item = start + row
        _squared_distances(products[row], item, squared_norms, originals, copies, distances)
        digits, bits, unit = _keys(distances, item, near_tie * squared_norms[item], keys)
        _radix_ranks(keys, digits, bits, counts, pairs, order, ranks[row])
        if near_tie > 0:
            _refine(item, near_tie, unit, squared_norms, values, distances, order, ranks[row])


@njit(nogil=True, error_model="numpy")
def _squared_distances(product, item, squared_norms, originals, copies, distances):  # type: ignore[no-untyped-def]
    for j in range(product.shape[0]):
        distance = squared_norms[item] + squared_norms[j] - np.float32(2) * product[j]
        distances[j] = distance if distance > np.float32(0) else np.float32(0)
    distances[originals[item]] = np.float32(0)
    for copy in copies:
        distances[copy] = distances[originals[copy]]


@njit(nogil=True, error_model="numpy")
def _keys(distances, item, tolerance, keys):  # type: ignore[no-untyped-def]
    """Distances as integers of the same order, 0 for the item itself; how many digits of how many bits, and their unit.

    Fixed point with 26 bits keeps every bit of the larger distances and cuts the smaller ones down to a unit. Where
    that unit is about the tolerance, two digits do, and what lies within a unit counts as a near tie. Else the bits of
    the float are taken, which three digits hold. Integers are whole in fixed point, whatever the tolerance.
    """
    largest = np.int32(0)
    bits = distances.view(np.int32)
    for j in range(bits.shape[0]):
        largest = max(largest, bits[j])
    power = (largest >> np.int32(23)) - np.int32(126)  # the largest distance is below 2 ** power
    unit = np.float64(2) ** (power - 2 * _FEW_DIGITS_BITS)
    if tolerance > 0 and not unit <= _MOST_UNITS * tolerance:
        for j in range(keys.shape[0]):
            keys[j] = bits[j] + np.int32(1)
        keys[item] = 0
        return _MOST_DIGITS, _MOST_DIGITS_BITS, 0.0
    scale = np.float32(1 / unit)
    for j in range(keys.shape[0]):
        keys[j] = np.int32(distances[j] * scale) + np.int32(1)
    keys[item] = 0
    return 2, _FEW_DIGITS_BITS, unit


@njit(nogil=True, error_model="numpy")
def _radix_ranks(keys, digits, bits, counts, pairs, order, ranks):  # type: ignore[no-untyped-def]
    """Stable radix sort, digits from the lowest up; the last pass writes each item's rank, and the items in order.

    Between passes an item travels with what is left of its key in one word. All numbers are unsigned, since an index
    with a sign is checked for being negative.
    """
    shift, mask = np.uint32(bits), np.uint32((1 << bits) - 1)
    for digit in range(digits):
        _count(keys, np.uint32(digit * bits), mask, counts[digit])
    first, moved = counts[0], pairs[0]
    for j in range(keys.shape[0]):
        key = keys[j]
        place = first[key & mask]
        first[key & mask] = place + _ONE
        moved[place] = (np.uint64(key >> shift) << _HALF) | np.uint64(j)
    for digit in range(1, digits - 1):
        _move_pairs(pairs[0], shift, mask, counts[digit], pairs[1])
    last = counts[digits - 1]
    for pair in pairs[digits - 2]:
        item, value = np.uint32(pair), np.uint32(pair >> _HALF)
        place = last[value]
        last[value] = place + _ONE
        order[place] = item
        ranks[item] = place + _ONE


@njit(nogil=True, error_model="numpy")
def _count(keys, shift, mask, counts):  # type: ignore[no-untyped-def]
    """Where the keys of each digit begin in the sorted list."""
    counts[:] = 0
    for key in keys:
        counts[(key >> shift) & mask] += _ONE
    place = np.uint32(0)
    for value in range(mask + _ONE):
        here = counts[value]
        counts[value] = place
        place += here


@njit(nogil=True, error_model="numpy")
def _move_pairs(pairs, shift, mask, counts, moved):  # type: ignore[no-untyped-def]
    for pair in pairs:
        value = np.uint32(pair >> _HALF) & mask
        place = counts[value]
        counts[value] = place + _ONE
        moved[place] = (np.uint64(np.uint32(pair >> _HALF) >> shift) << _HALF) | np.uint64(np.uint32(pair))


@njit(nogil=True, error_model="numpy")
def _refine(item, near_tie, unit, squared_norms, values, distances, order, ranks):  # type: ignore[no-untyped-def]
    """Put runs of near ties among the first ranks in the order of their float64 distances, then of their index."""
    last = min(order.shape[0], REFINED_RANKS)
    begin, norm, slope, floor = 1, squared_norms[item], np.float32(near_tie), np.float32(unit)
    while begin < last - 1:
        tolerance = max(slope * (norm + squared_norms[order[begin]]), floor)
        previous = distances[order[begin]]
        end = begin + 1
        while end < last:
            following = distances[order[end]]
            if following - previous > tolerance:
                break
            previous = following
            end += 1
        if end - begin > 1:
            _sort_exactly(item, values, order[begin:end])
            for place in range(begin, end):
                ranks[order[place]] = place + 1
        begin = end


@njit(nogil=True, error_model="numpy")
def _sort_exactly(item, values, order):  # type: ignore[no-untyped-def]
    """Shell sort by float64 distance, then by index; runs are short, and for odd data it stays far from quadratic."""
    size = order.shape[0]
    distances = np.empty(size, np.float64)
    for place in range(size):
        distances[place] = _squared_distance(values[item], values[order[place]])
    gap = 1
    while gap < size // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for place in range(gap, size):
            distance, other, hole = distances[place], order[place], place
            while hole >= gap and (
                distances[hole - gap] > distance or (distances[hole - gap] == distance and order[hole - gap] > other)
            ):
                distances[hole], order[hole] = distances[hole - gap], order[hole - gap]
                hole -= gap
            distances[hole], order[hole] = distance, other
        gap //= 3


@njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _squared_distance(a, b):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(a.shape[0]):
        gap = np.float64(a[k]) - np.float64(b[k])
        total += gap * gap
    return total
