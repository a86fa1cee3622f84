"""Affinities of new items to reference items, which stand for all items of a comparison.

A pair's affinity takes the rank of each in the list of the other. The reference items in order of distance from a new
item give their ranks in its list, each counting for the items it stands for, as in
:mod:`repdiff.affinity.sampled.candidates`. The rank of a new item in the list of a reference item follows from a table:
the distances at which that item's list reaches some ranks, spaced evenly on the logarithm of the rank.

New items do not see each other: each is ranked among the items of the comparison alone, so that any part of them gives
the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.difference import directed_affinity
from repdiff.affinity.ranks import unit_rows
from repdiff.affinity.sampled.list_kernels import weighted_ranks
from repdiff.core.geometry import squared_distances, squared_norms
from repdiff.core.kernels import kernel
from repdiff.core.metrics import Metric
from repdiff.core.parallel import for_each_tile, row_tiles

FloatArray = npt.NDArray[np.float32]

BLOCK = 64  # new items at a time; always whole blocks, so that products round alike wherever an item stands
_KNOTS = 64  # of a table of ranks
_ROWS_AT_A_TIME = 64
_KERNEL = {"nogil": True, "error_model": "numpy"}


@dataclass(frozen=True)
class RankTables:
    """For each reference item, the distances at which its list reaches some ranks.

    Attributes
    ----------
    distances : ndarray of float32, (m, t)
        Squared distances, ascending.
    ranks : ndarray of float32, (m, t)
        Ranks at these distances.
    """

    distances: FloatArray
    ranks: FloatArray


class RankedReference:
    """One representation of the reference items, prepared to rank new items among them.

    Parameters
    ----------
    values : ndarray of float32 or float64, (m, d)
        Their embeddings; finite.
    weights : ndarray of float64, (m,)
        How many items each stands for; they sum to the number of items.
    metric : {"euclidean", "cosine"}
        Distance between rows.
    n_jobs : int
        Threads; nothing depends on them.
    """

    def __init__(
        self, values: npt.NDArray[Any], weights: npt.NDArray[np.float64], metric: Metric, *, n_jobs: int
    ) -> None:
        self.weights, self.metric = weights, metric
        self.n = round(float(weights.sum()))
        rows = unit_rows(values) if metric == "cosine" else values.astype(np.float64)
        self._mean = rows.mean(axis=0)
        rows -= self._mean
        self._factor = 2.0 ** -int(np.frexp(np.abs(rows).max())[1])
        self._coordinates = (rows * self._factor).astype(np.float32)
        self._norms = squared_norms(self._coordinates).astype(np.float32)
        self.tables = self._tables(n_jobs)

    @property
    def m(self) -> int:
        """Number of reference items."""
        return len(self.weights)

    def squared_distances(self, values: npt.NDArray[Any]) -> FloatArray:
        """Squared distances of some rows from the reference items, (b, m)."""
        rows = unit_rows(values) if self.metric == "cosine" else values.astype(np.float64)
        rows -= self._mean
        coordinates = (rows * self._factor).astype(np.float32)
        norms = squared_norms(coordinates).astype(np.float32)
        return squared_distances(coordinates, self._coordinates, norms, self._norms)

    def ranks(self, distances: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Ranks of the reference items in the lists of new items, and the reverse, both (b, m)."""
        back = np.empty_like(distances)
        rank_by_tables(np.ascontiguousarray(distances.T), self.tables.distances, self.tables.ranks, self.n, back)
        return self._ranks_of(distances, np.full(len(distances), -1), self.n + 1)[0], back

    def _ranks_of(
        self, distances: FloatArray, items: npt.NDArray[np.int64], n: int
    ) -> tuple[FloatArray, npt.NDArray[np.uint32]]:
        """Ranks of the reference items in the lists of some items, which may be among them, and their order.

        The distances are overwritten.
        """
        ranks, weights = np.empty_like(distances), np.empty_like(distances)
        order = np.empty(distances.shape, np.uint32)
        weighted_ranks(distances, items, np.arange(self.m), self.weights, n, ranks, weights, order)
        return ranks, order

    def _tables(self, n_jobs: int) -> RankTables:
        places = _knots(self.m - 1)
        tables = RankTables(*np.empty((2, self.m, len(places)), np.float32))

        def fill(tile: slice) -> None:
            own = np.arange(tile.start, tile.stop)
            distances = squared_distances(self._coordinates[tile], self._coordinates, self._norms[tile], self._norms)
            ranks, order = self._ranks_of(distances.copy(), own, self.n)
            others = order[order != own[:, None]].reshape(len(own), self.m - 1)[:, places].astype(np.int64)
            tables.distances[tile] = np.maximum.accumulate(np.take_along_axis(distances, others, axis=1), axis=1)
            tables.ranks[tile] = np.take_along_axis(ranks, others, axis=1)

        for_each_tile(fill, row_tiles(self.m, _ROWS_AT_A_TIME), n_jobs=n_jobs)
        return tables


