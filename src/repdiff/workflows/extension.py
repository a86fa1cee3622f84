"""The clusters of a comparison, extended to new items.

An item's coordinates follow from its affinities to the items of the comparison, as theirs follow from each other's
(Nystroem extension; Bengio et al. 2004): with lambda an eigenvalue and v its vector,

    v(new) = sum_j A(new, j) v(j) / (lambda sum_j A(new, j))

The cluster is the one with the nearest centre, as in the k-means of the comparison. The sums are taken over the
reference items, each with its weight. Measured on items held out of the emoji and of synthetic data: 0.95 to 0.99 fall
where the whole comparison has them; by the largest mean affinity to a cluster it would be 0.65 to 0.85.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.new_items import BLOCK, RankedReference, affinities_to
from repdiff.core.metrics import Metric
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.results.assignment import AssignedDirection
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, DirectionName
from repdiff.results.reference import ReferenceDirection

Values = tuple[npt.NDArray[Any], npt.NDArray[Any]]


@dataclass(frozen=True)
class Rule:
    """How affinities to the reference items become a cluster, in one direction.

    Attributes
    ----------
    weighted : ndarray of float32, (m, 1 + p + k)
        Of each reference item the weight, the weighted coordinates, and the weight in the column of its cluster.
    eigenvalues : ndarray of float64, (p,)
        Of the coordinates.
    centres : ndarray of float64, (k, p)
        Of the clusters.
    sizes : ndarray of float64, (k,)
        Weight of each cluster's reference items.
    is_no_change : ndarray of bool, (k,)
        Whether a cluster is no change.
    threshold : float
        Mean affinity below which an item is no change.
    """

    weighted: npt.NDArray[np.float32]
    eigenvalues: npt.NDArray[np.float64]
    centres: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.float64]
    is_no_change: npt.NDArray[np.bool_]
    threshold: float

    @classmethod
    def of(
        cls,
        labels: npt.NDArray[np.int32],
        weights: npt.NDArray[np.float64],
        places: ReferenceDirection,
        clusters: Sequence[DifferenceCluster],
        threshold: float,
    ) -> Rule:
        """The rule, from the labels, (m,), weights and coordinates of the reference items."""
        members = np.equal.outer(labels, np.arange(len(clusters)))
        columns = np.column_stack([np.ones(len(members)), places.coordinates, members]) * weights[:, None]
        no_change = np.array([cluster.is_no_change for cluster in clusters])
        return cls(
            columns.astype(np.float32), places.eigenvalues, places.centres, weights @ members, no_change, threshold
        )

    def decide(self, affinities: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The cluster of each item, and its mean affinity to it, both (b,), from its affinities, (b, m)."""
        sums = np.asarray(affinities @ self.weighted, np.float64)
        p = len(self.eigenvalues)
        coordinates = sums[:, 1 : 1 + p] / sums[:, :1] / self.eigenvalues
        nearest = ((coordinates[:, None] - self.centres) ** 2).sum(axis=2).argmin(axis=1)
        of_cluster = sums[np.arange(len(sums)), 1 + p + nearest]
        return nearest, of_cluster / np.where(self.sizes[nearest] > 0, self.sizes[nearest], 1)

    def told(self, labels: npt.NDArray[np.int32], affinity: npt.NDArray[np.float32]) -> AssignedDirection:
        """The same with the no-change rule applied to the cluster, and to the item's own mean affinity."""
        return AssignedDirection(labels, affinity, self.is_no_change[labels] | (affinity < self.threshold))


class Extension:
    """A comparison's clusters, ready for new items.

    Parameters
    ----------
    values : (ndarray, ndarray), (m, d_x) and (m, d_y)
        Embeddings of the reference items.
    weights : ndarray of float64, (m,)
        How many items each stands for.
    metrics : (str, str)
        Distance within each.
    gamma, beta : float
        Of the comparison.
    rules : mapping
        The rule of each direction that is asked for.
    n_jobs : int
        Threads; the result does not depend on them.
    """

    def __init__(
        self,
        values: Values,
        weights: npt.NDArray[np.float64],
        metrics: tuple[Metric, Metric],
        *,
        gamma: float,
        beta: float,
        rules: Mapping[DirectionName, Rule],
        n_jobs: int,
    ) -> None:
        self._x, self._y = (
            RankedReference(rows, weights, metric, n_jobs=n_jobs) for rows, metric in zip(values, metrics, strict=True)
        )
        self._scale = np.float32(gamma), np.float32(beta)
        self._rules, self._n_jobs, self.metrics = rules, n_jobs, metrics

    def __call__(self, values: Values) -> dict[DirectionName, AssignedDirection]:
        """The clusters of new items in each direction, from their embeddings, (n, d_x) and (n, d_y)."""
        n = len(values[0])
        labels = {name: np.empty(n, np.int32) for name in self._rules}
        affinity = {name: np.empty(n, np.float32) for name in self._rules}

        def fill(tile: slice) -> None:
            found = affinities_to(self._x, self._y, values[0][tile], values[1][tile], self._scale)
            for name, affinities in zip(DIRECTIONS, found, strict=True):
                if name in self._rules:
                    labels[name][tile], affinity[name][tile] = self._rules[name].decide(affinities)

        for_each_tile(fill, row_tiles(n, BLOCK), n_jobs=self._n_jobs)
        return {name: rule.told(labels[name], affinity[name]) for name, rule in self._rules.items()}
