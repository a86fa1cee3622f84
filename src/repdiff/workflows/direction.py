"""The steps of the method: a pair of representations -> contrasts -> the ordered clusters of one direction.

:func:`repdiff.compare`, the scikit-learn estimator and the evaluation's own method all go through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.engine import Plan
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.representation import Representation
from repdiff.clustering.cluster import KEPT_EIGENVECTORS, group_affinity
from repdiff.clustering.coordinates import Coordinates
from repdiff.clustering.order import find_clusters
from repdiff.clustering.representatives import Contrast
from repdiff.clustering.spectral import Warn, warn_not_converged
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.evidence.choice import choose_number
from repdiff.evidence.holding import choose_holding_numbers
from repdiff.results.choice import ChosenNumber
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, DirectionName
from repdiff.results.neighbors import NeighborLists
from repdiff.settings import ClusterSettings
from repdiff.workflows.provenance import Clock

_STANDARD_ERRORS = 2.0  # within which a mean may lie on either side of the threshold


@dataclass(frozen=True)
class Contrasts:
    """Both directions of a pair before they are clustered.

    Attributes
    ----------
    x_only, y_only : Contrast
        Which pairs are near in x and far in y, and the reverse.
    engine : mapping
        How the affinities were computed, for the manifest.
    neighbors : NeighborLists or None
        The nearest neighbours of all items, where the engine was asked for them and had them at hand.
    """

    x_only: Contrast
    y_only: Contrast
    engine: Mapping[str, Any]
    neighbors: NeighborLists | None = None


def contrasts_of(
    x: Representation,
    y: Representation,
    settings: ClusterSettings,
    *,
    groups: npt.NDArray[np.int32] | None = None,
    plan: Plan | None = None,
    n_neighbors: int = 0,
    progress: Progress = silent,
) -> Contrasts:
    """The affinities of both directions, with the distances by which their representatives are chosen.

    Parameters
    ----------
    x, y : Representation
        Of the same items.
    settings : ClusterSettings
        Of the method and the engine.
    groups : ndarray of int32, (n,), optional
        Where only pairs within a group count, the group of each item.
    plan : Plan, optional
        The engine's plan for this pair, where it was made before.
    n_neighbors : int
        Nearest neighbours of each item that are wanted, from an engine that has them at hand.
    progress : Progress, optional
        Reports the stages of the engine.

    Raises
    ------
    MemoryLimitError
        Before any work, where the affinities do not fit.
    """
    found = compute_affinities(
        x, y, engine=settings.engine, device=settings.device, gamma=settings.gamma, beta=settings.beta, groups=groups,
        memory_limit=settings.memory_bytes, device_memory_limit=settings.device_memory_bytes, n_jobs=settings.n_jobs,
        plan=plan, n_neighbors=n_neighbors, random_state=settings.random_state, progress=progress,
    )  # fmt: skip
    return Contrasts(Contrast(found.x_only, x, y), Contrast(found.y_only, y, x), found.engine, found.neighbors)


def choose_numbers(
    x: Representation,
    y: Representation,
    settings: ClusterSettings,
    names: Sequence[DirectionName] = DIRECTIONS,
    *,
    groups: npt.NDArray[np.int32] | None = None,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> Mapping[DirectionName, ChosenNumber]:
    """The numbers of clusters that hold against noise; nothing where numbers are given, or noise cannot be asked.

    Then :func:`find_direction` decides by the number given, or by the eigenvalues of the affinity.
    """
    if not isinstance(settings.n_clusters, str):
        return {}
    with (Clock() if clock is None else clock).time("number of clusters"):
        return choose_holding_numbers(
            x.ready, y.ready, names, gamma=settings.gamma, beta=settings.beta,
            no_change_threshold=settings.no_change_threshold, groups=groups, n_jobs=resolve_n_jobs(settings.n_jobs),
            random_state=settings.random_state, progress=progress,
        )  # fmt: skip


@dataclass(frozen=True)
class FoundClusters:
    """The clusters of one direction.

    Attributes
    ----------
    labels : ndarray of int32, (n,)
        Cluster of each item; 0 is the cluster of lowest mean affinity.
    clusters : tuple of DifferenceCluster
        Low to high mean affinity.
    n_wanted : int
        How many clusters were asked for; a clusterer may find fewer.
    chosen : ChosenNumber or None
        How that number was chosen, where it was not given.
    coordinates : Coordinates or None
        What k-means clustered; None for another clusterer.
    """

    labels: npt.NDArray[np.int32]
    clusters: tuple[DifferenceCluster, ...]
    n_wanted: int
    chosen: ChosenNumber | None
    coordinates: Coordinates | None = None


def find_direction(
    contrast: Contrast,
    settings: ClusterSettings,
    *,
    chosen: ChosenNumber | None = None,
    name: str = "",
    warn: Warn = warn_not_converged,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> FoundClusters:
    """Cluster an affinity, order the clusters by their mean affinity and choose their representatives.

    Parameters
    ----------
    contrast : Contrast
        The direction.
    settings : ClusterSettings
        Of the method.
    chosen : ChosenNumber, optional
        The number of clusters, where noise has decided (:func:`choose_numbers`).
    name : str
        Name of the direction in timings.
    warn : callable, optional
        Called where the eigenvectors have not converged.
    clock : Clock, optional
        Records the timings.
    progress : Progress, optional
        Reports the stages "eigenvectors" and "k-means".
    """
    clock = Clock() if clock is None else clock
    seed = settings.random_state
    if chosen is not None:
        wanted = chosen.n
    elif isinstance(settings.n_clusters, str):
        with clock.time(f"{name} number of clusters"):
            chosen = choose_number(contrast.affinity, random_state=seed, warn=warn, progress=progress)
            wanted = chosen.n
    else:
        wanted = settings.n_clusters
    with clock.time(f"{name} clustering"):
        grouping = group_affinity(
            contrast.affinity, wanted, clusterer=settings.clusterer, n_kept=KEPT_EIGENVECTORS, random_state=seed,
            warn=warn, progress=progress,
        )  # fmt: skip
    with clock.time(f"{name} representatives"):
        ordered, clusters = find_clusters(
            grouping.labels, contrast, no_change_threshold=settings.no_change_threshold,
            n_representatives=settings.n_representatives, representatives=settings.representatives,
        )  # fmt: skip
    return FoundClusters(ordered, clusters, wanted, chosen, grouping.coordinates)


def undecided(clusters: Sequence[DifferenceCluster], threshold: float) -> list[str]:
    """A warning for each cluster whose estimated mean affinity is too near the no-change threshold to be sure."""
    return [
        f"cluster {cluster.index} has an estimated mean affinity of {cluster.mean_affinity:.3g} "
        f"(standard error {cluster.mean_error:.2g}), too near the no-change threshold of {threshold:g} to tell "
        'on which side it lies; engine="exact" can tell'
        for cluster in clusters
        if cluster.mean_error > 0 and abs(cluster.mean_affinity - threshold) <= _STANDARD_ERRORS * cluster.mean_error
    ]
