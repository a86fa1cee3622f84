"""The spectral step on torch's CPU device: the labels of the host, and nothing long crosses but results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")

from repdiff.affinity.engines import compute_affinities
from repdiff.clustering import device_kmeans
from repdiff.clustering.cluster import group_affinity
from repdiff.clustering.device_kmeans import k_means_on
from repdiff.clustering.kmeans import Problem, k_means
from repdiff.clustering.spectral import orthonormal_to
from repdiff.core.device import Device

CPU = Device.named("cpu", tf32=False)


@given(st.integers(2, 400), st.integers(1, 9), st.integers(1, 12), st.booleans(), st.integers(0, 2**32 - 1))
def test_k_means_gives_the_labels_of_the_host(n, d, k, whole, seed):
    points = np.random.default_rng(seed).normal(size=(n, d))
    if whole:  # many equal points: centres without points, and ties
        points = np.round(points)
    k = min(k, len(np.unique(points, axis=0)))
    expected, found = (
        k_means(points, k, restarts=3, random_state=seed),
        k_means_on(Problem.of(points, k, 3, seed), CPU),
    )
    assert sorted(np.unique(found)) == list(range(k))
    if whole:  # which of several equally far centres is taken, rounding decides
        centres = np.stack([points[found == c].mean(axis=0) for c in range(k)])
        distances = np.linalg.norm(points[:, None] - centres, axis=2)
        assert (distances[np.arange(n), found] <= distances.min(axis=1) + 0.1).all()
    else:
        assert (found != expected).mean() < 0.02


def test_k_means_of_many_points_runs_fewer_seedings_at_a_time(monkeypatch):
    problem = Problem.of(np.random.default_rng(0).normal(size=(3000, 4)), 7, 10, 0)
    whole = k_means_on(problem, CPU)
    monkeypatch.setattr(device_kmeans, "_NUMBERS_AT_A_TIME", 3 * 7 * 3000)
    np.testing.assert_array_equal(k_means_on(problem, CPU), whole)


def test_a_basis_is_orthonormal_whatever_the_columns():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(500, 20)))[0].astype(np.float32)
    block = rng.normal(size=(500, 6)).astype(np.float32)
    block[:, 1] = basis[:, 3] + 1e-8  # in the span of the basis
    block[:, 2] = 3 * block[:, 0]  # in the span of the columns before
    block[:, 4] = block[:, 3] + 1e-3 * block[:, 4]  # nearly
    new = CPU.get(orthonormal_to(CPU.put(basis), CPU.put(block), CPU))
    both = np.hstack([basis, new]).astype(np.float64)
    np.testing.assert_allclose(both.T @ both, np.eye(26), atol=2e-6)
    kept = block[:, [0, 3, 4, 5]]
    outside = kept - both @ (both.T @ kept)  # all but what lay along the columns that were replaced
    assert (np.linalg.norm(outside, axis=0) < 0.2 * np.linalg.norm(kept, axis=0)).all()


def test_labels_are_those_of_the_host_and_nothing_long_crosses_but_results(pair_xy, monkeypatch):
    device, host = (compute_affinities(*pair_xy, engine=name, device="cpu") for name in ("torch", "exact"))
    n, crossed = len(pair_xy[0]), []
    get = Device.get

    def noted(self, matrix):
        crossed.append(tuple(matrix.shape))
        return get(self, matrix)

    monkeypatch.setattr(Device, "get", noted)
    for name in ("x_only", "y_only"):
        crossed.clear()
        found = group_affinity(getattr(device, name), 5, n_kept=12)
        means = getattr(device, name).group_means(found.labels)
        more = len(found.coordinates.kept.values) - 5
        # The degree, the eigenvectors and those that are kept beside, the labels.
        assert [shape for shape in crossed if n in shape] == [(n, 1), (n, 5), (n, more), (n,)]
        expected = group_affinity(getattr(host, name), 5, n_kept=12)
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_allclose(found.coordinates.values, expected.coordinates.values, atol=1e-4)
        np.testing.assert_allclose(means.mean, getattr(host, name).group_means(found.labels).mean, rtol=1e-5)
