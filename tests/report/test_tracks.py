from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repdiff.report.tracks import colours_of_tracks, fates
from repdiff.report.wording.tracks import fate, letter
from repdiff.results.tracks import History, Track

CHECKPOINTS = ("one", "two", "three", "four")


def track(index: int, first: int, length: int, **facts: object) -> Track:
    told = {"begins": "start" if first == 0 else "appears", "parent": None, "ends": "end", "successor": None}
    return Track(index, first, (0,) * length, **(told | facts))  # type: ignore[arg-type]


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
def test_tracks_of_one_checkpoint_never_share_a_colour(drawn: list[tuple[int, int]]) -> None:
    tracks = [track(index, first, length) for index, (first, length) in enumerate(sorted(drawn))]
    colours = colours_of_tracks(tracks)
    for at in range(15):
        here = [colours[one.index] for one in tracks if one.first <= at <= one.last]
        assert len(here) == len(set(here))
    most = max((sum(one.first <= at <= one.last for one in tracks) for at in range(15)), default=0)
    assert max(colours, default=-1) < max(most, min(len(tracks), 12))


def test_the_colour_that_has_been_free_for_longest_comes_back_first() -> None:
    tracks = [track(index, 0, 2 if index else 1) for index in range(12)] + [track(12, 3, 1), track(13, 3, 1)]
    assert colours_of_tracks(tracks) == (*range(12), 0, 1)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (track(0, 0, 4), "There from the start; lasts to the end."),
        (track(0, 0, 2, ends="resolved"), "There from the start; resolved into no change at `three`."),
        (track(0, 1, 1, ends="merges", successor=2), "New at `two`; merges into C at `three`."),
        (track(0, 1, 1, ends="dissolves"), "New at `two`; dissolves into several groups at `three`."),
        (track(0, 2, 2, begins="splits", parent=1), "Split from B at `three`; lasts to the end."),
    ],
)
def test_a_track_in_words(told: Track, words: str) -> None:
    assert fate(History((told,), (), ()), told, CHECKPOINTS).text == words


def test_what_splits_off_is_told_by_checkpoint() -> None:
    tracks = (
        track(0, 0, 4),
        *(track(index, 1, 1, begins="splits", parent=0) for index in (1, 2, 3)),
        track(4, 2, 1, begins="splits", parent=0),
    )
    told = fates(History(tracks, (), ()), CHECKPOINTS)
    assert told[0].words.text == (
        "There from the start; B, C and D split off at `two`; E splits off at `three`; lasts to the end."
    )
    assert [one.letter for one in told] == ["A", "B", "C", "D", "E"]
