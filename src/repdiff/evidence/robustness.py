"""Whether a cluster depends on the settings: clustered again with other gamma, beta and numbers of clusters.

A' for another gamma or beta is not a function of A, so it is computed afresh, from the ranks among a sample of the
items; the difference depends on ratios of ranks only, and so hardly on how many items there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, DenseAffinity
from repdiff.affinity.difference import directed_affinity, leave_out_others
from repdiff.core.overlap import jaccard_table
from repdiff.core.parallel import for_each_tile
from repdiff.evidence.significance import FEWEST_MEMBERS
from repdiff.results.clusters import DirectionName
from repdiff.results.evidence import Variation
from repdiff.settings import LARGEST_BETA

Labels = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]

LARGEST_VARIED = 700  # items that are clustered under other settings
_FACTOR = 2.0  # gamma and beta, times and divided by
_STEP = 2  # clusters more and fewer


@dataclass(frozen=True)
class Sample:
    """Some items in both representations, to compute other affinities of.

    Attributes
    ----------
    ranks_x, ranks_y : ndarray of int32, (s, s)
        Neighbour ranks among them.
    groups : ndarray of int32, (s,), or None
        Where only pairs within a group count, the group of each.
    """

    ranks_x: npt.NDArray[np.int32]
    ranks_y: npt.NDArray[np.int32]
    groups: npt.NDArray[np.int32] | None = None

    def affinity(self, name: DirectionName, gamma: float, beta: float) -> Affinity:
        """One direction for these parameters (RDC, equations 2 and 3)."""
        directed = np.empty(self.ranks_x.shape, np.float32)
        directed_affinity(self.ranks_x, self.ranks_y, np.float32(gamma), np.float32(beta), directed)
        if self.groups is not None:
            leave_out_others(self.groups, self.groups, directed)
        if name == "y_only":
            np.reciprocal(directed, out=directed)
        return DenseAffinity((directed + directed.T) / 2)


def vary_settings(
    sample: Sample,
    labels: Mapping[DirectionName, Labels],
    n_clusters: Mapping[DirectionName, int],
    reclusters: Mapping[DirectionName, Callable[[Affinity, int, int | None], Labels]],
    *,
    gamma: float,
    beta: float,
    takes_number: bool = True,
    n_jobs: int = 1,
    seed: int = 0,
) -> Mapping[DirectionName, tuple[tuple[Variation, ...], ...]]:
    """For each cluster of each direction, how far it comes back under other settings.

    Parameters
    ----------
    sample : Sample
        Items to try it on.
    labels : mapping to ndarray of int32, (s,)
        Cluster of each of those items, as found under the settings of the comparison.
    n_clusters : mapping to int
        How many clusters each direction has.
    reclusters : mapping to callable
        Affinity, seed and number of clusters (None for as many as before) -> labels.
    gamma, beta : float
        The settings of the comparison.
    takes_number : bool
        Whether the clustering can be asked for another number of clusters.
    n_jobs : int
        Threads.
    seed : int
        Of the clusterings.

    Notes
    -----
    The most similar cluster counts, as in Hennig 2007, and not one that is assigned: with fewer clusters some of them
    must share a counterpart. Of a cluster that fewer than three of the items belong to nothing is said.
    """
    tasks = [
        (name, parameter, value)
        for name in labels
        for parameter, value in _other_values(gamma, beta, n_clusters[name] if takes_number else None)
    ]
    best: dict[tuple[DirectionName, str, float], npt.NDArray[np.float64]] = {}

    def vary(task: tuple[DirectionName, str, float]) -> None:
        name, parameter, value = task
        changed = {"gamma": gamma, "beta": beta, parameter: value}
        number = int(changed.pop("n_clusters")) if parameter == "n_clusters" else None
        others = reclusters[name](sample.affinity(name, **changed), seed, number)
        best[task] = jaccard_table(labels[name], others, n_clusters[name]).max(axis=1)

    for_each_tile(vary, tasks, n_jobs=n_jobs)
    return {
        name: _of_clusters(
            np.bincount(labels[name], minlength=n_clusters[name]),
            [(parameter, value, best[of, parameter, value]) for of, parameter, value in tasks if of == name],
        )
        for name in labels
    }


def _of_clusters(
    sizes: npt.NDArray[np.int64], tried: Sequence[tuple[str, float, npt.NDArray[np.float64]]]
) -> tuple[tuple[Variation, ...], ...]:
    """What each cluster of a direction came to: parameter, value and best agreement of each cluster, by cluster."""
    return tuple(
        tuple(Variation(parameter, value, float(best[cluster])) for parameter, value, best in tried)
        if size >= FEWEST_MEMBERS
        else ()
        for cluster, size in enumerate(sizes)
    )


def _other_values(gamma: float, beta: float, n_clusters: int | None) -> list[tuple[str, float]]:
    betas = [value for value in (beta / _FACTOR, beta * _FACTOR) if value <= LARGEST_BETA]
    numbers = [] if n_clusters is None else [n_clusters - _STEP, n_clusters + _STEP]
    return [
        *(("gamma", value) for value in (gamma / _FACTOR, gamma * _FACTOR)),
        *(("beta", value) for value in betas),
        *(("n_clusters", float(number)) for number in numbers if number >= 2),
    ]
