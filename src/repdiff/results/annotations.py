"""What people say of a comparison: names, tags, notes and decisions about its clusters, and selections of its items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from repdiff.core.errors import RunError
from repdiff.results.directions import DIRECTIONS, DirectionName

Decision = Literal["real", "noise"]

_EXPORTED: Mapping[str, Callable[[ClusterNote], str]] = {
    "name": lambda note: note.name,
    "tags": lambda note: ", ".join(note.tags),
    "decision": lambda note: note.decision or "",
}
LONGEST_NAME, LONGEST_NOTE = 200, 10_000  # characters
MOST_TAGS, MOST_SELECTIONS = 50, 1_000


@dataclass(frozen=True)
class ClusterNote:
    """What people say of one cluster.

    Attributes
    ----------
    direction : {"x_only", "y_only"}
        Its direction.
    index : int
        Its index there.
    name : str
        What they call it; empty where nobody has named it.
    tags : tuple of str
        Short words to find it by.
    note : str
        What they write about it.
    decision : {"real", "noise"} or None
        What they take it for; None while it is undecided.
    set_aside : bool
        Whether it is left out of review and memo.
    merged_into : int or None
        Index of the cluster of the same direction that it is counted with.
    """

    direction: DirectionName
    index: int
    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    decision: Decision | None = None
    set_aside: bool = False
    merged_into: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self == ClusterNote(self.direction, self.index)


@dataclass(frozen=True)
class NamedSelection:
    """Items that somebody picked out and named.

    Attributes
    ----------
    name : str
        What they are called; no two selections have the same name.
    items : tuple of str
        Ids of the items.
    note : str
        What is written about them.
    """

    name: str
    items: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class Annotations:
    """All that people say of a comparison.

    Attributes
    ----------
    version : int
        How often they were changed. Whoever writes names the version that was read, so that nobody's words are lost.
    clusters : tuple of ClusterNote
        At most one for each cluster.
    selections : tuple of NamedSelection
        Items with a name.
    """

    version: int = 0
    clusters: tuple[ClusterNote, ...] = ()
    selections: tuple[NamedSelection, ...] = ()

    def of(self, direction: DirectionName, index: int) -> ClusterNote:
        """What is said of a cluster; an empty note where nothing is."""
        found = (note for note in self.clusters if (note.direction, note.index) == (direction, index))
        return next(found, ClusterNote(direction, index))

    def name_of(self, direction: DirectionName, index: int) -> str:
        """What people call a cluster; that of the cluster it is merged into, where it has no name of its own."""
        note = self.of(direction, index)
        while not note.name and note.merged_into is not None:
            note = self.of(direction, note.merged_into)
        return note.name

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said of anything."""
        return not self.clusters and not self.selections

    def to_frame(self, items: pd.DataFrame) -> pd.DataFrame:
        """A table of items, as of :meth:`Comparison.to_frame`, and what people say of each; unchanged without a word.

        Parameters
        ----------
        items : DataFrame
            With the columns ``id``, ``x_only`` and ``y_only``.

        Returns
        -------
        DataFrame
            With the columns ``x_only_name``, ``x_only_tags``, ``x_only_decision``, the same of y_only, and
            ``selections`` before those of the items; text, empty where nothing is said. ``annotated_`` stands before a
            name that the items have already.
        """
        if self.is_empty:
            return items
        columns = {}
        for name in DIRECTIONS:
            notes = {index: self._settled(name, index) for index in items[name].unique()}
            for column, of in _EXPORTED.items():
                columns[f"{name}_{column}"] = items[name].map({index: of(note) for index, note in notes.items()})
        chosen: dict[str, list[str]] = {}
        for selection in self.selections:
            for one in selection.items:
                chosen.setdefault(one, []).append(selection.name)
        columns["selections"] = items["id"].map(lambda one: ", ".join(chosen.get(one, ())))
        place = sum(column in items for column in ("id", *DIRECTIONS, *(f"{name}_no_change" for name in DIRECTIONS)))
        said = pd.DataFrame(
            {f"annotated_{name}" if name in items else name: column for name, column in columns.items()}
        )
        return pd.concat([items.iloc[:, :place], said, items.iloc[:, place:]], axis=1)

    def _settled(self, direction: DirectionName, index: int) -> ClusterNote:
        """What is said of a cluster, under the name that counts."""
        return replace(self.of(direction, index), name=self.name_of(direction, index))


