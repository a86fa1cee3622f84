"""Neighbours: whether the nearest items of an item are the same in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.overlap import jaccard_index
from repdiff.core.parallel import row_tiles
from repdiff.settings import SimilaritySettings
from repdiff.similarities.points import ROWS_AT_A_TIME, TIE, PointsOrDistances, sides, tied_ranks, without_spread

_MOST_DISTANCES = 16_000_000  # at a time: 128 MB


def mutual_knn(x: Any, y: Any, *, n_neighbors: int = SimilaritySettings.n_neighbors) -> float:
    """Mean share of an item's k nearest that both sides agree on, in [0, 1]; 1 for identical.

    Huh et al. ("The platonic representation hypothesis", ICML 2024). k / (n - 1) for unrelated sides. Unchanged by
    rotation, isotropic scale and shift. Equal distances keep the order of the items.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both. Time grows with n^2, memory with n.
    n_neighbors : int
        k, without the item itself; all others if there are fewer.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number, or k is below 1.
    """
    return shared_neighbors(*sides(x, y), n_neighbors=n_neighbors).mutual


def jaccard(x: Any, y: Any, *, n_neighbors: int = SimilaritySettings.n_neighbors) -> float:
    """Mean Jaccard index of an item's sets of k nearest, in [0, 1]; 1 for identical.

    Size of what both share over size of what either has (Jaccard 1912; for representations the survey of Klabunde et
    al., "Similarity of neural network models", ACM Computing Surveys 2025). It orders pairs of sides much as
    :func:`mutual_knn` does, and is lower in the middle. Invariances and ties are the same.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both. Time grows with n^2, memory with n.
    n_neighbors : int
        k, without the item itself; all others if there are fewer.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number, or k is below 1.
    """
    return shared_neighbors(*sides(x, y), n_neighbors=n_neighbors).jaccard


@dataclass(frozen=True)
class SharedNeighbors:
    """How many of an item's k nearest are the same in both.

    Attributes
    ----------
    shared : ndarray of int64, (q,)
        For each queried item.
    k : int
        Neighbours of each.
    n : int
        Items that neighbours are drawn from, the item itself included.
    """

    shared: npt.NDArray[np.int64]
    k: int
    n: int

    @property
    def mutual(self) -> float:
        """Mean share of the neighbours."""
        return float(self.shared.mean() / self.k)

    @property
    def jaccard(self) -> float:
        """Mean Jaccard index."""
        return float(jaccard_index(self.shared, self.k, self.k).mean())

    @property
    def mutual_of_unrelated(self) -> float:
        """Expected share where the neighbours in y are drawn at random."""
        return self.k / (self.n - 1)

    @property
    def jaccard_of_unrelated(self) -> float:
        """Expected Jaccard index of two random sets; the number they share is hypergeometric."""
        from scipy.stats import hypergeom

        shared = np.arange(self.k + 1)
        return float(hypergeom.pmf(shared, self.n - 1, self.k, self.k) @ jaccard_index(shared, self.k, self.k))


def shared_neighbors(
    x: PointsOrDistances, y: PointsOrDistances, *, n_neighbors: int, queries: npt.NDArray[np.int64] | None = None
) -> SharedNeighbors:
    """Neighbours, among all items, that both sides agree on, of some items or of all."""
    if n_neighbors < 1:
        raise InputError(f"n_neighbors must be at least 1, but is {n_neighbors}")
    k = min(n_neighbors, x.n - 1)
    asked = np.arange(x.n) if queries is None else queries
    if without_spread(x, y) == 0:
        return SharedNeighbors(np.zeros(len(asked), np.int64), k, x.n)
    shared = np.empty(len(asked), np.int64)
    rows = max(1, min(ROWS_AT_A_TIME, _MOST_DISTANCES // x.n))
    for tile in row_tiles(len(asked), rows):
        nearest_x, nearest_y = (_nearest(side, asked[tile], k) for side in (x, y))
        shared[tile] = [
            len(np.intersect1d(*both, assume_unique=True)) for both in zip(nearest_x, nearest_y, strict=True)
        ]
    return SharedNeighbors(shared, k, x.n)


def _nearest(side: PointsOrDistances, rows: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
    """The k nearest of some items, (r, k); the first ones of ties."""
    distances = side.squared_distances(rows)
    distances[np.arange(len(rows)), rows] = np.inf
    limits = np.partition(distances, k - 1, axis=1)[:, k - 1]
    nearest = np.empty((len(rows), k), np.int64)
    # These two bound the norm of an item this near, and with it the rounding of its distance.
    norms = side.squared_norms[rows]
    for row, (distance, limit, norm) in enumerate(zip(distances, limits, norms, strict=True)):
        candidates = np.flatnonzero(distance <= limit + TIE * (norm + limit))
        nearest[row] = candidates[np.argsort(tied_ranks(distance[candidates], norm), kind="stable")[:k]]
    return nearest
