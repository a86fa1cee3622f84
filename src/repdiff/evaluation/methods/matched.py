"""Clusters of both sides, matched: those of x without a match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.overlap import match_clusters
from repdiff.evaluation.groups import SMALLEST, Group, groups_of_labels
from repdiff.evaluation.methods.base import FloatArray, all_squared_distances


@dataclass(frozen=True)
class MatchedClusters:
    """HDBSCAN clusters of x that have no counterpart among those of y.

    Clusters of both sides are matched one to one, so that the sum of their Jaccard indices is largest; clusters of x
    come in order of the index with their match, lowest first. A collage holds the members with the highest membership
    probability.
    """

    name: str = "hdbscan"
    title: str = "HDBSCAN clusters without a match"
    source: str = "Campello, Moulavi & Sander, PAKDD 2013; matching by overlap"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The clusters of x whose match in y is worst."""
        smallest = max(SMALLEST, min(size, len(x) // 2))
        labels, sureness = _clusters(x, smallest)
        match, _ = match_clusters(labels, _clusters(y, smallest)[0])
        place = np.full(len(match) + 1, -1)  # the last is for items in no cluster, whose label is -1
        place[np.argsort(match, kind="stable")[:n_groups]] = np.arange(min(n_groups, len(match)))
        return groups_of_labels(place[labels], sureness, size)


def _clusters(values: FloatArray, smallest: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    from sklearn.cluster import HDBSCAN

    distances = np.sqrt(all_squared_distances(values))
    model = HDBSCAN(min_cluster_size=smallest, metric="precomputed", copy=False).fit(distances)
    return model.labels_, model.probabilities_
