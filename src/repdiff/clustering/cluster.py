"""Eigenvectors or an affinity -> labels.

Spectral clustering by default, as in the paper: k-means on the leading eigenvectors. Any clusterer that takes an
affinity can replace it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, OnDevice, as_affinity, to_dense
from repdiff.clustering.coordinates import Coordinates, spectral_coordinates
from repdiff.clustering.device_kmeans import k_means_on
from repdiff.clustering.kmeans import RESTARTS, Problem, k_means
from repdiff.clustering.spectral import Warn, warn_not_converged
from repdiff.core.device import Device
from repdiff.core.errors import RepdiffError
from repdiff.core.progress import Progress, silent
from repdiff.settings import N_CLUSTERS, Clusterer, MethodSettings

Labels = npt.NDArray[np.int32]

KEPT_EIGENVECTORS = 24  # so many clusters a result can be cut into again

_POINTS_PER_CLUSTER = 64  # looked at first, to count different points


@dataclass(frozen=True)
class Grouping:
    """Cluster of each item, and what it was found from.

    Attributes
    ----------
    labels : ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty.
    coordinates : Coordinates or None
        What k-means clustered, the constant vector included; None for another clusterer.
    """

    labels: Labels
    coordinates: Coordinates | None = None


def cluster_affinity(
    affinity: Affinity | npt.ArrayLike,
    n_clusters: int = N_CLUSTERS,
    *,
    clusterer: Clusterer = MethodSettings.clusterer,
    restarts: int = RESTARTS,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> Labels:
    """Cluster of each item.

    Parameters
    ----------
    affinity : Affinity or array_like, (n, n)
        Symmetric, not negative.
    n_clusters : int
        Number of clusters for the spectral step; fewer are returned if the affinity distinguishes fewer (one, if all
        affinities are equal). An estimator or a callable has its own number.
    clusterer : "spectral", scikit-learn estimator, or callable
        An estimator must take ``affinity="precomputed"``; it is cloned, and seeded if its ``random_state`` is None. A
        callable gets the dense affinity, (n, n) float32, and returns a label per item. Items they leave out (label -1)
        form one group like any other.
    restarts : int
        Seedings of k-means in the spectral step; the best is kept.
    random_state : int or None
        Seed.
    warn : callable, optional
        Called if the eigenvectors have not converged; issues a NotConvergedWarning by default.
    progress : Progress, optional
        Receives the stages "eigenvectors" and "k-means".

    Returns
    -------
    ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty.

    Raises
    ------
    RepdiffError
        For too many clusters, or a clusterer that does not take an affinity or return a label per item.
    """
    return group_affinity(
        affinity, n_clusters, clusterer=clusterer, restarts=restarts,
        random_state=random_state, warn=warn, progress=progress,
    ).labels  # fmt: skip


def group_affinity(
    affinity: Affinity | npt.ArrayLike,
    n_clusters: int,
    *,
    clusterer: Clusterer = MethodSettings.clusterer,
    restarts: int = RESTARTS,
    n_kept: int = 0,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> Grouping:
    """Cluster of each item, with the coordinates that k-means clustered; see :func:`cluster_affinity`."""
    operator = as_affinity(affinity)
    if isinstance(clusterer, str):
        if clusterer != "spectral":
            raise RepdiffError(
                f'clusterer must be "spectral", a scikit-learn estimator or a callable, but is {clusterer!r}'
            )
        if not 1 <= n_clusters <= operator.n:
            raise RepdiffError(f"n_clusters must be from 1 to the number of items, {operator.n}, but is {n_clusters}")
        return spectral_clustering(
            operator, n_clusters, restarts=restarts, n_kept=n_kept, random_state=random_state,
            warn=warn, progress=progress,
        )  # fmt: skip
    return Grouping(_consecutive(_checked(_labels_of_other(clusterer, operator, random_state), operator.n)))


def _checked(labels: npt.NDArray[Any], n: int) -> npt.NDArray[Any]:
    """Labels of a user's clusterer, which must be one integer for each item."""
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise RepdiffError(
            f"the clusterer must return one integer for each of {n} items, "
            f"but returned {labels.dtype} of shape {labels.shape}"
        )
    return labels


