"""``repdiff compare``: two files of embeddings -> a run and its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli import options as opt
from repdiff.settings import CompareCall, EncodingSettings, Pool

if TYPE_CHECKING:
    from repdiff.cli.models import ModelOrFile
    from repdiff.core.progress import Progress
    from repdiff.results.comparison import Comparison
    from repdiff.store.run import Run


@opt.takes_options(CompareCall)
def compare(
    output: opt.Output,
    x: Annotated[
        Path | None,
        Argument(metavar="X", help="Embeddings of one model: .npy, .npz, .csv, .parquet, ... (docs/input.md)."),
    ] = None,
    y: Annotated[Path | None, Argument(metavar="Y", help="Embeddings of the other model, of the same items.")] = None,
    model_x: Annotated[str | None, Option(help="Instead of X: a model to encode the items with.")] = None,
    model_y: Annotated[str | None, Option(help="Instead of Y: a model to encode the items with.")] = None,
    layer_x: Annotated[str | None, Option(help="Module of the first model whose output is taken.")] = None,
    layer_y: Annotated[str | None, Option(help="Module of the second model whose output is taken.")] = None,
    pool_x: Annotated[Pool | None, Option(help="How the first model's maps become vectors.")] = None,
    pool_y: Annotated[Pool | None, Option(help="How the second model's maps become vectors.")] = None,
    batch: Annotated[str, Option(help="Items that a model gets at a time: a number, or auto.")] = str(
        EncodingSettings.batch
    ),
    model_device: Annotated[str | None, Option(help="Where models run.", show_default="a GPU if there is one")] = None,
    metric_x: opt.MetricX = None,
    metric_y: opt.MetricY = None,
    *,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    **options: Any,
) -> None:
    """Compare two representations of the same items and write a run with its report."""
    from repdiff.cli.models import display_names, sides_of

    sides = sides_of(
        [file for file in (x, y) if file is not None],
        {"x": model_x, "y": model_y},
        layer={"x": layer_x, "y": layer_y},
        pool={"x": pool_x, "y": pool_y},
    )
    options["names"] = options["names"] or display_names(sides)
    options["metric"] = opt.metric_of_each(options["metric"], metric_x, metric_y)
    encoding = {"batch": batch, "device": model_device}
    compare_and_write(sides, encoding=encoding, output=output, overwrite=overwrite, as_json=as_json, **options)


def compare_and_write(
    sides: list[ModelOrFile],
    *,
    output: Path,
    overwrite: bool,
    as_json: bool,
    encoding: Mapping[str, Any] | None = None,
    **options: Any,
) -> None:
    """Encode where models are given, compare, write the run with its report, and print what was found."""
    import repdiff
    from repdiff.cli.console import progress_bars
    from repdiff.cli.models import encoded, kept, with_places
    from repdiff.store.directory import check_target

    check_target(output, overwrite=overwrite)
    with (
        encoded(sides, output, options, overwrite=overwrite, **(encoding or {})) as files,
        progress_bars() as progress,
    ):
        comparison = repdiff.compare(files["x"], files["y"], progress=progress, **options)
        comparison = with_places(comparison, sides, output)
        run = written(comparison, output, overwrite=overwrite, attachments=kept(files, sides), progress=progress)
    tell(run, output, as_json=as_json)


def written(comparison: Comparison, output: Path, *, progress: Progress, **options: Any) -> Run:
    """Write the run of a comparison with its report; options as of :func:`repdiff.store.run.write_run`."""
    from repdiff.report import render
    from repdiff.store.run import run_of, write_run

    run = run_of(comparison, progress=progress)
    write_run(run, output, report=render(run), **options)
    return run


def tell(run: Run, output: Path, *, as_json: bool) -> None:
    """Print what was found."""
    from repdiff.cli.console import print_json
    from repdiff.cli.summary import print_summary, summary
    from repdiff.store.run import REPORT

    told = (run.comparison, output, output / REPORT, run.thumbnails.warnings)
    if as_json:
        print_json(summary(*told))
    else:
        print_summary(*told)
