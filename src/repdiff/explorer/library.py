"""A directory of any kind as the comparisons that can be looked at, each read when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from repdiff.explorer.explored import Explored
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
    read : Run, optional
        What is in it, where that has been read already.
    """

    title: str
    folder: Path
    read: Run | None = None

    @cached_property
    def explored(self) -> Explored:
        """The comparison, read when it is first asked for."""
        return Explored(self.read or read_run(self.folder), self.folder)


@dataclass(frozen=True)
class Library:
    """All comparisons of a run, a series or a matrix, in order; at least one."""

    shelves: tuple[Shelf, ...]

    @property
    def titles(self) -> Sequence[str]:
        """What they are called."""
        return [shelf.title for shelf in self.shelves]


def open_library(path: Path) -> Library:
    """The comparisons of the directory of a run, a series or a matrix.

    Raises
    ------
    RunError
        Where it is none, was written by a newer repdiff, or is damaged.
    """
    folder = path.resolve()
    run = as_run(folder)
    if isinstance(run, Run):
        return Library((Shelf(" and ".join(run.comparison.names), folder, run),))
    comparisons = run.timeline.comparisons if isinstance(run, SeriesRun) else run.matrix.comparisons
    titles = [" and ".join(comparison.names) for comparison in comparisons]
    folders = [folder / RUNS / str(name) for name in run.manifest["runs"]]
    return Library(tuple(map(Shelf, titles, folders)))
