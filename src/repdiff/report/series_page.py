"""Series -> the HTML file: the page of a comparison, whose comparison a reader changes with a slider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from repdiff.report.alluvial import Alluvial, alluvial
from repdiff.report.growth import growth_data, growth_document, growth_table, panels
from repdiff.report.page import fill_template, write_page
from repdiff.report.payload import labels_packed
from repdiff.report.shown_items import choose_shown_items
from repdiff.report.subject import Fate, Frame, Places, Subject
from repdiff.report.tables import Table
from repdiff.report.tracks import colours_of_tracks, fates
from repdiff.report.view import threshold_of
from repdiff.report.wording import formatting as words
from repdiff.report.wording.series import series_facts, series_finding
from repdiff.results.clusters import DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.timeline import Timeline
from repdiff.results.tracks import History
from repdiff.store.series import SeriesRun, read_series_run

_SCRIPTS = (
    "data", "state", "theme", "pictures", "maps", "tools", "hover", "keyboard", "legend", "gallery", "cards", "search",
    "neighbours", "lightbox", "address", "matrix", "items", "series/checkpoints", "series/growth", "series/alluvial",
    "series/settling", "series/records", "downloads", "series/main",
)  # fmt: skip
_DIRECTIONS: tuple[DirectionName, DirectionName] = ("x_only", "y_only")


@dataclass(frozen=True)
class Story:
    """One direction of the whole series: what the template shows beside the frames."""

    name: DirectionName
    finding: words.Sentence
    alluvial: Alluvial
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class Settling:
    """Items that settle at one checkpoint, or, where ``step`` is their number, never.

    ``height`` is that of the bar, in [0, 1].
    """

    step: int
    name: str
    count: int
    height: float


def render_series(run: SeriesRun) -> str:
    """The report of a series: one HTML document that needs nothing beside itself.

    Parameters
    ----------
    run : SeriesRun
        What to report on.

    Returns
    -------
    str
        HTML, as careful with what items say as that of :func:`repdiff.report.render`.
    """
    timeline = run.timeline
    subject = series_subject(run)
    shown_items = choose_shown_items(subject)
    growth = timeline.growth()
    steps = len(timeline.checkpoints)
    return fill_template(
        "series.html.j2", subject, shown_items, _SCRIPTS, style=("page.css", "closer.css", "series.css"),
        data={
            "settled": labels_packed(timeline.settled[shown_items.rows], steps + 1),
            "growth": {
                "document": growth_document(growth, timeline.checkpoints, threshold_of(subject.first)),
                "numbers": growth_data(growth),
            },
        },
        timeline=timeline,
        stories=_stories(timeline),
        panels=panels(growth),
        facts=series_facts(timeline),
        settling=_settling(timeline),
    )  # fmt: skip


def write_series_report(run: SeriesRun | str | Path, output: str | Path) -> Path:
    """Write the report of a series, whole or not at all.

    Parameters
    ----------
    run : SeriesRun or path
        A series, or the directory of one.
    output : path
        The file to write; one that is there is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    RepdiffError
        Where the path is no series, or the file cannot be written.
    """
    return write_page(render_series(read_series_run(run) if isinstance(run, str | Path) else run), output)


def _histories(timeline: Timeline) -> tuple[tuple[DirectionName, History], ...]:
    return (("x_only", timeline.x_only), ("y_only", timeline.y_only))


def series_subject(run: SeriesRun) -> Subject:
    """A frame for each checkpoint; a cluster has the colour of its track in all of them."""
    timeline = run.timeline
    told = {name: fates(history, timeline.checkpoints) for name, history in _histories(timeline)}
    colours = {name: colours_of_tracks(history.tracks) for name, history in _histories(timeline)}
    frames = []
    for step, comparison in enumerate(_mirrored(timeline.comparisons)):
        places: dict[DirectionName, Places] = {}
        at: dict[DirectionName, dict[int, Fate]] = {}
        for name, history in _histories(timeline):
            track_of = history.track_of[step]
            indices = range(len(getattr(comparison, name).clusters))
            places[name] = {index: colours[name][track_of[index]] if index in track_of else None for index in indices}
            at[name] = {index: told[name][track] for index, track in track_of.items()}
        frames.append(Frame(comparison, places, at))
    return Subject(tuple(frames), run.thumbnails)


def _mirrored(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """The same, with maps of neighbouring checkpoints alike: the sign of a principal component is anyone's choice."""
    after = comparisons[-1].projection.x
    mirrored = []
    for comparison in reversed(comparisons):
        after = _towards(comparison.projection.y, after)
        mirrored.append(replace(comparison, projection=replace(comparison.projection, y=after)))
    return tuple(reversed(mirrored))


def _towards(values: npt.NDArray[np.float32], model: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    agreement = np.einsum("ij,ij->j", values - values.mean(axis=0), model - model.mean(axis=0))
    return values * np.where(agreement < 0, np.float32(-1), np.float32(1))


def _stories(timeline: Timeline) -> tuple[Story, ...]:
    growth = timeline.growth()
    stories = []
    for name, history in _histories(timeline):
        drawing = alluvial(history, timeline.directions(name), timeline.checkpoints, colours_of_tracks(history.tracks))
        names = ("the checkpoint", timeline.reference)
        tables = (growth_table(growth, name, names, timeline.checkpoints), _tracks_table(timeline, history))
        stories.append(Story(name, series_finding(timeline, name), drawing, (*tables, _flows_table(timeline, history))))
    return tuple(stories)


def _tracks_table(timeline: Timeline, history: History) -> Table:
    """One row a track: clusters, and what becomes of them."""
    rows = tuple(
        (
            fate.letter,
            timeline.checkpoints[track.first],
            timeline.checkpoints[track.last],
            " → ".join(map(str, track.clusters)),
            fate.words.plain,
        )
        for track, fate in zip(history.tracks, fates(history, timeline.checkpoints), strict=True)
    )
    return Table(
        "Clusters through the checkpoints",
        ("letter", "first seen at", "last seen at", "cluster at each", "what becomes of it"),
        rows,
    )


def _flows_table(timeline: Timeline, history: History) -> Table:
    """One row a ribbon."""

    def group(index: int) -> str:
        return "no change" if index < 0 else f"{index}"

    rows = tuple(
        (
            f"{timeline.checkpoints[flow.step]} → {timeline.checkpoints[flow.step + 1]}",
            group(flow.source), group(flow.target), words.number(flow.count),
        )
        for flow in history.flows
    )  # fmt: skip
    return Table("Items from each cluster to the next", ("checkpoints", "from cluster", "to cluster", "items"), rows)


def _settling(timeline: Timeline) -> tuple[Settling, ...]:
    """How many items settle at each checkpoint, and how many never do."""
    counts = np.bincount(timeline.settled, minlength=len(timeline.checkpoints) + 1).tolist()
    names = (*timeline.checkpoints, "never")
    return tuple(
        Settling(step, name, count, count / max(counts))
        for step, (name, count) in enumerate(zip(names, counts, strict=True))
    )
