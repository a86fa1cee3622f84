"""Labels and an affinity -> ordered difference clusters, the no-change group, representatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.representatives import Contrast, RepresentativeKind, choose_representatives

if TYPE_CHECKING:
    from repdiff.evidence.results import ClusterEvidence

DirectionName = Literal["x_only", "y_only"]
DIRECTIONS: tuple[DirectionName, ...] = get_args(DirectionName)

NO_CHANGE_THRESHOLD = 1.5


@dataclass(frozen=True)
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
    """

    index: int
    items: npt.NDArray[np.int64]
    mean_affinity: float
    is_no_change: bool
    representatives: npt.NDArray[np.int64]
    label_counts: Mapping[str, int] = field(default_factory=dict)
    accuracy_x: float | None = None
    accuracy_y: float | None = None
    evidence: ClusterEvidence | None = None

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


@dataclass(frozen=True)
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
    """

    name: DirectionName
    labels: npt.NDArray[np.int32]
    clusters: tuple[DifferenceCluster, ...]
    affinity_map: AffinityMap

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


def find_clusters(
    labels: npt.NDArray[np.int32],
    contrast: Contrast,
    *,
    no_change_threshold: float = NO_CHANGE_THRESHOLD,
    n_representatives: int = 9,
    representatives: RepresentativeKind = "typical",
) -> tuple[npt.NDArray[np.int32], tuple[DifferenceCluster, ...]]:
    """Ordered labels, and the cluster of each.

    Parameters
    ----------
    labels : ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty, in any order.
    contrast : Contrast
        The affinity that was clustered, that of the other direction, and the distances of both representations.
    no_change_threshold : float
        A cluster whose mean affinity is below it counts as no change.
    n_representatives : int
        Items in the collage of a cluster.
    representatives : {"typical", "spread", "border"}
        Which items; see :func:`repdiff.representatives.choose_representatives`.
    """
    ordered, means = order_by_mean_affinity(labels, contrast.affinity)
    chosen = choose_representatives(contrast, ordered, n_representatives=n_representatives, kind=representatives)
    clusters = (
        DifferenceCluster(index, np.flatnonzero(ordered == index), float(mean), bool(mean < no_change_threshold), rows)
        for index, (mean, rows) in enumerate(zip(means, chosen, strict=True))
    )
    return ordered, tuple(clusters)


def order_by_mean_affinity(
    labels: npt.NDArray[np.int32], affinity: Affinity
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Labels renamed so that mean within-cluster affinity rises with them, and those means.

    Parameters
    ----------
    labels : ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty.
    affinity : Affinity
        The affinity that was clustered.

    Returns
    -------
    labels : ndarray of int32, (n,)
        0 is the cluster of lowest mean affinity; equal means keep the order of their first items.
    mean_affinity : ndarray of float64, (k,)
        Ascending.
    """
    means = np.diagonal(affinity.block_means(labels))
    first_items = np.unique(labels, return_index=True)[1]
    order = np.lexsort((first_items, means))
    new_label = np.empty(len(order), np.int32)
    new_label[order] = np.arange(len(order), dtype=np.int32)
    return new_label[labels], means[order]


def map_affinity(affinity: Affinity, labels: npt.NDArray[np.int32], *, n_bins: int = 160) -> AffinityMap:
    """The affinity ordered by cluster and averaged over bins, each within one cluster.

    Parameters
    ----------
    affinity : Affinity
        The affinity that was clustered.
    labels : ndarray of int32, (n,)
        Ordered labels.
    n_bins : int
        About how many bins; each cluster gets a share in proportion to its size, and at least one.
    """
    sizes = np.bincount(labels)
    shares = np.clip(np.round(n_bins * sizes / len(labels)).astype(int), 1, sizes)
    bins = np.empty(len(labels), np.int32)
    for cluster, (share, first) in enumerate(zip(shares, np.cumsum(shares) - shares, strict=True)):
        bins[labels == cluster] = first + np.arange(sizes[cluster]) * share // sizes[cluster]
    return AffinityMap(
        means=affinity.block_means(bins).astype(np.float32),
        cluster=np.repeat(np.arange(len(sizes), dtype=np.int32), shares),
        size=np.bincount(bins).astype(np.int64),
    )
