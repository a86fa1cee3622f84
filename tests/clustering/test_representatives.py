from __future__ import annotations

import itertools
import tracemalloc
from typing import NamedTuple

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repdiff.affinity.base import DenseAffinity
from repdiff.affinity.distances import ranked
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.clustering.representatives import Contrast, choose_representatives, pair_worth, ties_to_clusters
from repdiff.core.errors import RepdiffError

KINDS = ("typical", "spread", "border")


class Naive(NamedTuple):
    """What the objective is made of, in float64, from the ranks and distances themselves."""

    holds: np.ndarray
    margin: np.ndarray
    affinity: np.ndarray
    near: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, y: np.ndarray) -> Naive:
        rank_x, rank_y = oracle.ranks(x), oracle.ranks(y)
        directed = np.exp(-5 * oracle.difference(rank_x, rank_y))
        weaker = np.minimum(directed, directed.T)
        nearer = rank_x < rank_y
        distance_x, distance_y = distances(x), distances(y)
        by_distance = distance_x / distance_x.max() < distance_y / distance_y.max()
        return cls(
            nearer & nearer.T & by_distance, (weaker - 1) / (weaker + 1), (directed + directed.T) / 2, distance_x
        )

    def worth(self) -> np.ndarray:
        return 2 * self.holds + self.margin

    def objective(self, members: np.ndarray, chosen: np.ndarray) -> float:
        tie = self.affinity[np.ix_(members, members)].mean(axis=1)
        shares = [np.mean(tie < tie[members == row]) * len(members) / (len(members) - 1) for row in chosen]
        pairs = ~np.eye(len(chosen), dtype=bool)
        return float(self.worth()[np.ix_(chosen, chosen)][pairs].mean() + np.mean(shares))


def distances(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x, np.float64)
    return np.sqrt(((x[:, None] - x) ** 2).sum(axis=2))


def contrast_of(x: np.ndarray, y: np.ndarray) -> Contrast:
    return Contrast(DenseAffinity(*oracle.affinities(x, y)), RankedEmbedding(x), RankedEmbedding(y))


@pytest.fixture(scope="module")
def naive(pair_xy):
    return Naive.of(*pair_xy)


@pytest.fixture(scope="module")
def contrast(pair_xy):
    return contrast_of(*pair_xy)


@pytest.mark.parametrize("bits", [32, 16])
def test_the_weaker_directed_affinity_decides(pair_xy, naive, bits):
    found = compute_affinities(*pair_xy, engine=Exact(bits=bits))
    x, y = pair_xy
    worth = pair_worth(Contrast(found.x_only, RankedEmbedding(x), RankedEmbedding(y)), np.arange(300))
    pairs = ~np.eye(300, dtype=bool)
    sure = pairs & (np.abs(naive.margin) > (0.01 if bits == 16 else 0.001))
    np.testing.assert_array_equal((worth > 1)[sure], naive.holds[sure])
    np.testing.assert_allclose(worth[sure], naive.worth()[sure], atol=0.02 if bits == 16 else 1e-3)


@pytest.mark.parametrize("m", [2, 5, 9, 30])
@pytest.mark.parametrize("direction", [1, -1])
def test_no_neighborhood_scores_higher(pair_xy, naive, contrast, direction, m):
    x, y = pair_xy[::direction]
    score = naive if direction == 1 else Naive.of(x, y)
    labels = (np.arange(300) % 3).astype(np.int32)
    chosen = choose_representatives(contrast if direction == 1 else contrast_of(x, y), labels, n_representatives=m)
    for cluster, rows in enumerate(chosen):
        members = np.flatnonzero(labels == cluster)
        neighborhoods = members[np.argsort(score.near[np.ix_(members, members)], axis=1)[:, :m]]
        best = max(score.objective(members, neighborhood) for neighborhood in neighborhoods)
        assert score.objective(members, rows) > best - 1e-3


@given(st.integers(0, 1000))
def test_a_small_cluster_gets_the_best_of_all_collages(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(40, 3)).astype(np.float32)
    y = rng.normal(size=(40, 3)).astype(np.float32)
    labels, members = (np.arange(40) % 4).astype(np.int32), np.arange(0, 40, 4)
    score = Naive.of(x, y)
    chosen = choose_representatives(contrast_of(x, y), labels, n_representatives=4)[0]
    best = max(score.objective(members, np.array(rows)) for rows in itertools.combinations(members, 4))
    assert score.objective(members, chosen) > best - 1e-3


