from __future__ import annotations

import numpy as np
import planted
import pytest

import repdiff
from repdiff.affinity.base import DenseAffinity
from repdiff.evidence.resampling import Clustered, draw_resamples


@pytest.mark.usefixtures("without_matched_noise")
def test_separated_groups_are_perfectly_stable_and_robust():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), 60)
    places = 40 * np.eye(4)
    x = places[group] + rng.normal(size=(240, 4))  # four groups, far apart
    y = rng.normal(size=(240, 4))  # and no trace of them
    found = repdiff.compare(x, y, n_clusters=4)
    for cluster in found.x_only.clusters:
        assert len(set(group[cluster.items])) == 1
        assert cluster.evidence.stability == 1
        settings = {one.parameter: one.jaccard for one in cluster.evidence.variations}
        assert settings["gamma"] == settings["beta"] == 1


def test_of_a_cluster_too_small_for_a_sample_nothing_is_said():
    # Of its 8 items two or three are among the 1,000 of 3,008 that are clustered again.
    pair = planted.split_in_x(np.random.default_rng(0), n_groups=1, size=8, n_agreed=3000)
    labels = np.where(pair.group == 0, 0, 1 + (pair.agreed > 0)).astype(np.int32)
    affinity = DenseAffinity(np.ones((len(labels), len(labels)), np.float32))
    places = np.arange(len(labels))
    findings = Clustered(
        affinity, labels,
        nearness=lambda rows, columns: np.abs(places[rows][:, None] - places[columns]).astype(np.float32),
        recluster=lambda some, seed, number: np.zeros(some.n, np.int32),
    )  # fmt: skip
    drawn = draw_resamples([findings])[0]
    members = np.array([(labels[one.seen] == 0).sum() for one in drawn])
    assert members.min() < 3 <= members.max()
    np.testing.assert_array_equal(np.isnan([one.jaccard[0] for one in drawn]), members < 3)
    assert not np.isnan([one.jaccard[1:] for one in drawn]).any()


@pytest.mark.usefixtures("without_matched_noise")
def test_a_cut_through_nothing_is_not_stable():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 3)), rng.normal(size=(400, 3))
    found = repdiff.compare(x, y, n_clusters=12)
    assert min(cluster.evidence.stability for cluster in found.x_only.difference_clusters) < 0.6


@pytest.mark.usefixtures("without_matched_noise")
def test_variations_are_named_and_averaged():
    pair = planted.split_in_x(np.random.default_rng(0))
    cluster = repdiff.compare(pair.x, pair.y, n_clusters=5).x_only.clusters[-1]
    told = [(one.parameter, one.value) for one in cluster.evidence.variations]
    assert told == [
        ("gamma", 0.05), ("gamma", 0.2), ("beta", 2.5), ("beta", 10.0), ("n_clusters", 3.0), ("n_clusters", 7.0)
    ]  # fmt: skip
    assert cluster.evidence.robustness == pytest.approx(np.mean([one.jaccard for one in cluster.evidence.variations]))
