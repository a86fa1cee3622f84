from __future__ import annotations

from dataclasses import replace

import numpy as np
from series_runs import learning_series

from repdiff.report.wording.series import series_facts, series_finding, settles_at
from repdiff.results.clusters import Direction
from repdiff.results.timeline import Timeline
from repdiff.store.series import SeriesRun
from repdiff.workflows.series import compare_series, timeline_of


def without_no_change(direction: Direction) -> Direction:
    return replace(direction, clusters=tuple(replace(cluster, is_no_change=False) for cluster in direction.clusters))


def settling_late(timeline: Timeline, steps: int) -> Timeline:
    """The same, with no cluster of no change at the first steps."""
    early = (
        replace(one, x_only=without_no_change(one.x_only), y_only=without_no_change(one.y_only))
        for one in timeline.comparisons[:steps]
    )
    return timeline_of([*early, *timeline.comparisons[steps:]])


def test_the_finding_tells_start_middle_and_end(learning: SeriesRun) -> None:
    late = settling_late(learning.timeline, 2)
    assert series_finding(late, "x_only").text == (
        "`<u>whole` keeps 6 groups of items closer together than `<b>first`; a first group settles at `third`; "
        "at `last` 5 are left."
    )
    assert series_finding(late, "y_only").text.startswith(
        "`<b>first` keeps 6 groups of items closer together than `<u>whole`;"
    )


def test_what_settles_from_the_start_needs_no_word(learning: SeriesRun) -> None:
    assert series_finding(learning.timeline, "x_only").text == (
        "`<u>whole` keeps 5 groups of items closer together than `<b>first`; at `last` 5 are left."
    )


def test_settling_means_to_the_end(learning: SeriesRun) -> None:
    directions = learning.timeline.directions("x_only")
    never = [without_no_change(direction) for direction in directions]
    assert settles_at(directions) == 0
    assert settles_at(never) is None
    assert settles_at([*directions[:2], never[2], directions[3]]) == 3
    assert settles_at([*directions[:3], never[3]]) is None


def test_one_checkpoint_has_no_end() -> None:
    timeline = learning_series()
    first = timeline_of(timeline.comparisons[:1])
    assert series_finding(first, "x_only").text == "`<u>whole` keeps 5 groups of items closer together than `<b>first`."


def test_nothing_differs_is_said_plainly() -> None:
    x = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    timeline = compare_series([x, x], x, names=["a", "b"], reference_name="c", n_clusters=3)
    assert series_finding(timeline, "x_only").text.replace("\N{NO-BREAK SPACE}", " ") == (
        "Nothing differs: `c` and 2 checkpoints arrange all 60 items alike."
    )
    assert ("items never settle", "0") in series_facts(timeline)


def test_facts_count_what_never_settles(learning: SeriesRun) -> None:
    facts = dict(series_facts(learning.timeline))
    assert facts["items"] == "320"
    assert facts["checkpoints"] == "4"
    assert int(facts["items never settle"]) == (learning.timeline.settled == 4).sum() > 0
    assert facts["accuracy of <u>whole"].startswith("100")
