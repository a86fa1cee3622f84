"""``repdiff compare``: two files of embeddings -> a run and its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli import options as opt

if TYPE_CHECKING:
    from repdiff.cli.models import Side


def compare(
    output: opt.Output,
    x: Annotated[
        Path | None,
        Argument(metavar="X", help="Embeddings of one model: .npy, .npz, .csv, .parquet, ... (docs/input.md)."),
    ] = None,
    y: Annotated[Path | None, Argument(metavar="Y", help="Embeddings of the other model, of the same items.")] = None,
    model_x: Annotated[str | None, Option(help="In place of X: a model to encode the items with.")] = None,
    model_y: Annotated[str | None, Option(help="In place of Y: a model to encode the items with.")] = None,
    layer_x: Annotated[str | None, Option(help="Module of the first model whose output is taken.")] = None,
    layer_y: Annotated[str | None, Option(help="Module of the second model whose output is taken.")] = None,
    pool_x: Annotated[opt.Pool | None, Option(help="How the first model's maps become vectors.")] = None,
    pool_y: Annotated[opt.Pool | None, Option(help="How the second model's maps become vectors.")] = None,
    batch: Annotated[str, Option(help="Items that models get at a time: a number, or auto.")] = "32",
    model_device: Annotated[str | None, Option(help="Where models run.  [default: a GPU if there is one]")] = None,
    items: opt.ItemTable = None,
    images: opt.Images = None,
    label: opt.Label = None,
    pred_x: Annotated[str | None, Option(help="Column with what the first model predicts.")] = None,
    pred_y: Annotated[str | None, Option(help="Column with what the second model predicts.")] = None,
    image: opt.Image = None,
    text: opt.Text = None,
    names: Annotated[
        tuple[str, str] | None, Option(metavar="NAME NAME", help="What to call the two.  [default: the files' names]")
    ] = None,
    n_clusters: opt.Clusters = "10",
    gamma: opt.Gamma = 0.1,
    beta: opt.Beta = 5.0,
    metric: opt.MetricName = "euclidean",
    metric_x: Annotated[str | None, Option(help="Of the first side only.")] = None,
    metric_y: Annotated[str | None, Option(help="Of the second side only.")] = None,
    within: opt.Within = None,
    match: opt.Match = "auto",
    align: Annotated[str, Option(help="Turn Y towards X first: none, procrustes, linear or cka.")] = "none",
    align_effect: Annotated[bool, Option("--align-effect", help="Compare without alignment too.")] = False,
    threshold: opt.Threshold = 1.5,
    representatives: opt.Representatives = 9,
    collage: opt.Collage = "typical",
    engine: opt.Engine = "exact",
    device: opt.Device = None,
    memory_limit: opt.MemoryLimit = None,
    jobs: opt.Jobs = None,
    seed: opt.Seed = 0,
    evidence: opt.Evidence = True,
    resamples: opt.Resamples = 5,
    description: opt.Description = None,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
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
        n_clusters=opt.number_or_auto(n_clusters),
        evidence=evidence,
        n_resamples=resamples,
        gamma=gamma,
        beta=beta,
        metric=metric if metric_x is metric_y is None else (metric_x or metric, metric_y or metric),
        within=within,
        match=match,
        align=align,
        align_effect=align_effect,
        no_change_threshold=threshold,
        n_representatives=representatives,
        representatives=collage,
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
    from repdiff.store.directory import check_target
    from repdiff.store.run import REPORT, run_of, write_run

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
    tell = (run.comparison, output, output / REPORT)
    if as_json:
        print_json(summary(*tell))
    else:
        print_summary(*tell)
