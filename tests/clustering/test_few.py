"""The spectral step for a few items agrees with the one for many."""

from __future__ import annotations

import numpy as np
import pytest

from repdiff.affinity.base import DenseAffinity
from repdiff.clustering.cluster import normalized_cut, spectral_clustering
from repdiff.clustering.few import cluster_few
from repdiff.evidence.agreement import agreement


def _affinity(n: int, n_groups: int, within: float, seed: int = 0) -> tuple[DenseAffinity, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = rng.integers(n_groups, size=n)
    noise = rng.gamma(2, size=(n, n))
    matrix = (noise + noise.T) * np.where(group[:, None] == group, within, 1)
    return DenseAffinity(matrix.astype(np.float32)), group


@pytest.mark.parametrize("n", [120, 500])
def test_planted_groups_are_found(n: int) -> None:
    affinity, group = _affinity(n, 5, 6)
    assert agreement(cluster_few(affinity, 5), group) == 1


@pytest.mark.parametrize("within", [1, 1.3])
def test_the_cut_is_as_good_as_that_of_the_step_for_many_items(within: float) -> None:
    affinity, _ = _affinity(600, 8, within)
    expected = normalized_cut(affinity, spectral_clustering(affinity, 8).labels)
    assert normalized_cut(affinity, cluster_few(affinity, 8)) <= 1.005 * expected


def test_equal_affinities_are_one_cluster() -> None:
    assert (cluster_few(DenseAffinity(np.ones((400, 400), np.float32)), 5) == 0).all()


def test_identical_groups_without_ties_between_them_are_told_apart() -> None:
    group = np.arange(480) // 20  # as many equal eigenvalues as groups, more than there are columns in a block
    affinity = DenseAffinity((group[:, None] == group).astype(np.float32))
    assert agreement(cluster_few(affinity, 24), group) > 0.9


def test_same_seed_same_labels() -> None:
    affinity, _ = _affinity(400, 4, 1.2)
    np.testing.assert_array_equal(cluster_few(affinity, 4, random_state=3), cluster_few(affinity, 4, random_state=3))
