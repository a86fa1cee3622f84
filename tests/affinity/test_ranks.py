from __future__ import annotations

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

import repdiff
from repdiff.affinity import ranks


def test_ranks_equal_the_oracle(pair_xy):
    for values in pair_xy:
        np.testing.assert_array_equal(repdiff.neighbor_ranks(values), oracle.ranks(values))


def test_the_item_itself_is_always_first(digits):
    assert (np.diagonal(repdiff.neighbor_ranks(digits[:500])) == 1).all()


def test_equal_distances_keep_index_order(digits):
    # Vectors of small integers: 500 x 500 distances take few values, so nearly every rank is decided by a tie.
    np.testing.assert_array_equal(repdiff.neighbor_ranks(digits[:500]), oracle.ranks(digits[:500]))


@given(arrays(np.int8, st.tuples(st.integers(3, 40), st.integers(1, 4)), elements=st.integers(-2, 2)))
def test_ties_among_few_distinct_rows(values):
    if np.ptp(values.astype(int)) == 0:
        return
    np.testing.assert_array_equal(repdiff.neighbor_ranks(values), oracle.ranks(values))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_of_rows_share_their_distances_beyond_the_refined_ranks(dtype, monkeypatch):
    monkeypatch.setattr(ranks, "NEAR_TIE", 0.0)  # no refinement at all: only the handling of equal rows is left
    rng = np.random.default_rng(0)
    distinct = rng.normal(size=(90, 33)).astype(dtype)
    values = distinct[rng.integers(0, 90, 400)]
    found = repdiff.neighbor_ranks(values)
    np.testing.assert_array_equal(found, oracle.ranks(values))


def test_near_ties_are_decided_in_float64():
    rng = np.random.default_rng(1)
    # 200 points on a sphere around item 0, whose distances to it differ by less than float32 can hold.
    directions = rng.normal(size=(200, 30))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radii = 1 + rng.permutation(200) * 1e-9
    values = np.concatenate([np.zeros((1, 30)), directions * radii[:, None]]) + 3
    assert (repdiff.neighbor_ranks(values)[0] == oracle.ranks(values)[0]).all()


def test_distances_of_very_unlike_size_keep_their_order():
    # An item at the mean, others close to it at distances that differ by less than a 2^-26th of the largest.
    rng = np.random.default_rng(2)
    near = rng.normal(size=(200, 2)) * 1e-5
    values = np.concatenate([[[0, 0]], near, -near, [[1e3, 0], [-1e3, 0]]])
    np.testing.assert_array_equal(repdiff.neighbor_ranks(values)[0], oracle.ranks(values)[0])


@pytest.mark.parametrize("value", [0, 1, 0.1])
def test_equal_rows_keep_index_order(value):
    np.testing.assert_array_equal(repdiff.neighbor_ranks(np.full((5, 3), value)), oracle.ranks(np.full((5, 3), value)))


@pytest.mark.parametrize("offset", [1e3, 1e6])
def test_a_common_offset_costs_nothing(pair_xy, offset):
    x = pair_xy[0].astype(np.float64)
    assert np.mean(repdiff.neighbor_ranks(x + offset) == oracle.ranks(x)) >= 0.9999


@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1e25])
def test_scale_costs_nothing(pair_xy, scale):
    x = pair_xy[0].astype(np.float64)
    assert np.mean(repdiff.neighbor_ranks(x * scale) == oracle.ranks(x)) >= 0.9999
    in_float32 = (x * scale).astype(np.float32)
    assert np.mean(repdiff.neighbor_ranks(in_float32) == oracle.ranks(in_float32)) >= 0.9999


def test_error_of_squared_distances_is_within_the_stated_tolerance():
    rng = np.random.default_rng(5)
    x = (rng.normal(size=(600, 1280)) + 2).astype(np.float32)
    embedding = ranks.RankedEmbedding(x)
    coordinates = embedding.coordinates
    exact = np.array([((coordinates - row.astype(np.float64)) ** 2).sum(axis=1) for row in coordinates])
    norms = embedding.squared_norms.astype(np.float64)
    found = norms[:, None] + norms - 2 * (coordinates @ coordinates.T).astype(np.float64)
    relative = np.abs(found - exact) / (norms[:, None] + norms)
    # Two neighbours in the list are re-examined when they are nearer than NEAR_TIE, which covers the usual error.
    assert np.quantile(relative, 0.999) < ranks.NEAR_TIE / 2


def test_cosine_ranks_are_euclidean_ranks_of_directions(pair_xy):
    x = pair_xy[0].astype(np.float64)
    directions = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.testing.assert_array_equal(repdiff.neighbor_ranks(x, metric="cosine"), oracle.ranks(directions))


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_distances_are_those_between_rows_in_a_unit_of_their_own(pair_xy, metric):
    x = np.concatenate([pair_xy[0], pair_xy[0][:5]]) + 100
    side = ranks.RankedEmbedding(x, metric=metric)
    exact = cdist(x, x) if metric == "euclidean" else cdist(*[x / np.linalg.norm(x, axis=1, keepdims=True)] * 2)
    rows, columns = np.array([3, 250, 0]), np.array([300, 7, 0, 99])
    found = side.distances(rows, columns) / side.largest_distance
    np.testing.assert_allclose(found, exact[np.ix_(rows, columns)] / exact.max(), rtol=1e-3, atol=1e-6)
    assert found[2, 0] == found[2, 2] == 0  # a copy, and the row itself


@given(st.integers(0, 1000), st.integers(2, 60), st.integers(1, 8))
def test_the_largest_distance_is_hardly_ever_missed(seed, n, d):
    x = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    side = ranks.RankedEmbedding(x)
    everything = np.arange(n)
    largest = side.distances(everything, everything).max()
    assert 0.98 * largest <= side.largest_distance <= largest


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), "one row per item"),
        (np.array([["a", "b"]]), "numeric"),
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN"),
        (np.array([[1 + 1j, 1], [0, 1]]), "numeric"),
    ],
)
def test_unusable_values_are_refused(values, message):
    with pytest.raises(repdiff.RepdiffError, match=message):
        repdiff.neighbor_ranks(values)


def test_a_row_of_zeros_has_no_direction():
    with pytest.raises(repdiff.RepdiffError, match="row 1 is all zeros"):
        repdiff.neighbor_ranks(np.array([[1.0, 2.0], [0.0, 0.0], [2.0, 1.0]]), metric="cosine")


def test_an_unknown_metric_is_named():
    with pytest.raises(repdiff.RepdiffError, match=r"metric must be one of euclidean, cosine.*'manhattan'"):
        repdiff.neighbor_ranks(np.eye(3), metric="manhattan")
