"""The method of this package."""

from __future__ import annotations

from dataclasses import dataclass

from repdiff.affinity.distances import ranked
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.order import find_clusters
from repdiff.clustering.representatives import Contrast
from repdiff.evaluation.groups import SMALLEST, Group
from repdiff.evaluation.methods.base import FloatArray
from repdiff.settings import Method, RepresentativeKind


@dataclass(frozen=True)
class RDC:
    """Difference clusters, in order of mean affinity from high to low, with their representatives as collages.

    ``n_groups`` counts the no-change clusters, which are no groups: it finds fewer where less differs.
    """

    gamma: float = Method.gamma
    beta: float = Method.beta
    no_change_threshold: float = Method.no_change_threshold
    representatives: RepresentativeKind = Method.representatives
    name: str = "rdc"
    title: str = "difference clusters (this package)"
    source: str = "Kondapaneni, Gu, Mac Aodha & Perona, ICLR 2025 workshop on Bidirectional Human-AI Alignment"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The steps of :func:`repdiff.compare`, for the one direction that is asked for."""
        contrast = contrast_of(x, y, gamma=self.gamma, beta=self.beta)
        labels = cluster_affinity(contrast.affinity, n_groups, random_state=random_state)
        _, clusters = find_clusters(
            labels, contrast, no_change_threshold=self.no_change_threshold, n_representatives=size,
            representatives=self.representatives,
        )  # fmt: skip
        return [
            Group(cluster.items, cluster.representatives)
            for cluster in reversed(clusters)
            if not cluster.is_no_change and cluster.size >= SMALLEST
        ]


def contrast_of(x: FloatArray, y: FloatArray, *, gamma: float = Method.gamma, beta: float = Method.beta) -> Contrast:
    """Which pairs are near in x and far in y."""
    affinities = compute_affinities(x, y, engine="exact", gamma=gamma, beta=beta)
    near, far = (ranked(values, metric="euclidean") for values in (x, y))
    return Contrast(affinities.x_only, affinities.y_only, near, far)
