"""The nearest neighbours of items on both sides, and where they stand on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Lists = npt.NDArray[np.int32]
Places = npt.NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True)
class NeighborLists:
    """The nearest neighbours of items in x and in y, nearest first, with their places in the other.

    A place counts from 1 = the nearest other item: it is the neighbour rank less one, since an item is its own rank 1.

    Attributes
    ----------
    n : int
        Items that neighbours are among.
    rows : ndarray of int64, (q,)
        Rows of the items whose neighbours were looked up, ascending: all of them, or a random sample of many.
    x, y : ndarray of int32, (q, k)
        Rows of the k nearest in x, and in y; equal distances keep index order.
    x_in_y : ndarray of uint16 or uint32, (q, k)
        Places in y of the neighbours in ``x``.
    y_in_x : ndarray of uint16 or uint32, (q, k)
        Places in x of the neighbours in ``y``.
    """

    n: int
    rows: npt.NDArray[np.int64]
    x: Lists
    y: Lists
    x_in_y: Places
    y_in_x: Places

    @property
    def k(self) -> int:
        """Neighbours of each item."""
        return int(self.x.shape[1])

    @property
    def holds_all(self) -> bool:
        """Whether the neighbours of all items are known."""
        return len(self.rows) == self.n

    @property
    def kept(self) -> npt.NDArray[np.int64]:
        """How many of an item's neighbours both sides agree on, (q,)."""
        return np.asarray((self.x_in_y <= self.k).sum(axis=1))

    def first(self, k: int) -> NeighborLists:
        """The same for the k nearest."""
        return replace(
            self, x=self.x[:, :k], y=self.y[:, :k], x_in_y=self.x_in_y[:, :k], y_in_x=self.y_in_x[:, :k]
        )  # fmt: skip

    @staticmethod
    def empty(n: int, rows: npt.NDArray[np.int64], k: int) -> NeighborLists:
        """Lists to be filled, of at most n - 1 neighbours."""
        shape = len(rows), min(k, n - 1)
        place = place_type(n)
        return NeighborLists(
            n,
            rows,
            np.zeros(shape, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(shape, place),
            np.zeros(shape, place),
        )


def place_type(n: int) -> type[np.unsignedinteger[Any]]:
    """The smallest type that holds a place among n items."""
    return np.uint16 if n <= np.iinfo(np.uint16).max + 1 else np.uint32


def lists_bytes(n: int, k: int) -> int:
    """Bytes of the lists of n items."""
    return 2 * n * k * (4 + np.dtype(place_type(n)).itemsize)
