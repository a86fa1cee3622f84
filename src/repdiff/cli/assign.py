"""``repdiff assign``: a run and new items -> the clusters that they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli.options import Json, takes_options
from repdiff.results.directions import DIRECTIONS, DirectionName
from repdiff.settings import AssignCall

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from repdiff.results.comparison import Comparison

    Counts = dict[DirectionName, npt.NDArray[np.int64]]


@takes_options(AssignCall)
def assign(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run.")],
    x_new: Annotated[Path, Argument(metavar="X_NEW", help="Embeddings of new items by the first model.")],
    y_new: Annotated[Path, Argument(metavar="Y_NEW", help="Embeddings of the same items by the second model.")],
    output: Annotated[Path, Option("--output", "-o", help="Table to write: .csv or .parquet.")],
    *,
    as_json: Json = False,
    **options: Any,
) -> None:
    """Find which clusters of a run new items belong to, without comparing again."""
    import numpy as np

    from repdiff.cli.console import print_json, progress_bars
    from repdiff.store.assignment import check_table_name, write_assignments
    from repdiff.store.run import load_run
    from repdiff.workflows.assign import Assigner

    check_table_name(output)
    comparison = load_run(run)
    ready = Assigner(comparison, x=options["x"], y=options["y"], run=run, n_jobs=options["n_jobs"])
    counts: Counts = {name: np.zeros(len(getattr(comparison, name).clusters) + 1, np.int64) for name in DIRECTIONS}
    with progress_bars() as progress:
        where = {name: options[name] for name in ("dask", "dask_folder")}
        parts = ready.stream(x_new, y_new, match=options["match"], progress=progress, **where)
        for part in write_assignments(output, parts):
            for name in DIRECTIONS:
                counts[name] += np.bincount(getattr(part, name).groups + 1, minlength=len(counts[name]))
    if as_json:
        print_json(_facts(counts, output))
    else:
        _print(comparison, counts, output)


def _facts(counts: Counts, output: Path) -> dict[str, Any]:
    facts: dict[str, Any] = {"output": str(output), "n_items": int(counts["x_only"].sum())}
    for name, own in counts.items():
        found = {str(index): int(count) for index, count in enumerate(own[1:]) if count}
        facts[name] = {"none": int(own[0]), "clusters": found}
    return facts


def _print(comparison: Comparison, counts: Counts, output: Path) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    n = int(counts["x_only"].sum())
    console.print(f"{n:,} new items among the clusters of {len(comparison.items.frame):,} items:")
    for name, (own, other) in zip(DIRECTIONS, (comparison.names, comparison.names[::-1]), strict=True):
        console.print(f"\nClose in `{escape(own)}`, far in `{escape(other)}`:")
        console.print(_table(comparison, name, counts[name], n))
    console.print(f"table: {output}", markup=False, soft_wrap=True)


def _table(comparison: Comparison, name: DirectionName, counts: npt.NDArray[np.int64], n: int) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for title in ("cluster", "new items", "share", "share in the run"):
        table.add_column(title, justify="right", no_wrap=True)
    direction = getattr(comparison, name)
    total = len(direction.labels)
    for cluster in direction.difference_clusters[::-1]:
        count = counts[cluster.index + 1]
        table.add_row(str(cluster.index), f"{count:,}", f"{count / n:.1%}", f"{cluster.size / total:.1%}")
    table.add_row("none", f"{counts[0]:,}", f"{counts[0] / n:.1%}", f"{direction.no_change.mean():.1%}")
    return table
