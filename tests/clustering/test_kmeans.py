"""k-means against scikit-learn's, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from repdiff.clustering.kmeans import _assign_all, _move, _reassign, _widen, k_means


def inertia(points: np.ndarray, labels: np.ndarray) -> float:
    return sum(((points[labels == c] - points[labels == c].mean(axis=0)) ** 2).sum() for c in np.unique(labels))


@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_as_good_as_scikit_learns(seed: int, n_clusters: int, dim: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(300, dim)) + rng.normal(size=(n_clusters, dim))[rng.integers(0, n_clusters, 300)] * 3
    with threadpool_limits(1):  # threads that wait for each other cost more than so few points take
        theirs = KMeans(n_clusters, n_init=10, random_state=seed).fit(points)
    ours = k_means(points, n_clusters, random_state=seed)
    assert inertia(points, ours) <= theirs.inertia_ * 1.03
    assert len(np.unique(ours)) == n_clusters


def test_clear_groups_are_found() -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 6, 500)
    points = rng.normal(size=(500, 9)).astype(np.float32) * 0.1 + rng.normal(size=(6, 9))[group] * 5
    assert adjusted_rand_score(group, k_means(points, 6)) == 1


@given(st.integers(0, 10_000), st.floats(1e-6, 1e6))
@settings(max_examples=15, deadline=None)
def test_the_same_seed_gives_the_same_labels_at_any_scale(seed: int, scale: float) -> None:
    points = np.random.default_rng(seed).normal(size=(80, 3))
    scale = 2.0 ** round(np.log2(scale))  # a power of two rounds nothing
    np.testing.assert_array_equal(k_means(points, 4, random_state=seed), k_means(points * scale, 4, random_state=seed))


def test_as_many_clusters_as_points() -> None:
    points = np.arange(12.0).reshape(6, 2)
    assert sorted(k_means(points, 6).tolist()) == list(range(6))


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 3))
@settings(max_examples=60, deadline=None)
def test_no_cluster_is_empty_and_copies_stay_together(seed: int, n: int, dim: int) -> None:
    points = np.random.default_rng(seed).integers(0, 3, (n, dim)).astype(float)
    _, source = np.unique(points, axis=0, return_inverse=True)
    for n_clusters in range(1, source.max() + 2):
        labels = k_means(points, n_clusters, restarts=2, random_state=seed)
        assert sorted(set(labels.tolist())) == list(range(n_clusters))
        assert len(set(zip(source.ravel().tolist(), labels.tolist(), strict=True))) == source.max() + 1


def test_points_that_coincide() -> None:
    points = np.repeat(np.eye(3), [50, 1, 1], axis=0)
    labels = k_means(points, 3)
    assert len(set(labels[:50].tolist())) == 1
    assert len(set(labels.tolist())) == 3


def test_more_restarts_are_never_worse() -> None:
    points = np.random.default_rng(3).normal(size=(200, 5))
    found = [inertia(points, k_means(points, 7, restarts=restarts)) for restarts in (1, 4, 16)]
    assert found[0] >= found[1] - 1e-3 >= found[2] - 2e-3


def test_no_restart_is_refused() -> None:
    with pytest.raises(ValueError, match="restarts must be at least 1"):
        k_means(np.eye(3), 2, restarts=0)


def test_many_points_are_clustered_in_pieces_with_the_same_result(monkeypatch) -> None:
    points = np.random.default_rng(0).normal(size=(3000, 4))
    whole = k_means(points, 7)
    monkeypatch.setattr("repdiff.clustering.kmeans._POINTS_AT_A_TIME", 9000)
    np.testing.assert_array_equal(k_means(points, 7), whole)


@pytest.mark.parametrize(
    ("n", "dim", "k", "levels"), [(3000, 9, 10, 0), (1500, 19, 20, 0), (2000, 3, 7, 4), (700, 1, 5, 9)]
)
def test_bounds_give_the_labels_of_comparing_all_distances(n, dim, k, levels):
    rng = np.random.default_rng(n)
    rows = rng.normal(size=(n, dim)).astype(np.float32)
    if levels:  # many points that coincide, and many that lie midway
        rows = np.round(rows * levels / 3).astype(np.float32)
    points = np.ascontiguousarray(rows.T)
    centres = rows[rng.choice(n, k, replace=False)].copy()
    labels, bounds = np.full(n, -1, np.int32), np.zeros((2, n), np.float32)
    expected, distances, moved = labels.copy(), np.empty(n, np.float32), np.empty(k)
    skipped = 0
    for _ in range(30):
        before = expected.copy()
        _assign_all(points, centres, expected, distances)
        changed = _reassign(rows, centres, labels, bounds)
        np.testing.assert_array_equal(labels, expected)
        assert changed == (before != expected).sum()
        _move(points, rows, centres, labels, distances, moved)
        _widen(labels, bounds, moved)
        skipped += int((bounds[0] * np.float32(1.001) < bounds[1]).sum())
    assert skipped > n  # so that bounds had something to do
