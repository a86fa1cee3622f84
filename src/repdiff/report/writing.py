"""One way to write the report of whatever was found: a comparison, a series or a matrix, saved or not."""

from __future__ import annotations

from pathlib import Path

from repdiff.report.overview import write_matrix_report
from repdiff.report.page import write_run_report
from repdiff.report.series_page import write_series_report
from repdiff.results.matrix import ComparisonMatrix
from repdiff.store.kinds import AnyRun, Result, as_run
from repdiff.store.matrix import MatrixRun
from repdiff.store.series import SeriesRun


def write_report(result: Result | AnyRun | str | Path, path: str | Path) -> Path:
    """Write one self-contained HTML file that works offline, whole or not at all.

    Parameters
    ----------
    result : Comparison, Timeline, ComparisonMatrix, what was read of a run directory, or path
        What to report on; of a path, the directory of a run, a series or a matrix.
    path : path
        The file to write; one that is there is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RepdiffError
        Where the result is no such thing, a directory is damaged, or the file cannot be written.
    """
    if isinstance(result, ComparisonMatrix):
        return write_matrix_report(result, path)
    run = as_run(result)
    if isinstance(run, MatrixRun):
        return write_matrix_report(run, path)
    return write_series_report(run, path) if isinstance(run, SeriesRun) else write_run_report(run, path)
