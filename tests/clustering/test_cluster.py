from __future__ import annotations

import numpy as np
import oracle
import pytest
from sklearn.cluster import AffinityPropagation, KMeans, SpectralClustering

import repdiff
from repdiff import RepdiffError


@pytest.fixture(scope="module")
def affinity(pair_xy):
    return oracle.affinities(*pair_xy)[0]


def test_the_cut_is_that_of_the_reference(affinity):
    reference = min(
        oracle.normalized_cut(
            affinity, SpectralClustering(6, affinity="precomputed", random_state=s).fit(affinity).labels_
        )
        for s in range(3)
    )
    assert oracle.normalized_cut(affinity, repdiff.cluster_affinity(affinity, 6)) <= 1.005 * reference


def test_normalized_cut_equals_its_definition(affinity):
    labels = np.random.default_rng(0).integers(0, 5, len(affinity))
    assert repdiff.normalized_cut(affinity, labels) == pytest.approx(oracle.normalized_cut(affinity, labels), rel=1e-5)


def test_labels_are_consecutive_and_seeded(affinity):
    first, second = (repdiff.cluster_affinity(affinity, 7, random_state=1) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.int32
    assert set(first) == set(range(7))


def test_equal_affinities_are_one_cluster():
    assert (repdiff.cluster_affinity(np.ones((40, 40)), 5) == 0).all()


def test_one_cluster_is_allowed(affinity):
    assert (repdiff.cluster_affinity(affinity, 1) == 0).all()


@pytest.mark.parametrize(
    "clusterer",
    [
        SpectralClustering(4, affinity="precomputed", assign_labels="cluster_qr"),
        AffinityPropagation(affinity="precomputed", damping=0.9, max_iter=1000),
        lambda A: np.where(A[0] > np.median(A[0]), 5, -1),
    ],
    ids=["SpectralClustering", "AffinityPropagation", "callable"],
)
def test_any_clusterer_of_affinities_may_stand_in(affinity, clusterer):
    labels = repdiff.cluster_affinity(affinity, clusterer=clusterer)
    assert labels.shape == (len(affinity),)
    assert set(labels) == set(range(labels.max() + 1))
    assert labels.max() > 0


def test_a_given_estimator_is_not_changed(affinity):
    model = SpectralClustering(3, affinity="precomputed")
    repdiff.cluster_affinity(affinity, clusterer=model)
    assert not hasattr(model, "labels_")
    assert model.random_state is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be from 1 to the number of items, 300, but is 0"),
        ({"n_clusters": 301}, "but is 301"),
        ({"clusterer": "dbscan"}, "clusterer must be \"spectral\".* but is 'dbscan'"),
        ({"clusterer": KMeans(3)}, 'make KMeans with affinity="precomputed"'),
        ({"clusterer": 3}, "but is 3"),
        ({"clusterer": lambda A: np.zeros(3, int)}, "one integer for each of 300 items"),
        ({"clusterer": lambda A: np.zeros(300)}, "one integer for each of 300 items, but returned float64"),
    ],
)
def test_unusable_clusterers_are_named(affinity, options, message):
    with pytest.raises(RepdiffError, match=message):
        repdiff.cluster_affinity(affinity, **options)
