"""What the other side says of one, and what is left of a round without its groups."""

from __future__ import annotations

import numpy as np
import pytest

from repdiff.affinity.distances import ranked
from repdiff.affinity.few import ranks_of_few
from repdiff.evidence.matched_noise import draw_rounds, without
from repdiff.evidence.prediction import predict_linearly, turn
from repdiff.evidence.rest import MOST_LOCAL, rest_of

GAMMA, BETA = 0.1, 5.0


def drawn_of(x, y):
    sides = (ranked(np.asarray(side, np.float32), metric="euclidean") for side in (x, y))
    return draw_rounds(*sides, n_rounds=1)[0]


@pytest.fixture(scope="module")
def moved():
    """400 items of which x gathers the first 40 in one place; and a clustering that cuts these into two parts."""
    rng = np.random.default_rng(0)
    y = rng.normal(size=(400, 8))
    x = y.copy()
    x[:40] = y[0] + 0.1 * rng.normal(size=(40, 8))
    labels = np.zeros(400, np.int32)
    labels[:25], labels[25:40] = 1, 2
    return drawn_of(x, y), {"x_only": labels, "y_only": np.zeros(400, np.int32)}


def test_what_is_turned_and_scaled_is_found_to_be():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 6))
    x -= x.mean(axis=0)
    y = 3 * x @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    found = turn(y, x)
    np.testing.assert_allclose(found.values, x, atol=1e-10)
    assert found.r2 == pytest.approx(1)


@pytest.mark.parametrize("widths", [(3, 6), (6, 3)])
def test_turning_keeps_the_neighbours_of_the_side_that_is_given(widths):
    rng = np.random.default_rng(1)
    given, wanted = (rng.normal(size=(60, width)) for width in widths)
    given, wanted = given - given.mean(axis=0), wanted - wanted.mean(axis=0)
    turned = turn(given, wanted).values.astype(np.float32)
    np.testing.assert_array_equal(ranks_of_few(turned), ranks_of_few(given.astype(np.float32)))


def test_a_linear_map_explains_a_dropped_direction_and_turning_does_not():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 5)) * [3, 1, 1, 1, 1]
    x -= x.mean(axis=0)
    y = x * [0.1, 1, 1, 1, 1]
    assert predict_linearly(x, y, rng).r2 > 0.999
    assert turn(x, y).r2 < 0.5


def test_what_is_left_is_ranked_among_itself(moved):
    drawn, _ = moved
    kept = np.arange(400) % 3 > 0
    left = without(drawn, kept)
    np.testing.assert_array_equal(left.rows, np.flatnonzero(kept))
    for ranks, points in zip(left.ranks, left.points, strict=True):
        assert (np.sort(ranks, axis=1) == np.arange(1, len(points) + 1)).all()
        assert (ranks == ranks_of_few(points.astype(np.float32))).mean() > 0.999
    halves = [set(left.rows[half]) for half in left.halves]
    assert halves == [set(np.flatnonzero(kept)) & set(half) for half in drawn.halves]


def test_the_other_part_of_a_cut_group_is_left_out_as_well(moved):
    drawn, labels = moved
    left = rest_of(drawn, labels, [("x_only", 1)], GAMMA, BETA)
    assert not np.isin(np.arange(40), left.rows).any()
    assert len(left.rows) > 340


def test_groups_that_hold_more_than_half_of_the_items_are_not_left_out(moved):
    drawn, labels = moved
    assert rest_of(drawn, labels, [("x_only", 0)], GAMMA, BETA) is None
    left = rest_of(drawn, labels, [("x_only", 0), ("x_only", 1)], GAMMA, BETA)
    assert len(left.rows) >= (1 - MOST_LOCAL) * 400
    assert not np.isin(np.arange(40), left.rows).any()


def test_without_groups_there_is_no_rest(moved):
    drawn, labels = moved
    assert rest_of(drawn, labels, [], GAMMA, BETA) is None
