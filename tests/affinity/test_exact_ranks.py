"""Exact ranks in sampled storage, against the exact engine."""

from __future__ import annotations

import numpy as np
import pytest

from repdiff.affinity.base import Affinity
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.exact_ranks import ExactRanks, keep_of_rows
from repdiff.clustering.cluster import cluster_affinity, normalized_cut
from repdiff.clustering.spectral import leading_eigenvectors
from repdiff.core.errors import MemoryLimitError, RepdiffError

ENGINE = ExactRanks(kept=256, sampled=Sampled(candidates=800))
DIRECTIONS = ("x_only", "y_only")


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two mixtures that share half of their structure; a tenth of the rows are copies of others."""
    rng = np.random.default_rng(5)
    n = 1800
    kind_x = rng.integers(0, 12, n)
    kind_y = np.where(rng.random(n) < 0.5, kind_x, rng.integers(0, 12, n))
    x, y = (rng.normal(size=(12, d))[kind] * 1.2 + rng.normal(size=(n, d)) for kind, d in ((kind_x, 24), (kind_y, 16)))
    copies, originals = rng.permutation(n)[: n // 5].reshape(2, -1)
    for side in (x, y):
        side[copies] = side[originals]
    return x.astype(np.float32), y.astype(np.float32)


def test_cuts_and_subspaces_are_nearer_to_the_exact_ones_than_sampled_ranks_are(pair) -> None:
    found, exact = (compute_affinities(*pair, engine=engine) for engine in (ENGINE, "exact"))
    assert found.engine["name"] == "exact-ranks"
    assert found.engine["share_of_pairs"] == 1
    for name in DIRECTIONS:
        mine, expected = getattr(found, name), getattr(exact, name)
        labels = cluster_affinity(mine, 10)
        assert normalized_cut(expected, labels) < 1.003 * normalized_cut(expected, cluster_affinity(expected, 10))
        vectors = [leading_eigenvectors(affinity, 10).vectors for affinity in (mine, expected)]
        assert np.linalg.norm(vectors[0].T @ vectors[1]) ** 2 / 10 > 0.99
        assert np.abs(mine.degree() / expected.degree() - 1).mean() < 0.03
        means, reference = mine.group_means(labels), expected.group_means(labels).mean
        error = np.abs(np.diagonal(means.mean) - np.diagonal(reference))
        assert (error < 0.02 * np.diagonal(reference)).all()


def test_row_sums_are_those_of_the_directed_affinities(pair) -> None:
    x = pair[0][:900]
    same = compute_affinities(x, x.copy(), engine=ENGINE).x_only
    np.testing.assert_allclose(same.stored.scale * 2 * 256, len(x) - 1, rtol=1e-5)
    np.testing.assert_allclose(same.degree().mean(), len(x), rtol=1e-5)


@pytest.mark.usefixtures("threaded_libraries")
def test_the_same_bits_on_any_number_of_threads(pair) -> None:
    one, two = (compute_affinities(*pair, engine=ENGINE, n_jobs=n_jobs, random_state=3) for n_jobs in (1, 2))
    for name in DIRECTIONS:
        mine, other = getattr(one, name), getattr(two, name)
        np.testing.assert_array_equal(mine.stored.partners, other.stored.partners)
        np.testing.assert_array_equal(mine.stored.scale, other.stored.scale)


def test_partners_are_drawn_in_proportion_to_the_affinity() -> None:
    rng = np.random.default_rng(0)
    n, kept, draws = 150, 20, 400
    directed = np.exp(rng.normal(size=(1, n)) * 1.5).astype(np.float32)
    counts = np.zeros(n)
    for _ in range(draws):
        partners, scale = np.empty((n, kept), np.int32), np.empty(n, np.float32)
        keep_of_rows(directed.copy(), 7, rng.random(1), np.arange(n, dtype=np.int32), partners, scale)
        counts += np.bincount(partners[7], minlength=n)
    expected = directed[0].astype(float)
    expected[7] = 0
    assert counts[7] == 0
    assert scale[7] == pytest.approx(expected.sum() / kept / 2, rel=1e-5)
    share = expected / expected.sum() * kept
    assert np.abs(counts / draws - share).max() < 5 * 0.5 / np.sqrt(draws)


def affinity_of(engine: ExactRanks, pair: tuple[np.ndarray, np.ndarray]) -> Affinity:
    return compute_affinities(*pair, engine=engine).x_only


def test_few_items_are_given_to_the_exact_engine(pair) -> None:
    few = pair[0][:400], pair[1][:400]
    np.testing.assert_array_equal(affinity_of(ENGINE, few).degree(), compute_affinities(*few).x_only.degree())


def test_the_plan_is_told_before_any_work() -> None:
    x = Representation(np.broadcast_to(np.float32(0), (100_000, 256)))  # never looked at
    plan = ExactRanks().plan(x, x, memory_limit=4 * 10**9, n_jobs=2)
    assert plan.need < 4 * 10**9
    assert plan.seconds < 1.2 * Exact().plan(x, x, memory_limit=10**12, n_jobs=2).seconds
    with pytest.raises(MemoryLimitError, match=r'the exact-ranks engine needs .* take engine="sampled"'):
        ExactRanks().plan(x, x, memory_limit=plan.need - 1, n_jobs=2)


def test_what_it_cannot_do_is_refused(pair) -> None:
    with pytest.raises(RepdiffError, match="exact-ranks engine cannot compare within groups"):
        compute_affinities(*pair, engine=ENGINE, groups=np.zeros(1800, np.int32))
    with pytest.raises(RepdiffError, match="for device 'cuda' take engine=\"torch\""):
        compute_affinities(*pair, engine="exact-ranks", device="cuda")
    distances = Representation(np.zeros((5000, 5000), np.float32), "precomputed")
    with pytest.raises(RepdiffError, match="needs embeddings, not a matrix of distances"):
        ExactRanks().plan(distances, distances)
