from __future__ import annotations

import itertools

import numpy as np
import oracle
import pytest

from repdiff.affinity.base import DenseAffinity
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.clustering.order import find_clusters, map_affinity, order_by_mean_affinity
from repdiff.clustering.representatives import Contrast, choose_representatives


@pytest.fixture(scope="module")
def contrast(pair_xy):
    x, y = map(RankedEmbedding, pair_xy)
    return Contrast(DenseAffinity(*oracle.affinities(*pair_xy)), x, y)


@pytest.fixture(scope="module")
def affinity(contrast):
    return contrast.affinity


def test_clusters_are_ordered_by_mean_affinity(affinity):
    labels = np.random.default_rng(0).integers(0, 6, 300).astype(np.int32)
    ordered, means, _ = order_by_mean_affinity(labels, affinity)
    assert (np.diff(means) >= 0).all()
    for k, mean in enumerate(means):
        members = ordered == k
        assert affinity.matrix[np.ix_(members, members)].mean() == pytest.approx(mean)
        assert len(set(labels[members])) == 1


def test_equal_means_keep_the_order_of_first_items():
    ordered, means, _ = order_by_mean_affinity(np.array([2, 2, 0, 1, 1, 0], np.int32), DenseAffinity(np.ones((6, 6))))
    np.testing.assert_array_equal(ordered, [0, 0, 1, 2, 2, 1])
    assert (means == 1).all()


def test_clusters_and_their_flags(affinity, contrast):
    labels = (np.arange(300) % 4).astype(np.int32)
    threshold = float(np.median(order_by_mean_affinity(labels, affinity)[1]))
    ordered, clusters = find_clusters(labels, contrast, no_change_threshold=threshold, n_representatives=100)
    assert [c.index for c in clusters] == [0, 1, 2, 3]
    assert [c.is_no_change for c in clusters] == [True, True, False, False]
    for cluster, earlier in itertools.pairwise(reversed(clusters)):
        assert cluster.mean_affinity >= earlier.mean_affinity
    for cluster in clusters:
        np.testing.assert_array_equal(cluster.items, np.flatnonzero(ordered == cluster.index))
        assert sorted(cluster.representatives) == list(cluster.items)  # fewer members than representatives asked for
        assert cluster.size == 75


@pytest.mark.parametrize("kind", ["typical", "spread", "border"])
def test_representatives_are_of_the_kind_asked_for(contrast, kind):
    labels = (np.arange(300) % 4).astype(np.int32)
    ordered, clusters = find_clusters(labels, contrast, n_representatives=5, representatives=kind)
    for cluster, rows in zip(
        clusters, choose_representatives(contrast, ordered, n_representatives=5, kind=kind), strict=True
    ):
        np.testing.assert_array_equal(cluster.representatives, rows)


@pytest.mark.parametrize("n_bins", [4, 25, 1000])
def test_the_affinity_map_averages_the_ordered_matrix(affinity, n_bins):
    labels = np.sort(np.random.default_rng(1).integers(0, 4, 300)).astype(np.int32)
    picture = map_affinity(affinity, labels, n_bins=n_bins)
    assert picture.size.sum() == 300
    assert picture.size.min() >= 1
    assert (np.diff(picture.cluster) >= 0).all()
    for k in range(4):
        own = picture.cluster == k
        assert picture.size[own].sum() == (labels == k).sum()
        weights = np.outer(picture.size[own], picture.size[own])
        expected = affinity.matrix[np.ix_(labels == k, labels == k)].mean()
        assert np.average(picture.means[np.ix_(own, own)], weights=weights) == pytest.approx(expected, rel=1e-5)
