"""A matrix of distances -> tiles of neighbour ranks, for distances that people judged or other programs computed.

Does for distances what :mod:`repdiff.affinity.ranks` does for embeddings. The matrix is as large as the affinity
itself, so its rows are simply sorted.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.affinity.ranks import RankedEmbedding
from repdiff.core.geometry import neighbor_places
from repdiff.core.metrics import Metric

_MOST_EXPONENT = 60  # well within float32, so that small distances beside a large one keep their digits


class RankedDistances:
    """Distances between items, prepared to give neighbour ranks row by row.

    Parameters
    ----------
    distances : ndarray of float32 or float64, (n, n)
        Finite; kept by reference. The diagonal is ignored: an item is always its own nearest neighbour.
    """

    def __init__(self, distances: npt.NDArray[Any]) -> None:
        self.n = len(distances)
        self._distances = distances

    def ranks(self, rows: slice) -> npt.NDArray[np.int32]:
        """Neighbour ranks, (r, n), of a slice of rows; equal distances keep index order (RDC, equation 1)."""
        return neighbor_places(self._distances[rows], np.arange(rows.start, rows.stop))

    @cached_property
    def largest_distance(self) -> float:
        """The largest distance between two items."""
        return float(np.ldexp(self._extremes[1] - self._offset, self._exponent))

    def distances(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Distances between some items and others, (r, c); where some are negative, all are raised by the smallest.

        If they do not fit into float32, they are scaled by a power of two.
        """
        raised = self._distances[rows[:, None], columns] - self._offset
        return np.asarray(np.ldexp(raised, self._exponent), dtype=np.float32)

    @cached_property
    def _exponent(self) -> int:
        largest = int(np.frexp(max(map(abs, self._extremes)))[1])
        return -largest if abs(largest) > _MOST_EXPONENT else 0

    @cached_property
    def _offset(self) -> float:
        return min(0.0, self._extremes[0])

    @cached_property
    def _extremes(self) -> tuple[float, float]:
        """The smallest and the largest distance between two items."""
        others = _off_diagonal(self._distances)
        return float(others.min()), float(others.max())


Ranked: TypeAlias = RankedEmbedding | RankedDistances


def ranked(values: npt.NDArray[Any], *, metric: Metric, keeps_copy: bool = True) -> Ranked:
    """One side, prepared to give neighbour ranks.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Embeddings; or distances, (n, n), if the metric is "precomputed".
    metric : {"euclidean", "cosine", "precomputed"}
        Distance between rows.
    keeps_copy : bool
        See :class:`repdiff.affinity.ranks.RankedEmbedding`; ranks need it.
    """
    if metric == "precomputed":
        return RankedDistances(values)
    return RankedEmbedding(values, metric=metric, keeps_copy=keeps_copy)


def _off_diagonal(matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """All entries of a square matrix except its diagonal, (n - 1, n)."""
    n = len(matrix)
    return matrix.reshape(-1)[1:].reshape(n - 1, n + 1)[:, :-1]
