"""Matrix run -> the page that leads to its reports: a K x K table of how much each knows that each other does not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os.path import relpath
from pathlib import Path
from urllib.parse import quote

import numpy as np

from repdiff.inputs.images import make_thumbnails
from repdiff.report.page import asset, environment, write_page, write_run_report
from repdiff.report.wording.answer import answer
from repdiff.results.matrix import ComparisonMatrix
from repdiff.store.matrix import MatrixRun, matrix_run_of, read_matrix_run
from repdiff.store.run import REPORT
from repdiff.store.several import RUNS

BACK = f"../../{REPORT}"  # from a run of a matrix to the page of the matrix


@dataclass(frozen=True)
class Cell:
    """What the row knows that the column lacks.

    ``shade`` is the strength on a logarithmic scale, 0 for 1 (they agree) and 1 for the largest of the table.
    """

    knows: str
    lacks: str
    strength: float
    share: float
    clusters: int
    shade: float
    link: str | None


@dataclass(frozen=True)
class Row:
    """One representation: a cell for each other, None for itself."""

    name: str
    cells: tuple[Cell | None, ...]


def render_matrix(run: MatrixRun, *, runs: str | None = RUNS) -> str:
    """The page of a matrix: one HTML document without scripts, which leads to the reports of its runs.

    Parameters
    ----------
    run : MatrixRun
        What to show.
    runs : str or None
        Folder of the runs, as seen from the page; None for a page that leads nowhere.
    """
    matrix = run.matrix
    cells = _cells(run, runs)
    rows = [Row(name, tuple(cells.get((name, other)) for other in matrix.names)) for name in matrix.names]
    return environment().get_template("overview.html.j2").render(
        run=run,
        matrix=matrix,
        rows=rows,
        answers=_answers(run, cells),
        leads_to_runs=runs is not None,
        strongest=max(cells.values(), key=lambda cell: cell.strength),
        threshold=f"{run.manifest['parameters']['no_change_threshold']:g}",
        style=asset("page.css") + asset("overview.css"),
    )  # fmt: skip


def write_matrix_report(run: MatrixRun | ComparisonMatrix | str | Path, output: str | Path) -> Path:
    """Write the page of a matrix, whole or not at all, and the reports of its runs that it leads to where they lack.

    The page of a matrix that was not read from a directory shows the same and leads to no reports.

    Raises
    ------
    RepdiffError
        Where the path is no matrix, or a file cannot be written.
    """
    run = _run_of(run)
    if run.path is None:
        return write_page(render_matrix(run, runs=None), output)
    folder = (run.path / RUNS).absolute()
    for name in run.manifest["runs"]:
        if not (folder / name / REPORT).exists():
            write_run_report(folder / name, folder / name / REPORT, back=BACK)
    seen_from_page = Path(relpath(folder, Path(output).absolute().parent))  # the page may lie anywhere
    return write_page(render_matrix(run, runs=seen_from_page.as_posix()), output)


def _run_of(given: MatrixRun | ComparisonMatrix | str | Path) -> MatrixRun:
    if isinstance(given, MatrixRun):
        return given
    if isinstance(given, str | Path):
        return read_matrix_run(given)
    none = make_thumbnails(given.items, np.empty(0, np.int64))  # the page shows no pictures
    return matrix_run_of(replace(given, thumbnails=none))


def _answers(run: MatrixRun, cells: Mapping[tuple[str, str], Cell]) -> list[tuple[str, str | None, str]]:
    """Name, link and answer of each pair of which there is one."""
    told = []
    for comparison in run.matrix.comparisons:
        found = answer(comparison)
        if found is not None:
            told.append((" and ".join(comparison.names), cells[comparison.names].link, found.text))
    return told


def _cells(run: MatrixRun, runs: str | None) -> dict[tuple[str, str], Cell]:
    frame = run.matrix.to_frame()
    largest = max(math.log(max(frame["strength"].max(), 1.0)), 1e-9)
    folder_of = {
        frozenset(comparison.names): folder
        for comparison, folder in zip(run.matrix.comparisons, run.manifest["runs"], strict=True)
    }
    cells = {}
    columns = (frame[name].tolist() for name in ("knows", "lacks", "strength", "share", "clusters"))
    for knows, lacks, strength, share, clusters in zip(*columns, strict=True):
        shade = min(max(math.log(max(strength, 1e-9)) / largest, 0.0), 1.0)
        link = None if runs is None else quote(f"{runs}/{folder_of[frozenset((knows, lacks))]}/{REPORT}")
        cells[knows, lacks] = Cell(knows, lacks, strength, share, clusters, shade, link)
    return cells