def check_annotations(annotations: Annotations, n_clusters: Mapping[DirectionName, int], ids: Any) -> None:
    """Refuse annotations that do not fit a comparison.

    Parameters
    ----------
    annotations : Annotations
        What people say.
    n_clusters : mapping of str to int
        Clusters of each direction.
    ids : container of str
        Ids of the items.

    Raises
    ------
    RunError
        Where a cluster or an item does not exist or comes twice, a text is too long, or merging goes in a circle.
    """
    if annotations.version < 0:
        raise RunError(f"annotations: version must be 0 or more, but is {annotations.version}")
    _check_clusters(annotations, n_clusters)
    _check_selections(annotations, ids)


def _check_clusters(annotations: Annotations, n_clusters: Mapping[DirectionName, int]) -> None:
    seen = set()
    for note in annotations.clusters:
        what = f"annotations: cluster {note.index} of {note.direction}"
        if not 0 <= note.index < n_clusters[note.direction]:
            raise RunError(f"{what} does not exist; there are {n_clusters[note.direction]}, counted from 0")
        if (note.direction, note.index) in seen:
            raise RunError(f"{what} comes twice")
        seen.add((note.direction, note.index))
        _check_text(f"the name of {what}", note.name, LONGEST_NAME)
        _check_text(f"the note on {what}", note.note, LONGEST_NOTE, lines=True)
        if len(note.tags) > MOST_TAGS:
            raise RunError(f"{what} has {len(note.tags)} tags, but may have {MOST_TAGS}")
        for tag in note.tags:
            _check_text(f"a tag of {what}", tag, LONGEST_NAME)
            if not tag.strip():
                raise RunError(f"{what} has an empty tag")
    for name in DIRECTIONS:
        merged = {note.index: note.merged_into for note in annotations.clusters if note.direction == name}
        _check_merges(merged, name, n_clusters[name])


def _check_merges(merged: Mapping[int, int | None], name: str, n: int) -> None:
    for index, target in merged.items():
        if target is None:
            continue
        if not 0 <= target < n:
            raise RunError(f"annotations: cluster {index} of {name} is merged into {target}, which does not exist")
        passed = {index}
        while target is not None:
            if target in passed:
                raise RunError(f"annotations: cluster {index} of {name} is merged with itself, in a circle")
            passed.add(target)
            target = merged.get(target)


def _check_selections(annotations: Annotations, ids: Any) -> None:
    if len(annotations.selections) > MOST_SELECTIONS:
        raise RunError(f"annotations: there are {len(annotations.selections)} selections, but may be {MOST_SELECTIONS}")
    names = set()
    for selection in annotations.selections:
        what = f"annotations: selection {selection.name[:40]!r}"
        _check_text(f"the name of {what}", selection.name, LONGEST_NAME)
        _check_text(f"the note on {what}", selection.note, LONGEST_NOTE, lines=True)
        if not selection.name.strip() or selection.name in names:
            raise RunError(f"{what} must have a name of its own")
        names.add(selection.name)
        unknown = next((one for one in selection.items if one not in ids), None)
        if unknown is not None:
            raise RunError(f"{what} holds {unknown[:40]!r}, which is not an item")
        if not selection.items or len(set(selection.items)) < len(selection.items):
            raise RunError(f"{what} must hold at least one item, and none twice")


def _check_text(what: str, text: str, longest: int, *, lines: bool = False) -> None:
    if len(text) > longest:
        raise RunError(f"{what} has {len(text):,} characters, but may have {longest:,}")
    allowed = "\n\t" if lines else ""
    if any((ord(character) < 32 and character not in allowed) or ord(character) == 127 for character in text):
        raise RunError(f"{what} holds a control character; write plain text")
