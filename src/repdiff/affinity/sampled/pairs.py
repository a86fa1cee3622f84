"""Directed affinities of chosen pairs, whether or not they are in a list.

A list of i, in order of distance, relates distance to rank for i. The rank of any j follows from its distance: the rank
of the candidate at this distance, or between the ranks of the candidates before and after it. Equal distances keep
index order, as in the ranks of the exact engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from repdiff.affinity.difference import directed_affinity
from repdiff.affinity.sampled.reader import FloatArray, Reader, Rows
from repdiff.core.kernels import kernel
from repdiff.core.parallel import for_each_tile

if TYPE_CHECKING:
    from repdiff.affinity.sampled.candidates import CandidateList, Sampler

PURPOSE = 2  # of the random streams
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

    def fill(places: npt.NDArray[np.int64]) -> None:
        cell = int(cells[places[0]])
        blocks = [places[start : start + sampler.block] for start in range(0, len(places), sampler.block)]
        for block, candidates in zip(blocks, sampler.lists(cell, len(blocks), PURPOSE), strict=True):
            ranks = [_ranks(side, items[block], columns, candidates) for side in (sampler.near, sampler.far)]
            directed = np.empty(ranks[0].shape, np.float32)
            directed_affinity(*ranks, sampler.gamma, sampler.beta, directed)
            out[block] = directed

    for_each_tile(fill, np.split(order, borders), n_jobs=n_jobs)
    out[items[:, None] == columns] = 1
    return np.asarray(out[where])


def _ranks(side: Reader, rows: Rows, columns: Rows, candidates: CandidateList) -> FloatArray:
    """Estimated ranks of some columns for some rows of one cell, (b, c)."""
    to_listed, to_asked = (side.squared_distances(rows, items) for items in (candidates.items, columns))
    ranks = np.empty(to_asked.shape, np.float32)
    for r, row in enumerate(rows):
        others = np.flatnonzero(candidates.items != row)
        order = others[np.argsort(to_listed[r, others], kind="stable")]  # candidates are in index order
        weights = candidates.weights[order] * ((side.n - 1) / candidates.weights[others].sum())
        middle = np.maximum(2, 1 + np.cumsum(weights) - (weights - 1) / 2)
        _ranks_between(to_listed[r, order], candidates.items[order], middle, to_asked[r], columns, side.n, ranks[r])
    return ranks


@kernel(**_KERNEL)
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
