from __future__ import annotations

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import repdiff
from repdiff.affinity import difference
from repdiff.core.errors import RepdiffError

RANKS = st.integers(1, 10**6)


@given(RANKS, RANKS, st.floats(0.01, 1.0), st.floats(0.5, 20.0))
def test_the_compiled_formula_is_the_formula(rank_x, rank_y, gamma, beta):
    out = np.empty((1, 1), np.float32)
    as_tile = [np.array([[rank]], np.int32) for rank in (rank_x, rank_y)]
    difference.directed_affinity(*as_tile, np.float32(gamma), np.float32(beta), out)
    G = oracle.difference(np.float64(rank_x), np.float64(rank_y), np.float64(np.float32(gamma)))
    # The error of G, about 1e-7, is multiplied by beta in the exponent.
    assert abs(np.log(out[0, 0]) + np.float64(np.float32(beta)) * G) < 1e-6 * (1 + beta)


@given(RANKS)
def test_equal_ranks_are_exactly_no_change(rank):
    out = np.empty((1, 9), np.float32)
    ranks = np.full((1, 9), rank, np.int32)
    difference.directed_affinity(ranks, ranks, np.float32(0.1), np.float32(5), out)
    assert (out == 1).all()


def test_the_public_steps_equal_the_oracle(pair_xy):
    ranks = [repdiff.neighbor_ranks(side) for side in pair_xy]
    G = repdiff.rank_difference(*ranks, gamma=0.07)
    np.testing.assert_allclose(G, oracle.difference(*ranks, gamma=0.07), atol=1e-7)
    np.testing.assert_allclose(repdiff.difference_affinity(G, beta=3.0), oracle.affinity(G, 3.0), rtol=1e-5)


@given(RANKS, RANKS)
def test_the_difference_is_antisymmetric_and_bounded(rank_x, rank_y):
    forth, back = repdiff.rank_difference([rank_x], [rank_y]), repdiff.rank_difference([rank_y], [rank_x])
    assert forth == -back
    assert np.abs(forth) <= 1
    assert np.sign(forth) == np.sign(rank_x - rank_y)


def test_the_affinity_lies_between_its_bounds(pair_xy):
    A = repdiff.difference_affinity(repdiff.rank_difference(*map(repdiff.neighbor_ranks, pair_xy)))
    assert np.exp(-5) <= A.min()
    assert A.max() <= np.exp(5) * (1 + 1e-6)
    np.testing.assert_array_equal(A, A.T)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: repdiff.rank_difference(np.ones((2, 2)), np.ones((3, 3))), "same pairs"),
        (lambda: repdiff.rank_difference([0, 1], [1, 2]), "counted from 1"),
        (lambda: repdiff.rank_difference([1], [1], gamma=0), "gamma must be a positive number"),
        (lambda: repdiff.difference_affinity(np.zeros((2, 3))), "square"),
        (lambda: repdiff.difference_affinity(np.zeros((2, 2)), beta=-1), "beta must be a positive number"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(RepdiffError, match=message):
        call()
