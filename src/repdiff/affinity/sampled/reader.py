"""One representation, read in place: it is never copied as a whole, so it may be a memory map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.core.kernels import kernel
from repdiff.core.metrics import Metric
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.prefetch import CACHE_LINE, prefetch

_ROWS_AT_A_TIME = 4096
_ROWS_AT_ONCE = 4
_ROWS_AHEAD = 8  # on their way from memory
_METRICS = ("euclidean", "cosine")

FloatArray = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


class Reader:
    """The rows of one side, prepared for distances.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Finite; kept by reference, never copied as a whole.
    metric : {"euclidean", "cosine"}
        Cosine distance is the Euclidean distance of rows scaled to length one.
    n_jobs : int
        Threads.

    Attributes
    ----------
    n, d : int
        Numbers of rows and columns.
    factors : ndarray of the type of the values, (n,)
        Factor of each row: one over its length for the cosine metric, and a power of two, so that tiny or huge values
        neither vanish nor overflow when squared.
    mean : ndarray of float64, (d,)
        Mean of the multiplied rows.

    Raises
    ------
    RepdiffError
        For another metric, or a row of zeros under the cosine metric.
    """

    def __init__(self, values: npt.NDArray[Any], metric: Metric, *, n_jobs: int) -> None:
        if metric not in _METRICS:
            raise RepdiffError(f"metric must be one of {', '.join(_METRICS)} for this engine, but is {metric!r}")
        self.values = np.asarray(values)
        self.n, self.d = self.values.shape
        tiles = row_tiles(self.n, _ROWS_AT_A_TIME)
        sums, largest = np.empty((len(tiles), self.d)), np.empty(len(tiles))
        lengths = np.ones(self.n)

        def look_at(tile: int) -> None:
            rows = self.values[tiles[tile]]
            largest[tile] = max(float(rows.max()), -float(rows.min()))
            if metric == "cosine":
                lengths[tiles[tile]] = _lengths(rows)
                rows = rows / np.where(lengths[tiles[tile]] > 0, lengths[tiles[tile]], 1)[:, None]
            sums[tile] = rows.sum(axis=0, dtype=np.float64)

        for_each_tile(look_at, range(len(tiles)), n_jobs=n_jobs)
        if not lengths.all():
            raise RepdiffError(
                f"row {int(np.argmin(lengths))} is all zeros and has no direction, so the cosine metric cannot "
                "place it; remove the row or use the euclidean metric"
            )
        factor = 1.0 if metric == "cosine" else 2.0 ** -int(np.frexp(largest.max())[1])
        self.mean = sums.sum(axis=0) / self.n * factor
        self.factors = (factor / lengths).astype(self.values.dtype)

    def read(self, rows: Rows, centre: npt.NDArray[np.float64]) -> FloatArray:
        """Some multiplied rows relative to a centre, (r, d)."""
        own = self.values[rows] * self.factors[rows, None]
        own -= centre.astype(own.dtype)
        return np.asarray(own, dtype=np.float32)

    def squared_distances(self, rows: Rows, others: Rows) -> FloatArray:
        """Squared distances of some rows from others, (r, o).

        Sums of squared differences, in one fixed order: small distances keep their digits wherever the rows lie, and
        equal rows get equal distances to the last bit. Each other row is compared with four rows while it is in cache,
        which is as fast as a matrix product of so few rows, since nothing is gathered.
        """
        own = self.values[rows] * self.factors[rows, None]
        out = np.empty((len(rows), len(others)), np.float32)
        _squared_distances(self.values, self.factors, others, own, out)
        return out


def squared_distances_from(coordinates: FloatArray, row: int) -> FloatArray:
    """Squared distance of each row from one of them; equal rows get equal distances to the last bit."""
    everything, out = np.arange(len(coordinates)), np.empty((1, len(coordinates)), np.float32)
    ones = np.ones(len(coordinates), np.float32)
    _squared_distances(coordinates, ones, everything, coordinates[row : row + 1], out)
    return np.asarray(out[0])


def squared_norms(coordinates: FloatArray) -> FloatArray:
    """Squared length of each row."""
    return np.asarray(np.einsum("ij,ij->i", coordinates, coordinates))


def _lengths(rows: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    as_float = rows.astype(np.float64)
    scale = np.abs(as_float).max() or 1.0
    as_float /= scale
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", as_float, as_float)) * scale)


@kernel(nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _squared_distances(values, factors, others, own, out):  # type: ignore[no-untyped-def]
    zero, line = np.float32(0), CACHE_LINE // values.itemsize
    for t in range(min(_ROWS_AHEAD, others.shape[0])):
        for k in range(0, values.shape[1], line):
            prefetch(values, others[t], k)
    for t in range(others.shape[0]):
        if t + _ROWS_AHEAD < others.shape[0]:
            for k in range(0, values.shape[1], line):
                prefetch(values, others[t + _ROWS_AHEAD], k)
        row, factor = values[others[t]], factors[others[t]]
        fours = own.shape[0] // _ROWS_AT_ONCE * _ROWS_AT_ONCE
        for r in range(0, fours, _ROWS_AT_ONCE):
            own_0, own_1, own_2, own_3 = own[r], own[r + 1], own[r + 2], own[r + 3]
            sum_0, sum_1, sum_2, sum_3 = zero, zero, zero, zero
            for k in range(row.shape[0]):
                value = row[k] * factor
                gap = np.float32(value - own_0[k])
                sum_0 += gap * gap
                gap = np.float32(value - own_1[k])
                sum_1 += gap * gap
                gap = np.float32(value - own_2[k])
                sum_2 += gap * gap
                gap = np.float32(value - own_3[k])
                sum_3 += gap * gap
            out[r, t], out[r + 1, t], out[r + 2, t], out[r + 3, t] = sum_0, sum_1, sum_2, sum_3
        for r in range(fours, own.shape[0]):
            alone, total = own[r], zero
            for k in range(row.shape[0]):
                gap = np.float32(row[k] * factor - alone[k])
                total += gap * gap
            out[r, t] = total
