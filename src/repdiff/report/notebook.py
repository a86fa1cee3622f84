"""A result -> a compact piece of HTML for a notebook: what it comes to, and its groups.

Notebooks take scripts and style sheets out of results that they do not trust, so there are none: a heading, a list and
tables, a few inline styles, and the pictures of representatives where a result already has them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from repdiff.inputs.images import Thumbnails
from repdiff.report.page import environment
from repdiff.report.palette import cluster_colours, no_change_colour
from repdiff.report.wording import formatting as words
from repdiff.report.wording.answer import Answer, answer
from repdiff.report.wording.evidence import standing
from repdiff.report.wording.findings import finding, holder_and_other
from repdiff.report.wording.groups import all_in_order, in_order, numbers
from repdiff.report.wording.names import name_of
from repdiff.report.wording.series import series_finding
from repdiff.results.clusters import DifferenceCluster, Direction
from repdiff.results.comparison import Comparison
from repdiff.results.matrix import ComparisonMatrix
from repdiff.results.timeline import Timeline

_MOST_ROWS = 12
_PICTURES = 4  # of each group
_MOST_PICTURE_BYTES = 150_000  # of all of them


@dataclass(frozen=True)
class _Group:
    """A group as a row; ``pictures`` are data addresses."""

    colour: str
    title: str
    name: str
    size: str
    mean_affinity: str
    verdict: str
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class _Side:
    """One direction."""

    holder: str
    other: str
    groups: tuple[_Group, ...]
    n_more: int


@dataclass(frozen=True)
class _Row:
    """A pair or a checkpoint as a row."""

    name: str
    cells: tuple[str, ...]


def notebook_html(result: Comparison | Timeline | ComparisonMatrix) -> str:
    """What a notebook shows of a result: HTML without scripts and style sheets, everything from items escaped.

    Parameters
    ----------
    result : Comparison, Timeline or ComparisonMatrix
        What to show.
    """
    template = environment().get_template("notebook.html.j2")
    if isinstance(result, Comparison):
        told = answer(result)
        room = [_MOST_PICTURE_BYTES]
        sides = [_side(result, one, room) for one in (result.x_only, result.y_only)]
        return template.render(
            headline=_headline(result, told), figures=told.figures if told else (), sides=sides, head=(), rows=(),
            verdict=told.verdict.parts if told else (),
            n=len(result.items.frame), description=result.description,
        )  # fmt: skip
    comparisons = result.comparisons
    head = ("checkpoint" if isinstance(result, Timeline) else "pair", "groups of the first only", "of the second only")
    if isinstance(result, Timeline):
        headline = series_finding(result, "x_only").parts
    else:
        headline = ((f"Every pair of {len(result.names)} representations", False),)
    return template.render(
        headline=headline,
        figures=(), verdict=(), sides=(), head=head, rows=_rows(comparisons, isinstance(result, Timeline)),
        n=len(result.items.frame), description=result.description,
    )  # fmt: skip


def _headline(comparison: Comparison, told: Answer | None) -> tuple[tuple[str, bool], ...]:
    return finding(comparison, comparison.x_only).parts if told is None else told.headline.parts


def _side(comparison: Comparison, direction: Direction, room: list[int]) -> _Side:
    ordered, called = all_in_order(direction), numbers(direction)
    hues = [colour.light for colour in cluster_colours(len(in_order(direction)))]
    groups = [
        _group(comparison, cluster, called[cluster.index], hues, room) for cluster in ordered[:_MOST_ROWS]
    ]  # fmt: skip
    return _Side(*holder_and_other(comparison, direction.name), tuple(groups), len(ordered) - len(groups))


def _group(
    comparison: Comparison, cluster: DifferenceCluster, number: int, hues: Sequence[str], room: list[int]
) -> _Group:
    grey = cluster.is_no_change
    verdict = "" if grey or cluster.evidence is None else standing(cluster.evidence)
    return _Group(
        no_change_colour().light if grey else hues[number - 1],
        "no change" if grey else str(number),
        name_of(cluster, comparison.items.label),
        words.number(cluster.size),
        words.affinity(cluster.mean_affinity),
        verdict,
        () if grey or comparison.thumbnails is None else _pictures(comparison.thumbnails, cluster, room),
    )


def _pictures(thumbnails: Thumbnails, cluster: DifferenceCluster, room: list[int]) -> tuple[str, ...]:
    """The first representatives that have a picture, as far as there is room."""
    places = {row: place for place, row in enumerate(thumbnails.rows.tolist())}
    shown = []
    for row in cluster.representatives.tolist()[:_PICTURES]:
        if row in places and len(thumbnails.images[places[row]]) <= room[0]:
            image = thumbnails.images[places[row]]
            room[0] -= len(image)
            shown.append(f"data:image/webp;base64,{base64.b64encode(image).decode('ascii')}")
    return tuple(shown)


def _rows(comparisons: Sequence[Comparison], of_series: bool) -> tuple[_Row, ...]:
    return tuple(
        _Row(
            comparison.names[1] if of_series else " and ".join(comparison.names),
            tuple(
                words.number(len(direction.difference_clusters)) for direction in (comparison.x_only, comparison.y_only)
            ),
        )
        for comparison in comparisons
    )
