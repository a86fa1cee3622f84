"""Labels and an affinity -> ordered difference clusters, the no-change group, representatives."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.clustering.representatives import Contrast, choose_representatives
from repdiff.results.clusters import AffinityMap, DifferenceCluster
from repdiff.settings import MethodSettings, RepresentativeKind


def find_clusters(
    labels: npt.NDArray[np.int32],
    contrast: Contrast,
    *,
    no_change_threshold: float = MethodSettings.no_change_threshold,
    n_representatives: int = MethodSettings.n_representatives,
    representatives: RepresentativeKind = MethodSettings.representatives,
) -> tuple[npt.NDArray[np.int32], tuple[DifferenceCluster, ...]]:
    """Ordered labels, and the cluster of each.

    Parameters
    ----------
    labels : ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty, in any order.
    contrast : Contrast
        The affinity that was clustered, and the distances of both representations.
    no_change_threshold : float
        A cluster with a lower mean affinity counts as no change.
    n_representatives : int
        Items in the collage of a cluster.
    representatives : {"typical", "spread", "border"}
        Which items; see :func:`repdiff.clustering.representatives.choose_representatives`.
    """
    ordered, means, errors = order_by_mean_affinity(labels, contrast.affinity)
    chosen = choose_representatives(contrast, ordered, n_representatives=n_representatives, kind=representatives)
    clusters = (
        DifferenceCluster(
            index, np.flatnonzero(ordered == index), float(mean), bool(mean < no_change_threshold), rows,
            mean_error=float(error),
        )
        for index, (mean, error, rows) in enumerate(zip(means, errors, chosen, strict=True))
    )  # fmt: skip
    return ordered, tuple(clusters)


def order_by_mean_affinity(
    labels: npt.NDArray[np.int32], affinity: Affinity
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
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
    standard_error : ndarray of float64, (k,)
        Of each mean; zeros if the engine computed all pairs.
    """
    found = affinity.group_means(labels)
    means, errors = np.diagonal(found.mean), np.diagonal(found.standard_error)
    first_items = np.unique(labels, return_index=True)[1]
    order = np.lexsort((first_items, means))
    new_label = np.empty(len(order), np.int32)
    new_label[order] = np.arange(len(order), dtype=np.int32)
    return new_label[labels], means[order], errors[order]


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
        means=affinity.group_means(bins).mean.astype(np.float32),
        cluster=np.repeat(np.arange(len(sizes), dtype=np.int32), shares),
        size=np.bincount(bins).astype(np.int64),
    )
