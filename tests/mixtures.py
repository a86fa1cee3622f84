"""Data for the sampled engine, and how near its estimates have to be."""

from __future__ import annotations

import numpy as np

from repdiff.affinity.base import Affinity
from repdiff.clustering.cluster import cluster_affinity, normalized_cut
from repdiff.clustering.spectral import leading_eigenvectors


def mixture(n: int, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Two mixtures of Gaussians; a half of the items are of the same kind in both."""
    rng = np.random.default_rng(seed)
    kind_x = rng.integers(0, 12, n)
    kind_y = np.where(rng.random(n) < 0.5, kind_x, rng.integers(0, 12, n))
    sides = [rng.normal(size=(12, d))[kind] * 1.2 + rng.normal(size=(n, d)) for kind, d in ((kind_x, 24), (kind_y, 16))]
    return sides[0].astype(np.float32), sides[1].astype(np.float32)


def with_copies(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A tenth of the rows are copies of others, and a fifth are one and the same row in x."""
    x, y = mixture(n)
    picked = np.random.default_rng(1).permutation(n)
    half = n // 20
    for side in (x, y):
        side[picked[:half]] = side[picked[half : 2 * half]]
    x[picked[2 * half : 6 * half]] = x[0]
    return x, y


def assert_alike(sampled: Affinity, exact: Affinity, k: int = 10) -> None:
    labels = cluster_affinity(sampled, k)
    cut, expected_cut = normalized_cut(exact, labels), normalized_cut(exact, cluster_affinity(exact, k))
    assert cut < 1.005 * expected_cut
    found, expected = (leading_eigenvectors(affinity, k).vectors for affinity in (sampled, exact))
    assert np.linalg.norm(expected.T @ found) ** 2 / k > 0.97
    means, expected_means = sampled.group_means(labels), exact.group_means(labels).mean
    error = np.abs(means.mean - expected_means)
    assert (np.diagonal(error / expected_means) < 0.02).all()
    assert (error < 0.02 * expected_means + 3 * means.standard_error).all()
