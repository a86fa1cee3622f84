"""Difference clusters through successive checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

NO_CHANGE = -1


Begins = Literal["start", "appears", "splits"]


Ends = Literal["end", "resolved", "merges", "dissolves"]


@dataclass(frozen=True)
class Flow:
    """Items that go from one group to another.

    Attributes
    ----------
    step : int
        Checkpoint they leave; they arrive at ``step + 1``.
    source, target : int
        Index of a difference cluster, or :data:`NO_CHANGE`.
    count : int
        How many; at least 1.
    """

    step: int
    source: int
    target: int
    count: int


@dataclass(frozen=True)
class Track:
    """A difference cluster through time.

    Attributes
    ----------
    index : int
        Place in :attr:`History.tracks`: by first checkpoint, then by strength there, strongest first.
    first : int
        Checkpoint at which it begins.
    clusters : tuple of int
        Its cluster at checkpoints ``first``, ``first + 1``, ...
    begins : {"start", "appears", "splits"}
        At the first checkpoint; out of items of no one cluster; or out of another cluster.
    parent : int or None
        The track it splits from.
    ends : {"end", "resolved", "merges", "dissolves"}
        At the last checkpoint; into no change; into another cluster; or into several.
    successor : int or None
        The track it merges into.
    """

    index: int
    first: int
    clusters: tuple[int, ...]
    begins: Begins
    parent: int | None
    ends: Ends
    successor: int | None

    @property
    def last(self) -> int:
        """The last checkpoint at which it is there."""
        return self.first + len(self.clusters) - 1


@dataclass(frozen=True)
class History:
    """One direction of a series.

    Attributes
    ----------
    tracks : tuple of Track
        Every difference cluster of every checkpoint belongs to exactly one.
    flows : tuple of Flow
        All items, from each checkpoint to the next.
    track_of : tuple of mapping of int to int
        For each checkpoint, the track of each difference cluster.
    """

    tracks: tuple[Track, ...]
    flows: tuple[Flow, ...]
    track_of: tuple[Mapping[int, int], ...]

    def children(self, track: int) -> tuple[Track, ...]:
        """The tracks that split from a track."""
        return tuple(other for other in self.tracks if other.parent == track)
