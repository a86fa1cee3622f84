"""Timeline <-> a directory of runs, whole or not there at all.

Each checkpoint's comparison is a run of its own, which :func:`repdiff.load` and ``repdiff report`` read. What follows
from the runs (lives, growth, when items settled) stands beside them as tables, for other programs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import RunError
from repdiff.core.files import link_or_copy
from repdiff.core.progress import Progress, silent
from repdiff.inputs.images import Thumbnails, make_thumbnails
from repdiff.results.comparison import Comparison, warnings_of
from repdiff.results.timeline import Timeline
from repdiff.store.directory import SERIES, plain, read_manifest, write_manifest, written_folder
from repdiff.store.run import REPORT, THUMBNAILS, read_run, representatives_of, run_of, write_into
from repdiff.workflows.series import timeline_of

SCHEMA_VERSION = 1
RUNS = "runs"


@dataclass(frozen=True)
class SeriesRun:
    """All that a report of a series may know.

    Attributes
    ----------
    timeline : Timeline
        The result.
    thumbnails : Thumbnails
        Small pictures of items, shared by all checkpoints; none where items have no images.
    manifest : mapping
        What ``manifest.json`` holds.
    path : Path or None
        The directory; None where it was never saved.
    """

    timeline: Timeline
    thumbnails: Thumbnails
    manifest: Mapping[str, Any]
    path: Path | None = None


def series_run_of(timeline: Timeline, *, progress: Progress = silent) -> SeriesRun:
    """The directory in memory; thumbnails are made where the timeline brings none."""
    thumbnails = timeline.thumbnails
    if thumbnails is None:
        thumbnails = make_thumbnails(timeline.items, rows_to_picture(timeline.comparisons), progress=progress)
    shared = tuple(replace(comparison, thumbnails=thumbnails) for comparison in timeline.comparisons)
    facts = {
        "format": SERIES,
        "schema_version": SCHEMA_VERSION,
        "reference": timeline.reference,
        "checkpoints": list(timeline.checkpoints),
        "runs": run_folders(timeline.checkpoints),
        "description": timeline.description,
        "n_items": len(timeline.items.frame),
        **shared_facts(shared),
    }
    return SeriesRun(replace(timeline, comparisons=shared, thumbnails=thumbnails), thumbnails, plain(facts))


def write_series(
    series: SeriesRun | Timeline, path: str | Path, *, overwrite: bool = False, report: str | None = None
) -> Path:
    """Write the directory of a series, whole or not at all.

    Parameters
    ----------
    series : SeriesRun or Timeline
        What to write.
    path : path
        Where; parents are made.
    overwrite : bool
        Replace a run or series that is there. Anything else that is there is never replaced.
    report : str, optional
        HTML to put beside the data, as ``report.html``.

    Raises
    ------
    RunError
        Where the path is taken, or cannot be written.
    """
    series = series_run_of(series) if isinstance(series, Timeline) else series
    timeline = series.timeline
    with written_folder(path, overwrite=overwrite) as folder:
        write_manifest(folder, series.manifest)
        timeline.to_frame().to_parquet(folder / "items.parquet", index=False)
        timeline.growth().to_parquet(folder / "growth.parquet", index=False)
        timeline.lives_frame().to_parquet(folder / "lives.parquet", index=False)
        _flows(timeline).to_parquet(folder / "flows.parquet", index=False)
        write_runs(folder / RUNS, dict(zip(series.manifest["runs"], timeline.comparisons, strict=True)))
        if report is not None:
            (folder / REPORT).write_text(report, encoding="utf-8")
    return Path(path)


def read_series_run(path: str | Path) -> SeriesRun:
    """The series of a directory.

    Raises
    ------
    RunError
        Where it is no series, was written by a newer repdiff, or is damaged.
    """
    folder = Path(path)
    manifest = read_manifest(folder, SERIES, SCHEMA_VERSION)
    comparisons, thumbnails = read_runs(folder, manifest)
    timeline = timeline_of(comparisons, description=manifest.get("description"))
    if [timeline.reference, list(timeline.checkpoints)] != [manifest.get("reference"), manifest.get("checkpoints")]:
        raise RunError(f"{path}: the series is damaged: its manifest names other checkpoints; compare again")
    return SeriesRun(replace(timeline, thumbnails=thumbnails), thumbnails, manifest, folder)


def load_series(path: str | Path) -> Timeline:
    """The timeline that was saved in a directory.

    Raises
    ------
    RunError
        Where it is no series, was written by a newer repdiff, or is damaged.
    """
    return read_series_run(path).timeline


def shared_facts(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """What the manifest of several comparisons, made in one go, says of how they came about."""
    first, last = comparisons[0].provenance, comparisons[-1].provenance
    return {
        "created": last.created,
        "versions": last.versions,
        "parameters": first.parameters,
        "random_state": first.random_state,
        "warnings": [str(warning) for warning in warnings_of(comparisons)],
    }


def read_runs(folder: Path, manifest: Mapping[str, Any]) -> tuple[tuple[Comparison, ...], Thumbnails]:
    """The comparisons of a directory of runs, and the thumbnails of the first, which they share.

    Raises
    ------
    RunError
        Where a run is missing or damaged, or is of other items than the rest.
    """
    names = manifest.get("runs")
    if not isinstance(names, list) or not names:
        raise RunError(f"{folder}: is damaged: its manifest names no runs; compare again")
    first = read_run(folder / RUNS / str(names[0]))
    comparisons = [first.comparison]
    for name in names[1:]:
        comparison = read_run(folder / RUNS / str(name)).comparison
        if len(comparison.items.frame) != len(first.comparison.items.frame):
            raise RunError(f"{folder}: is damaged: {RUNS}/{name} is of other items than the rest; compare again")
        comparisons.append(replace(comparison, thumbnails=first.thumbnails))
    return tuple(comparisons), first.thumbnails


def rows_to_picture(comparisons: Sequence[Comparison]) -> npt.NDArray[np.int64]:
    """All items, those that represent a cluster in most comparisons first, the others in random order."""
    shown, times = np.unique(np.concatenate([representatives_of(one) for one in comparisons]), return_counts=True)
    urgent = shown[np.argsort(-times, kind="stable")]
    others = np.random.default_rng(0).permutation(len(comparisons[0].items.frame))
    return np.array(list(dict.fromkeys([*urgent.tolist(), *others.tolist()])), dtype=np.int64)


def run_folders(names: Sequence[str]) -> list[str]:
    """Names of folders that any file system takes, in order: ``003-epoch-12``."""
    plain_names = [re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:60] for name in names]
    return [f"{place:03}-{name}".rstrip("-.") for place, name in enumerate(plain_names)]


def write_runs(folder: Path, comparisons: Mapping[str, Comparison]) -> None:
    """Write runs that share their thumbnails, which are kept once where the file system can."""
    first: Path | None = None
    for name, comparison in comparisons.items():
        run = folder / name
        run.mkdir(parents=True)
        write_into(run, run_of(comparison))
        if first is not None:
            link_or_copy(first / THUMBNAILS, run / THUMBNAILS)
        first = first or run


def _flows(timeline: Timeline) -> pd.DataFrame:
    rows = [
        {"direction": name, **asdict(flow)}
        for name, history in (("x_only", timeline.x_only), ("y_only", timeline.y_only))
        for flow in history.flows
    ]
    return pd.DataFrame(rows, columns=["direction", "step", "source", "target", "count"])