def affinities_to(
    x: RankedReference,
    y: RankedReference,
    values_x: npt.NDArray[Any],
    values_y: npt.NDArray[Any],
    scale: tuple[np.float32, np.float32],
) -> tuple[FloatArray, FloatArray]:
    """Affinities of new items to the reference items in both directions, x_only and y_only, each (b, m).

    Parameters
    ----------
    x, y : RankedReference
        Of the same reference items.
    values_x, values_y : ndarray, (b, d_x) and (b, d_y)
        Rows of the new items, at most :data:`BLOCK`.
    scale : (float32, float32)
        gamma and beta.
    """
    (there_x, back_x), (there_y, back_y) = (
        side.ranks(side.squared_distances(_whole_block(values))) for side, values in ((x, values_x), (y, values_y))
    )
    there, back = np.empty_like(there_x), np.empty_like(there_x)
    directed_affinity(there_x, there_y, *scale, there)
    directed_affinity(back_x, back_y, *scale, back)
    n = len(values_x)
    half, one = np.float32(0.5), np.float32(1)
    there, back = there[:n], back[:n]
    return half * (there + back), half * (one / there + one / back)


def _whole_block(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The rows, with copies of the first up to a whole block."""
    missing = BLOCK - len(values)
    return np.concatenate([values, np.repeat(values[:1], missing, axis=0)]) if missing else values


def _knots(places: int) -> npt.NDArray[np.int64]:
    """Places of a list of that length, from the nearest to the farthest, evenly on a logarithmic scale."""
    if places <= _KNOTS:
        return np.arange(places)
    wanted = _KNOTS
    while len(found := np.unique(np.geomspace(1, places, wanted).round().astype(np.int64))) < _KNOTS:
        wanted += 1  # the first places are whole numbers, so that some coincide
    return found - 1


@kernel(**_KERNEL)
def rank_by_tables(distances, knots, ranks, n, out):  # type: ignore[no-untyped-def]
    """Write the rank of each new item in the list of each reference item.

    Parameters
    ----------
    distances : ndarray of float32, (m, b)
        Squared distances of the new items from the reference items.
    knots, ranks : ndarray of float32, (m, t)
        As in :class:`RankTables`.
    n : int
        Number of items of the comparison.
    out : ndarray of float32, (b, m)
        The ranks.
    """
    for j in range(distances.shape[0]):
        own, at = knots[j], ranks[j]
        for i in range(distances.shape[1]):
            distance = distances[j, i]
            below = np.int32(0)
            for t in range(own.shape[0]):
                below += np.int32(own[t] < distance)
            if below == 0:
                share = distance / own[0] if own[0] > 0 else np.float32(0)
                out[i, j] = np.float32(2) + share * (at[0] - np.float32(2))
            elif below == own.shape[0]:
                out[i, j] = np.float32(0.5) * (at[below - 1] + np.float32(n + 1))
            else:
                share = (distance - own[below - 1]) / (own[below] - own[below - 1])
                out[i, j] = at[below - 1] + share * (at[below] - at[below - 1])
