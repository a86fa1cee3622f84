"""What a series shows, in words and figures that a person reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from repdiff.report.wording import formatting as words
from repdiff.report.wording.findings import nothing_differs
from repdiff.report.wording.formatting import Sentence
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.timeline import Timeline


def series_finding(timeline: Timeline, name: DirectionName) -> Sentence:
    """What happens in one direction, in a sentence.

    ```epoch 50` keeps 7 groups of items closer together than `epoch 1`; a first group settles at `epoch 12`; at
    `epoch 45` 2 are left.``
    """
    directions = timeline.directions(name)
    first, last = timeline.checkpoints[0], timeline.checkpoints[-1]
    if all(nothing_differs(comparison) for comparison in timeline.comparisons):
        n = words.number(len(directions[0].labels))
        whom = words.plural(len(directions), "checkpoint")
        return Sentence((("Nothing differs: ", False), (timeline.reference, True),
                         (f" and {whom} arrange all {n} items alike.", False)))  # fmt: skip
    holder, other = (timeline.reference, first) if name == "x_only" else (first, timeline.reference)
    start = ((holder, True), (f" keeps {_groups(directions[0])} closer together than ", False), (other, True))
    if len(directions) == 1:
        return Sentence((*start, (".", False)))
    settles = settles_at(directions)
    middle: tuple[tuple[str, bool], ...] = ()
    if settles is not None and 0 < settles < len(directions) - 1 and directions[0].difference_clusters:
        middle = (("; a first group settles at ", False), (timeline.checkpoints[settles], True))
    left = len(directions[-1].difference_clusters)
    end = "none is left" if not left else f"{words.number(left)} {'is' if left == 1 else 'are'} left"
    return Sentence((*start, *middle, ("; at ", False), (last, True), (f" {end}.", False)))


def settles_at(directions: Sequence[Direction]) -> int | None:
    """The first checkpoint from which there always is a cluster of no change; None where there is none at the last."""
    there = [bool(direction.clusters[0].is_no_change) for direction in directions]
    if not there[-1]:
        return None
    return len(there) - there[::-1].index(False) if False in there else 0


def series_facts(timeline: Timeline) -> tuple[tuple[str, str], ...]:
    """The figures of the page's head: name and value."""
    unchanged = [float(direction.no_change.mean()) for direction in timeline.directions("x_only")]
    settled = timeline.settled
    never = int(np.count_nonzero(settled == len(timeline.checkpoints)))
    accuracy = timeline.comparisons[0].accuracy_x
    return (
        ("items", words.number(len(settled))),
        ("checkpoints", words.number(len(timeline.checkpoints))),
        (
            "do not change, from first to last checkpoint",
            f"{words.percent(unchanged[0])} → {words.percent(unchanged[-1])}",
        ),
        ("items never settle", words.number(never)),
        *(() if accuracy is None else ((f"accuracy of {timeline.reference}", words.percent(accuracy)),)),
    )


def _groups(direction: Direction) -> str:
    kinds = len(direction.difference_clusters)
    return f"{kinds} {'group' if kinds == 1 else 'groups'} of items" if kinds else "no group of items"
