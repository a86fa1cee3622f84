"""Halves of the items -> how a clustering fares on items it has not seen.

Each resample deals the items out into some that are clustered afresh and others that are kept from the clustering. The
first say whether a cluster is found again (clusterwise stability; Hennig 2007), the others whether it is more than
chance (:mod:`repdiff.evidence.significance`): a cluster was chosen for its high affinity, so on its own items it is
bound to be high, even where there is nothing but noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, DenseAffinity
from repdiff.core.geometry import nearest_first
from repdiff.core.overlap import match_clusters
from repdiff.core.parallel import for_each_tile
from repdiff.core.progress import Progress, silent
from repdiff.evidence.significance import (
    FEWEST_MEMBERS,
    N_NEIGHBORHOODS,
    Unseen,
    compare_with_neighborhoods,
)
from repdiff.settings import EvidenceSettings

Labels = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]

LARGEST_SAMPLE = 1000
_FEWEST_PER_CLUSTER = 3  # items seen, for each cluster asked for, below which clustering again says nothing


@dataclass(frozen=True)
class Clustered:
    """One direction, and what evidence is taken from.

    Attributes
    ----------
    affinity : Affinity
        What was clustered.
    labels : ndarray of int32, (n,)
        Cluster of each item, 0 to k - 1.
    nearness : callable
        Rows and columns -> numbers, (r, c), that sort the columns from near to far, in the representation that holds
        the clusters together.
    recluster : callable
        Affinity of some items, a seed and a number of clusters (None for as many as before) -> their labels: the
        clustering as it was done.
    groups : ndarray of int32, (n,), or None
        Where only pairs within a group count, the group of each item.
    nearest : ndarray of int32, (n, q), or None
        The nearest other items of each item by ``nearness``, nearest first, where they are known.
    """

    affinity: Affinity
    labels: Labels
    nearness: Callable[[Rows, Rows], npt.NDArray[np.float32]]
    recluster: Callable[[Affinity, int, int | None], Labels]
    groups: npt.NDArray[np.int32] | None = None
    nearest: npt.NDArray[np.int32] | None = None

    @property
    def n_clusters(self) -> int:
        """How many clusters there are."""
        return int(self.labels.max()) + 1


@dataclass(frozen=True)
class Resample:
    """What one resample says of each cluster.

    Attributes
    ----------
    seen : ndarray of int64, (s,)
        Rows that were clustered afresh.
    jaccard : ndarray of float64, (k,)
        Agreement of each cluster with the new one it is matched with, among the items seen: 0 where there is none,
        NaN where fewer than three of its members were seen.
    unseen : Unseen
        What became of each cluster among the items kept from the clustering.
    """

    seen: Rows
    jaccard: npt.NDArray[np.float64]
    unseen: Unseen


def draw_resamples(
    directions: Sequence[Clustered],
    *,
    n_resamples: int = EvidenceSettings.n_resamples,
    n_jobs: int = 1,
    seed: int = 0,
    stage: str = "",
    progress: Progress = silent,
) -> tuple[tuple[Resample, ...], ...]:
    """Cluster some of the items again and again, and look at others; none where there are too few items for that.

    Parameters
    ----------
    directions : sequence of Clustered
        Each gets resamples of its own, of the same items.
    n_resamples : int
        How often.
    n_jobs : int
        Threads.
    seed : int
        Of what is drawn.
    stage : str
        What ``progress`` is told that this is.
    progress : Progress, optional
        Told how far it is.

    Raises
    ------
    RepdiffError
        Where the clusterer cannot label some of the items.
    """
    sizes = [min(LARGEST_SAMPLE, one.affinity.n // 2) for one in directions]
    tasks = [
        (place, number)
        for number in range(n_resamples)
        for place, (one, size) in enumerate(zip(directions, sizes, strict=True))
        if size >= _FEWEST_PER_CLUSTER * one.n_clusters
    ]
    drawn: dict[tuple[int, int], Resample] = {}

    def draw(task: tuple[int, int]) -> None:
        place, number = task
        drawn[task] = _draw(directions[place], sizes[place], np.random.default_rng([seed, number]), number)

    for_each_tile(draw, tasks, n_jobs=n_jobs, stage=stage, progress=progress)
    return tuple(
        tuple(drawn[place, number] for number in range(n_resamples) if (place, number) in drawn)
        for place in range(len(directions))
    )


def _draw(clustered: Clustered, size: int, rng: np.random.Generator, draw: int) -> Resample:
    dealt = rng.permutation(clustered.affinity.n).astype(np.int64)
    seen, unseen = np.sort(dealt[:size]), np.sort(dealt[size : 2 * size])
    labels = clustered.recluster(DenseAffinity(clustered.affinity.block(seen, seen)), draw, None)
    jaccard, match = match_clusters(clustered.labels[seen], labels, clustered.n_clusters)
    jaccard[np.bincount(clustered.labels[seen], minlength=clustered.n_clusters) < FEWEST_MEMBERS] = np.nan
    fallen = labels[_nearest(clustered, unseen, seen)]
    picked = rng.permutation(size)[:N_NEIGHBORHOODS]
    others = _other_group(clustered, unseen[picked], unseen)
    order = nearest_first(clustered.nearness(unseen[picked], unseen), picked, others)
    found = compare_with_neighborhoods(clustered.affinity.block(unseen, unseen), fallen, match, order)
    return Resample(seen, jaccard, found)


def _nearest(clustered: Clustered, items: Rows, candidates: Rows) -> Rows:
    """Place of the nearest candidate of each item: of its own group, where only pairs within a group count."""
    if clustered.nearest is None or clustered.groups is not None:
        return _nearest_by_distance(clustered, items, candidates)
    place = np.full(clustered.affinity.n, -1)
    place[candidates] = np.arange(len(candidates))
    places = place[clustered.nearest[items]]
    nearest = places[np.arange(len(items)), (places >= 0).argmax(axis=1)]
    without = np.flatnonzero(nearest < 0)  # none of the neighbours known is a candidate
    if len(without):
        nearest[without] = _nearest_by_distance(clustered, items[without], candidates)
    return np.asarray(nearest)


def _nearest_by_distance(clustered: Clustered, items: Rows, candidates: Rows) -> Rows:
    nearness = clustered.nearness(items, candidates)
    others = _other_group(clustered, items, candidates)
    if others is not None:
        others[others.all(axis=1)] = False  # a group that no candidate is of
        nearness = np.where(others, np.inf, nearness)
    return np.asarray(nearness.argmin(axis=1))


def _other_group(clustered: Clustered, items: Rows, candidates: Rows) -> npt.NDArray[np.bool_] | None:
    """For each item, the candidates of other groups; None where all pairs count."""
    if clustered.groups is None:
        return None
    return np.asarray(clustered.groups[items][:, None] != clustered.groups[candidates])
