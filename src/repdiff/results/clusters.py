"""Difference clusters of one direction, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from repdiff.core.ranges import AffinityValue, Count, NotNegative, Share
from repdiff.results.directions import DIRECTIONS, DirectionName
from repdiff.results.evidence import ClusterEvidence
from repdiff.results.spectrum import KeptSpectrum

__all__ = ["DIRECTIONS", "AffinityMap", "DifferenceCluster", "Direction", "DirectionName"]


@dataclass(frozen=True, repr=False)
class DifferenceCluster:
    """A group of items that sit close together in one representation and far apart in the other.

    Attributes
    ----------
    index : int
        Place in the order of mean affinity, from 0 = lowest; the value in ``Direction.labels``.
    items : ndarray of int64, (size,)
        Rows of the items, ascending.
    mean_affinity : float
        Mean of the affinity over all ordered pairs of members, self-pairs included (1 means "no change").
    is_no_change : bool
        Whether ``mean_affinity`` is below the no-change threshold.
    representatives : ndarray of int64, (m,)
        Rows of the items for the collage, best first; m is at most ``size``.
    label_counts : mapping of str to int
        Label make-up, most frequent first; empty where there is no label column.
    accuracy_x, accuracy_y : float or None
        Share of members that each model predicts rightly, in [0, 1]; None where unknown.
    evidence : ClusterEvidence or None
        What it consists of and whether to believe it; None where no evidence was taken.
    mean_error : float
        Standard error of ``mean_affinity``; 0 where the engine looked at all pairs.
    """

    index: Count
    items: npt.NDArray[np.int64]
    mean_affinity: AffinityValue
    is_no_change: bool
    representatives: npt.NDArray[np.int64]
    label_counts: Mapping[str, Count] = field(default_factory=dict)
    accuracy_x: Share | None = None
    accuracy_y: Share | None = None
    evidence: ClusterEvidence | None = None
    mean_error: NotNegative = 0.0

    def __repr__(self) -> str:
        kind = "no change" if self.is_no_change else "difference"
        return f"<DifferenceCluster {self.index}: {self.size:,} items, mean affinity {self.mean_affinity:.3g}, {kind}>"

    @property
    def size(self) -> int:
        """Number of members."""
        return len(self.items)


@dataclass(frozen=True)
class AffinityMap:
    """The affinity ordered by cluster and averaged over bins of items, small enough for a picture.

    Attributes
    ----------
    means : ndarray of float32, (n_bins, n_bins)
        Mean affinity between the items of two bins.
    cluster : ndarray of int32, (n_bins,)
        Cluster of each bin, ascending.
    size : ndarray of int64, (n_bins,)
        Items in each bin.
    """

    means: npt.NDArray[np.float32]
    cluster: npt.NDArray[np.int32]
    size: npt.NDArray[np.int64]


@dataclass(frozen=True, repr=False)
class Direction:
    """What one representation groups and the other scatters.

    Attributes
    ----------
    name : {"x_only", "y_only"}
        ``x_only``: close in x and far in y; ``y_only`` the reverse.
    labels : ndarray of int32, (n,)
        Cluster of each item; 0 is the cluster of lowest mean affinity.
    clusters : tuple of DifferenceCluster
        Low to high mean affinity.
    affinity_map : AffinityMap
        The affinity matrix as a picture.
    spectrum : KeptSpectrum or None
        The leading eigenvectors of the affinity; None where another clusterer found the clusters.
    """

    name: DirectionName
    labels: npt.NDArray[np.int32]
    clusters: tuple[DifferenceCluster, ...]
    affinity_map: AffinityMap
    spectrum: KeptSpectrum | None = None

    def __repr__(self) -> str:
        differing = f"{len(self.difference_clusters)} of them differences"
        return f"<Direction {self.name}: {len(self.clusters)} clusters of {len(self.labels):,} items, {differing}>"

    @property
    def no_change(self) -> npt.NDArray[np.bool_]:
        """Mask, (n,), of the items in no-change clusters."""
        return np.array([cluster.is_no_change for cluster in self.clusters], dtype=bool)[self.labels]

    @property
    def groups(self) -> npt.NDArray[np.int32]:
        """The difference cluster of each item, (n,); -1 for all no change, whose cut into clusters means nothing."""
        return np.where(self.no_change, -1, self.labels).astype(np.int32)

    @property
    def difference_clusters(self) -> tuple[DifferenceCluster, ...]:
        """The clusters above the no-change threshold, low to high mean affinity."""
        return tuple(cluster for cluster in self.clusters if not cluster.is_no_change)
