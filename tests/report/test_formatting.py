from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from repdiff.report.wording import formatting as words
from repdiff.report.wording.findings import finding, makeup, nothing_differs
from repdiff.store.run import Run


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (0.001, "< 1 %"), (0.005, "0 %"), (0.41, "41 %"), (0.996, "> 99 %"), (1, "100 %"), (None, "–")],
)
def test_percent_never_says_none_or_all_for_almost(share: float | None, text: str) -> None:
    assert words.percent(share).replace(words.NBSP, " ") == text


@pytest.mark.parametrize(("value", "text"), [(1.0, "1.00"), (12.36, "12.4"), (148.4, "148"), (0.0067, "0.00670")])
def test_affinity_has_three_figures(value: float, text: str) -> None:
    assert words.affinity(value) == text


def test_sizes_are_said_in_the_unit_that_suits_them() -> None:
    sizes = [words.size(count).replace(words.NBSP, " ") for count in (0, 999, 150_622_224, 18_336_082_944)]
    assert sizes == ["0 bytes", "999 bytes", "151 MB", "18.3 GB"]


def test_the_finding_names_who_groups_how_many_kinds(hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    kinds = len(comparison.x_only.difference_clusters)
    share = f"{comparison.x_only.no_change.mean():.0%}".replace("%", f"{words.NBSP}%")
    text = finding(comparison, comparison.x_only).text
    assert text.startswith(f"`<u>x` keeps {kinds} group")
    assert text.endswith(f" of items closer together than `y & co`; {share} of items do not change.")
    assert finding(comparison, comparison.y_only).text.startswith("`y & co` keeps ")


def test_nothing_differs_is_said_plainly_in_both_directions(same_run: Run) -> None:
    comparison = same_run.comparison
    assert nothing_differs(comparison)
    for direction, names in ((comparison.x_only, "`one` and `two`"), (comparison.y_only, "`two` and `one`")):
        assert finding(comparison, direction).text == f"Nothing differs: {names} arrange all 80 items alike."


def test_one_direction_without_a_difference_is_not_nothing(hostile_run: Run, same_run: Run) -> None:
    comparison = replace(hostile_run.comparison, y_only=replace(same_run.comparison.y_only, name="y_only"))
    assert (
        finding(comparison, comparison.y_only).text == "`y & co` keeps no group of items closer together than `<u>x`."
    )


def test_no_unchanged_group_is_said_as_such(hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    changed = tuple(replace(cluster, is_no_change=False) for cluster in comparison.x_only.clusters)
    direction = replace(comparison.x_only, clusters=changed)
    assert not np.any(direction.no_change)
    assert finding(comparison, direction).text.endswith("; no group of items is left unchanged.")


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({}, ""),
        ({"cat": 4}, "all cat"),
        ({"cat": 9, "dog": 1}, "nearly all cat"),
        ({"cat": 6, "dog": 4}, "mostly cat"),
        ({"cat": 4, "dog": 3, "fox": 3}, "mixed: cat, dog"),
    ],
)
def test_makeup(counts: dict[str, int], text: str) -> None:
    assert makeup(counts) == text


def test_counts_of_a_sentence_are_all_words_or_all_figures() -> None:
    assert [words.count_in_words(count) for count in (0, 2, 9, 12)] == ["no", "two", "nine", "12"]
    assert words.count_in_words(2, 2, 9) == "two"
    assert words.count_in_words(2, 2, 12) == "2"
