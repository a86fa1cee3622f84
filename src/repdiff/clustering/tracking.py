"""Labels at successive checkpoints -> the tracks of their clusters: how groups appear, persist, split, merge, settle.

A checkpoint's *groups* are its difference clusters and one group of all no-change items. Difference clusters of
neighbouring checkpoints are matched one to one so that the sum of their Jaccard overlaps is largest (optimal
assignment), among pairs that share at least ``overlap`` of the smaller of the two. A chain of matched clusters is one
track. Unmatched clusters give the other events: a cluster most of whose items come from one earlier cluster has split
from it; a cluster most of whose items go into one later cluster has merged into it, or is resolved if they go to no
change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from repdiff.core.overlap import best_pairs, jaccard_index, shared_counts
from repdiff.results.tracks import NO_CHANGE, Begins, Ends, Flow, History, Track


def follow_clusters(groups: Sequence[npt.NDArray[np.int32]], *, overlap: float = 0.5) -> History:
    """The tracks of clusters through successive checkpoints.

    Parameters
    ----------
    groups : sequence of ndarray of int32, (n,)
        For each checkpoint, each item's difference cluster, or :data:`NO_CHANGE`. A higher index is a stronger
        difference.
    overlap : float
        Share of the smaller of two clusters that they must have in common to be one track, and share of a cluster's
        items that must come from or go to one group for it to have split, merged or been resolved.

    Returns
    -------
    History
        Tracks and flows. The same partitions give the same history, whatever the order of the items.
    """
    steps = [_Step.between(before, after) for before, after in pairwise(groups)]
    chains = _chains([_clusters_of(labels) for labels in groups], [step.matches(overlap) for step in steps])
    track_of: list[dict[int, int]] = [{} for _ in groups]
    for index, (first, clusters) in enumerate(chains):
        for at, cluster in enumerate(clusters, start=first):
            track_of[at][cluster] = index
    tracks = []
    for index, (first, clusters) in enumerate(chains):
        begins, parent = _beginning(steps, track_of, first, clusters[0], overlap)
        ends, successor = _ending(steps, track_of, first + len(clusters) - 1, clusters[-1], overlap)
        tracks.append(Track(index, first, clusters, begins, parent, ends, successor))
    flows = tuple(flow for at, step in enumerate(steps) for flow in step.flows(at))
    return History(tuple(tracks), flows, tuple(track_of))


@dataclass(frozen=True)
class _Step:
    """How many items go from each group of a checkpoint to each of the next."""

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    counts: npt.NDArray[np.int64]  # (sources, targets)

    @classmethod
    def between(cls, before: npt.NDArray[np.int32], after: npt.NDArray[np.int32]) -> _Step:
        sources, at_source = np.unique(before, return_inverse=True)
        targets, at_target = np.unique(after, return_inverse=True)
        counts = shared_counts(at_source, at_target, len(sources), len(targets))
        return cls(tuple(sources.tolist()), tuple(targets.tolist()), counts)

    def matches(self, overlap: float) -> dict[int, int]:
        """Difference clusters of the first checkpoint -> those of the second that continue their tracks."""
        ours = [place for place, name in enumerate(self.sources) if name != NO_CHANGE]
        theirs = [place for place, name in enumerate(self.targets) if name != NO_CHANGE]
        shared = self.counts[np.ix_(ours, theirs)]
        size, next_size = self.counts.sum(axis=1)[ours][:, None], self.counts.sum(axis=0)[theirs][None]
        enough = shared >= overlap * np.minimum(size, next_size)
        pairs = zip(*best_pairs(np.where(enough, jaccard_index(shared, size, next_size), 0.0)), strict=True)
        return {self.sources[ours[i]]: self.targets[theirs[j]] for i, j in pairs}

    def origin(self, target: int, overlap: float) -> int | None:
        """The group that at least the share ``overlap`` of a cluster's items come from."""
        return _largest(self.sources, self.counts[:, self.targets.index(target)], overlap)

    def destination(self, source: int, overlap: float) -> int | None:
        """The group that at least the share ``overlap`` of a cluster's items go to."""
        return _largest(self.targets, self.counts[self.sources.index(source)], overlap)

    def flows(self, at: int) -> list[Flow]:
        """All flows with at least one item."""
        return [Flow(at, self.sources[i], self.targets[j], int(self.counts[i, j])) for i, j in np.argwhere(self.counts)]


def _largest(names: tuple[int, ...], counts: npt.NDArray[np.int64], overlap: float) -> int | None:
    place = int(np.argmax(counts))
    return names[place] if counts[place] >= overlap * counts.sum() else None


def _clusters_of(labels: npt.NDArray[np.int32]) -> list[int]:
    """Difference clusters of a checkpoint, strongest first."""
    return sorted((name for name in np.unique(labels).tolist() if name != NO_CHANGE), reverse=True)


def _chains(clusters: list[list[int]], matches: list[dict[int, int]]) -> list[tuple[int, tuple[int, ...]]]:
    """First checkpoint and clusters of each track."""
    chains = []
    for first, names in enumerate(clusters):
        carried_on = set(matches[first - 1].values()) if first else set()
        for name in (name for name in names if name not in carried_on):
            chain = [name]
            for step in matches[first:]:
                if chain[-1] not in step:
                    break
                chain.append(step[chain[-1]])
            chains.append((first, tuple(chain)))
    return chains


def _beginning(
    steps: list[_Step], track_of: list[dict[int, int]], first: int, cluster: int, overlap: float
) -> tuple[Begins, int | None]:
    if first == 0:
        return "start", None
    origin = steps[first - 1].origin(cluster, overlap)
    if origin is None or origin == NO_CHANGE:
        return "appears", None
    return "splits", track_of[first - 1][origin]


def _ending(
    steps: list[_Step], track_of: list[dict[int, int]], last: int, cluster: int, overlap: float
) -> tuple[Ends, int | None]:
    if last == len(steps):
        return "end", None
    destination = steps[last].destination(cluster, overlap)
    if destination is None:
        return "dissolves", None
    return ("resolved", None) if destination == NO_CHANGE else ("merges", track_of[last + 1][destination])
