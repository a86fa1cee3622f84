"""Timeline <-> a directory of runs.

Each checkpoint's comparison is a run of its own, which :func:`repdiff.load` and ``repdiff report`` read. What is
computed from the runs (tracks, growth, when items settled) is written beside them as tables, for other programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from repdiff.core.errors import RunError
from repdiff.core.plain import from_plain, to_plain
from repdiff.core.progress import Progress, silent
from repdiff.inputs.images import Thumbnails
from repdiff.results.timeline import Timeline
from repdiff.store.directory import SCHEMA_VERSION, SERIES
from repdiff.store.kind import Kind
from repdiff.store.lazy import deferred, put_off
from repdiff.store.run import REPORT
from repdiff.store.several import RUNS, read_runs, run_folders, shared_facts, shared_thumbnails, write_runs
from repdiff.workflows.series import timeline_of


@dataclass(frozen=True)
class SeriesRun:
    """Everything that the report of a series is made from.

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


@dataclass(frozen=True)
class _Named:
    """What the manifest says of a series alone."""

    reference: str
    checkpoints: tuple[str, ...]
    description: str | None


def series_run_of(timeline: Timeline, *, progress: Progress = silent) -> SeriesRun:
    """The directory in memory; thumbnails are made where the timeline has none."""
    thumbnails = shared_thumbnails(timeline.thumbnails, timeline.comparisons, progress=progress)
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
    return SeriesRun(replace(timeline, comparisons=shared, thumbnails=thumbnails), thumbnails, to_plain(facts))


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
    return SERIES_KIND.write(series, path, overwrite=overwrite, texts={} if report is None else {REPORT: report})


def read_series_run(path: str | Path) -> SeriesRun:
    """The series of a directory; its runs are read lazily, as :func:`repdiff.store.run.read_run` does.

    Raises
    ------
    RunError
        Where it is not a series, was written by a newer repdiff, or is damaged.
    """
    return SERIES_KIND.read(path)


def load_series(path: str | Path) -> Timeline:
    """The timeline that was saved in a directory; its runs are read lazily, as :func:`repdiff.load` does.

    Raises
    ------
    RunError
        Where it is not a series, was written by a newer repdiff, or is damaged.
    """
    return SERIES_KIND.load(path)


def _write_parts(series: SeriesRun, folder: Path) -> None:
    timeline = series.timeline
    timeline.to_frame().to_parquet(folder / "items.parquet", index=False)
    timeline.growth().to_parquet(folder / "growth.parquet", index=False)
    timeline.tracks_frame().to_parquet(folder / "tracks.parquet", index=False)
    _flows(timeline).to_parquet(folder / "flows.parquet", index=False)
    write_runs(folder / RUNS, dict(zip(series.manifest["runs"], timeline.comparisons, strict=True)))


def _read_parts(folder: Path, manifest: Mapping[str, Any]) -> SeriesRun:
    told = from_plain(_Named, manifest, "manifest.json")
    comparisons, thumbnails = read_runs(folder, manifest)
    if [one.names for one in comparisons] != [(told.reference, checkpoint) for checkpoint in told.checkpoints]:
        raise RunError(f"{folder}: the series is damaged: its manifest names other checkpoints; compare again")
    timeline = timeline_of(comparisons, description=told.description)
    ready = {"timeline": put_off(timeline, thumbnails=thumbnails), "manifest": manifest, "path": folder}
    return deferred(SeriesRun, ready, {"thumbnails": thumbnails})


def _flows(timeline: Timeline) -> pd.DataFrame:
    rows = [
        {"direction": name, **asdict(flow)}
        for name, history in (("x_only", timeline.x_only), ("y_only", timeline.y_only))
        for flow in history.flows
    ]
    return pd.DataFrame(rows, columns=["direction", "step", "source", "target", "count"])


SERIES_KIND: Kind[Timeline, SeriesRun] = Kind(
    format=SERIES,
    result=Timeline,
    stored=SeriesRun,
    hold=lambda timeline, progress: series_run_of(timeline, progress=progress),
    unwrap=lambda series: series.timeline,
    write_parts=_write_parts,
    read_parts=_read_parts,
    older_versions=(1,),
)
