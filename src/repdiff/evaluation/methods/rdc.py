"""The method of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from repdiff.affinity.representation import Representation
from repdiff.clustering.representatives import Contrast
from repdiff.evaluation.groups import SMALLEST, Group
from repdiff.evaluation.methods.base import FloatArray
from repdiff.settings import ComputingSettings, MethodSettings, RepresentativeKind, Settings
from repdiff.workflows.direction import contrasts_of, find_direction


@dataclass(frozen=True)
class RDC:
    """Difference clusters, in order of mean affinity from high to low, with their representatives as collages.

    ``n_groups`` includes the no-change clusters, which are not returned: fewer groups come back if less differs.
    ``engine`` is a name or an object, as in :func:`repdiff.compare`.
    """

    gamma: float = MethodSettings.gamma
    beta: float = MethodSettings.beta
    no_change_threshold: float = MethodSettings.no_change_threshold
    representatives: RepresentativeKind = MethodSettings.representatives
    engine: Any = ComputingSettings.engine
    name: str = "rdc"
    title: str = "difference clusters (this package)"
    source: str = "Kondapaneni, Gu, Mac Aodha & Perona, ICLR 2025 workshop on Bidirectional Human-AI Alignment"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The steps of :func:`repdiff.compare`, for one direction."""
        settings = self._settings(n_clusters=n_groups, n_representatives=size, random_state=random_state)
        found = find_direction(self.contrast(x, y, random_state), settings)
        return [
            Group(cluster.items, cluster.representatives)
            for cluster in reversed(found.clusters)
            if not cluster.is_no_change and cluster.size >= SMALLEST
        ]

    def contrast(self, x: FloatArray, y: FloatArray, random_state: int) -> Contrast:
        """Which pairs are near in x and far in y."""
        settings = self._settings(random_state=random_state)
        return contrasts_of(Representation(x), Representation(y), settings).x_only

    def _settings(self, **others: Any) -> Settings:
        return Settings(
            gamma=self.gamma, beta=self.beta, no_change_threshold=self.no_change_threshold,
            representatives=self.representatives, engine=self.engine, **others,
        )  # fmt: skip