def spectral_clustering(
    affinity: Affinity,
    n_clusters: int,
    *,
    restarts: int = RESTARTS,
    n_kept: int = 0,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> Grouping:
    """k-means on the leading eigenvectors: the relaxed normalised cut, rounded."""
    found = spectral_coordinates(
        affinity, n_clusters, n_kept=n_kept, random_state=random_state, warn=warn,
        progress=progress,
    )  # fmt: skip
    labels = cut_vectors(
        found.vectors, n_clusters, restarts=restarts, random_state=random_state, progress=progress,
        device=affinity.device if isinstance(affinity, OnDevice) else None,
    )  # fmt: skip
    return Grouping(labels, found)


def cut_vectors(
    vectors: npt.NDArray[np.float32],
    n_clusters: int,
    *,
    restarts: int = RESTARTS,
    random_state: int | None = 0,
    device: Device | None = None,
    progress: Progress = silent,
) -> Labels:
    """k-means on the columns of (n, n_clusters) after the first, which is constant and separates nothing.

    On a device, if there is one.
    """
    points = vectors[:, 1:]
    n_distinct = _count_distinct(points, n_clusters) if points.size else 1
    if n_distinct == 1:
        return np.zeros(len(vectors), np.int32)
    if device is None:
        found = k_means(points, n_distinct, restarts=restarts, random_state=random_state, progress=progress)
    else:
        found = k_means_on(Problem.of(points, n_distinct, restarts, random_state), device, progress=progress)
    return _consecutive(found)


def _count_distinct(points: npt.NDArray[np.float32], most: int) -> int:
    """Number of different points, or ``most`` if there are more; most often, the first points tell."""
    few = len(np.unique(points[: _POINTS_PER_CLUSTER * most], axis=0))
    return min(most, few if few >= most else len(np.unique(points, axis=0)))


def _labels_of_other(clusterer: Any, affinity: Affinity, random_state: int | None) -> npt.NDArray[Any]:
    if not hasattr(clusterer, "fit"):
        if not callable(clusterer):
            raise RepdiffError(
                f'clusterer must be "spectral", a scikit-learn estimator or a callable, but is {clusterer!r}'
            )
        return np.asarray(clusterer(to_dense(affinity)))
    from sklearn.base import clone

    model = clone(clusterer)
    parameters = model.get_params()
    if parameters.get("affinity") != "precomputed":
        raise RepdiffError(
            f'make {type(model).__name__} with affinity="precomputed", since it gets affinities, not coordinates'
        )
    if "random_state" in parameters and parameters["random_state"] is None:
        model.set_params(random_state=random_state)
    return np.asarray(model.fit(to_dense(affinity)).labels_)


def _consecutive(labels: npt.NDArray[Any]) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.int32).reshape(labels.shape)


def normalized_cut(affinity: Affinity | npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Normalised cut of a labelling, from 0 (no affinity between clusters) to the number of clusters.

    Parameters
    ----------
    affinity : Affinity or array_like, (n, n)
        Symmetric, not negative.
    labels : array_like of int, (n,)
        Cluster of each item.

    Returns
    -------
    float
        Sum over clusters of the share of their degree that belongs to other clusters (Shi & Malik 2000).
    """
    operator = as_affinity(affinity)
    members = np.eye(int(np.max(labels)) + 1, dtype=np.float32)[np.asarray(labels)]
    within = np.einsum("ik,ik->k", members, operator.matmat(members), dtype=np.float64)
    volume = members.T.astype(np.float64) @ operator.degree()
    return float(np.sum(1 - within[volume > 0] / volume[volume > 0]))
