"""The method of this package."""

from __future__ import annotations

from dataclasses import dataclass

from repdiff.difference import BETA, GAMMA
from repdiff.evaluation.groups import Group
from repdiff.evaluation.methods.base import FloatArray
from repdiff.pipeline import compare
from repdiff.representatives import RepresentativeKind


@dataclass(frozen=True)
class RDC:
    """Difference clusters, in order of mean affinity from high to low, with their representatives as collages.

    ``n_groups`` counts the no-change clusters, which are no groups: it finds fewer where less differs.
    """

    gamma: float = GAMMA
    beta: float = BETA
    representatives: RepresentativeKind = "typical"
    name: str = "rdc"
    title: str = "difference clusters (this package)"
    source: str = "Kondapaneni, Gu, Mac Aodha & Perona, ICLR 2025 workshop on Bidirectional Human-AI Alignment"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """As :func:`repdiff.compare` finds them."""
        found = compare(
            x, y, n_clusters=n_groups, n_representatives=size, representatives=self.representatives,
            gamma=self.gamma, beta=self.beta, random_state=random_state,
        )  # fmt: skip
        clusters = reversed(found.x_only.difference_clusters)
        return [Group(one.items, one.representatives) for one in clusters if one.size > 1]
