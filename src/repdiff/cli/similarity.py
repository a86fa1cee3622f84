"""``repdiff similarity``: two files of embeddings -> how alike they are as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli import options as opt
from repdiff.settings import SimilarityCall

if TYPE_CHECKING:
    from repdiff.results.similarity import SimilarityTable


@opt.takes_options(SimilarityCall)
def similarity(
    x: Annotated[Path, Argument(metavar="X", help="Embeddings of one model: .npy, .npz, .csv, .parquet, ...")],
    y: Annotated[Path, Argument(metavar="Y", help="Embeddings of the other model, of the same items.")],
    metric_x: opt.MetricX = None,
    metric_y: opt.MetricY = None,
    max_items: Annotated[
        int, Option(help="Sample size for scores of all pairs; 0 for no sample.")
    ] = SimilarityCall.max_items or 0,
    *,
    as_json: opt.Json = False,
    **options: Any,
) -> None:
    """Say how alike two representations are as a whole: CKA, Procrustes, nearest neighbours and others."""
    import repdiff
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.core.plain import to_plain

    options["metric"] = opt.metric_of_each(options["metric"], metric_x, metric_y)
    options |= {"scores": options["scores"] or None, "max_items": max_items or None}
    with progress_bars() as progress:
        found = repdiff.similarity(x, y, progress=progress, **options)
    if as_json:
        print_json(to_plain(found))
    else:
        _print(found)


def _print(found: SimilarityTable) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(f"{found.names[0]} and {found.names[1]}, {found.n_items:,} items", markup=False)
    table = Table(box=SIMPLE_HEAD)
    table.add_column("score")
    for title in ("value", "by chance", "range", "identical", "items"):
        table.add_column(title, justify="right")
    for score in found.scores:
        scale = f"{score.low:g} to {score.high:g}", f"{score.same:g}"
        table.add_row(score.title, f"{score.value:.3f}", f"{score.chance:.3f}", *scale, f"{score.n_items:,}")
    console.print(table)
    for score in found.scores:
        console.print(f"{score.title}: {score.meaning}", markup=False)
    for warning in found.warnings:
        console.print(f"note: {warning}", markup=False)
