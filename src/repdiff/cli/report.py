"""``repdiff report``: a run -> one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option, echo

from repdiff.cli.options import Json
from repdiff.core.errors import RepdiffError


def report(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run, a series or a matrix.")],
    output: Annotated[
        Path | None, Option("--output", "-o", help="HTML file.", show_default="report.html in the run")
    ] = None,
    open_it: Annotated[bool, Option("--open", help="Open it in a browser.")] = False,
    as_json: Json = False,
) -> None:
    """Write the report of a run, a series or a matrix: one HTML file that works offline."""
    from repdiff.cli.console import print_json
    from repdiff.report import write_report
    from repdiff.store.run import REPORT

    written = write_report(run, run / REPORT if output is None else output)
    if as_json:
        print_json({"report": str(written)})
    else:
        echo(f"report: {written}")
    if open_it:
        import webbrowser

        if not webbrowser.open(written.resolve().as_uri()):
            raise RepdiffError(f"no browser could be started; open {written} yourself")
