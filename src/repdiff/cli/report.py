"""``repdiff report``: a run -> one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from repdiff.cli.options import Json


def report(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run, a series or a matrix.")],
    output: Annotated[
        Path | None, Option("--output", "-o", help="HTML file.", show_default="report.html in the run")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the report of a run, a series or a matrix: one HTML file that works offline."""
    from repdiff.cli.console import print_json
    from repdiff.report import write_matrix_report, write_report, write_series_report
    from repdiff.store.directory import MATRIX, RUN, SERIES, kind_of
    from repdiff.store.run import REPORT

    write = {RUN: write_report, SERIES: write_series_report, MATRIX: write_matrix_report}[kind_of(run)]
    written = write(run, run / REPORT if output is None else output)
    if as_json:
        print_json({"report": str(written)})
    else:
        echo(f"report: {written}")
