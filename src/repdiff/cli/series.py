"""``repdiff series``: checkpoints and a reference -> a directory of runs and their report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli import options as opt
from repdiff.core.metrics import Metric
from repdiff.settings import SeriesCall

if TYPE_CHECKING:
    from repdiff.results.timeline import Timeline


@opt.takes_options(SeriesCall)
def series(
    checkpoints: Annotated[list[Path], Argument(metavar="C0 C1 ...", help="Embeddings of checkpoints, in order.")],
    reference: Annotated[Path, Option(help="Embeddings that all are compared with, usually of the last checkpoint.")],
    output: opt.Output,
    predictions: opt.Predictions = None,
    name: opt.Names = None,
    reference_metric: Annotated[Metric | None, Option(help="Of the reference only.")] = None,
    *,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    **options: Any,
) -> None:
    """Compare every checkpoint with a reference, follow the clusters through time, and write it with its report."""
    import repdiff
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.report import render_series
    from repdiff.store.directory import check_target
    from repdiff.store.run import REPORT
    from repdiff.store.series import series_run_of, write_series
    from repdiff.workflows.series import names_in_series

    check_target(output, overwrite=overwrite)
    called = names_in_series(checkpoints, reference, name or None, options["reference_name"])
    options |= {"names": called[:-1], "reference_name": called[-1]}
    options["metric"] = (reference_metric or options["metric"], options["metric"])
    options["predictions"] = opt.prediction_columns(predictions, called)
    with progress_bars() as progress:
        timeline = repdiff.compare_series(checkpoints, reference, progress=progress, **options)
        run = series_run_of(timeline, progress=progress)
        write_series(run, output, overwrite=overwrite, report=render_series(run))
    tell = (timeline, output, output / REPORT, run.thumbnails.warnings)
    if as_json:
        print_json(_summary(*tell))
    else:
        _print(*tell)


def _summary(timeline: Timeline, run: Path, report: Path, images: tuple[str, ...]) -> dict[str, Any]:
    import json

    from repdiff.results.comparison import warnings_of

    return {
        "run": str(run),
        "report": str(report),
        "reference": timeline.reference,
        "checkpoints": list(timeline.checkpoints),
        "n_items": len(timeline.items.frame),
        "accuracy": [comparison.accuracy_y for comparison in timeline.comparisons],
        "accuracy_reference": timeline.comparisons[0].accuracy_x,
        "never_settled": int((timeline.settled == len(timeline.checkpoints)).sum()),
        "growth": json.loads(timeline.growth().to_json(orient="records")),
        "tracks": json.loads(timeline.tracks_frame().to_json(orient="records")),
        "answers": {one.names[1]: one.answer for one in timeline.comparisons if one.answer},
        "warnings": [*map(str, warnings_of(timeline.comparisons)), *images],
    }


def _print(timeline: Timeline, run: Path, report: Path, images: tuple[str, ...]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from repdiff.report.wording.formatting import number, percent
    from repdiff.results.comparison import warnings_of

    console = Console(highlight=False)
    table = Table(box=SIMPLE_HEAD, title=escape(f"what {timeline.reference} keeps closer together than a checkpoint"))
    table.add_column("checkpoint")
    for title in ("clusters", "lowest", "others", "no change", "right"):
        table.add_column(title, justify="right")
    for comparison in timeline.comparisons:
        direction = comparison.x_only
        means = [cluster.mean_affinity for cluster in direction.clusters]
        others = f"{sum(means[1:]) / len(means[1:]):.2f}" if means[1:] else "–"
        table.add_row(
            escape(comparison.names[1]), number(len(direction.difference_clusters)), f"{means[0]:.2f}", others,
            percent(float(direction.no_change.mean())), percent(comparison.accuracy_y),
        )  # fmt: skip
    console.print(table)
    for comparison in timeline.comparisons:
        if comparison.answer:
            console.print(f"{comparison.names[1]}: {comparison.answer}", markup=False)
    never = int((timeline.settled == len(timeline.checkpoints)).sum())
    console.print(f"{number(never)} of {number(len(timeline.settled))} items never settle", markup=False)
    for warning in (*warnings_of(timeline.comparisons), *images):
        console.print(f"note: {warning}", markup=False)
    console.print(f"run:    {run}", markup=False, soft_wrap=True)
    console.print(f"report: {report}", markup=False, soft_wrap=True)
