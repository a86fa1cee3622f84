"""The nearest neighbours of some items among all, on both sides: looked up once, in tiles, for all that needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked, RankedDistances
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress, silent

Rows = npt.NDArray[np.int64]

N_NEIGHBOURS = 10
_ROWS_AT_A_TIME, _PAIRS_AT_A_TIME = 128, 1 << 24
_MOST_PAIRS = 16_000_000  # of items asked and all items: up to 4,000 items all are asked
_LEAST_ASKED = 2000
_WIDE_SHARE, _LEAST_WIDE = 0.05, 50  # of all items: the wider neighbourhood


@dataclass(frozen=True)
class Nearest:
    """The nearest neighbours of the items asked.

    Attributes
    ----------
    n : int
        Items that neighbours are among, the item itself included.
    asked : ndarray of int64, (q,)
        Rows of the items asked, ascending.
    x, y : ndarray of int64, (q, k)
        Rows of the k nearest, nearest first.
    wide : int
        Size of the wider neighbourhood.
    found_wide : ndarray of float64, (q,)
        Of each side's k nearest, the share that is among the ``wide`` nearest of the other; mean of both sides.
    """

    n: int
    asked: Rows
    x: Rows
    y: Rows
    wide: int
    found_wide: npt.NDArray[np.float64]

    @property
    def k(self) -> int:
        """Neighbours of each item."""
        return int(self.x.shape[1])

    @property
    def shared(self) -> npt.NDArray[np.int64]:
        """How many both sides agree on, (q,)."""
        return np.asarray((self.x[:, :, None] == self.y[:, None, :]).sum(axis=(1, 2)))


def look_up(
    x: Ranked, y: Ranked, *, seed: int = 0, n_jobs: int = 1, stage: str = "", progress: Progress = silent
) -> Nearest:
    """The nearest neighbours on both sides: of all items up to 4,000, else of some of them picked at random.

    Of those asked time grows with n; at least 2,000 are. Distances are float32 products, as those of the exact engine
    before near ties are put in order; those that tie keep index order.

    Parameters
    ----------
    x, y : Ranked
        Both sides, of the same n items.
    seed : int
        Of the choice of items.
    n_jobs : int
        Threads; tiles are the same for any number.
    stage, progress
        What is told.
    """
    n = x.n
    q = min(n, max(_LEAST_ASKED, _MOST_PAIRS // n))
    asked = np.arange(n) if q == n else np.sort(np.random.default_rng(seed).choice(n, q, replace=False))
    k, wide = min(N_NEIGHBOURS, n - 1), wide_size(n)
    nearest_x, nearest_y = np.empty((q, k), np.int64), np.empty((q, k), np.int64)
    found = np.empty(q)

    def look(tile: slice) -> None:
        far_x, far_y = (_distances(side, asked[tile]) for side in (x, y))
        nearest_x[tile], nearest_y[tile] = _first(far_x, k), _first(far_y, k)
        within = (_share_within(far_y, nearest_x[tile], wide), _share_within(far_x, nearest_y[tile], wide))
        found[tile] = (within[0] + within[1]) / 2

    for_each_tile(
        look,
        row_tiles(q, max(1, min(_ROWS_AT_A_TIME, _PAIRS_AT_A_TIME // n))),
        n_jobs=n_jobs,
        stage=stage,
        progress=progress,
    )
    return Nearest(n, asked, nearest_x, nearest_y, wide, found)


def wide_size(n: int) -> int:
    """Size of the wider neighbourhood: a twentieth of the items, 50 at least where there are as many."""
    return min(n - 1, max(_LEAST_WIDE, round(_WIDE_SHARE * n)))


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


def _first(far: npt.NDArray[np.float32], k: int) -> Rows:
    """Columns of the k smallest of each row, smallest first; of those that tie, the first."""
    limit = np.partition(far, k - 1, axis=1)[:, k - 1]
    nearest = np.empty((len(far), k), np.int64)
    for row, (distances, most) in enumerate(zip(far, limit, strict=True)):
        candidates = np.flatnonzero(distances <= most)
        nearest[row] = candidates[np.argsort(distances[candidates], kind="stable")[:k]]
    return nearest


def _share_within(far: npt.NDArray[np.float32], nearest: Rows, wide: int) -> npt.NDArray[np.float64]:
    """Share of some columns, (r, k), that are among the ``wide`` smallest of each row."""
    limit = np.partition(far, wide - 1, axis=1)[:, wide - 1 : wide]
    return np.asarray((np.take_along_axis(far, nearest, axis=1) <= limit).mean(axis=1))
