"""What a page is about: one comparison, or several that a reader steps through, each of them a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from repdiff.inputs.images import Thumbnails
from repdiff.report.wording.findings import nothing_differs
from repdiff.report.wording.formatting import Sentence
from repdiff.report.wording.groups import in_order
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.store.run import Run

Places = Mapping[int, int | None]


@dataclass(frozen=True)
class Fate:
    """The place of a cluster in a series.

    Attributes
    ----------
    track : int
        Index of the track that it is a part of.
    letter : str
        What that track is called.
    words : Sentence
        Its history in words: when it begins, and what becomes of it.
    """

    track: int
    letter: str
    words: Sentence


@dataclass(frozen=True)
class Frame:
    """One comparison on the page.

    Attributes
    ----------
    comparison : Comparison
        With the same items and the same x as every other frame.
    places : mapping of direction to mapping of int to int or None
        Place in the palette of each cluster; None for no change.
    fates : mapping of direction to mapping of int to Fate
        By cluster; empty where the page is not about a series.
    """

    comparison: Comparison
    places: Mapping[DirectionName, Places]
    fates: Mapping[DirectionName, Mapping[int, Fate]] = field(default_factory=dict)

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """Both directions."""
        return self.comparison.x_only, self.comparison.y_only

    @property
    def nothing_differs(self) -> bool:
        """Whether all items are no change, both ways."""
        return nothing_differs(self.comparison)


@dataclass(frozen=True)
class Subject:
    """All that a page shows.

    Attributes
    ----------
    frames : tuple of Frame
        At least one.
    thumbnails : Thumbnails
        Small pictures of items, for all frames.
    """

    frames: tuple[Frame, ...]
    thumbnails: Thumbnails

    @property
    def first(self) -> Comparison:
        """The comparison of the first frame: what all frames share can be read off it."""
        return self.frames[0].comparison

    @property
    def directions(self) -> Iterator[Direction]:
        """Both directions of every frame."""
        return (direction for frame in self.frames for direction in frame.directions)

    @property
    def n_colours(self) -> int:
        """Colours that the clusters need."""
        places = [place for frame in self.frames for of in frame.places.values() for place in of.values()]
        return 1 + max((place for place in places if place is not None), default=-1)


def subject_of(run: Run) -> Subject:
    """A run as the only frame of a page, its colours by strength."""
    comparison = run.comparison
    directions = (comparison.x_only, comparison.y_only)
    frame = Frame(comparison, {direction.name: places_by_strength(direction) for direction in directions})
    return Subject((frame,), run.thumbnails)


def places_by_strength(direction: Direction) -> dict[int, int | None]:
    """Place in the palette of each cluster: 0 for the one shown first, None for no change."""
    strongest_first = in_order(direction)
    places: dict[int, int | None] = {cluster.index: None for cluster in direction.clusters}
    places.update({cluster.index: place for place, cluster in enumerate(strongest_first)})
    return places
