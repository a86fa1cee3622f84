"""Nearest neighbours, and what is asked of them: overlap, cohesion, correctness."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from repdiff.affinity import nearest as module
from repdiff.affinity.distances import ranked
from repdiff.evidence.cohesion import cohesions
from repdiff.evidence.correctness import (
    codes_of,
    correctness_of,
    is_numeric_target,
    paired,
    regression_of,
    value_of,
    votes_right,
    with_rates,
)
from repdiff.evidence.nearest import Nearest, look_up
from repdiff.evidence.neighbours import neighbour_shares, neighbour_shares_of_ranks, share_of_change


def sides(*values):
    return [ranked(np.asarray(one, np.float32), metric="euclidean") for one in values]


def by_hand(values, k):
    far = np.linalg.norm(values[:, None].astype(float) - values[None], axis=2)
    np.fill_diagonal(far, np.inf)
    return np.argsort(far, axis=1, kind="stable")[:, :k]


@pytest.fixture
def pair():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(150, 6))
    return z.astype(np.float32), (z + 0.5 * rng.normal(size=z.shape)).astype(np.float32)


def test_neighbours_are_those_of_a_plain_sort(pair):
    found = look_up(*sides(*pair))
    assert np.array_equal(found.x, by_hand(pair[0], 10))
    assert np.array_equal(found.y, by_hand(pair[1], 10))


@pytest.mark.usefixtures("threaded_libraries")
def test_same_bits_for_any_number_of_threads(pair):
    one, two = (look_up(*sides(*pair), n_jobs=jobs) for jobs in (1, 2))
    assert np.array_equal(one.x, two.x)
    assert np.array_equal(one.found_wide, two.found_wide)


def test_given_distances_have_the_neighbours_of_the_points_they_come_from(pair):
    far = [np.linalg.norm(side[:, None].astype(float) - side[None], axis=2) for side in pair]
    given = look_up(*(ranked(one, metric="precomputed") for one in far))
    assert np.array_equal(given.x, look_up(*sides(*pair)).x)


def test_permuted_items_have_the_same_figures(pair):
    order = np.random.default_rng(1).permutation(len(pair[0]))
    plain, permuted = (neighbour_shares(look_up(*sides(*both))) for both in (pair, [side[order] for side in pair]))
    assert permuted.shared == pytest.approx(plain.shared, abs=1e-12)
    assert permuted.kept == pytest.approx(plain.kept, abs=1e-12)


def test_a_side_shares_all_neighbours_with_itself_turned_and_scaled(pair):
    x = pair[0]
    turned = 7 * x @ np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0]
    shares = neighbour_shares(look_up(*sides(x, turned)))
    assert (shares.shared, shares.kept, shares.lost, shares.standard_error) == (1, 1, 0, 0)


def test_shares_of_ranks_are_those_of_the_neighbours(pair):
    from repdiff import neighbor_ranks

    looked = neighbour_shares(look_up(*sides(*pair)))
    ranked_ = neighbour_shares_of_ranks(*(neighbor_ranks(side) for side in pair))
    assert ranked_.shared == pytest.approx(looked.shared)
    assert (ranked_.kept, ranked_.reordered, ranked_.lost) == pytest.approx(
        (looked.kept, looked.reordered, looked.lost)
    )


def test_unrelated_sides_share_as_many_as_chance():
    rng = np.random.default_rng(3)
    shares = neighbour_shares(look_up(*sides(rng.normal(size=(400, 5)), rng.normal(size=(400, 5)))))
    assert shares.shared == pytest.approx(10 / 399, abs=0.012)
    assert shares.lost > 0.9


def test_a_sample_of_items_is_asked_where_there_are_many_and_its_error_said(pair, monkeypatch):
    every = neighbour_shares(look_up(*sides(*pair)))
    monkeypatch.setattr(module, "_MOST_PAIRS", 0)
    monkeypatch.setattr(module, "_LEAST_ASKED", 60)
    found = look_up(*sides(*pair), seed=4)
    shares = neighbour_shares(found)
    assert shares.n == 60
    assert np.array_equal(found.x, by_hand(pair[0], 10)[found.asked])
    assert 0 < shares.standard_error < 0.03
    assert abs(shares.shared - every.shared) < 4 * shares.standard_error


def test_change_is_counted_where_it_is(pair):
    x, y = pair[0].copy(), pair[0].copy()
    y[:20] = np.random.default_rng(5).normal(size=(20, 6)) + 40
    found = look_up(*sides(x, y))
    members = np.arange(150) < 20
    assert share_of_change(found, members) > 0.5
    assert share_of_change(found, members) + share_of_change(found, ~members) == pytest.approx(1)


def grouped(*, spread):
    """Five tight groups in x; in y the first is spread over the others' places, or only within its own."""
    rng = np.random.default_rng(6)
    labels = np.repeat(np.arange(5), 60).astype(np.int32)
    centres = 8 * rng.normal(size=(5, 8))
    x = centres[labels] + rng.normal(size=(300, 8))
    y = x.copy()
    if spread:
        y[:60] = centres[rng.integers(1, 5, 60)] + rng.normal(size=(60, 8))
    else:
        y[:60] = centres[0] + rng.normal(size=(60, 8))
    return x, y, labels


