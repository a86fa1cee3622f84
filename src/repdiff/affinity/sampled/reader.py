"""One representation, read in place: it is never copied as a whole, so it may be a memory map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.core.kernels import kernel
from repdiff.core.metrics import Metric
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.prefetch import CACHE_LINE, prefetch
from repdiff.core.progress import Progress, silent

ROWS_LOOKED_AT, ROWS_ASSIGNED = 4096, 1024  # at a time
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
        check_metric(metric)
        tiles = row_tiles(len(values), ROWS_LOOKED_AT)
        looks: list[Look | None] = [None] * len(tiles)

        def look(tile: int) -> None:
            looks[tile] = look_at(values[tiles[tile]], metric)

        for_each_tile(look, range(len(tiles)), n_jobs=n_jobs)
        self._prepare(values, metric, [one for one in looks if one is not None])

    def _prepare(self, values: npt.NDArray[Any], metric: Metric, looks: Sequence[Look]) -> None:
        """Set the attributes, from what was seen of each tile of rows, in order."""
        self.values = np.asarray(values)
        self.n, self.d = self.values.shape
        lengths = np.concatenate([look.lengths for look in looks])
        if not lengths.all():
            raise RepdiffError(
                f"row {int(np.argmin(lengths))} is all zeros and has no direction, so the cosine metric cannot "
                "place it; remove the row or use the euclidean metric"
            )
        largest = max(look.largest for look in looks)
        factor = 1.0 if metric == "cosine" else 2.0 ** -int(np.frexp(largest)[1])
        self.mean = np.stack([look.sums for look in looks]).sum(axis=0) / self.n * factor
        self.factors = (factor / lengths).astype(self.values.dtype)

    @classmethod
    def prepared(cls, values: npt.NDArray[Any], factors: npt.NDArray[Any], mean: npt.NDArray[np.float64]) -> Reader:
        """A reader whose attributes another process has computed."""
        reader = cls.__new__(cls)
        reader.values, reader.factors, reader.mean = values, factors, mean
        reader.n, reader.d = values.shape
        return reader

    def nearest(
        self,
        items: Rows,
        means: FloatArray,
        centre: npt.NDArray[np.float64],
        *,
        n_jobs: int,
        stage: str = "",
        progress: Progress = silent,
    ) -> npt.NDArray[np.int32]:
        """The nearest of some means, (c, d), relative to a centre, for each of some items."""
        nearest = np.empty(len(items), np.int32)

        def assign(rows: slice) -> None:
            nearest[rows] = nearest_mean(self.read(items[rows], centre), means)

        for_each_tile(assign, row_tiles(len(items), ROWS_ASSIGNED), n_jobs=n_jobs, stage=stage, progress=progress)
        return nearest

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


@dataclass(frozen=True)
class Look:
    """What a reader knows of some rows.

    Attributes
    ----------
    sums : ndarray of float64, (d,)
        Sum of the rows, each divided by its length for the cosine metric.
    largest : float
        The largest absolute value.
    lengths : ndarray of float64, (r,)
        Length of each row for the cosine metric, else ones.
    """

    sums: npt.NDArray[np.float64]
    largest: float
    lengths: npt.NDArray[np.float64]


def check_metric(metric: str) -> None:
    """Refuse a metric that this engine cannot compute."""
    if metric not in _METRICS:
        raise RepdiffError(f"metric must be one of {', '.join(_METRICS)} for this engine, but is {metric!r}")


def look_at(rows: npt.NDArray[Any], metric: Metric) -> Look:
    """What a reader must know of a tile of rows."""
    largest = max(float(rows.max()), -float(rows.min()))
    lengths = np.ones(len(rows))
    if metric == "cosine":
        lengths = _lengths(rows)
        rows = rows / np.where(lengths > 0, lengths, 1)[:, None]
    return Look(rows.sum(axis=0, dtype=np.float64), largest, lengths)


def nearest_mean(coordinates: FloatArray, means: FloatArray) -> npt.NDArray[np.int32]:
    """The nearest of some means for each row."""
    products = coordinates @ means.T
    products *= -2
    products += squared_norms(means)
    return np.asarray(products.argmin(axis=1), dtype=np.int32)


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
