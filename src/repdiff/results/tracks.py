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
class Life:
    """A difference cluster through time.

    Attributes
    ----------
    index : int
        Place in :attr:`History.lives`: by first checkpoint, then by strength there, strongest first.
    first : int
        Checkpoint at which it begins.
    clusters : tuple of int
        Its cluster at checkpoints ``first``, ``first + 1``, ...
    begins : {"start", "appears", "splits"}
        At the first checkpoint; out of items of no one cluster; or out of another cluster.
    parent : int or None
        The life it splits from.
    ends : {"end", "resolved", "merges", "dissolves"}
        At the last checkpoint; into no change; into another cluster; or into several.
    heir : int or None
        The life it merges into.
    """

    index: int
    first: int
    clusters: tuple[int, ...]
    begins: Begins
    parent: int | None
    ends: Ends
    heir: int | None

    @property
    def last(self) -> int:
        """The last checkpoint at which it is there."""
        return self.first + len(self.clusters) - 1


@dataclass(frozen=True)
class History:
    """One direction of a series.

    Attributes
    ----------
    lives : tuple of Life
        Every difference cluster of every checkpoint belongs to exactly one.
    flows : tuple of Flow
        All items, from each checkpoint to the next.
    life_of : tuple of mapping of int to int
        For each checkpoint, the life of each difference cluster.
    """

    lives: tuple[Life, ...]
    flows: tuple[Flow, ...]
    life_of: tuple[Mapping[int, int], ...]

    def children(self, life: int) -> tuple[Life, ...]:
        """The lives that split from a life."""
        return tuple(other for other in self.lives if other.parent == life)
