"""The stored part of an affinity: a few partners of equal weight for each item, and the products of that matrix.

S holds, in row i, ``scale[i]`` for each of i's partners (twice where a partner is listed twice), and estimates the
directed affinity: its row sums are those of the whole weighted list. The affinity is (S + S^T) / 2 with ones on the
diagonal, and S^T is never formed: a row gathers the vectors of its partners and adds its own to theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.sampled.reader import FloatArray
from repdiff.core.kernels import kernel
from repdiff.core.parallel import for_each_tile
from repdiff.core.prefetch import prefetch

_WIDTH = 16  # columns of a product: one register or cache line of float32
_STRIPES = 8  # partial sums: fixed, so that their order, and with it the rounding, does not depend on the threads
_PARTNERS_AHEAD = 16  # on their way from memory
_ROWS_AT_A_TIME = 1 << 18  # between checks for Ctrl-C


@dataclass(frozen=True)
class KeptPartners:
    """The stored matrix.

    Attributes
    ----------
    partners : ndarray of int32, (n, kept)
        Places of the partners of the item at each place.
    scale : ndarray of float32, (n,)
        Half the weight of each partner.
    items : ndarray of int32, (n,)
        Item at each place: cell by cell, so that near items, which are partners most often, lie near in memory.
    n_jobs : int
        Threads.
    """

    partners: npt.NDArray[np.int32]
    scale: FloatArray
    items: npt.NDArray[np.int32]
    n_jobs: int

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k)."""
        out = np.empty(V.shape, np.float32)
        for first in range(0, V.shape[1], _WIDTH):
            columns = V[:, first : first + _WIDTH]
            padded = np.zeros((len(V), _WIDTH), np.float32)
            padded[:, : columns.shape[1]] = columns[self.items]
            out[self.items, first : first + _WIDTH] = self._multiply(padded)[:, : columns.shape[1]]
        return out

    def _multiply(self, V: FloatArray) -> FloatArray:
        n = len(V)
        partial = np.zeros((min(_STRIPES, n), n, _WIDTH), np.float32)
        for first in range(0, n, _ROWS_AT_A_TIME):
            borders = np.linspace(first, min(n, first + _ROWS_AT_A_TIME), len(partial) + 1).astype(int)

            def multiply_stripe(stripe: int, borders: npt.NDArray[np.int64] = borders) -> None:
                _multiply_rows(
                    self.partners.view(np.uint32), self.scale, V, *borders[stripe : stripe + 2], partial[stripe]
                )

            for_each_tile(multiply_stripe, range(len(partial)), n_jobs=self.n_jobs)
        out = partial[0]
        for stripe in partial[1:]:
            out += stripe
        out += V  # the diagonal
        return np.asarray(out)


@kernel(nogil=True, error_model="numpy")
def _multiply_rows(partners, scale, V, start, stop, out):  # type: ignore[no-untyped-def]
    total, own = np.empty(_WIDTH, np.float32), np.empty(_WIDTH, np.float32)
    for i in range(start, stop):
        for c in range(_WIDTH):
            total[c] = 0
            own[c] = scale[i] * V[i, c]
        row = partners[i]
        for place in range(row.shape[0]):
            j = row[place]
            ahead = row[min(place + _PARTNERS_AHEAD, row.shape[0] - 1)]
            prefetch(V, ahead, 0)
            prefetch(out, ahead, 0)
            for c in range(_WIDTH):
                total[c] += V[j, c]
            for c in range(_WIDTH):
                out[j, c] += own[c]
        for c in range(_WIDTH):
            out[i, c] += scale[i] * total[c]
