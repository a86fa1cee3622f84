"""A comparison with its pictures and its evaluation <-> run directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.progress import Progress, silent
from repdiff.inputs.images import Thumbnails, make_thumbnails
from repdiff.results.comparison import Comparison
from repdiff.store.comparison import manifest_of, read_comparison, write_comparison
from repdiff.store.directory import RUN
from repdiff.store.evaluation import EVALUATION, read_evaluation
from repdiff.store.kind import Kind
from repdiff.store.lazy import deferred

__all__ = [
    "EVALUATION", "REPORT", "RUN_KIND", "Run", "load_run", "read_run", "representatives_of", "run_of", "write_run",
]  # fmt: skip
REPORT = "report.html"


@dataclass(frozen=True)
class Run:
    """Everything that a report, the explorer or an export is made from.

    Attributes
    ----------
    comparison : Comparison
        The result.
    thumbnails : Thumbnails
        Small pictures of items; none where items have no images.
    manifest : mapping
        What ``manifest.json`` holds: plain dicts, lists, strings, numbers and None.
    path : Path or None
        The run's directory; None where it was never saved.
    evaluation : DataFrame or None
        How other methods do on the same items, where ``repdiff evaluate`` was run.
    """

    comparison: Comparison
    thumbnails: Thumbnails
    manifest: Mapping[str, Any]
    path: Path | None = None
    evaluation: pd.DataFrame | None = None


def run_of(comparison: Comparison, *, progress: Progress = silent) -> Run:
    """The run in memory; thumbnails are made where the comparison has none.

    Pictures of representatives come first, then those of other items in random order, as far as there is room.
    """
    thumbnails = comparison.thumbnails
    if thumbnails is None:
        thumbnails = make_thumbnails(comparison.items, _rows_to_picture(comparison), progress=progress)
    return Run(comparison, thumbnails, manifest_of(comparison, thumbnails))


def write_run(
    run: Run,
    path: str | Path,
    *,
    overwrite: bool = False,
    report: str | None = None,
    attachments: Mapping[str, Path] | None = None,
) -> Path:
    """Write a run directory, whole or not at all.

    Parameters
    ----------
    run : Run
        What to write.
    path : path
        Where; parents are made.
    overwrite : bool
        Replace a run that is there. Anything else that is there is never replaced.
    report : str, optional
        HTML to put beside the data, as ``report.html``.
    attachments : mapping of str to path, optional
        Files to keep in the run, by their name in it; they are linked or copied.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    RunError
        Where the path is taken, or cannot be written.
    """
    texts = {} if report is None else {REPORT: report}
    return RUN_KIND.write(run, path, overwrite=overwrite, texts=texts, attachments=attachments)


def read_run(path: str | Path) -> Run:
    """The run of a directory.

    Pictures, maps, the affinity's picture and evidence are read when they are first asked for, so the directory must
    not change until then.

    Raises
    ------
    RunError
        Where it is not a run, was written by a newer or by too old a repdiff, or is damaged. Damage in what is read
        later is raised then.
    """
    return RUN_KIND.read(path)


def load_run(path: str | Path) -> Comparison:
    """The comparison that was saved in a run directory.

    Pictures, maps, the affinity's picture and evidence are read when they are first asked for, so the directory must
    not change until then.

    Raises
    ------
    RunError
        Where it is not a run, was written by a newer or by too old a repdiff, or is damaged. Damage in what is read
        later is raised then.
    """
    return RUN_KIND.load(path)


def representatives_of(comparison: Comparison) -> npt.NDArray[np.int64]:
    """Rows of all representatives of both directions, in order of their clusters."""
    directions = (comparison.x_only, comparison.y_only)
    return np.concatenate([cluster.representatives for one in directions for cluster in one.clusters])


def _rows_to_picture(comparison: Comparison) -> npt.NDArray[np.int64]:
    representatives = representatives_of(comparison).tolist()
    others = np.random.default_rng(0).permutation(len(comparison.items.frame))
    return np.array(list(dict.fromkeys([*representatives, *others.tolist()])), dtype=np.int64)


def _read_parts(folder: Path, manifest: Mapping[str, Any]) -> Run:
    comparison = read_comparison(folder, manifest)
    ready: dict[str, Any] = {"comparison": comparison, "manifest": manifest, "path": folder}
    later: dict[str, Callable[[], Any]] = {"thumbnails": lambda: comparison.thumbnails}
    if os.path.lexists(folder / EVALUATION):
        ready["evaluation"] = read_evaluation(folder / EVALUATION)
    else:
        ready["evaluation"] = None
    return deferred(Run, ready, later)


RUN_KIND: Kind[Comparison, Run] = Kind(
    format=RUN,
    result=Comparison,
    stored=Run,
    hold=lambda comparison, progress: run_of(comparison, progress=progress),
    unwrap=lambda run: run.comparison,
    write_parts=lambda run, folder: write_comparison(folder, run.comparison, run.thumbnails),
    read_parts=_read_parts,
    older_versions=(2,),
)
