"""``repdiff rerun``: a run -> another run, with some settings changed."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from repdiff.cli import options as opt

if TYPE_CHECKING:
    from repdiff.results.comparison import Comparison

_UNCHANGED = "the run's"


def rerun(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run.")],
    output: opt.Output,
    gamma: Annotated[float | None, Option(help="Slope of the rank difference.", show_default=_UNCHANGED)] = None,
    beta: Annotated[float | None, Option(help="Sharpness of the affinity.", show_default=_UNCHANGED)] = None,
    threshold: Annotated[
        float | None,
        Option(help="A cluster with a lower mean affinity is no change.", show_default=_UNCHANGED),
    ] = None,
    clusters: Annotated[
        str | None,
        Option(
            "--clusters", "-n", metavar="N|auto", help="Clusters per direction: a number, or auto.",
            show_default=_UNCHANGED,
        ),
    ] = None,
    x: Annotated[Path | None, Option(help="Where x is now; it must hold the same values.")] = None,
    y: Annotated[Path | None, Option(help="Where y is now; it must hold the same values.")] = None,
    images: Annotated[Path | None, Option(help="Folder of the pictures, where they are not beside the run.")] = None,
    overwrite: opt.Overwrite = False,
    as_json: opt.Json = False,
    as_child: Annotated[bool, Option("--as-child", hidden=True)] = False,
) -> None:  # fmt: skip
    """Compare the items of a run again, with some settings changed, and write another run with its report.

    Everything else is as it was: items, matching, metric, alignment, replicates, seed.
    """
    from repdiff.cli.compare import tell, written
    from repdiff.cli.console import ProgressLines, progress_bars
    from repdiff.core.starter import end_with_starter
    from repdiff.store.directory import check_target
    from repdiff.store.run import load_run
    from repdiff.workflows.again import compare_again

    changes = _changes(gamma, beta, threshold, clusters)
    check_target(output, overwrite=overwrite)
    if as_child:
        end_with_starter(lambda: os.kill(os.getpid(), signal.SIGTERM))  # as by a polite kill
    comparison = load_run(run)
    with progress_bars() as bars:
        progress = ProgressLines() if as_child else bars
        found = compare_again(comparison, changes, run=run, given={"x": x, "y": y}, progress=progress)
        found = _with_pictures(found, comparison, run, images)
        made = written(found, output, overwrite=overwrite, progress=progress)
    tell(made, output, as_json=as_json)


def _changes(
    gamma: float | None, beta: float | None, threshold: float | None, clusters: str | None
) -> dict[str, Any]:  # fmt: skip
    """The settings that were given, checked."""
    from repdiff.settings import MethodSettings, check_setting

    number: Any = int(clusters) if clusters is not None and clusters.isdecimal() else clusters
    given = {"gamma": gamma, "beta": beta, "no_change_threshold": threshold, "n_clusters": number}
    changes = {name: value for name, value in given.items() if value is not None}
    for name, value in changes.items():
        check_setting(MethodSettings, name, value)
    return changes


def _with_pictures(found: Comparison, before: Comparison, run: Path, images: Path | None) -> Comparison:
    """The comparison with the folder that its pictures may be read from, else with the pictures that the run holds."""
    from repdiff.core.regular import is_near

    if images is not None:
        return replace(found, items=replace(found.items, image_root=images.resolve()))
    root = found.items.image_root
    if found.items.image is None or (root is not None and is_near(root, run)):
        return found
    return replace(found, thumbnails=before.thumbnails)
