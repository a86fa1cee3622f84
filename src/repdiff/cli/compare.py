"""``repdiff compare``: two files of embeddings -> a run and its report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

Json = Annotated[bool, Option("--json", help="Print a summary as JSON.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace a run that is there.")]


def compare(
    x: Annotated[
        Path, Argument(metavar="X", help="Embeddings of one model: .npy, .npz, .csv, .parquet, ... (docs/input.md).")
    ],
    y: Annotated[Path, Argument(metavar="Y", help="Embeddings of the other model, of the same items.")],
    output: Annotated[Path, Option("--output", "-o", help="Directory of the run, made by this command.")],
    items: Annotated[Path | None, Option(help="Table of the items, .csv or .parquet.")] = None,
    images: Annotated[Path | None, Option(help="Folder that image paths start from.  [default: the table's]")] = None,
    label: Annotated[str | None, Option(help="Column with the label.")] = None,
    pred_x: Annotated[str | None, Option(help="Column with what the first model predicts.")] = None,
    pred_y: Annotated[str | None, Option(help="Column with what the second model predicts.")] = None,
    image: Annotated[str | None, Option(help="Column with the image's path.")] = None,
    text: Annotated[str | None, Option(help="Column with the item's text.")] = None,
    names: Annotated[tuple[str, str] | None, Option(help="What to call the two.  [default: the files' names]")] = None,
    n_clusters: Annotated[int, Option("--clusters", "-n", help="Clusters per direction.")] = 10,
    gamma: Annotated[float, Option(help="Slope of the rank difference.")] = 0.1,
    beta: Annotated[float, Option(help="Sharpness of the affinity.")] = 5.0,
    metric: Annotated[str, Option(help="euclidean, cosine, or precomputed (n x n distances).")] = "euclidean",
    metric_x: Annotated[str | None, Option(help="Of the first side only.")] = None,
    metric_y: Annotated[str | None, Option(help="Of the second side only.")] = None,
    threshold: Annotated[float, Option(help="Mean affinity below which a cluster is no change.")] = 1.5,
    representatives: Annotated[int, Option(help="Items in a cluster's collage.")] = 9,
    engine: Annotated[str, Option(help="exact (cores) or torch (a device).")] = "exact",
    device: Annotated[str | None, Option(help="Of the torch engine: cuda, mps or cpu.")] = None,
    memory_limit: Annotated[str | None, Option(help="Such as 8GB.  [default: three quarters of what is free]")] = None,
    jobs: Annotated[int | None, Option(help="Threads.  [default: all cores]")] = None,
    seed: Annotated[int, Option(help="The same seed gives the same result.")] = 0,
    description: Annotated[str | None, Option(help="A few words on what is compared, for the report.")] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Compare two representations of the same items and write a run with its report."""
    compare_and_write(
        x,
        y,
        output=output,
        overwrite=overwrite,
        as_json=as_json,
        items=items,
        images=images,
        names=names,
        label=label,
        prediction_x=pred_x,
        prediction_y=pred_y,
        image=image,
        text=text,
        n_clusters=n_clusters,
        gamma=gamma,
        beta=beta,
        metric=metric if metric_x is metric_y is None else (metric_x or metric, metric_y or metric),
        no_change_threshold=threshold,
        n_representatives=representatives,
        engine=engine,
        device=device,
        memory_limit=memory_limit,
        n_jobs=jobs,
        random_state=seed,
        description=description,
    )


def compare_and_write(x: Path, y: Path, *, output: Path, overwrite: bool, as_json: bool, **options: Any) -> None:
    """Compare, write the run with its report, and say what was found."""
    import repdiff
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.cli.summary import print_summary, summary
    from repdiff.report import render
    from repdiff.run import REPORT, check_target, run_of, write_run

    check_target(output, overwrite=overwrite)
    with progress_bars() as progress:
        comparison = repdiff.compare(x, y, progress=progress, **options)
        run = run_of(comparison, progress=progress)
        write_run(run, output, overwrite=overwrite, report=render(run))
    tell = (comparison, output, output / REPORT)
    if as_json:
        print_json(summary(*tell))
    else:
        print_summary(*tell)
