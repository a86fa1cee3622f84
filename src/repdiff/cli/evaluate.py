"""``repdiff evaluate``: a run -> how its method and others do on the data it was made from."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli.options import Json, takes_options
from repdiff.core.errors import RepdiffError
from repdiff.settings import EvaluateRunCall

if TYPE_CHECKING:
    from repdiff.evaluation.scoring import Evaluation

_COLUMNS = {  # short enough for 80 columns
    "success": "success", "success_rank": "rank", "success_euclidean": "eucl.", "success_local": "local",
    "success_cosine": "cos.", "members": "all", "held_out": "unseen",
}  # fmt: skip


@takes_options(EvaluateRunCall)
def evaluate(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run.")],
    output: Annotated[Path | None, Option("--output", "-o", help="Also write the table, as .csv.")] = None,
    *,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Measure how a run's method and others do on the data of the run, and add the result to the run's report."""
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.evaluation.runs import evaluate_run
    from repdiff.store.run import REPORT

    if output is not None and output.is_dir():
        raise RepdiffError(f"{output}: is a folder; give the path of a file")  # reported now rather than minutes later
    with progress_bars() as progress:
        found = evaluate_run(run, progress=progress, **options)
    _write(found, run, output)
    if as_json:
        print_json(_facts(found, run))
    else:
        _print(found, output)
        print(f"report: {run / REPORT}")


def _write(found: Evaluation, run: Path, output: Path | None) -> None:
    """Write the table and the report with it, both or neither."""
    from repdiff.core.files import written_whole
    from repdiff.core.spreadsheets import csv_text
    from repdiff.report import render
    from repdiff.store.run import EVALUATION, REPORT, read_run

    table = found.to_frame()
    text = csv_text(table)
    texts = {run / EVALUATION: text, run / REPORT: render(replace(read_run(run), evaluation=table))}
    if output is not None:
        texts[output] = text
    with ExitStack() as targets:  # each takes its place when all are written
        for target, content in texts.items():
            targets.enter_context(written_whole(target)).write_text(content, encoding="utf-8")


def _facts(found: Evaluation, run: Path) -> dict[str, Any]:
    import json

    from repdiff.results.clusters import DIRECTIONS

    return {
        "run": str(run),
        "names": list(found.names),
        "n_items": len(found.rows),
        "n_groups": dict(zip(DIRECTIONS, found.n_groups, strict=True)),
        "size": found.size,
        "random_state": found.random_state,
        "scores": json.loads(found.to_frame().to_json(orient="records")),  # NaN, where there is no group, as null
    }


def _print(found: Evaluation, output: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    names = {"x_only": found.names[0], "y_only": found.names[1]}
    for direction, name in names.items():
        other = names["y_only" if direction == "x_only" else "x_only"]
        console.print(
            f"What `{escape(name)}` keeps closer together than `{escape(other)}`, by the success of each method:"
        )
        console.print(_table(found, direction))
    console.print(
        "success: share of pairs inside a collage that are closer where they should be, the mean of four distances; "
        "all: the same for all members; unseen: for items that the fit never saw. Compare with the random rows: chance "
        "is not always 50 %.",
    )
    if output is not None:
        console.print(f"table: {output}", markup=False, soft_wrap=True)


def _table(found: Evaluation, direction: str) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    table.add_column("method", no_wrap=True)
    for title in (*_COLUMNS.values(), "groups"):
        table.add_column(title, justify="right", no_wrap=True)
    frame = found.to_frame()
    for row in frame[frame["direction"] == direction].to_dict("records"):
        table.add_row(row["method"], *(_percent(row[name]) for name in _COLUMNS), str(row["n_groups"]))
    return table


def _percent(share: float) -> str:
    return "\N{EN DASH}" if isnan(share) else f"{share:.0%}"
