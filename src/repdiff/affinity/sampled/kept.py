"""The stored part of an affinity: a few partners of equal weight for each item, and the products of that matrix.

S holds, in row i, ``scale[i]`` for each of i's partners (twice where a partner is listed twice), and estimates the
directed affinity: its row sums are those of the whole weighted list. The affinity is (S + S^T) / 2 with ones on the
diagonal, and S^T is never formed: a row gathers the vectors of its partners and adds its own to theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from repdiff.affinity.sampled.list_kernels import add_partners
from repdiff.affinity.sampled.reader import FloatArray, Rows
from repdiff.core.kernels import kernel
from repdiff.core.parallel import for_each_tile
from repdiff.core.prefetch import prefetch

WIDTH = 16  # columns of a product: one register or cache line of float32
STRIPES = 8  # partial sums: fixed, so that their order, and with it the rounding, does not depend on the threads
_PARTNERS_AHEAD = 16  # on their way from memory
_ROWS_AT_A_TIME = 1 << 18  # between checks for Ctrl-C


class Stored(Protocol):
    """A stored matrix, wherever its rows are."""

    @property
    def items(self) -> npt.NDArray[np.int32]:
        """Item at each place, (n,)."""

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k)."""

    def rows(self, places: Rows) -> tuple[npt.NDArray[np.int32], FloatArray]:
        """The partners, (r, kept), and scales, (r,), of the items at some places."""

    def sums_by_group(self, of_place: npt.NDArray[np.int32], k: int) -> npt.NDArray[np.float64]:
        """Sums of S over every two groups, in stripes, (stripes, k, k), from the group of the item at each place."""


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
        for first in range(0, V.shape[1], WIDTH):
            columns = V[:, first : first + WIDTH]
            padded = np.zeros((len(V), WIDTH), np.float32)
            padded[:, : columns.shape[1]] = columns[self.items]
            out[self.items, first : first + WIDTH] = self._multiply(padded)[:, : columns.shape[1]]
        return out

    def rows(self, places: Rows) -> tuple[npt.NDArray[np.int32], FloatArray]:
        """The partners, (r, kept), and scales, (r,), of the items at some places."""
        return self.partners[places], self.scale[places]

    def sums_by_group(self, of_place: npt.NDArray[np.int32], k: int) -> npt.NDArray[np.float64]:
        """Sums of S over every two groups, in stripes, (stripes, k, k), from the group of the item at each place."""
        sums, counts = np.zeros((2, STRIPES, k, k))

        def add(stripe: int) -> None:
            places = np.arange(*stripe_of_sums(stripe, len(of_place)))
            add_partners(
                self.partners, self.scale, places, of_place[places], of_place, sums[stripe], counts[stripe]
            )  # fmt: skip

        for_each_tile(add, range(STRIPES), n_jobs=self.n_jobs)
        return sums

    def _multiply(self, V: FloatArray) -> FloatArray:
        n = len(V)
        partial = np.zeros((min(STRIPES, n), n, WIDTH), np.float32)
        for edges in stripes_of_products(n):

            def multiply_stripe(stripe: int, borders: npt.NDArray[np.int64] = edges) -> None:
                _multiply_rows(
                    self.partners.view(np.uint32), self.scale, V, *borders[stripe : stripe + 2], partial[stripe]
                )

            for_each_tile(multiply_stripe, range(len(partial)), n_jobs=self.n_jobs)
        out = partial[0]
        for stripe in partial[1:]:
            out += stripe
        out += V  # the diagonal
        return np.asarray(out)


def stripes_of_products(n: int) -> list[npt.NDArray[np.int64]]:
    """Where the stripes begin and end, some rows at a time: the partial sum of a stripe goes on from rows to rows."""
    count = min(STRIPES, n)
    return [
        np.linspace(first, min(n, first + _ROWS_AT_A_TIME), count + 1).astype(np.int64)
        for first in range(0, n, _ROWS_AT_A_TIME)
    ]


def stripe_of_sums(stripe: int, n: int) -> tuple[int, int]:
    """The places that one sum over all rows begins and ends with."""
    return stripe * n // STRIPES, (stripe + 1) * n // STRIPES


@kernel(nogil=True, error_model="numpy")
def _multiply_rows(partners, scale, V, start, stop, out):  # type: ignore[no-untyped-def]
    total, own = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    for i in range(start, stop):
        for c in range(WIDTH):
            total[c] = 0
            own[c] = scale[i] * V[i, c]
        row = partners[i]
        for place in range(row.shape[0]):
            j = row[place]
            ahead = row[min(place + _PARTNERS_AHEAD, row.shape[0] - 1)]
            prefetch(V, ahead, 0)
            prefetch(out, ahead, 0)
            for c in range(WIDTH):
                total[c] += V[j, c]
            for c in range(WIDTH):
                out[j, c] += own[c]
        for c in range(WIDTH):
            out[i, c] += scale[i] * total[c]