def test_the_best_item_comes_first(naive, contrast):
    labels = np.zeros(300, np.int32)
    (chosen,) = choose_representatives(contrast, labels)
    tie = naive.affinity.mean(axis=1)
    shares = np.array([(tie < tie[row]).sum() / 299 for row in chosen])
    block = naive.worth()[np.ix_(chosen, chosen)] + (shares[:, None] + shares) / 2
    np.fill_diagonal(block, 0)
    assert (np.diff(block.sum(axis=1)) <= 5e-3).all()


def test_planted_groups_are_shown_by_pairs_that_hold(planted_pair):
    x, y, group, _ = planted_pair
    score = Naive.of(x, y)
    labels = np.where(group < 0, 4, group).astype(np.int32)
    chosen = choose_representatives(contrast_of(x, y), labels)
    for cluster in range(4):
        pairs = ~np.eye(9, dtype=bool)
        assert set(group[chosen[cluster]]) == {cluster}
        assert score.holds[np.ix_(chosen[cluster], chosen[cluster])][pairs].mean() >= 0.95
        members = np.flatnonzero(labels == cluster)
        within = score.affinity[np.ix_(members, members)][~np.eye(len(members), dtype=bool)]
        assert score.affinity[np.ix_(chosen[cluster], chosen[cluster])][pairs].mean() >= np.median(within)


@pytest.mark.parametrize("bits", [32, 16, 8])
def test_narrow_storage_finds_pairs_that_hold_too(planted_pair, bits):
    x, y, group, _ = planted_pair
    found = compute_affinities(x, y, engine=Exact(bits=bits))
    labels = np.where(group < 0, 4, group).astype(np.int32)
    contrast = Contrast(found.x_only, RankedEmbedding(x), RankedEmbedding(y))
    holds, pairs = Naive.of(x, y).holds, ~np.eye(9, dtype=bool)
    for rows in choose_representatives(contrast, labels)[:4]:
        assert holds[np.ix_(rows, rows)][pairs].mean() >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_the_items_does_not_matter(pair_xy, kind):
    x, y = pair_xy
    order = np.random.default_rng(5).permutation(300)
    labels = (np.arange(300) // 75).astype(np.int32)
    chosen = choose_representatives(contrast_of(x, y), labels, kind=kind)
    permuted = choose_representatives(contrast_of(x[order], y[order]), labels[order], kind=kind)
    again = choose_representatives(contrast_of(x, y), labels, kind=kind)
    for rows, rows_again, rows_permuted in zip(chosen, again, permuted, strict=True):
        np.testing.assert_array_equal(rows, rows_again)
        np.testing.assert_array_equal(np.sort(order[rows_permuted]), np.sort(rows))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("m", [1, 2, 9, 500])
def test_clusters_of_every_size_show_distinct_members(pair_xy, contrast, kind, m):
    labels = np.repeat(np.arange(6), [1, 2, 3, 9, 10, 275]).astype(np.int32)
    for cluster, rows in enumerate(choose_representatives(contrast, labels, n_representatives=m, kind=kind)):
        members = np.flatnonzero(labels == cluster)
        assert len(rows) == len(set(rows)) == min(m, len(members))
        assert set(rows) <= set(members)
        assert rows.dtype == np.int64


@pytest.mark.parametrize("kind", KINDS)
def test_one_cluster_of_everything(contrast, kind):
    (rows,) = choose_representatives(contrast, np.zeros(300, np.int32), kind=kind)
    assert len(set(rows)) == 9


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("distinct", [2, 5, 30])
def test_copies_of_items_are_no_trouble(kind, distinct):
    rng = np.random.default_rng(0)
    source = rng.integers(0, distinct, 60)
    x, y = (rng.normal(size=(distinct, 4)).astype(np.float32)[source] for _ in range(2))
    found = compute_affinities(x, y)
    contrast = Contrast(found.x_only, RankedEmbedding(x), RankedEmbedding(y))
    labels = (np.arange(60) % 2).astype(np.int32)
    for cluster, rows in enumerate(choose_representatives(contrast, labels, kind=kind)):
        assert len(set(rows)) == 9
        assert (labels[rows] == cluster).all()


def test_x_against_x_shows_the_members_that_differ_least(pair_xy):
    x = pair_xy[0]
    (rows,) = choose_representatives(contrast_of(x, x), np.zeros(300, np.int32))
    assert not Naive.of(x, x).holds.any()
    np.testing.assert_array_equal(np.sort(rows), np.arange(9))  # all are alike, so the first ones


def test_large_clusters_are_never_looked_at_as_a_whole(pair_xy):
    class Watched(DenseAffinity):
        largest = 0

        def directed(self, rows, columns):
            self.largest = max(self.largest, rows.size * columns.size)
            return super().directed(rows, columns)

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1500, 4)).astype(np.float32), rng.normal(size=(1500, 3)).astype(np.float32)
    affinity = Watched(*oracle.affinities(x, y))
    contrast = Contrast(affinity, RankedEmbedding(x), RankedEmbedding(y))
    (rows,) = choose_representatives(contrast, np.zeros(1500, np.int32))
    assert 0 < affinity.largest <= 128**2
    assert Naive.of(x, y).holds[np.ix_(rows, rows)][~np.eye(9, dtype=bool)].mean() >= 0.95


