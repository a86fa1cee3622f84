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

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from numba import njit

from repdiff.errors import RepdiffError
from repdiff.parallel import for_each_tile, resolve_n_jobs, row_tiles

Metric = Literal["euclidean", "cosine"]
METRICS: tuple[str, ...] = get_args(Metric)

REFINED_RANKS = 4096
NEAR_TIE = 4 * float(np.finfo(np.float32).eps)
_EXACT_IN_FLOAT32 = 2.0**24
_ROWS_AT_A_TIME = 1024
_GROUP_ROWS = 256
_DIGIT_BITS = (
    11  # three passes of 11 bits cover the 32 bits of a float and keep a histogram within the first-level cache
)


@dataclass(frozen=True)
class RankScratch:
    """What one worker needs to rank the rows of a tile; reused from tile to tile."""

    distances: npt.NDArray[np.float32]  # (rows, n); ranks are written over it
    keys: npt.NDArray[np.uint32]  # (2, n)
    order: npt.NDArray[np.int32]  # (2, n)


class RankedEmbedding:
    """One representation, made ready to give neighbour ranks row by row.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Finite; kept by reference.
    metric : {"euclidean", "cosine"}
        Cosine distance is the Euclidean distance of rows scaled to length one.

    Raises
    ------
    RepdiffError
        For an unknown metric, or a row of zeros under the cosine metric.
    """

    def __init__(self, values: npt.NDArray[Any], *, metric: Metric = "euclidean") -> None:
        if metric not in METRICS:
            raise RepdiffError(f"metric must be one of {', '.join(METRICS)}, but is {metric!r}")
        self.n = len(values)
        self._values = _unit_rows(values) if metric == "cosine" else values
        self._exact = _is_exact_in_float32(self._values)
        self._coordinates = self._values.astype(np.float32) if self._exact else _centred(self._values)
        self._squared_norms = _squared_norms(self._coordinates)
        self._originals = _first_equal_row(self._values)
        self._copies = np.flatnonzero(self._originals != np.arange(self.n)).astype(np.int32)

    @staticmethod
    def scratch_bytes(n: int, rows: int) -> int:
        """Bytes of one worker's scratch."""
        return 4 * n * rows + 16 * n

    def scratch(self, rows: int) -> RankScratch:
        """Working memory for tiles of at most ``rows`` rows."""
        return RankScratch(
            np.empty((rows, self.n), np.float32),
            np.empty((2, self.n), np.uint32),
            np.empty((2, self.n), np.int32),
        )

    def products(self, rows: slice, columns: slice, out: npt.NDArray[np.float32]) -> None:
        """Write the products of some rows with others, (r, c), as :meth:`rank` takes them."""
        np.matmul(self._coordinates[rows], self._coordinates[columns].T, out=out)

    def rank(self, rows: slice, products: npt.NDArray[np.float32], scratch: RankScratch) -> npt.NDArray[np.int32]:
        """Neighbour ranks, (r, n), int32, of a slice of rows, from their products with all rows, which they replace."""
        ranks = products.view(np.int32)
        _rank_rows(
            products, rows.start, self._squared_norms, self._originals, self._copies,
            self._values, 0.0 if self._exact else NEAR_TIE,
            scratch.keys, scratch.order, ranks,
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
        points, norms = self._coordinates[members], self._squared_norms[members]
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
    largest = float(np.abs(values).max(initial=0))
    if 4 * largest**2 * values.shape[1] >= _EXACT_IN_FLOAT32:
        return False
    blocks = (values[rows] for rows in row_tiles(len(values), _ROWS_AT_A_TIME))
    return all(np.array_equal(block, np.rint(block)) for block in blocks)


def _centred(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Rows less their mean, scaled by a power of two to at most about one, in float32; a block of float64 at a time."""
    largest = float(np.abs(values).max())
    factor = 2.0 ** -int(np.frexp(largest)[1])
    mean = values.mean(axis=0, dtype=np.float64)
    out = np.empty(values.shape, np.float32)
    for rows in row_tiles(len(values), _ROWS_AT_A_TIME):
        out[rows] = (values[rows] - mean) * factor
    return out


def _first_equal_row(values: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """For each row the first row that equals it, itself where there is none before."""
    first: dict[bytes, int] = {}
    # Adding zero turns -0.0 into 0.0, whose bytes differ.
    return np.array([first.setdefault((row + 0).tobytes(), i) for i, row in enumerate(values)], dtype=np.int32)


@njit(nogil=True, cache=True, error_model="numpy")
def _rank_rows(  # type: ignore[no-untyped-def]
    products, start, squared_norms, originals, copies, values, near_tie, keys, order, ranks
):
    """Write the ranks of a tile: products of rows ``start``... with all rows -> places in the sorted lists.

    ``ranks`` may be the same memory as ``products``, since a row is read before it is written.
    """
    counts = np.empty((3, 1 << _DIGIT_BITS), np.int32)
    for row in range(products.shape[0]):
        item = start + row
        _distance_keys(products[row], item, squared_norms, originals, copies, keys[0])
        _radix_sort(keys, order, counts)
        if near_tie > 0:
            _refine(item, near_tie, squared_norms, values, keys[1], order[1])
        for place in range(ranks.shape[1]):
            ranks[row, order[1, place]] = place + 1


@njit(nogil=True, error_model="numpy")
def _distance_keys(product, item, squared_norms, originals, copies, key):  # type: ignore[no-untyped-def]
    """Squared distances as integers of the same order: 0 for the item itself, then the bits of the float plus one."""
    for j in range(product.shape[0]):
        distance = squared_norms[item] + squared_norms[j] - np.float32(2) * product[j]
        key[j] = np.float32(max(distance, np.float32(0))).view(np.uint32) + np.uint32(1)
    key[originals[item]] = np.uint32(1)
    for copy in copies:
        key[copy] = key[originals[copy]]
    key[item] = np.uint32(0)


@njit(nogil=True, error_model="numpy")
def _radix_sort(keys, order, counts):  # type: ignore[no-untyped-def]
    """Stable sort of keys[0], three digits from the lowest up; sorted keys land in keys[1], their items in order[1]."""
    mask = np.uint32((1 << _DIGIT_BITS) - 1)
    counts[:] = 0
    for key in keys[0]:
        counts[0, key & mask] += 1
        counts[1, (key >> np.uint32(_DIGIT_BITS)) & mask] += 1
        counts[2, key >> np.uint32(2 * _DIGIT_BITS)] += 1
    for digit in range(3):
        place = 0
        for value in range(counts.shape[1]):
            counts[digit, value], place = place, place + counts[digit, value]
    for j in range(keys.shape[1]):
        key = keys[0, j]
        place = counts[0, key & mask]
        counts[0, key & mask] = place + 1
        keys[1, place], order[1, place] = key, j
    for digit, source in ((1, 1), (2, 0)):
        shift = np.uint32(digit * _DIGIT_BITS)
        for j in range(keys.shape[1]):
            key = keys[source, j]
            value = (key >> shift) & mask
            place = counts[digit, value]
            counts[digit, value] = place + 1
            keys[1 - source, place], order[1 - source, place] = key, order[source, j]


@njit(nogil=True, error_model="numpy")
def _refine(item, near_tie, squared_norms, values, key, order):  # type: ignore[no-untyped-def]
    """Put runs of near ties among the first ranks in the order of their float64 distances, then of their index."""
    last = min(key.shape[0], REFINED_RANKS)
    begin = 1
    while begin < last:
        end = begin + 1
        tolerance = np.float32(near_tie) * (squared_norms[item] + squared_norms[order[begin]])
        while end < last and _distance_of(key[end]) - _distance_of(key[end - 1]) <= tolerance:
            end += 1
        if end - begin > 1:
            _sort_exactly(item, values, order[begin:end])
        begin = end


@njit(nogil=True, error_model="numpy")
def _distance_of(key):  # type: ignore[no-untyped-def]
    return np.uint32(key - np.uint32(1)).view(np.float32)


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
