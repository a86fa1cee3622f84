"""Embeddings -> tiles of neighbour ranks.

The neighbour rank N[i, j] is the place of item j in the list of all items sorted by their distance from i, counted from
1 (RDC, equation 1). The item itself always comes first and equal distances keep index order.

Accuracy. Squared distances come from one float32 product, |a|^2 + |b|^2 - 2ab, of rows that were centred in
float64 (so a common offset costs no digits) and scaled by a power of two (so tiny or huge scales neither vanish nor
overflow). Their error is a few float32 epsilons of |a|^2 + |b|^2. Neighbours in the sorted list whose distances differ
by less than ``NEAR_TIE`` times |a|^2 + |b|^2 are ordered by distances recomputed in float64 from the input rows, for
the first ``REFINED_RANKS`` ranks (about one in a million entries stays misplaced); beyond those a swap changes the
ratio of two ranks by less than 1 / REFINED_RANKS. Ties between equal rows are exact at every rank, and all ranks are
exact if the rows hold small integers, since then the float32 product is exact.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.rank_kernels import rank_rows
from repdiff.core.errors import RepdiffError
from repdiff.core.geometry import centred, largest_magnitude, lengths, squared_distances, squared_norms
from repdiff.core.metrics import Metric
from repdiff.core.parallel import end_if_stopped, for_each_tile, resolve_n_jobs, row_tiles

_OF_EMBEDDINGS = ("euclidean", "cosine")

NEAR_TIE = 2 * float(np.finfo(np.float32).eps)
EXACT_IN_FLOAT32 = 2.0**24
_ROWS_AT_A_TIME = 64  # a block of float64 stays in the second-level cache
_ROWS_READ = 4096  # at a time, of memory-mapped embeddings
_FARTHEST, _SWEEPS = 16, 3  # rows tried as endpoints of the largest distance
_SAMPLED_COLUMNS = 16


@dataclass(frozen=True)
class RankScratch:
    """Working memory of one worker to rank the rows of a tile; reused from tile to tile."""

    distances: npt.NDArray[np.float32]  # (rows, n); ranks are written over it
    row: npt.NDArray[np.float32]  # (n,) squared distances of one item
    keys: npt.NDArray[np.uint32]  # (n,)
    pairs: npt.NDArray[np.uint64]  # (2, n)
    order: npt.NDArray[np.uint32]  # (n,)


class RankedEmbedding:
    """One representation, prepared to give neighbour ranks row by row.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Finite; kept by reference.
    metric : {"euclidean", "cosine"}
        Cosine distance is the Euclidean distance of rows scaled to length one.
    keeps_copy : bool
        Keep the rows to multiply. Without, they are computed whenever they are asked for, for memory-mapped embeddings
        of which few rows are needed: only distances and products can be had, not ranks.

    Attributes
    ----------
    values : ndarray, (n, d)
        The rows to compare, in their own precision.
    coordinates : ndarray of float32, (n, d), or CentredRows
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

    def __init__(self, values: npt.NDArray[Any], *, metric: Metric = "euclidean", keeps_copy: bool = True) -> None:
        if metric not in _OF_EMBEDDINGS:
            raise RepdiffError(f"metric must be one of {', '.join(_OF_EMBEDDINGS)} for embeddings, but is {metric!r}")
        self.n = len(values)
        self.coordinates: npt.NDArray[np.float32] | CentredRows
        if keeps_copy:
            self.values = unit_rows(values) if metric == "cosine" else values
            self.exact = _is_exact_in_float32(self.values)
            self.coordinates = self.values.astype(np.float32) if self.exact else centred(self.values)
        else:
            self.values, self.exact = values, False
            self.coordinates = CentredRows(values, _checked_lengths(values) if metric == "cosine" else None)
        norms = [squared_norms(self.coordinates[rows]) for rows in row_tiles(self.n, _ROWS_READ)]
        self.squared_norms = np.concatenate(norms).astype(np.float32)
        self.originals = first_equal_row(self.values)
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

    def products_with_all(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Products of some rows of ``coordinates`` with all, (r, n)."""
        own = self.coordinates[rows]
        if not isinstance(self.coordinates, CentredRows):
            return np.asarray(own @ self.coordinates.T)
        out = np.empty((len(own), self.n), np.float32)
        for columns in row_tiles(self.n, _ROWS_READ):
            end_if_stopped()
            np.matmul(own, self.coordinates[columns].T, out=out[:, columns])
        return out

    def products(self, rows: slice, columns: slice, out: npt.NDArray[np.float32]) -> None:
        """Write the products of some rows with others, (r, c), for :meth:`rank`."""
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

    @cached_property
    def largest_distance(self) -> float:
        """The largest distance between two rows, in the unit of ``coordinates``.

        Starts at the rows farthest from the centre, goes to those farthest from them, and so on: exact in practice, and
        never too large.
        """
        ends = np.argsort(-self.squared_norms, kind="stable")[:_FARTHEST]
        largest = 0.0
        for _ in range(_SWEEPS):
            distances = self._distances_from_all(ends)
            largest = max(largest, float(distances.max()))
            ends = distances.argmax(axis=1)
        return largest

    def _distances_from_all(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        if not isinstance(self.coordinates, CentredRows):
            return self.distances(rows, slice(None))
        return np.concatenate([self.distances(rows, tile) for tile in row_tiles(self.n, _ROWS_READ)], axis=1)

    def distances(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64] | slice) -> npt.NDArray[np.float32]:
        """Distances between some rows and others, (r, c), in the unit of ``coordinates``."""
        norms = self.squared_norms
        squared = squared_distances(self.coordinates[rows], self.coordinates[columns], norms[rows], norms[columns])
        squared[self.originals[rows][:, None] == self.originals[columns]] = 0  # rounding keeps equal rows apart
        return np.asarray(np.sqrt(squared, out=squared))


class CentredRows:
    """The rows of a :class:`RankedEmbedding`, computed whenever some are asked for.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        As given.
    lengths : ndarray of float64, (n,), optional
        What each row is divided by first.
    """

    def __init__(self, values: npt.NDArray[Any], lengths: npt.NDArray[np.float64] | None) -> None:
        self._values, self._lengths = values, lengths
        tiles = row_tiles(len(values), _ROWS_READ)
        self._mean, self._factor = np.zeros(values.shape[1]), 1.0
        self._mean = sum(self._rows(tile).sum(axis=0) for tile in tiles) / len(values)
        self._factor = 2.0 ** -int(np.frexp(max(largest_magnitude(self._rows(tile)) for tile in tiles))[1])

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, rows: slice | npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return self._rows(rows).astype(np.float32)

    def _rows(self, rows: slice | npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        own = self._values[rows].astype(np.float64)
        if self._lengths is not None:
            own /= self._lengths[rows, None]
        own -= self._mean
        own *= self._factor
        return own


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
        If X is not a finite numeric matrix.
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


def unit_rows(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Rows scaled to length one, in float64."""
    return np.asarray(values / _checked_lengths(values)[:, None])


def _checked_lengths(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    found = lengths(values)
    if not found.all():
        raise RepdiffError(
            f"row {int(np.argmin(found))} is all zeros and has no direction, so the cosine metric cannot place it; "
            "remove the row or use the euclidean metric"
        )
    return found


def _is_exact_in_float32(values: npt.NDArray[Any]) -> bool:
    """Whether the rows are integers so small that every sum in a float32 product is exact."""
    blocks = (values[rows] for rows in row_tiles(len(values), _ROWS_AT_A_TIME))
    whole = all(np.array_equal(block, np.rint(block)) for block in blocks)
    return whole and 4 * largest_magnitude(values) ** 2 * values.shape[1] < EXACT_IN_FLOAT32


def first_equal_row(values: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """For each row the first row that equals it, or itself."""
    # Few rows agree in a sample of their columns; only those are compared in full.
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
