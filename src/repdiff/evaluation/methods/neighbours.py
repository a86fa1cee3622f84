"""Items that lost the same neighbours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.ranks import neighbor_ranks
from repdiff.core.overlap import jaccard_of_sets
from repdiff.evaluation.groups import Group, groups_of_labels
from repdiff.evaluation.methods.base import FloatArray


@dataclass(frozen=True)
class LostNeighbours:
    """Clusters of items that have lost the same neighbours from x to y, as in Emblaze.

    An item's lost neighbours are those among its k nearest in x but not in y. Items that have lost at
    least as many as the median item are clustered by the Jaccard distance of what they have lost (complete linkage).
    Clusters are ordered by how much their members agree: mean Jaccard index times the mean share of neighbours
    lost. The paper counts gained neighbours too; here they are the other direction's lost ones, so that each direction
    has groups of its own.
    """

    n_neighbours: int = 20
    name: str = "neighbours"
    title: str = "gained and lost neighbours (Emblaze)"
    source: str = "Sivaraman, Wu & Perer, IUI 2022"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Clusters of lost neighbours."""
        from sklearn.cluster import AgglomerativeClustering

        k = max(1, min(self.n_neighbours, len(x) - 1))
        lost = _nearest(x, k) & ~_nearest(y, k)
        count = lost.sum(axis=1)
        changed = np.flatnonzero((count > 0) & (count >= np.median(count)))
        if len(changed) < 2:
            return []
        similarity = jaccard_of_sets(lost[changed])
        n_clusters = max(1, len(changed) // (2 * size))
        model = AgglomerativeClustering(n_clusters, metric="precomputed", linkage="complete")
        labels = model.fit(1 - similarity).labels_
        members = np.eye(n_clusters)[labels]
        typicality = np.take_along_axis(similarity @ members, labels[:, None], axis=1)[:, 0]
        sizes = members.sum(axis=0)
        # The mean over pairs of members, times the mean share lost; clusters too small for a collage are dropped.
        score = (members.T @ typicality / sizes**2) * (members.T @ count[changed] / sizes / k)
        score[sizes < min(size, len(changed))] = 0
        order = np.argsort(-score, kind="stable")[:n_groups]
        order = order[score[order] > 0]
        place = np.full(n_clusters, -1)
        place[order] = np.arange(len(order))
        everywhere, shown = np.full(len(x), -1), np.zeros(len(x))
        everywhere[changed], shown[changed] = place[labels], typicality
        return groups_of_labels(everywhere, shown, size)


def _nearest(values: FloatArray, k: int) -> npt.NDArray[np.bool_]:
    """Whether an item is among the k nearest of another, (n, n), itself left out."""
    ranks = neighbor_ranks(values)
    return np.asarray((ranks > 1) & (ranks <= k + 1))
