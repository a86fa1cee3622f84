"""Kept eigenvectors -> another number of clusters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.clustering.cluster import cut_vectors
from repdiff.clustering.kmeans import RESTARTS
from repdiff.core.errors import RepdiffError
from repdiff.core.parallel import Task, run_side_by_side
from repdiff.core.progress import Progress, silent
from repdiff.results.clusters import Direction
from repdiff.results.comparison import Comparison
from repdiff.results.spectrum import KeptSpectrum, Recut, RecutDirection

_FEWEST_ITEMS = 2000  # below it a second thread saves less than it costs


def recut(comparison: Comparison, n_clusters: int, *, restarts: int = RESTARTS) -> Recut:
    """Both directions of a comparison cut into another number of clusters; see :meth:`repdiff.Comparison.recut`."""
    parameters = comparison.provenance.parameters
    threshold, seed = float(parameters["no_change_threshold"]), comparison.provenance.random_state

    def task(direction: Direction) -> Task[RecutDirection]:
        def work(progress: Progress) -> RecutDirection:
            return recut_direction(direction, n_clusters, threshold, seed, restarts=restarts, progress=progress)

        return Task(work, 0)

    both = [task(direction) for direction in (comparison.x_only, comparison.y_only)]
    n_at_once = 2 if len(comparison.x_only.labels) >= _FEWEST_ITEMS else 1
    return Recut(n_clusters, *run_side_by_side(both, n_at_once=n_at_once, budget=0))


def recut_direction(
    direction: Direction,
    n_clusters: int,
    no_change_threshold: float,
    random_state: int | None,
    *,
    restarts: int = RESTARTS,
    progress: Progress = silent,
) -> RecutDirection:
    """One direction cut into another number of clusters.

    Raises
    ------
    RepdiffError
        Where no eigenvectors were kept, or fewer than that.
    """
    spectrum = direction.spectrum
    if spectrum is None:
        raise RepdiffError(
            f"{direction.name} keeps no eigenvectors, so it cannot be cut again; compare again with this version and "
            "the spectral clusterer"
        )
    most = spectrum.vectors.shape[1]
    if restarts < 1:
        raise RepdiffError(f"restarts must be at least 1, but is {restarts}")
    if not 1 <= n_clusters <= most:
        raise RepdiffError(f"n_clusters must be from 1 to {most}, the eigenvectors kept, but is {n_clusters}")
    labels = cut_vectors(
        spectrum.vectors[:, :n_clusters], n_clusters, restarts=restarts, random_state=random_state, progress=progress
    )  # fmt: skip
    means = estimated_means(spectrum, labels) * _correction(direction, spectrum)
    first = np.unique(labels, return_index=True)[1]
    order = np.lexsort((first, means))
    renamed = np.empty(len(order), np.int32)
    renamed[order] = np.arange(len(order), dtype=np.int32)
    sizes = np.bincount(labels)[order]
    return RecutDirection(direction.name, renamed[labels], means[order], means[order] < no_change_threshold, sizes)


def estimated_means(spectrum: KeptSpectrum, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Mean affinity within each cluster, (k,), of the part of the affinity that the eigenvectors hold.

    A is D^1/2 U L U^T D^1/2 and the rest; with v = D^-1/2 u the part's sum over a cluster is, for each eigenvalue, its
    value times the square of the sum of d v over the members.
    """
    k = int(labels.max()) + 1
    weighted = spectrum.vectors * spectrum.degree[:, None]
    sums = np.stack([np.bincount(labels, weights=column, minlength=k) for column in weighted.T], axis=1)
    sizes = np.bincount(labels, minlength=k)
    return np.asarray((np.square(sums) @ spectrum.values) / np.square(sizes, dtype=np.float64))


def _correction(direction: Direction, spectrum: KeptSpectrum) -> float:
    """What the estimates must be multiplied by for the direction's own clusters, whose means are known."""
    known = np.array([cluster.mean_affinity for cluster in direction.clusters])
    sizes = np.array([cluster.size for cluster in direction.clusters], dtype=np.float64)
    estimated = estimated_means(spectrum, direction.labels)
    return float(np.exp(np.average(np.log(known / estimated), weights=sizes)))
