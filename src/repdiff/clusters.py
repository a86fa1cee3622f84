"""Labels and an affinity -> ordered difference clusters, the no-change group, representatives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity

DirectionName = Literal["x_only", "y_only"]
DIRECTIONS: tuple[DirectionName, ...] = get_args(DirectionName)
NearestMembers = Callable[[npt.NDArray[np.int64], int], npt.NDArray[np.int64]]

NO_CHANGE_THRESHOLD = 1.5

_ENTRIES_AT_A_TIME = 50_000  # rows of neighbourhoods times m: their blocks of affinities take m times as many floats


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
    """

    index: int
    items: npt.NDArray[np.int64]
    mean_affinity: float
    is_no_change: bool
    representatives: npt.NDArray[np.int64]
    label_counts: Mapping[str, int] = field(default_factory=dict)
    accuracy_x: float | None = None
    accuracy_y: float | None = None

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
    def difference_clusters(self) -> tuple[DifferenceCluster, ...]:
        """The clusters above the no-change threshold, low to high mean affinity."""
        return tuple(cluster for cluster in self.clusters if not cluster.is_no_change)


def find_clusters(
    labels: npt.NDArray[np.int32],
    affinity: Affinity,
    nearest_members: NearestMembers,
    *,
    no_change_threshold: float = NO_CHANGE_THRESHOLD,
    n_representatives: int = 9,
) -> tuple[npt.NDArray[np.int32], tuple[DifferenceCluster, ...]]:
    """Ordered labels, and the cluster of each.

    Parameters
    ----------
    labels : ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty, in any order.
    affinity : Affinity
        The affinity that was clustered.
    nearest_members : callable
        Members of a group and m -> (size, m) places in the group of each member and its nearest fellows, in the
        representation that holds the clusters together.
    no_change_threshold : float
        A cluster whose mean affinity is below it counts as no change.
    n_representatives : int
        Items in the collage of a cluster.
    """
    ordered, means = order_by_mean_affinity(labels, affinity)
    clusters = []
    for index, mean in enumerate(means):
        members = np.flatnonzero(ordered == index)
        neighbors = nearest_members(members, min(n_representatives, len(members)))
        chosen = best_neighborhood(affinity, members, neighbors)
        clusters.append(DifferenceCluster(index, members, float(mean), bool(mean < no_change_threshold), chosen))
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


def best_neighborhood(
    affinity: Affinity, members: npt.NDArray[np.int64], neighbors: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The representatives of a cluster: among its members' neighbourhoods the one of largest total affinity.

    Parameters
    ----------
    affinity : Affinity
        The affinity that was clustered.
    members : ndarray of int64, (size,)
        Rows of the cluster's items.
    neighbors : ndarray of int64, (size, m)
        For each member, places in ``members`` of itself and its m - 1 nearest fellow members, in the representation
        that holds the cluster.

    Returns
    -------
    ndarray of int64, (m,)
        Rows, the one with the largest affinity to the others first; ties go to the lower row.
    """
    totals = np.concatenate(
        [
            affinity.block(members[part], members[part]).sum(axis=(1, 2), dtype=np.float64)
            for part in np.array_split(neighbors, -(-neighbors.size // _ENTRIES_AT_A_TIME))
        ]
    )
    chosen = np.sort(members[neighbors[int(np.argmax(totals))]])
    to_the_others = affinity.block(chosen, chosen).sum(axis=1, dtype=np.float64)
    return chosen[np.argsort(-to_the_others, kind="stable")]


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
