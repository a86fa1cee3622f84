"""A comparison with what the explorer looks up in it again and again, each made once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import RepdiffError
from repdiff.explorer.originals import Originals
from repdiff.explorer.trials import Trials
from repdiff.explorer.umap_job import UmapJob
from repdiff.inputs.columns import as_text
from repdiff.report.closer import name_column
from repdiff.report.payload import column_text
from repdiff.report.wording.groups import numbers
from repdiff.report.wording.names import name_of
from repdiff.results.annotations import Annotations
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.neighbors import NeighborLists
from repdiff.store.annotations import check_against, checked_annotations, replace_annotations
from repdiff.store.run import Run

N_SHOWN = 10  # neighbours of an item on each side; what is among them on both sides is kept
Rows = npt.NDArray[np.int64]
Marks = npt.NDArray[np.float64]


class Texts(Mapping[str, list[str]]):
    """The columns of a table as text, each made when it is asked for and kept."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._columns = {str(name): frame[name] for name in frame}
        self._made: dict[str, list[str]] = {}

    def __getitem__(self, name: str) -> list[str]:
        """One column; raises KeyError where there is none of that name."""
        if name not in self._made:
            self._made[name] = column_text(self._columns[name])
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        """Whether there is such a column; none is made."""
        return name in self._columns

    def __iter__(self) -> Iterator[str]:
        """The names, in order."""
        return iter(self._columns)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._columns)


class _Ids(Collection[str]):
    """The ids as text, made when they are looked at: of a million items that takes longer than most questions."""

    def __init__(self, columns: Texts) -> None:
        self._columns = columns

    def __contains__(self, one: object) -> bool:
        return one in self._columns["id"]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns["id"])

    def __len__(self) -> int:
        return len(self._columns["id"])


@dataclass(frozen=True)
class Given:
    """What the person who started the explorer named, and may therefore be read wherever it lies.

    Attributes
    ----------
    x, y : Path or None
        Embeddings that the run was made from.
    images : Path or None
        Folder of the pictures.
    """

    x: Path | None = None
    y: Path | None = None
    images: Path | None = None


