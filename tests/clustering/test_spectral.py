from __future__ import annotations

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import repdiff
from repdiff import NotConvergedWarning, RepdiffError
from repdiff.affinity.base import DenseAffinity
from repdiff.clustering import spectral


@pytest.fixture(scope="module")
def affinity(pair_xy):
    return oracle.affinities(*pair_xy)[0]


def test_eigenpairs_equal_a_dense_solver(affinity):
    found = spectral.leading_eigenvectors(DenseAffinity(affinity), 8, tolerance=1e-5, max_products=400)
    values, vectors = oracle.eigenvectors(affinity, 8)
    np.testing.assert_allclose(found.values, values, atol=1e-6)
    agreement = np.linalg.norm(found.vectors.T @ vectors) ** 2 / 8
    assert agreement > 1 - 1e-6
    assert found.converged
    assert found.residuals.max() <= 1e-5


@given(st.integers(2, 60), st.integers(0, 2**32 - 1), st.data())
def test_any_size_down_to_all_eigenvectors(n, seed, data):
    A = np.random.default_rng(seed).uniform(0.1, 3, (n, n))
    A = A + A.T
    k = data.draw(st.integers(1, n))
    found = spectral.leading_eigenvectors(DenseAffinity(A), k, tolerance=1e-4, max_products=400)
    np.testing.assert_allclose(found.values, oracle.eigenvectors(A, k)[0], atol=1e-4)
    np.testing.assert_allclose(found.vectors.T @ found.vectors, np.eye(k), atol=1e-4)


def test_the_same_seed_gives_the_same_bits(affinity):
    first, second = (repdiff.spectral_embedding(affinity, 6, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_another_seed_gives_the_same_space(affinity):
    first, second = (repdiff.spectral_embedding(affinity, 6, random_state=seed) for seed in (0, 1))
    q, r = (np.linalg.qr(points)[0] for points in (first, second))
    assert np.linalg.norm(q.T @ r) ** 2 / 6 > 0.9999


def test_giving_up_is_a_warning_with_the_figure(affinity):
    with pytest.warns(NotConvergedWarning, match="after 2 products with a residual of"):
        found = spectral.leading_eigenvectors(DenseAffinity(affinity), 8, tolerance=1e-6, max_products=2)
    assert not found.converged


@pytest.mark.parametrize("n", [5, 17, 50, 1797])
def test_all_ones_tells_nothing_apart(n):
    points = repdiff.spectral_embedding(np.ones((n, n)), 5)
    assert (points[:, 1:] == 0).all()
    np.testing.assert_allclose(points[:, 0], points[0, 0], rtol=1e-5)


def test_parts_that_are_not_connected_are_told_apart():
    A = np.kron(np.eye(3), np.ones((20, 20)))
    labels = repdiff.cluster_affinity(A, 3)
    assert len(set(zip(labels, np.repeat(range(3), 20), strict=True))) == 3


def test_one_giant_item_is_no_obstacle():
    A = np.ones((60, 60))
    A[0] = A[:, 0] = 148.0
    found = spectral.leading_eigenvectors(DenseAffinity(A), 4)
    assert np.isfinite(found.vectors).all()
    np.testing.assert_allclose(found.values, oracle.eigenvectors(A, 4)[0], atol=1e-3)


def test_an_item_without_any_affinity_is_no_obstacle():
    A = np.kron(np.eye(2), np.ones((10, 10)))
    A[0] = A[:, 0] = 0
    assert np.isfinite(repdiff.spectral_embedding(A, 3)).all()


@pytest.mark.parametrize("k", [0, 11])
def test_too_few_or_many_vectors(k):
    with pytest.raises(RepdiffError, match=f"{k} eigenvectors were requested of an affinity of 10 items"):
        repdiff.spectral_embedding(np.ones((10, 10)), k)


@pytest.mark.parametrize("matrix", [np.ones((2, 3)), -np.ones((3, 3)), np.full((3, 3), np.nan)])
def test_what_is_no_affinity_is_refused(matrix):
    with pytest.raises(RepdiffError, match="an affinity must be"):
        repdiff.spectral_embedding(matrix, 2)
