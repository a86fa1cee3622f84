from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repdiff.report.tracks import colours_of_lives, fates
from repdiff.report.wording.tracks import fate, letter
from repdiff.results.tracks import History, Life

CHECKPOINTS = ("one", "two", "three", "four")


def life(index: int, first: int, length: int, **facts: object) -> Life:
    told = {"begins": "start" if first == 0 else "appears", "parent": None, "ends": "end", "heir": None}
    return Life(index, first, (0,) * length, **(told | facts))  # type: ignore[arg-type]


def test_letters_go_on_after_z() -> None:
    assert [letter(index) for index in (0, 1, 25, 26, 27, 52, 701, 702)] == [
        "A",
        "B",
        "Z",
        "AA",
        "AB",
        "BA",
        "ZZ",
        "AAA",
    ]


spans = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=60)


@given(spans)
def test_lives_of_one_checkpoint_never_share_a_colour(drawn: list[tuple[int, int]]) -> None:
    lives = [life(index, first, length) for index, (first, length) in enumerate(sorted(drawn))]
    colours = colours_of_lives(lives)
    for at in range(15):
        here = [colours[one.index] for one in lives if one.first <= at <= one.last]
        assert len(here) == len(set(here))
    most = max((sum(one.first <= at <= one.last for one in lives) for at in range(15)), default=0)
    assert max(colours, default=-1) < max(most, min(len(lives), 12))


def test_the_colour_that_has_been_free_for_longest_comes_back_first() -> None:
    lives = [life(index, 0, 2 if index else 1) for index in range(12)] + [life(12, 3, 1), life(13, 3, 1)]
    assert colours_of_lives(lives) == (*range(12), 0, 1)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (life(0, 0, 4), "There from the start; lasts to the end."),
        (life(0, 0, 2, ends="resolved"), "There from the start; resolved into no change at `three`."),
        (life(0, 1, 1, ends="merges", heir=2), "New at `two`; merges into C at `three`."),
        (life(0, 1, 1, ends="dissolves"), "New at `two`; dissolves into several groups at `three`."),
        (life(0, 2, 2, begins="splits", parent=1), "Split from B at `three`; lasts to the end."),
    ],
)
def test_a_life_in_words(told: Life, words: str) -> None:
    assert fate(History((told,), (), ()), told, CHECKPOINTS).text == words


def test_what_splits_off_is_told_by_checkpoint() -> None:
    lives = (
        life(0, 0, 4),
        *(life(index, 1, 1, begins="splits", parent=0) for index in (1, 2, 3)),
        life(4, 2, 1, begins="splits", parent=0),
    )
    told = fates(History(lives, (), ()), CHECKPOINTS)
    assert told[0].words.text == (
        "There from the start; B, C and D split off at `two`; E splits off at `three`; lasts to the end."
    )
    assert [one.letter for one in told] == ["A", "B", "C", "D", "E"]
