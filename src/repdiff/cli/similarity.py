"""``repdiff similarity``: two files of embeddings -> how alike they are as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from repdiff.cli import options as opt

if TYPE_CHECKING:
    from repdiff.results.similarity import SimilarityTable


def similarity(
    x: Annotated[Path, Argument(metavar="X", help="Embeddings of one model: .npy, .npz, .csv, .parquet, ...")],
    y: Annotated[Path, Argument(metavar="Y", help="Embeddings of the other model, of the same items.")],
    score: Annotated[
        list[str] | None, Option(help="One of the scores, such as debiased_cka; give it several times.  [default: all]")
    ] = None,
    names: Annotated[tuple[str, str] | None, Option(help="What to call the two.  [default: the files' names]")] = None,
    metric: opt.MetricName = "euclidean",
    metric_x: Annotated[str | None, Option(help="Of the first side only.")] = None,
    metric_y: Annotated[str | None, Option(help="Of the second side only.")] = None,
    match: opt.Match = "auto",
    neighbors: Annotated[int, Option("--neighbors", "-k", help="Nearest neighbours of an item.")] = 10,
    max_items: Annotated[int, Option(help="Sample size of scores that look at all pairs; 0 for no sample.")] = 2000,
    seed: opt.Seed = 0,
    as_json: opt.Json = False,
) -> None:
    """Say how alike two representations are as a whole: CKA, Procrustes, nearest neighbours and others."""
    import repdiff
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.store.plain import to_plain

    with progress_bars() as progress:
        found = repdiff.similarity(
            x, y, scores=score or None, names=names, n_neighbors=neighbors, max_items=max_items or None,
            metric=metric if metric_x is metric_y is None else (metric_x or metric, metric_y or metric),  # type: ignore[arg-type]
            match=match, random_state=seed, progress=progress,
        )  # fmt: skip
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
