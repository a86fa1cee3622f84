"""Simple baselines: k-means on x, which ignores y, and chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import cdist

from repdiff.evaluation.groups import Group, groups_of_labels
from repdiff.evaluation.methods.base import FloatArray, k_means


@dataclass(frozen=True)
class KMeans:
    """Clusters of x; y is ignored. A collage holds the items nearest to the centre."""

    name: str = "kmeans"
    title: str = "k-means on one side"
    source: str = "Lloyd, IEEE Trans. Inf. Theory 28, 1982"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Clusters of x."""
        labels, distance = k_means(x, n_groups, random_state)
        return groups_of_labels(labels, -distance, size)


@dataclass(frozen=True)
class RandomGroups:
    """Items in random groups: the score of a meaningless collage."""

    name: str = "random-groups"
    title: str = "random groups"
    source: str = "chance"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Random groups of about equal size."""
        rng = np.random.default_rng(random_state)
        labels = rng.permutation(np.arange(len(x)) % n_groups)
        return groups_of_labels(labels, rng.random(len(x)), size)


@dataclass(frozen=True)
class RandomNeighbourhoods:
    """Random items of x with their nearest neighbours there: what is near in x, wherever y puts it.

    Members of a group are all items nearer to its centre item than to those of other groups.
    """

    name: str = "random-neighbourhoods"
    title: str = "random neighbourhoods"
    source: str = "chance"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Random items with their nearest items in x."""
        centres = np.random.default_rng(random_state).permutation(len(x))[:n_groups]
        distances = cdist(x, x[centres])
        labels = distances.argmin(axis=1)
        order = np.argsort(distances, axis=0, kind="stable")[:size]
        return [
            Group(np.flatnonzero(labels == place), order[:, place]) for place in range(len(centres)) if len(order) > 1
        ]