class Explored:
    """One comparison, and what is read off it.

    Attributes
    ----------
    run : Run
        The run.
    folder : Path
        Its directory, in which the annotations are.
    given : Given
        Files and folders that may be read besides.
    """

    def __init__(self, run: Run, folder: Path, given: Given | None = None) -> None:
        self.run, self.folder, self.comparison = run, folder, run.comparison
        self.given = Given() if given is None else given

    @cached_property
    def umap(self) -> UmapJob:
        """The UMAP of both sides, made when it is asked for."""
        return UmapJob(self.comparison, self.folder)

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.comparison.items.frame)

    def direction(self, name: DirectionName) -> Direction:
        """One of the two directions."""
        return self.comparison.x_only if name == "x_only" else self.comparison.y_only

    @cached_property
    def originals(self) -> Originals:
        """The pictures themselves, where they may be read."""
        return Originals(self.comparison.items, self.folder, self.given.images)

    @cached_property
    def trials(self) -> Trials:
        """Other settings, tried on a sample."""
        return Trials(self.comparison, self.folder, {"x": self.given.x, "y": self.given.y})

    @cached_property
    def columns(self) -> Texts:
        """Every column as text, by its name."""
        return Texts(self.comparison.items.frame)

    @cached_property
    def title(self) -> list[str] | None:
        """What items are called besides their ids; None where no column says."""
        found = name_column(self.comparison.items)
        return None if found is None else self.columns[found]

    @cached_property
    def pictures(self) -> dict[int, int]:
        """Place of each item's picture among the thumbnails, by row."""
        return {row: place for place, row in enumerate(self.run.thumbnails.rows.tolist())}

    @cached_property
    def numbers(self) -> dict[DirectionName, dict[int, int]]:
        """The number under which each cluster is shown, by direction and index."""
        return {name: numbers(self.direction(name)) for name in DIRECTIONS}

    @cached_property
    def names(self) -> dict[DirectionName, dict[int, str]]:
        """What tells each cluster apart, by direction and index; empty text where nothing does."""
        label = self.comparison.items.label
        return {
            name: {cluster.index: name_of(cluster, label) for cluster in self.direction(name).clusters}
            for name in DIRECTIONS
        }

    @cached_property
    def lists(self) -> NeighborLists | None:
        """The ten nearest neighbours of the items on both sides; None where the run keeps none."""
        kept = self.comparison.neighbors
        return None if kept is None else kept.first(N_SHOWN)

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Place of each item in the neighbour lists, (n,); -1 where its neighbours are not known."""
        places = np.full(self.n, -1, np.int64)
        if self.lists is not None:
            places[self.lists.rows] = np.arange(len(self.lists.rows))
        return places

    @cached_property
    def kept(self) -> Marks:
        """How many of an item's ten neighbours both sides agree on, (n,); NaN where they are not known."""
        kept = np.full(self.n, np.nan)
        if self.lists is not None:
            kept[self.lists.rows] = self.lists.kept
        return kept

    @cached_property
    def right(self) -> tuple[Marks | None, Marks | None]:
        """Whether each side is right on an item, (n,): 1, 0, or NaN where it is unknown; None where it is of all.

        By predictions where there are any of that side, else by the label that most of the ten neighbours have.
        """
        items = self.comparison.items
        if items.label is None:
            return None, None
        labels = items.frame[items.label]
        if pd.api.types.is_float_dtype(labels.dtype):
            return None, None
        found = [self._predicted(labels, column) for column in (items.prediction_x, items.prediction_y)]
        if self.lists is not None and not any(marks is not None for marks in found):
            return self._voted(labels, self.lists.x), self._voted(labels, self.lists.y)
        return found[0], found[1]

    @property
    def right_means(self) -> str:
        """What being right means here; empty where nothing is known of it."""
        if not any(marks is not None for marks in self.right):
            return ""
        items = self.comparison.items
        predicted = items.prediction_x is not None or items.prediction_y is not None
        return "it predicts the label" if predicted else f"most of its {N_SHOWN} neighbours have the item's label"

    def _predicted(self, labels: pd.Series, column: str | None) -> Marks | None:
        if column is None:
            return None
        predictions = self.comparison.items.frame[column]
        right = np.asarray(as_text(labels) == as_text(predictions), dtype=np.float64)
        right[(labels.isna() | predictions.isna()).to_numpy()] = np.nan
        return right

    def _voted(self, labels: pd.Series, lists: npt.NDArray[np.int32]) -> Marks:
        assert self.lists is not None
        codes, _ = pd.factorize(labels)
        votes = codes[lists]
        same = votes[:, :, None] == votes[:, None, :]
        counts = np.where(votes < 0, 0, same.sum(axis=2))
        winner = votes[np.arange(len(votes)), counts.argmax(axis=1)]  # of equally many, the nearer
        truth = codes[self.lists.rows]
        right = np.full(self.n, np.nan)
        right[self.lists.rows] = np.where((truth < 0) | (winner < 0), np.nan, winner == truth)
        return right

    def annotations(self) -> Annotations:
        """What people say now; raises RunError where the file is damaged."""
        directions = (self.comparison.x_only, self.comparison.y_only)
        return checked_annotations(self.folder, directions, _Ids(self.columns))

    def annotate(self, annotations: Annotations) -> Annotations:
        """Write what people say; the same with the next version.

        Raises
        ------
        ConflictError
            Where somebody else has changed it in the meantime.
        RunError
            Where it does not fit the run, or cannot be written.
        """
        check_against(annotations, (self.comparison.x_only, self.comparison.y_only), _Ids(self.columns))
        return replace_annotations(self.folder, annotations)


def row_in(explored: Explored, row: int) -> int:
    """The row, if there is such an item; raises RepdiffError otherwise."""
    if not 0 <= row < explored.n:
        raise RepdiffError(f"there is no item {row}; rows go from 0 to {explored.n - 1}")
    return row
