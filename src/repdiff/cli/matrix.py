"""``repdiff matrix``: several files of embeddings -> every two of them compared, and a page that leads to all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from repdiff.cli import options as opt
from repdiff.settings import MatrixCall

if TYPE_CHECKING:
    from repdiff.results.matrix import ComparisonMatrix


@opt.takes_options(MatrixCall)
def matrix(
    representations: Annotated[
        list[Path], Argument(metavar="E1 E2 ...", help="Embeddings of the same items from two models or more.")
    ],
    output: opt.Output,
    predictions: opt.Predictions = None,
    name: opt.Names = None,
    *,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    **options: Any,
) -> None:
    """Compare every two of several representations: a table of how much each knows that each other does not."""
    import repdiff
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.inputs.names import names_of
    from repdiff.report import render, render_matrix
    from repdiff.report.overview import BACK
    from repdiff.store.directory import check_target
    from repdiff.store.matrix import matrix_run_of, write_matrix
    from repdiff.store.run import REPORT, run_of

    check_target(output, overwrite=overwrite)
    called = names_of(representations, name or None, what="representation")
    options |= {"names": called, "predictions": opt.prediction_columns(predictions, called)}
    with progress_bars() as progress:
        found = repdiff.compare_matrix(representations, progress=progress, **options)
        run = matrix_run_of(found, progress=progress)
        pages = [render(run_of(comparison), back=BACK) for comparison in run.matrix.comparisons]
        reports = dict(zip(run.manifest["runs"], pages, strict=True))
        write_matrix(run, output, overwrite=overwrite, report=render_matrix(run), reports=reports)
    tell = (found, output, output / REPORT, run.thumbnails.warnings)
    if as_json:
        print_json(_summary(*tell))
    else:
        _print(*tell)


def _summary(found: ComparisonMatrix, run: Path, report: Path, images: tuple[str, ...]) -> dict[str, Any]:
    import json

    from repdiff.results.comparison import warnings_of

    cells = json.loads(found.to_frame().to_json(orient="records"))
    return {
        "run": str(run),
        "report": str(report),
        "names": list(found.names),
        "n_items": len(found.items.frame),
        "cells": cells,
        "answers": {" and ".join(one.names): one.answer for one in found.comparisons if one.answer},
        "warnings": [*map(str, warnings_of(found.comparisons)), *images],
    }


def _print(found: ComparisonMatrix, run: Path, report: Path, images: tuple[str, ...]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from repdiff.results.comparison import warnings_of

    console = Console(highlight=False)
    table = Table(
        box=SIMPLE_HEAD, title="how much closer the row keeps items than the column: mean affinity (1: they agree)"
    )
    table.add_column("")
    strengths = found.table()
    for column in strengths.columns:
        table.add_column(escape(column), justify="right")
    for row, values in strengths.iterrows():
        table.add_row(escape(str(row)), *("·" if value != value else f"{value:.2f}" for value in values))
    console.print(table)
    for comparison in found.comparisons:
        if comparison.answer:
            console.print(f"{' and '.join(comparison.names)}: {comparison.answer}", markup=False)
    for warning in (*warnings_of(found.comparisons), *images):
        console.print(f"note: {warning}", markup=False)
    console.print(f"run:    {run}", markup=False, soft_wrap=True)
    console.print(f"report: {report}", markup=False, soft_wrap=True)
