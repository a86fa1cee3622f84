"""Controls: the same groups with other collages, and other groups with the same collages.

This package chooses the items it shows so that their pairs are near in x and far in y; other methods show the most
typical items. A control separates the part of the success that comes from the groups from the part that comes from the
choice of items.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from repdiff.clustering.representatives import choose_representatives
from repdiff.evaluation.groups import SMALLEST, Group
from repdiff.evaluation.methods.base import FloatArray, distance_to_mean, k_means
from repdiff.evaluation.methods.rdc import RDC


@dataclass(frozen=True)
class CentralItems:
    """The groups of ``own``, shown like clusters of k-means: by the members nearest to their mean, in x."""

    own: RDC = field(default_factory=RDC)
    name: str = "rdc-central"
    title: str = "control: difference clusters, central items shown"
    source: str = "control"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The groups of difference clusters with other collages."""
        return [_central(group, x, size) for group in self.own.groups(x, y, n_groups, size, random_state)]


def _central(group: Group, x: FloatArray, size: int) -> Group:
    distance = distance_to_mean(x[group.items])
    return Group(group.items, group.items[np.argsort(distance, kind="stable")[:size]])


@dataclass(frozen=True)
class ChosenItems:
    """Clusters of k-means on x, shown like those of ``own``: by default, by the members whose pairs differ most."""

    own: RDC = field(default_factory=RDC)
    name: str = "kmeans-chosen"
    title: str = "control: k-means, items chosen as for difference clusters"
    source: str = "control"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The groups of k-means with other collages."""
        labels, _ = k_means(x, n_groups, random_state)
        labels = np.unique(labels, return_inverse=True)[1].astype(np.int32)
        contrast = self.own.contrast(x, y, random_state)
        chosen = choose_representatives(contrast, labels, n_representatives=size, kind=self.own.representatives)
        groups = [Group(np.flatnonzero(labels == place), rows) for place, rows in enumerate(chosen)]
        return [group for group in groups if len(group.items) >= SMALLEST]
