"""The neighbour ranks of one representation, computed once for several comparisons."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


class KeptRanks:
    """The ranks that the first comparison computes, kept for later ones.

    Parameters
    ----------
    n : int
        Number of items. Memory is allocated when the first ranks are written.

    Attributes
    ----------
    complete : bool
        Whether all rows are stored.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.complete = False
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes that the ranks take."""
        return self.n * self.n * np.dtype(self._type).itemsize

    def write(self, rows: slice, ranks: npt.NDArray[Any]) -> None:
        """Keep the ranks, (r, n), of a slice of rows."""
        with self._lock:
            table = self._table
        table[rows] = ranks

    def ranks(self, rows: slice) -> npt.NDArray[np.int32]:
        """Neighbour ranks, (r, n), of a slice of rows; only once all rows are stored."""
        return self._table[rows].astype(np.int32)

    @property
    def _type(self) -> type[np.integer[Any]]:
        return np.uint16 if self.n <= np.iinfo(np.uint16).max else np.int32

    @cached_property
    def _table(self) -> npt.NDArray[Any]:
        return np.empty((self.n, self.n), self._type)
