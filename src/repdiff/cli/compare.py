"""``repdiff compare``: two files of embeddings -> a run and its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option

if TYPE_CHECKING:
    from repdiff.cli.models import Side

Pool = Literal["cls", "mean", "max", "none"]
Json = Annotated[bool, Option("--json", help="Print a summary as JSON.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace a run that is there.")]


def compare(
    output: Annotated[Path, Option("--output", "-o", help="Directory of the run, made by this command.")],
    x: Annotated[
        Path | None,
        Argument(metavar="X", help="Embeddings of one model: .npy, .npz, .csv, .parquet, ... (docs/input.md)."),
    ] = None,
    y: Annotated[Path | None, Argument(metavar="Y", help="Embeddings of the other model, of the same items.")] = None,
    model_x: Annotated[str | None, Option(help="In place of X: a model to encode the items with.")] = None,
    model_y: Annotated[str | None, Option(help="In place of Y: a model to encode the items with.")] = None,
    layer_x: Annotated[str | None, Option(help="Module of the first model whose output is taken.")] = None,
    layer_y: Annotated[str | None, Option(help="Module of the second model whose output is taken.")] = None,
    pool_x: Annotated[Pool | None, Option(help="How the first model's maps become vectors.")] = None,
    pool_y: Annotated[Pool | None, Option(help="How the second model's maps become vectors.")] = None,
    batch: Annotated[str, Option(help="Items that models get at a time: a number, or auto.")] = "32",
    model_device: Annotated[str | None, Option(help="Where models run.  [default: a GPU if there is one]")] = None,
    items: Annotated[Path | None, Option(help="Table of the items, .csv or .parquet, or folder of images.")] = None,
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
    from repdiff.cli.models import display_names, sides_of

    sides = sides_of(
        [file for file in (x, y) if file is not None],
        {"x": model_x, "y": model_y},
        layer={"x": layer_x, "y": layer_y},
        pool={"x": pool_x, "y": pool_y},
    )
    compare_and_write(
        sides,
        encoding={"batch": batch, "device": model_device},
        output=output,
        overwrite=overwrite,
        as_json=as_json,
        items=items,
        images=images,
        names=names or display_names(sides),
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


def compare_and_write(
    sides: list[Side],
    *,
    output: Path,
    overwrite: bool,
    as_json: bool,
    encoding: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Encode what has to be, compare, write the run with its report, and say what was found."""
    import repdiff
    from repdiff.cli.console import print_json, progress_bars
    from repdiff.cli.models import encoded, kept, with_places
    from repdiff.cli.summary import print_summary, summary
    from repdiff.report import render
    from repdiff.run import REPORT, run_of, write_run
    from repdiff.rundir import check_target

    check_target(output, overwrite=overwrite)
    with (
        encoded(sides, output, options, overwrite=overwrite, **(encoding or {})) as files,
        progress_bars() as progress,
    ):
        comparison = repdiff.compare(files["x"], files["y"], progress=progress, **options)
        comparison = with_places(comparison, sides, output)
        run = run_of(comparison, progress=progress)
        attachments = kept(files, sides)
        write_run(run, output, overwrite=overwrite, report=render(run), attachments=attachments)
    tell = (comparison, output, output / REPORT)
    if as_json:
        print_json(summary(*tell))
    else:
        print_summary(*tell)