def test_typical_items_are_tied_most_to_their_cluster(naive, contrast):
    labels = (np.arange(300) % 3).astype(np.int32)
    ties = ties_to_clusters(contrast.affinity, labels)
    for cluster, rows in enumerate(choose_representatives(contrast, labels, n_representatives=1)):
        own = np.where(labels == cluster, naive.affinity[:, labels == cluster].mean(axis=1), -np.inf)
        assert rows[0] == np.argmax(own)
        np.testing.assert_allclose(ties[labels == cluster, cluster], own[labels == cluster], rtol=1e-5)


def test_spread_keeps_within_two_of_the_largest_smallest_distance(naive, contrast):
    labels = np.repeat(np.arange(2), [20, 280]).astype(np.int32)
    rows = choose_representatives(contrast, labels, n_representatives=4, kind="spread")[0]
    tie = naive.affinity[:20, :20].mean(axis=1)
    half = np.argsort(-tie)[:10]
    assert rows[0] == half[0]
    assert set(rows) <= set(half)

    def smallest(chosen):
        return min(naive.near[i, j] for i, j in itertools.combinations(chosen, 2))

    assert smallest(rows) >= max(smallest(chosen) for chosen in itertools.combinations(half, 4)) / 2 - 1e-6
    assert smallest(rows) > smallest(choose_representatives(contrast, labels, n_representatives=4)[0])


def test_border_items_are_tied_most_to_another_cluster(naive, contrast):
    labels = (np.arange(300) // 100).astype(np.int32)
    ties = np.stack([naive.affinity[:, labels == cluster].mean(axis=1) for cluster in range(3)], axis=1)
    for cluster, rows in enumerate(choose_representatives(contrast, labels, kind="border")):
        against = ties[:, cluster] / np.delete(ties, cluster, axis=1).max(axis=1)
        members = np.flatnonzero(labels == cluster)
        np.testing.assert_array_equal(rows, members[np.argsort(against[members])[:9]])


def test_distances_that_were_given_serve_as_embeddings_do(pair_xy, contrast):
    given_distances = Contrast(contrast.affinity, *(ranked(distances(side), metric="precomputed") for side in pair_xy))
    labels = (np.arange(300) // 75).astype(np.int32)
    for kind in KINDS:
        chosen = choose_representatives(contrast, labels, kind=kind)
        for rows, same in zip(chosen, choose_representatives(given_distances, labels, kind=kind), strict=True):
            np.testing.assert_array_equal(np.sort(rows), np.sort(same))


@pytest.mark.parametrize("units", [(1e-25, 1e-25), (1e25, 1e25), (1e-25, 1e60), (1e-60, 1e60)])
def test_the_unit_of_given_distances_does_not_matter(pair_xy, contrast, units):
    """Products of two distances in such units vanish or overflow in float32."""
    sides = [ranked(distances(side) * unit, metric="precomputed") for side, unit in zip(pair_xy, units, strict=True)]
    labels = (np.arange(300) // 75).astype(np.int32)
    chosen = choose_representatives(Contrast(contrast.affinity, *sides), labels)
    for rows, same in zip(chosen, choose_representatives(contrast, labels), strict=True):
        np.testing.assert_array_equal(np.sort(rows), np.sort(same))


def test_large_collages_take_no_more_memory_than_pairs_of_candidates():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 900, 3)).astype(np.float32)
    found = compute_affinities(x, y)
    contrast = Contrast(found.x_only, RankedEmbedding(x), RankedEmbedding(y))
    tracemalloc.start()
    try:
        (rows,) = choose_representatives(contrast, np.zeros(900, np.int32), n_representatives=100)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(set(rows)) == 100
    assert peak < 20 * 8 * 800**2  # sums over all starts at once would take 1,600 x 100^2


def test_what_cannot_be_meant_is_refused(contrast):
    labels = np.zeros(300, np.int32)
    with pytest.raises(RepdiffError, match="typical, spread, border, but is 'middle'"):
        choose_representatives(contrast, labels, kind="middle")
    with pytest.raises(RepdiffError, match="at least 1, but is 0"):
        choose_representatives(contrast, labels, n_representatives=0)
