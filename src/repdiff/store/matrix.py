"""ComparisonMatrix <-> a directory of runs, whole or not there at all; each cell's comparison is a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.progress import Progress, silent
from repdiff.inputs.images import Thumbnails, make_thumbnails
from repdiff.results.matrix import ComparisonMatrix
from repdiff.store.directory import MATRIX, plain, read_manifest, write_manifest, written_folder
from repdiff.store.run import REPORT
from repdiff.store.series import RUNS, read_runs, rows_to_picture, run_folders, shared_facts, write_runs

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class MatrixRun:
    """All that a page of a matrix may know.

    Attributes
    ----------
    matrix : ComparisonMatrix
        The result.
    thumbnails : Thumbnails
        Small pictures of items, shared by all runs.
    manifest : mapping
        What ``manifest.json`` holds.
    path : Path or None
        The directory; None where it was never saved.
    """

    matrix: ComparisonMatrix
    thumbnails: Thumbnails
    manifest: Mapping[str, Any]
    path: Path | None = None


def matrix_run_of(matrix: ComparisonMatrix, *, progress: Progress = silent) -> MatrixRun:
    """The directory in memory; thumbnails are made where the matrix brings none."""
    thumbnails = matrix.thumbnails
    if thumbnails is None:
        thumbnails = make_thumbnails(matrix.items, rows_to_picture(matrix.comparisons), progress=progress)
    shared = tuple(replace(comparison, thumbnails=thumbnails) for comparison in matrix.comparisons)
    facts = {
        "format": MATRIX,
        "schema_version": SCHEMA_VERSION,
        "names": list(matrix.names),
        "runs": run_folders([" and ".join(comparison.names) for comparison in shared]),
        "description": matrix.description,
        "n_items": len(matrix.items.frame),
        **shared_facts(shared),
    }
    return MatrixRun(replace(matrix, comparisons=shared, thumbnails=thumbnails), thumbnails, plain(facts))


def write_matrix(
    matrix: MatrixRun | ComparisonMatrix,
    path: str | Path,
    *,
    overwrite: bool = False,
    report: str | None = None,
    reports: Mapping[str, str] | None = None,
) -> Path:
    """Write the directory of a matrix, whole or not at all.

    Parameters
    ----------
    matrix : MatrixRun or ComparisonMatrix
        What to write.
    path : path
        Where; parents are made.
    overwrite : bool
        Replace a run, series or matrix that is there. Anything else that is there is never replaced.
    report : str, optional
        HTML to put beside the data, as ``report.html``.
    reports : mapping of str to str, optional
        HTML for the runs, by their folders.

    Raises
    ------
    RunError
        Where the path is taken, or cannot be written.
    """
    run = matrix_run_of(matrix) if isinstance(matrix, ComparisonMatrix) else matrix
    with written_folder(path, overwrite=overwrite) as folder:
        write_manifest(folder, run.manifest)
        run.matrix.to_frame().to_csv(folder / "matrix.csv", index=False, lineterminator="\n")
        write_runs(folder / RUNS, dict(zip(run.manifest["runs"], run.matrix.comparisons, strict=True)))
        for name, html in (reports or {}).items():
            (folder / RUNS / name / REPORT).write_text(html, encoding="utf-8")
        if report is not None:
            (folder / REPORT).write_text(report, encoding="utf-8")
    return Path(path)


def read_matrix_run(path: str | Path) -> MatrixRun:
    """The matrix of a directory.

    Raises
    ------
    RunError
        Where it is no matrix, was written by a newer repdiff, or is damaged.
    """
    folder = Path(path)
    manifest = read_manifest(folder, MATRIX, SCHEMA_VERSION)
    comparisons, thumbnails = read_runs(folder, manifest)
    names = manifest.get("names")
    if not isinstance(names, list) or [one.names for one in comparisons] != list(combinations(names, 2)):
        raise RunError(f"{path}: the matrix is damaged: its manifest names other representations; compare again")
    matrix = ComparisonMatrix(tuple(names), comparisons, manifest.get("description"), thumbnails)
    return MatrixRun(matrix, thumbnails, manifest, folder)


def load_matrix(path: str | Path) -> ComparisonMatrix:
    """The matrix that was saved in a directory.

    Raises
    ------
    RunError
        Where it is no matrix, was written by a newer repdiff, or is damaged.
    """
    return read_matrix_run(path).matrix
