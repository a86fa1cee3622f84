"""Matrix run -> the page that leads to its reports: a K x K table of how much each knows that each other does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from repdiff.matrix_run import MatrixRun, read_matrix_run
from repdiff.report.page import asset, environment, write_page
from repdiff.run import REPORT
from repdiff.series_run import RUNS


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
    link: str


@dataclass(frozen=True)
class Row:
    """One representation: a cell for each other, None for itself."""

    name: str
    cells: tuple[Cell | None, ...]


def render_matrix(run: MatrixRun) -> str:
    """The page of a matrix: one HTML document without scripts, which leads to the reports of the runs beside it."""
    matrix = run.matrix
    cells = _cells(run)
    rows = [Row(name, tuple(cells.get((name, other)) for other in matrix.names)) for name in matrix.names]
    return environment().get_template("overview.html.j2").render(
        run=run,
        matrix=matrix,
        rows=rows,
        strongest=max(cells.values(), key=lambda cell: cell.strength),
        threshold=f"{run.manifest['parameters']['no_change_threshold']:g}",
        style=asset("page.css") + asset("overview.css"),
    )  # fmt: skip


def write_matrix_report(run: MatrixRun | str | Path, output: str | Path) -> Path:
    """Write the page of a matrix, whole or not at all; its links lead to the runs of the directory it lies in.

    Raises
    ------
    RepdiffError
        Where the path is no matrix, or the file cannot be written.
    """
    return write_page(render_matrix(run if isinstance(run, MatrixRun) else read_matrix_run(run)), output)


def _cells(run: MatrixRun) -> dict[tuple[str, str], Cell]:
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
        link = f"{RUNS}/{folder_of[frozenset((knows, lacks))]}/{REPORT}"
        cells[knows, lacks] = Cell(knows, lacks, strength, share, clusters, shade, link)
    return cells
