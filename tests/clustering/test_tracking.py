"""Planted histories: what was done to the groups at known steps is what is told of them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repdiff.clustering.tracking import follow_clusters
from repdiff.results.tracks import NO_CHANGE, History, Track

# What may be done to one group between two checkpoints.
DEEDS = ("keep", "split", "resolve", "shrink")


def partitions(*rows: list[int]) -> list[np.ndarray]:
    return [np.array(row, np.int32) for row in rows]


def planted(seed: int, n_groups: int, n_steps: int) -> tuple[list[np.ndarray], list[tuple[int, str, set[int]]]]:
    """Labels at every checkpoint, and what happened: step, deed, items."""
    rng = np.random.default_rng(seed)
    next_name = n_groups
    now = np.repeat(np.arange(-1, n_groups), rng.integers(30, 60, n_groups + 1))
    states, deeds = [now], []
    for step in range(n_steps - 1):
        before, now = now, now.copy()
        names = [int(name) for name in np.unique(before) if name >= 0]
        untouched = list(names)
        for name in names:
            items = np.flatnonzero(before == name)
            deed = DEEDS[rng.integers(len(DEEDS))]
            if deed == "split" and len(items) >= 12:
                part = items[: int(len(items) * rng.uniform(0.25, 0.4))]
                now[part], next_name = next_name, next_name + 1
                deeds.append((step + 1, "splits", set(part.tolist())))
                untouched.remove(name)
            elif deed == "resolve":
                now[items] = NO_CHANGE
                deeds.append((step + 1, "resolved", set(items.tolist())))
                untouched.remove(name)
            elif deed == "shrink" and len(items) >= 12:
                now[items[: len(items) // 4]] = NO_CHANGE
        if len(untouched) >= 2 and rng.random() < 0.5:
            small, large = sorted(untouched[:2], key=lambda name: (before == name).sum())
            moved = np.flatnonzero(now == small)
            if 0 < len(moved) < 0.8 * (now == large).sum():
                deeds.append((step + 1, "merges", set(np.flatnonzero(before == small).tolist())))
                now[moved] = large
        free = np.flatnonzero((now == NO_CHANGE) & (before == NO_CHANGE))
        if len(free) >= 20 and rng.random() < 0.5:
            now[free[:10]], next_name = next_name, next_name + 1
            deeds.append((step + 1, "appears", set(free[:10].tolist())))
        states.append(now)
    return [shuffled_names(state, rng) for state in states], deeds


def shuffled_names(state: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clusters are numbered anew at every checkpoint, as the strength of their difference has it."""
    names = np.unique(state[state >= 0])
    renamed = np.full(state.max() + 2, NO_CHANGE)
    renamed[names] = rng.permutation(len(names))
    return renamed[state].astype(np.int32)


def items_of(states: list[np.ndarray], track: Track, at: int) -> set[int]:
    return set(np.flatnonzero(states[at] == track.clusters[at - track.first]).tolist())


@given(st.integers(0, 100_000), st.integers(1, 5), st.integers(2, 6))
@settings(max_examples=150, deadline=None)
def test_what_happened_at_known_steps_is_told(seed: int, n_groups: int, n_steps: int) -> None:
    states, deeds = planted(seed, n_groups, n_steps)
    found = follow_clusters(states)
    told = [(one.first, one.begins, items_of(states, one, one.first)) for one in found.tracks if one.first > 0]
    told += [
        (track.last + 1, track.ends, items_of(states, track, track.last))
        for track in found.tracks
        if track.last < len(states) - 1
    ]
    assert sorted(told, key=repr) == sorted(deeds, key=repr)
    for track in found.tracks:
        if track.begins == "splits":
            parent = found.tracks[track.parent]
            assert items_of(states, track, track.first) < items_of(states, parent, track.first - 1)
        if track.ends == "merges":
            assert items_of(states, track, track.last) & items_of(states, found.tracks[track.successor], track.last + 1)


