"""The null: what noise alone may not be taken for, and what must not be taken for noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import planted
import pytest
from scipy.stats import norm

import repdiff
from repdiff.core.geometry import nearest_first
from repdiff.evidence.significance import combine, compare_with_neighborhoods, normal_tail


def noisy_views(seed: int, *, n: int = 400, d: int = 8, noise: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """The same items twice, with noise that is independent of each other: no difference that means anything."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, d)) * 2
    shared = centres[rng.integers(0, 6, n)] + rng.normal(size=(n, d))
    x, y = (shared + noise * rng.normal(size=(n, d)) for _ in range(2))
    return x, y


def with_planted_group(x: np.ndarray, share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """x with some of the items, picked at random, moved to a place of their own; and their rows."""
    rng = np.random.default_rng(seed)
    group = np.sort(rng.permutation(len(x))[: round(share * len(x))])
    moved = x.copy()
    moved[group] = x.mean(axis=0) + 4 * x.std(axis=0) * rng.normal(size=x.shape[1]) + 0.3 * x[group]
    return moved, group


@pytest.mark.usefixtures("without_matched_noise", "without_other_settings")
@pytest.mark.parametrize("noise", [0.2, 0.6, 1.5])
def test_noise_is_not_called_significant(noise):
    alarms = 0
    for seed in range(5):
        found = repdiff.compare(*noisy_views(seed, noise=noise), n_clusters=8, random_state=seed)
        alarms += found.evidence.n_standing_out > 0
    assert alarms == 0


@pytest.mark.usefixtures("without_matched_noise", "without_other_settings")
def test_a_planted_group_of_a_fiftieth_of_the_items_is():
    reported = 0
    for seed in range(5):
        x, y = noisy_views(seed, n=1000)
        x, group = with_planted_group(x, 0.02, seed)
        found = repdiff.compare(x, y, n_clusters=8, random_state=seed)
        reported += any(
            cluster.evidence.stands_out() and np.isin(group, cluster.items).mean() > 0.5
            for cluster in found.x_only.clusters
        )
    assert reported >= 4


@pytest.mark.usefixtures("without_matched_noise", "without_other_settings")
def test_many_planted_groups_do_not_hide_each_other():
    pair = planted.split_in_x(np.random.default_rng(5), n_groups=5, size=40, n_agreed=260)
    found = repdiff.compare(pair.x, pair.y, n_clusters=6)
    significant = [c for c in found.x_only.difference_clusters if c.evidence.stands_out()]
    assert len(significant) >= 4
    assert found.evidence.n_standing_out > 0
    for cluster in significant:
        assert cluster.evidence.unseen_affinity > 3 * cluster.evidence.null_affinity


@pytest.mark.usefixtures("without_matched_noise", "without_other_settings")
def test_items_fall_to_their_own_group_where_only_pairs_within_one_count():
    # In x the four kinds of class 0 lie among items of class 1, to which they do not belong.
    rng = np.random.default_rng(0)
    label, kind = rng.integers(0, 2, 500), rng.integers(0, 4, 500)
    x = 5 * rng.normal(size=(4, 5))[kind] + rng.normal(size=(500, 5))
    y = np.where(label[:, None] == 1, x, rng.normal(size=(500, 5)))
    found = repdiff.compare(x, y, items=pd.DataFrame({"label": label}), within="label", n_clusters=5)
    kinds = [c for c in found.x_only.difference_clusters if c.size > 40 and (label[c.items] == 0).all()]
    assert len(kinds) >= 2
    for cluster in kinds:
        assert cluster.evidence.stands_out()
        assert cluster.evidence.unseen_affinity == pytest.approx(cluster.mean_affinity, rel=0.3)


@pytest.mark.usefixtures("without_matched_noise", "without_other_settings")
def test_noise_within_groups_is_not_called_significant():
    alarms = 0
    for seed in range(5):
        x, y = noisy_views(seed)
        items = pd.DataFrame({"label": np.random.default_rng(seed).integers(0, 20, len(x))})
        alarms += repdiff.compare(x, y, items=items, within="label", n_clusters=8).evidence.n_standing_out > 0
    assert alarms == 0


def test_the_mean_is_over_pairs_and_the_null_over_neighbourhoods():
    rng = np.random.default_rng(0)
    block = rng.random((40, 40)).astype(np.float32) + 0.5
    block = (block + block.T) / 2
    np.fill_diagonal(block, 1)
    labels = np.repeat(np.array([0, 1], np.int32), [7, 33])
    block[:7, :7] = 30
    np.fill_diagonal(block, 1)
    order = nearest_first(rng.random((20, 40)).astype(np.float32), np.arange(20, 40))
    found = compare_with_neighborhoods(block, labels, np.array([0, 1, -1]), order)
    assert found.mean_affinity[0] == pytest.approx(30)
    means = [block[np.ix_(some, some)][~np.eye(7, dtype=bool)].mean() for some in order[:, :7]]
    assert found.null_affinity[0] == pytest.approx(np.median(means))
    assert found.p_value[0] == 1e-6  # the least that is said
    assert np.isnan(found.mean_affinity[2])
    assert found.p_value[2] == 1


def test_the_tail_is_fitted_to_the_lower_quantiles():
    rng = np.random.default_rng(0)
    null = rng.normal(2, 0.5, 20_000)
    assert normal_tail(3.0, null) == pytest.approx(norm.sf(2), rel=0.2)
    mixed = np.r_[null, np.full(20_000, 9.0)]  # neighbourhoods that lie in real groups
    assert normal_tail(9.0, mixed) == 1e-6


def test_neighbourhoods_begin_with_the_item_and_keep_to_its_group():
    nearness = np.array([[0.0, 3, 1, 2], [3, 0, 2, 1]], np.float32)
    order = nearest_first(nearness, np.array([0, 1]), np.array([[0, 0, 1, 0], [0, 0, 0, 0]], bool))
    assert order.tolist() == [[0, 3, 1, 2], [1, 3, 2, 0]]


def test_resamples_are_combined_by_twice_their_median():
    np.testing.assert_allclose(combine(np.array([[0.01, 1], [0.2, 1], [0.03, 0.6]])), [0.06, 1])
