"""Directed affinities of chosen pairs, whether or not they are in a list.

A list of i, in order of distance, relates distance to rank for i. The rank of any j follows from its distance: the rank
of the candidate at this distance, or between the ranks of the candidates before and after it. Equal distances keep
index order, as in the ranks of the exact engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from repdiff.affinity.difference import directed_affinity
from repdiff.affinity.sampled.list_kernels import DIGITS, radix_sort, sort_keys
from repdiff.affinity.sampled.reader import FloatArray, Reader, Rows
from repdiff.core.kernels import kernel
from repdiff.core.parallel import for_each_tile, row_tiles

if TYPE_CHECKING:
    from repdiff.affinity.sampled.candidates import CandidateList, Sampler

PURPOSE = 2  # of the random streams
_ROWS_AT_A_TIME = 64  # stay in the second-level cache while columns are read
_KERNEL = {"nogil": True, "error_model": "numpy"}


def directed_pairs(sampler: Sampler, rows: Rows, columns: Rows, *, n_jobs: int) -> FloatArray:
    """exp(-beta G) of each row with each column, (r, c), estimated from lists of the rows; 1 for an item itself.

    Parameters
    ----------
    sampler : Sampler
        The direction.
    rows, columns : ndarray of int64, (r,) and (c,)
        Items.
    n_jobs : int
        Threads.
    """
    items, where = np.unique(rows, return_inverse=True)
    out = np.empty((len(items), len(columns)), np.float32)
    cells = sampler.cells.of_item[items]
    order = np.argsort(cells, kind="stable")
    borders = np.flatnonzero(np.diff(cells[order])) + 1

    asked = [_distances(side, items, columns, n_jobs) for side in (sampler.near, sampler.far)]

    def fill(places: npt.NDArray[np.int64]) -> None:
        cell = int(cells[places[0]])
        blocks = [places[start : start + sampler.block] for start in range(0, len(places), sampler.block)]
        for block, candidates in zip(blocks, sampler.lists(cell, len(blocks), PURPOSE), strict=True):
            ranks = [
                _ranks(side, items[block], columns, to_columns[block], candidates)
                for side, to_columns in zip((sampler.near, sampler.far), asked, strict=True)
            ]
            directed = np.empty(ranks[0].shape, np.float32)
            directed_affinity(*ranks, sampler.gamma, sampler.beta, directed)
            out[block] = directed

    for_each_tile(fill, np.split(order, borders), n_jobs=n_jobs)
    out[items[:, None] == columns] = 1
    return np.asarray(out[where])


def _distances(side: Reader, rows: Rows, columns: Rows, n_jobs: int) -> FloatArray:
    """Squared distances of all rows from all columns, (r, c): a column is read once for many rows."""
    out = np.empty((len(rows), len(columns)), np.float32)

    def fill(tile: slice) -> None:
        out[tile] = side.squared_distances(rows[tile], columns)

    for_each_tile(fill, row_tiles(len(rows), _ROWS_AT_A_TIME), n_jobs=n_jobs)
    return out


def _ranks(side: Reader, rows: Rows, columns: Rows, to_columns: FloatArray, candidates: CandidateList) -> FloatArray:
    """Estimated ranks of some columns, at these distances, for some rows of one cell, (b, c)."""
    to_listed = side.squared_distances(rows, candidates.items)
    ranks = np.empty(to_columns.shape, np.float32)
    _ranks_of_rows(to_listed, rows, candidates.items, candidates.weights, side.n, to_columns, columns, ranks)
    return ranks


@kernel(**_KERNEL)
def _ranks_of_rows(listed, rows, items, weights, n, asked, columns, ranks):  # type: ignore[no-untyped-def]
    """Ranks of the columns for each row.

    Parameters
    ----------
    listed, asked : ndarray of float32, (b, m) and (b, c)
        Squared distances of the candidates and of the columns.
    rows, items, columns : ndarray of int64, (b,), (m,) and (c,)
        The rows, the candidates in index order, and the columns.
    weights : ndarray of float64, (m,)
        How many items each candidate represents.
    n : int
        Number of items.
    ranks : ndarray of float32, (b, c)
        Out.
    """
    m = items.shape[0]
    keys, half_sorted, order = np.empty(m, np.uint32), np.empty(m, np.uint32), np.empty(m, np.uint32)
    counts = np.empty((2, DIGITS), np.uint32)
    for r in range(rows.shape[0]):
        sort_keys(listed[r].copy(), items, rows[r], keys)
        radix_sort(keys, counts, half_sorted, order)
        kept, total = _in_order(listed[r], items, weights, rows[r], order)
        distances, ordered, middle = np.empty(kept, np.float32), np.empty(kept, np.int64), np.empty(kept)
        before, scale = 1.0, (n - 1) / total
        for place in range(kept):
            weight = weights[order[place]] * scale
            distances[place], ordered[place] = listed[r, order[place]], items[order[place]]
            middle[place] = max(2.0, before + (weight + 1.0) / 2)
            before += weight
        _ranks_between(distances, ordered, middle, asked[r], columns, n, ranks[r])


@njit(**_KERNEL)
def _in_order(distances, items, weights, row, order):  # type: ignore[no-untyped-def]
    """Leave the row itself out of the order, and put candidates whose keys are equal in order of distance and index.

    Returns
    -------
    int, float
        How many candidates are left, and the sum of their weights.
    """
    kept, total = 0, 0.0
    for place in range(order.shape[0]):
        j = order[place]
        if items[j] == row:
            continue
        hole = kept
        while hole > 0 and (
            distances[order[hole - 1]] > distances[j]
            or (distances[order[hole - 1]] == distances[j] and order[hole - 1] > j)
        ):
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = j
        total += weights[j]
        kept += 1
    return kept, total


@njit(**_KERNEL)
def _ranks_between(distances, items, middle, asked, columns, n, ranks):  # type: ignore[no-untyped-def]
    """Ranks of the columns, from the candidates in order of distance and index, and the ranks of those.

    Parameters
    ----------
    distances, items, middle : (m,)
        Squared distance, item and rank of each candidate.
    asked, columns : (c,)
        Squared distance and item of each column.
    n : int
        Number of items.
    ranks : ndarray of float32, (c,)
        Out.
    """
    for c in range(columns.shape[0]):
        distance, item = asked[c], columns[c]
        low, high = 0, distances.shape[0]
        while low < high:
            half = (low + high) >> 1
            if distances[half] < distance or (distances[half] == distance and items[half] < item):
                low = half + 1
            else:
                high = half
        if low == distances.shape[0]:
            ranks[c] = 0.5 * (middle[low - 1] + n)
        elif low == 0:
            share = distance / distances[0] if distances[0] > 0 else 1.0
            ranks[c] = 2.0 + share * (middle[0] - 2.0)
        else:
            gap = distances[low] - distances[low - 1]
            if gap > 0:
                share = (distance - distances[low - 1]) / gap
            else:
                share = (item - items[low - 1]) / max(1, items[low] - items[low - 1])
            ranks[c] = middle[low - 1] + share * (middle[low] - middle[low - 1])
