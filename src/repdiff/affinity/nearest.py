"""The nearest neighbours of items on both sides: from the tiles of ranks that an engine makes, or a pass of its own.

Both give the same lists, but for neighbours whose distances differ by rounding: the engine's ranks put near ties in
order by float64 distances (:mod:`repdiff.affinity.ranks`), a pass of its own takes the float32 products as they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked, RankedDistances
from repdiff.core.interrupts import deferred_interrupts
from repdiff.core.kernels import kernel
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress, silent
from repdiff.results.neighbors import NeighborLists

Rows = npt.NDArray[np.int64]

_ROWS_AT_A_TIME, _PAIRS_AT_A_TIME = 128, 1 << 26  # many, since all rows are read, and centred, for each tile
_MOST_BYTES = 1 << 31  # of the distances of all threads
_MOST_PAIRS = 400_000_000  # of items asked and all items: up to 20,000 items all are asked
_LEAST_ASKED = 2000
_LOOKED_AT_ONCE = 128


def read_off_ranks(
    ranks_x: npt.NDArray[np.int32], ranks_y: npt.NDArray[np.int32], rows: slice, lists: NeighborLists
) -> None:
    """Write the lists of some rows, from the neighbour ranks, (r, n), of both sides."""
    _read_off(ranks_x, ranks_y, lists.x[rows], lists.x_in_y[rows])
    _read_off(ranks_y, ranks_x, lists.y[rows], lists.y_in_x[rows])


@kernel(nogil=True)
def _read_off(ranks, others, nearest, places):  # type: ignore[no-untyped-def]
    """Items of ranks 2 to k + 1 in one, and their ranks in the other, less one."""
    k = nearest.shape[1]
    for row in range(nearest.shape[0]):
        rank, other = ranks[row], others[row]
        for start in range(0, rank.shape[0], _LOOKED_AT_ONCE):
            stop = min(start + _LOOKED_AT_ONCE, rank.shape[0])
            least = rank[start]
            for j in range(start, stop):
                least = min(least, rank[j])
            if least > k + 1:  # most often; a minimum is found many items at a time
                continue
            for j in range(start, stop):
                place = rank[j] - 2
                if 0 <= place < k:
                    nearest[row, place] = j
                    places[row, place] = other[j] - 1


def rows_to_ask(n: int, seed: int) -> Rows:
    """All items up to 20,000; of more, as many as keep the work the same, 2,000 at least, picked at random."""
    q = min(n, max(_LEAST_ASKED, _MOST_PAIRS // n))
    return np.arange(n) if q == n else np.sort(np.random.default_rng(seed).choice(n, q, replace=False))


def look_up(
    x: Ranked,
    y: Ranked,
    rows: Rows,
    k: int,
    *,
    n_jobs: int = 1,
    stage: str = "",
    progress: Progress = silent,
) -> NeighborLists:
    """The lists of some items among all, from the distances of each of them to all.

    Parameters
    ----------
    x, y : Ranked
        Both sides, of the same n items.
    rows : ndarray of int64, (q,)
        The items asked, ascending.
    k : int
        Neighbours of each; at most n - 1 are found.
    n_jobs : int
        Threads; tiles are the same for any number.
    stage, progress
        What is told.
    """
    lists = NeighborLists.empty(x.n, rows, k)

    def look(tile: slice) -> None:
        far_x, far_y = (_distances(side, rows[tile]) for side in (x, y))
        for far, other, near, places in (
            (far_x, far_y, lists.x[tile], lists.x_in_y[tile]),
            (far_y, far_x, lists.y[tile], lists.y_in_x[tile]),
        ):
            _smallest(far, near)
            _places(other, near, places)

    with deferred_interrupts():  # the first use compiles
        look(slice(0, min(1, len(rows))))
    at_a_time = max(1, min(_ROWS_AT_A_TIME, _PAIRS_AT_A_TIME // x.n))
    most_threads = max(1, _MOST_BYTES // (2 * 4 * at_a_time * x.n))
    for_each_tile(
        look, row_tiles(len(rows), at_a_time), n_jobs=min(n_jobs, most_threads), stage=stage, progress=progress
    )
    return lists


def _distances(side: Ranked, rows: Rows) -> npt.NDArray[np.float32]:
    """Numbers that sort all items from near to far for each of some rows, (r, n); the item itself is last."""
    if isinstance(side, RankedDistances):
        far: npt.NDArray[Any] = side.distances(rows, np.arange(side.n))
    else:
        far = side.products_with_all(rows)
        far *= -2
        far += side.squared_norms
        far += side.squared_norms[rows][:, None]
        np.maximum(far, 0, out=far)
        if len(side.copies):
            far[side.originals[rows][:, None] == side.originals] = 0  # rounding keeps equal rows apart
    far[np.arange(len(rows)), rows] = np.inf
    return np.asarray(far, dtype=np.float32)


@kernel(nogil=True)
def _smallest(far, nearest):  # type: ignore[no-untyped-def]
    """Columns of the k smallest of each row, smallest first; of those that tie, the first."""
    k = nearest.shape[1]
    best = np.empty(k, np.float32)
    for row in range(far.shape[0]):
        best[:] = np.inf
        distances = far[row]
        for j in range(distances.shape[0]):
            distance = distances[j]
            if distance < best[k - 1]:
                at = k - 1
                while at > 0 and best[at - 1] > distance:
                    best[at] = best[at - 1]
                    nearest[row, at] = nearest[row, at - 1]
                    at -= 1
                best[at] = distance
                nearest[row, at] = j


@kernel(nogil=True)
def _places(far, nearest, places):  # type: ignore[no-untyped-def]
    """Places of some columns among the distances of their row, from 1; of those that tie, the first comes first."""
    for row in range(far.shape[0]):
        distances = far[row]
        for place in range(nearest.shape[1]):
            column = nearest[row, place]
            limit = distances[column]
            # Plain counts, which become SIMD code, are many times faster than a search for each distance.
            before = np.int32(0)
            for j in range(column):
                before += np.int32(distances[j] <= limit)
            for j in range(column, distances.shape[0]):
                before += np.int32(distances[j] < limit)
            places[row, place] = before + 1