@given(st.integers(0, 100_000), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_every_cluster_has_one_track_and_every_item_flows(seed: int, n_groups: int, n_steps: int) -> None:
    states, _ = planted(seed, n_groups, n_steps)
    found = follow_clusters(states)
    for at, state in enumerate(states):
        assert sorted(found.track_of[at]) == np.unique(state[state >= 0]).tolist()
        for cluster, index in found.track_of[at].items():
            track = found.tracks[index]
            assert track.clusters[at - track.first] == cluster
    for at in range(len(states) - 1):
        flows = [flow for flow in found.flows if flow.step == at]
        assert sum(flow.count for flow in flows) == len(states[at])
        for flow in flows:
            assert flow.count == ((states[at] == flow.source) & (states[at + 1] == flow.target)).sum()


@given(st.integers(0, 100_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_items_does_not_matter(seed: int) -> None:
    states, _ = planted(seed, 4, 5)
    order = np.random.default_rng(seed).permutation(len(states[0]))
    assert follow_clusters([state[order] for state in states]) == follow_clusters(states)


def test_a_group_that_scatters_dissolves() -> None:
    found = follow_clusters(partitions([0] * 9 + [1] * 21, [1, 1, 1, 2, 2, 2, -1, -1, -1] + [1] * 12 + [2] * 9))
    assert [track.ends for track in found.tracks if track.last == 0] == ["dissolves"]


def test_one_checkpoint_has_tracks_and_no_flows() -> None:
    found = follow_clusters(partitions([0, 1, 1, -1]))
    assert [(track.begins, track.ends) for track in found.tracks] == [("start", "end")] * 2
    assert found.flows == ()


def test_no_difference_at_all_is_a_history_without_tracks() -> None:
    found = follow_clusters(partitions([-1, -1], [-1, -1]))
    assert found.tracks == ()
    assert [(flow.source, flow.target, flow.count) for flow in found.flows] == [(-1, -1, 2)]


@pytest.mark.parametrize(("overlap", "carries_on"), [(0.5, True), (0.7, False)])
def test_overlap_says_how_much_must_stay(overlap: float, carries_on: bool) -> None:
    before = [0] * 50 + [NO_CHANGE] * 150
    after = [0] * 30 + [NO_CHANGE] * 20 + [0] * 100 + [NO_CHANGE] * 50  # three fifths stay, among many newcomers
    found: History = follow_clusters(partitions(before, after), overlap=overlap)
    assert (found.track_of[0][0] == found.track_of[1][0]) is carries_on


@given(st.integers(0, 100_000), st.integers(4, 40), st.integers(1, 4), st.sampled_from([0.3, 0.5, 0.8]))
@settings(max_examples=60, deadline=None)
def test_no_other_matching_has_a_larger_sum(seed: int, n: int, n_clusters: int, overlap: float) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(-1, n_clusters, n).astype(np.int32)
    after = np.where(rng.random(n) < 0.6, before, rng.integers(-1, n_clusters, n)).astype(np.int32)
    sources, targets = ([name for name in np.unique(state).tolist() if name >= 0] for state in (before, after))

    def worth(source: int, target: int | None) -> float:
        ours, theirs = before == source, after == target
        shared = (ours & theirs).sum()
        alike = target is not None and shared >= overlap * min(ours.sum(), theirs.sum())
        return float(shared / (ours | theirs).sum()) if alike else 0.0

    choices = permutations([*targets, *[None] * len(sources)], len(sources))
    best = max(sum(map(worth, sources, choice)) for choice in choices)
    found = follow_clusters([before, after], overlap=overlap)
    pairs = [track.clusters for track in found.tracks if len(track.clusters) == 2]
    assert sum(worth(*pair) for pair in pairs) == pytest.approx(best)
    assert all(worth(*pair) > 0 for pair in pairs)


def test_a_split_and_a_merge_at_the_same_step_are_both_told() -> None:
    before = [0] * 100 + [1] * 30 + [2] * 50 + [NO_CHANGE] * 20
    after = [0] * 60 + [3] * 40 + [1] * 80 + [NO_CHANGE] * 20
    found = follow_clusters(partitions(before, after))
    told = {track.clusters: (track.begins, track.ends) for track in found.tracks}
    assert told == {(0, 0): ("start", "end"), (2, 1): ("start", "end"), (1,): ("start", "merges"),
                    (3,): ("splits", "end")}  # fmt: skip
    by_cluster = {track.clusters: track for track in found.tracks}
    assert by_cluster[(1,)].successor == by_cluster[2, 1].index
    assert by_cluster[(3,)].parent == by_cluster[0, 0].index
    assert found.children(by_cluster[0, 0].index) == (by_cluster[(3,)],)


def test_a_group_that_is_away_for_a_checkpoint_has_two_tracks() -> None:
    there, away = [0] * 8 + [NO_CHANGE] * 4, [NO_CHANGE] * 12
    found = follow_clusters(partitions(there, away, there))
    assert [(track.first, track.begins, track.ends) for track in found.tracks] == [
        (0, "start", "resolved"),
        (2, "appears", "end"),
    ]


def test_of_equal_halves_one_carries_on_and_the_other_splits_off_or_merges() -> None:
    whole, halves = [0] * 60, [0] * 30 + [1] * 30
    split = follow_clusters(partitions(whole, halves))
    assert [(track.begins, track.ends, len(track.clusters)) for track in split.tracks] == [
        ("start", "end", 2),
        ("splits", "end", 1),
    ]
    merged = follow_clusters(partitions(halves, whole))
    assert sorted((track.ends, len(track.clusters)) for track in merged.tracks) == [("end", 2), ("merges", 1)]