@pytest.mark.parametrize(("spread", "fate"), [(True, "lost"), (False, "reordered")])
def test_fate_of_a_group_that_is_spread_or_shuffled(spread, fate):
    x, y, labels = grouped(spread=spread)
    group = cohesions(look_up(*sides(x, y)), labels, 5)[0]
    assert group.x == 10
    assert group.chance == pytest.approx(10 * 59 / 299)
    assert group.fate("x_only") == fate


def test_a_merged_group_is_loosened():
    x, y, labels = grouped(spread=False)
    y[:120] = y[0] + np.random.default_rng(7).normal(size=(120, 8))
    assert cohesions(look_up(*sides(x, y)), labels, 5)[0].fate("x_only") == "loosened"


def test_an_empty_cluster_has_no_fate():
    x, y, labels = grouped(spread=False)
    assert cohesions(look_up(*sides(x, y)), labels, 6)[5].fate("x_only") is None


def three(near, codes):
    """Items 0 to 2 of six with neighbours as given on both sides."""
    near = np.asarray(near)
    return votes_right(Nearest(6, np.arange(3), near, near, 5, np.ones(3)), np.asarray(codes))[0][:3]


def test_vote_is_of_the_majority_and_ties_go_to_the_nearer():
    codes = [0, 0, 1, 1, 0, -1]
    assert three([[2, 3, 4], [4, 3, 5], [4, 3, 5]], codes).tolist() == [0, 1, 0]


def test_missing_labels_have_no_vote():
    codes = [0, -1, 1, 1, 0, -1]
    assert np.isnan(three([[5, 1], [4, 3], [3, 5]], codes)).tolist() == [True, True, False]


def test_who_is_right_over_all_by_label_and_on_a_group():
    x, y, labels = grouped(spread=True)
    found = look_up(*sides(x, y))
    codes, names = codes_of(pd.Series(labels).map(lambda one: f"kind {one}"))
    right = votes_right(found, codes)
    correct = correctness_of(*right, codes, names)
    assert correct.overall.x == 1
    assert correct.overall.only_y == 0
    first = correct.by_label["kind 0"]
    assert first.x - first.y > 0.5
    assert first.q_value < 1e-6
    by_group = with_rates(paired(*right, np.flatnonzero(labels == group)) for group in range(5))
    assert [value_of("x_only", one) for one in by_group[:2]] == ["gain", "neither"]
    assert value_of("y_only", by_group[0]) == "loss"


def test_paired_p_value_is_that_of_the_exact_binomial_test():
    from scipy.stats import binomtest

    x, y = np.array([1, 1, 1, 1, 1, 0, 0, 1.0]), np.array([0, 0, 0, 0, 0, 1, 0, np.nan])
    found = paired(x, y)
    assert (found.n, found.only_x, found.only_y) == (7, 5, 1)
    assert found.p_value == pytest.approx(binomtest(5, 6).pvalue)


def test_nothing_known_is_none():
    assert paired(np.full(3, np.nan), np.ones(3)) is None
    assert value_of("x_only", None) is None


def test_numbers_are_told_from_names():
    assert is_numeric_target(pd.Series([0.5, 1.2, np.nan]))
    assert is_numeric_target(pd.Series(np.arange(100)))
    assert not is_numeric_target(pd.Series([0, 1, 2] * 20))
    assert not is_numeric_target(pd.Series(["a", "b"]))
    assert not is_numeric_target(pd.Series([1.0, 2.0, np.nan]))


def test_regression_of_a_number_that_one_side_knows():
    rng = np.random.default_rng(8)
    number = rng.normal(size=300)
    x, y = np.c_[number, 0.1 * rng.normal(size=300)], rng.normal(size=(300, 2))
    found = regression_of(look_up(*sides(x, y)), np.where(np.arange(300) < 10, np.nan, number))
    assert found.n == 290
    assert found.r2_x > 0.9 > 0.3 > found.r2_y
    assert found.only_x > found.only_y
    assert found.p_value < 1e-6
