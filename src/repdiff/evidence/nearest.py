"""What the evidence reads off the nearest neighbours of items on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity import nearest as lists_of
from repdiff.affinity.distances import Ranked
from repdiff.core.progress import Progress, silent
from repdiff.results.neighbors import NeighborLists

Rows = npt.NDArray[np.int64]

N_NEIGHBOURS = 10
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


def nearest_of(lists: NeighborLists) -> Nearest:
    """The ten nearest of neighbour lists that hold ten or more."""
    found, wide = lists.first(N_NEIGHBOURS), wide_size(lists.n)
    within = ((found.x_in_y <= wide).mean(axis=1) + (found.y_in_x <= wide).mean(axis=1)) / 2
    return Nearest(lists.n, found.rows, found.x.astype(np.int64), found.y.astype(np.int64), wide, within)


def look_up(
    x: Ranked, y: Ranked, *, seed: int = 0, n_jobs: int = 1, stage: str = "", progress: Progress = silent
) -> Nearest:
    """The nearest neighbours on both sides: of all items up to 20,000, else of some of them picked at random.

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
    rows = lists_of.rows_to_ask(x.n, seed)
    return nearest_of(lists_of.look_up(x, y, rows, N_NEIGHBOURS, n_jobs=n_jobs, stage=stage, progress=progress))


def wide_size(n: int) -> int:
    """Size of the wider neighbourhood: a twentieth of the items, 50 at least where there are as many."""
    return min(n - 1, max(_LEAST_WIDE, round(_WIDE_SHARE * n)))
