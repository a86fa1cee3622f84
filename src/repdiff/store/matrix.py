"""ComparisonMatrix <-> a directory of runs; each cell's comparison is a run of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.plain import from_plain, to_plain
from repdiff.core.progress import Progress, silent
from repdiff.core.spreadsheets import csv_text
from repdiff.inputs.images import Thumbnails
from repdiff.results.matrix import ComparisonMatrix
from repdiff.store.directory import MATRIX, SCHEMA_VERSION
from repdiff.store.kind import Kind
from repdiff.store.lazy import deferred
from repdiff.store.run import REPORT
from repdiff.store.several import RUNS, read_runs, run_folders, shared_facts, shared_thumbnails, write_runs


@dataclass(frozen=True)
class MatrixRun:
    """Everything that the page of a matrix is made from.

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


@dataclass(frozen=True)
class _Named:
    """What the manifest says of a matrix alone."""

    names: tuple[str, ...]
    description: str | None


def matrix_run_of(matrix: ComparisonMatrix, *, progress: Progress = silent) -> MatrixRun:
    """The directory in memory; thumbnails are made where the matrix has none."""
    thumbnails = shared_thumbnails(matrix.thumbnails, matrix.comparisons, progress=progress)
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
    return MatrixRun(replace(matrix, comparisons=shared, thumbnails=thumbnails), thumbnails, to_plain(facts))


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
    texts = {f"{RUNS}/{name}/{REPORT}": html for name, html in (reports or {}).items()}
    if report is not None:
        texts[REPORT] = report
    return MATRIX_KIND.write(matrix, path, overwrite=overwrite, texts=texts)


def read_matrix_run(path: str | Path) -> MatrixRun:
    """The matrix of a directory; its runs are read lazily, as :func:`repdiff.store.run.read_run` does.

    Raises
    ------
    RunError
        Where it is not a matrix, was written by a newer repdiff, or is damaged.
    """
    return MATRIX_KIND.read(path)


def load_matrix(path: str | Path) -> ComparisonMatrix:
    """The matrix that was saved in a directory; its runs are read lazily, as :func:`repdiff.load` does.

    Raises
    ------
    RunError
        Where it is not a matrix, was written by a newer repdiff, or is damaged.
    """
    return MATRIX_KIND.load(path)


def _write_parts(run: MatrixRun, folder: Path) -> None:
    (folder / "matrix.csv").write_text(csv_text(run.matrix.to_frame()), encoding="utf-8", newline="\n")
    write_runs(folder / RUNS, dict(zip(run.manifest["runs"], run.matrix.comparisons, strict=True)))


def _read_parts(folder: Path, manifest: Mapping[str, Any]) -> MatrixRun:
    told = from_plain(_Named, manifest, "manifest.json")
    comparisons, thumbnails = read_runs(folder, manifest)
    if len(set(told.names)) != len(told.names) or [one.names for one in comparisons] != [*combinations(told.names, 2)]:
        raise RunError(f"{folder}: the matrix is damaged: its manifest names other representations; compare again")
    ready = {"names": told.names, "comparisons": comparisons, "description": told.description}
    matrix = deferred(ComparisonMatrix, ready, {"thumbnails": thumbnails})
    return deferred(MatrixRun, {"matrix": matrix, "manifest": manifest, "path": folder}, {"thumbnails": thumbnails})


MATRIX_KIND: Kind[ComparisonMatrix, MatrixRun] = Kind(
    format=MATRIX,
    result=ComparisonMatrix,
    stored=MatrixRun,
    hold=lambda matrix, progress: matrix_run_of(matrix, progress=progress),
    unwrap=lambda run: run.matrix,
    write_parts=_write_parts,
    read_parts=_read_parts,
    older_versions=(1,),
)
