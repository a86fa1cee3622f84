"""Another number of clusters from the kept eigenvectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planted import split_in_x
from sklearn.cluster import SpectralClustering

import repdiff
from repdiff.clustering.cluster import KEPT_EIGENVECTORS, cut_vectors
from repdiff.evidence.agreement import agreement


@pytest.fixture(scope="module")
def compared():
    x, y = split_in_x(np.random.default_rng(0))[:2]
    return repdiff.compare(x, y, n_clusters=6, evidence=False), (x, y)


def test_the_same_number_gives_the_same_clusters(compared):
    found, _ = compared
    again = found.recut(6)
    for direction, cut in ((found.x_only, again.x_only), (found.y_only, again.y_only)):
        assert agreement(direction.labels, cut.labels) == 1
        np.testing.assert_array_equal(cut.sizes, np.bincount(cut.labels))
        known = {cluster.size: cluster.mean_affinity for cluster in direction.clusters}
        estimated = dict(zip(cut.sizes.tolist(), cut.mean_affinity.tolist(), strict=True))
        assert max(abs(np.log(estimated[size] / mean)) for size, mean in known.items()) < 0.1


@pytest.mark.parametrize("k", [1, 3, 5])
def test_a_smaller_number_is_what_a_whole_comparison_with_it_gives(compared, k):
    found, (x, y) = compared
    other = repdiff.compare(x, y, n_clusters=k, evidence=False)
    for direction, cut in ((other.x_only, found.recut(k).x_only), (other.y_only, found.recut(k).y_only)):
        assert agreement(direction.labels, cut.labels) > 0.98
        assert len(cut.mean_affinity) == len(direction.clusters)
        assert (np.diff(cut.mean_affinity) >= 0).all()


def test_labels_are_those_of_the_spectral_step_on_the_kept_eigenvectors(compared):
    found, _ = compared
    vectors = found.x_only.spectrum.vectors
    assert vectors.shape == (len(found.x_only.labels), KEPT_EIGENVECTORS)
    expected = cut_vectors(vectors[:, :9], 9, random_state=0)
    assert agreement(expected, found.recut(9).x_only.labels) == 1


def test_no_change_is_told_by_the_threshold(compared):
    cut = compared[0].recut(8).x_only
    np.testing.assert_array_equal(cut.is_no_change, cut.mean_affinity < 1.5)


def test_x_against_itself_is_one_cluster_of_no_change(compared):
    x = compared[1][0]
    cut = repdiff.compare(x, x.copy(), n_clusters=4, evidence=False).recut(7).x_only
    assert cut.sizes.tolist() == [len(x)]
    assert cut.mean_affinity == pytest.approx([1.0])


def test_it_is_in_the_run(compared, tmp_path):
    found = compared[0]
    found.save(tmp_path / "run")
    loaded = repdiff.load(tmp_path / "run")
    np.testing.assert_array_equal(loaded.recut(4).x_only.labels, found.recut(4).x_only.labels)


def test_what_was_not_kept_is_told(compared):
    found, (x, y) = compared
    with pytest.raises(repdiff.RepdiffError, match="n_clusters must be from 1 to 24"):
        found.recut(25)
    with pytest.raises(repdiff.RepdiffError, match="x_only keeps no eigenvectors"):
        replace(found, x_only=replace(found.x_only, spectrum=None)).recut(3)
    other = repdiff.compare(
        x, y, clusterer=SpectralClustering(3, affinity="precomputed", random_state=0), evidence=False
    )
    assert other.x_only.spectrum is None


def test_fewer_restarts_give_a_cut_of_the_same_shape(compared):
    quick = compared[0].recut(5, restarts=1)
    assert len(quick.x_only.sizes) == 5
    assert agreement(quick.x_only.labels, compared[0].recut(5).x_only.labels) > 0.5
    with pytest.raises(repdiff.RepdiffError, match="restarts must be at least 1"):
        compared[0].recut(5, restarts=0)
