"""A directory of any kind as the comparisons that can be looked at, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from repdiff.explorer.explored import Explored, Given
from repdiff.explorer.rerun import Rerun
from repdiff.explorer.trials import Changes
from repdiff.store.kinds import as_run
from repdiff.store.run import Run, read_run
from repdiff.store.series import SeriesRun
from repdiff.store.several import RUNS


@dataclass(frozen=True)
class Shelf:
    """One comparison of a directory.

    Attributes
    ----------
    title : str
        What it is called where there are several.
    folder : Path
        Its own run directory.
    given : Given
        Files and folders that may be read besides.
    read : Run, optional
        What is in it, where that has been read already.
    """

    title: str
    folder: Path
    given: Given = field(default_factory=Given)
    read: Run | None = None

    @cached_property
    def explored(self) -> Explored:
        """The comparison, read when it is first asked for."""
        return Explored(self.read or read_run(self.folder), self.folder, self.given)


class Library:
    """All comparisons of a run, a series or a matrix, in order; at least one. Runs made of them are added at the end.

    Parameters
    ----------
    shelves : sequence of Shelf
        The comparisons.
    folder : Path
        The directory that was opened.
    given : Given
        Files and folders that may be read besides.
    """

    def __init__(self, shelves: Sequence[Shelf], folder: Path, given: Given) -> None:
        self.shelves, self.given = tuple(shelves), given
        self._own = len(self.shelves)
        self.rerun = Rerun(self._add, folder)

    @property
    def titles(self) -> Sequence[str]:
        """What they are called."""
        return [shelf.title for shelf in self.shelves]

    def compare_again(self, place: int, changes: Changes) -> None:
        """Start a comparison as this one with some settings changed; raises RepdiffError where it cannot be."""
        self.rerun.start(self.shelves[place].explored, changes, str(place) if self._own > 1 else "")

    def _add(self, title: str, folder: Path) -> int:
        shelf = Shelf(title, folder, self.given)
        _ = shelf.explored  # a run that cannot be read is not added
        self.shelves = (*self.shelves, shelf)
        return len(self.shelves) - 1


def open_library(path: Path, given: Given | None = None) -> Library:
    """The comparisons of the directory of a run, a series or a matrix.

    Parameters
    ----------
    path : Path
        The directory.
    given : Given, optional
        Files and folders that may be read besides.

    Raises
    ------
    RunError
        Where it is none, was written by a newer repdiff, or is damaged.
    """
    folder, given = path.resolve(), Given() if given is None else given
    run = as_run(folder)
    if isinstance(run, Run):
        return Library([Shelf(" and ".join(run.comparison.names), folder, given, run)], folder, given)
    comparisons = run.timeline.comparisons if isinstance(run, SeriesRun) else run.matrix.comparisons
    titles = [" and ".join(comparison.names) for comparison in comparisons]
    folders = [folder / RUNS / str(name) for name in run.manifest["runs"]]
    shelves = [Shelf(title, one, given) for title, one in zip(titles, folders, strict=True)]
    return Library(shelves, folder, given)
