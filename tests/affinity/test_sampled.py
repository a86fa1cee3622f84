"""The sampled engine against the exact one: cuts, subspaces and means, never labels."""

from __future__ import annotations

import numpy as np
import pytest
from mixtures import assert_alike, mixture, with_copies

from repdiff.affinity.base import Affinities, Affinity, to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.sampled.candidates import Sampler
from repdiff.affinity.sampled.cells import make_cells
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.list_kernels import fill_uniform
from repdiff.affinity.sampled.reader import Reader
from repdiff.clustering.cluster import cluster_affinity
from repdiff.core.errors import MemoryLimitError, RepdiffError

N = 2000
ENGINE = Sampled(candidates=1200, kept=256)


def both(x: np.ndarray, y: np.ndarray, engine: Sampled = ENGINE, **options: object) -> tuple[Affinities, Affinities]:
    return compute_affinities(x, y, engine=engine, **options), compute_affinities(x, y, engine="exact", **options)


@pytest.fixture(scope="module")
def pair():
    return mixture(N)


@pytest.fixture(scope="module")
def engines(pair):
    return both(*pair)


def test_cut_subspace_and_means_are_those_of_the_exact_engine(engines):
    sampled, exact = engines
    assert_alike(sampled.x_only, exact.x_only)
    assert_alike(sampled.y_only, exact.y_only)


def test_copies_of_rows(engines):
    sampled, exact = both(*with_copies(N))
    assert_alike(sampled.x_only, exact.x_only)
    assert_alike(sampled.y_only, exact.y_only)


def test_cosine_and_float64():
    x, y = (side.astype(np.float64) for side in mixture(N))
    sampled, exact = both(x * 1e-3, y * 1e150, metric=("cosine", "euclidean"))
    assert_alike(sampled.x_only, exact.x_only)


def test_the_protocol_is_satisfied(engines):
    assert all(isinstance(affinity, Affinity) for affinity in (engines[0].x_only, engines[0].y_only))
    assert engines[0].engine["name"] == "sampled"
    assert 0 < engines[0].engine["expected_error"] < 0.05


def test_the_stored_matrix_is_symmetric(engines):
    affinity = engines[0].x_only
    V, W = np.random.default_rng(0).normal(size=(2, N, 20)).astype(np.float32)
    V, W = V + 2, W + 2
    np.testing.assert_allclose(W.T @ affinity.matmat(V), affinity.matmat(W).T @ V, rtol=1e-4)
    np.testing.assert_allclose(affinity.matmat(np.ones((N, 1), np.float32))[:, 0], affinity.degree())


def test_chosen_pairs_are_those_of_the_exact_engine(engines):
    sampled, exact = engines[0].x_only, engines[1].x_only
    rows, columns = np.random.default_rng(2).permutation(N)[:80].reshape(2, 40)
    found, expected = sampled.block(rows, columns), exact.block(rows, columns)
    assert np.sqrt(np.mean(np.log(found / expected) ** 2)) < 0.08
    for one, other in zip(sampled.directed(rows, columns), exact.directed(rows, columns), strict=True):
        assert np.sqrt(np.mean(np.log(one / other) ** 2)) < 0.12
    weaker, stronger = sampled.directed(rows, columns)
    assert (weaker <= stronger).all()
    np.testing.assert_allclose((weaker + stronger) / 2, found, rtol=1e-6)


def test_blocks_are_stacked_and_symmetric(engines):
    affinity = engines[0].x_only
    rows, columns = np.arange(12).reshape(2, 6), np.arange(4, 14).reshape(2, 5)
    stacked = affinity.block(rows, columns)
    assert stacked.shape == (2, 6, 5)
    np.testing.assert_array_equal(stacked[1], affinity.block(rows[1], columns[1]))
    np.testing.assert_array_equal(stacked[0].T, affinity.block(columns[0], rows[0]))
    np.testing.assert_array_equal(np.diagonal(affinity.block(rows[0], rows[0])), 1)


def test_products_agree_with_the_mean_of_chosen_pairs(engines):
    affinity = engines[0].x_only
    labels = cluster_affinity(affinity, 6)
    members = np.flatnonzero(labels == 1)[:400]
    assert affinity.block(members, members).mean() == pytest.approx(affinity.group_means(labels).mean[1, 1], rel=0.05)
    indicator = (labels == 1).astype(np.float32)[:, None]
    product = float((affinity.matmat(indicator) * indicator).sum() / indicator.sum() ** 2)
    assert product == pytest.approx(affinity.group_means(labels).mean[1, 1], rel=0.02)


@pytest.mark.usefixtures("threaded_libraries")
def test_the_bits_do_not_depend_on_the_number_of_threads_nor_on_the_class_of_the_array(tmp_path):
    x, y = mixture(1200)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    engine = Sampled(candidates=256, kept=64)
    V = np.random.default_rng(0).normal(size=(1200, 3)).astype(np.float32)
    labels = (np.arange(1200) % 5).astype(np.int32)
    one = compute_affinities(x, y, engine=engine, n_jobs=1, random_state=3)
    two = compute_affinities(mapped, y, engine=engine, n_jobs=2, random_state=3)
    for a, b in ((one.x_only, two.x_only), (one.y_only, two.y_only)):
        np.testing.assert_array_equal(a.matmat(V), b.matmat(V))
        np.testing.assert_array_equal(a.group_means(labels).mean, b.group_means(labels).mean)
        np.testing.assert_array_equal(a.block(labels[:9], labels[:9]), b.block(labels[:9], labels[:9]))
    other = compute_affinities(x, y, engine=engine, random_state=4)
    assert not np.array_equal(other.x_only.matmat(V), one.x_only.matmat(V))


def test_x_against_itself_is_no_change():
    x, _ = mixture(1200)
    found = compute_affinities(x, x.copy(), engine=Sampled(candidates=256, kept=64)).x_only
    # The lists of x and of its copy are the same, so the ranks are too.
    np.testing.assert_allclose(found.group_means((np.arange(1200) % 7).astype(np.int32)).mean, 1, rtol=1e-6)
    assert found.degree().mean() == pytest.approx(1200, rel=1e-6)
    assert (found.block(np.arange(30), np.arange(30)) == 1).all()


def test_the_whole_matrix_can_be_had(engines):
    sampled, exact = (to_dense(both.x_only) for both in engines)
    np.testing.assert_array_equal(sampled, sampled.T)
    assert (np.diagonal(sampled) == 1).all()
    assert np.median(np.abs(np.log(sampled / exact))) < 0.05
    assert sampled.mean() == pytest.approx(exact.mean(), rel=0.02)


def test_tiny_groups_have_means(engines):
    sampled, exact = engines[0].x_only, engines[1].x_only
    labels = np.zeros(N, np.int32)
    labels[5], labels[[6, 900]] = 1, 2
    found, expected = sampled.group_means(labels), exact.group_means(labels).mean
    assert np.isfinite(found.mean).all()
    assert np.isfinite(found.standard_error).all()
    assert found.mean[1, 1] == 1
    assert np.abs(np.log(found.mean / expected)).max() < 0.3  # of one and of two pairs
    np.testing.assert_array_equal(found.mean, found.mean.T)


def test_with_no_more_items_than_candidates_all_pairs_are_looked_at():
    x, y = mixture(500)
    sampled, exact = both(x, y, engine=Sampled())
    np.testing.assert_array_equal(to_dense(sampled.y_only), to_dense(exact.y_only))
    assert sampled.engine["name"] == "sampled"
    assert sampled.engine["share_of_pairs"] == 1


def test_a_list_stands_for_all_items():
    x, y = (Reader(side, "euclidean", n_jobs=1) for side in with_copies(2000))
    cells = make_cells(x, np.random.default_rng(0), n_jobs=1)
    assert cells.sizes.max() <= 4 * -(-2000 // 178)
    np.testing.assert_array_equal(np.sort(cells.items), np.arange(2000))
    sampler = Sampler(x, y, cells, n_candidates=400, block=4, gamma=0.1, beta=5, key=(0, 0))
    weights = np.zeros(2000)
    lists = list(sampler.lists(3, 400, 9))
    for drawn in lists:
        np.add.at(weights, drawn.items, drawn.weights)
    means = weights / len(lists)
    assert means.mean() == pytest.approx(1, rel=0.01)  # each item is drawn as often as its weight says
    assert np.abs(means - 1).max() < 1.2
    near = cells.members(3)
    assert set(near) <= set(lists[0].items)  # the nearest are all there


def test_what_it_cannot_do_is_said_before_any_work(pair):
    x, y = pair
    with pytest.raises(RepdiffError, match="needs embeddings, not a matrix of distances"):
        compute_affinities(np.zeros((N, N), np.float32), y, engine=ENGINE, metric=("precomputed", "euclidean"))
    with pytest.raises(RepdiffError, match="cannot compare within groups"):
        compute_affinities(x, y, engine=ENGINE, groups=np.zeros(N, np.int32))
    with pytest.raises(RepdiffError, match="row 7 is all zeros"):
        compute_affinities(np.where(np.arange(N)[:, None] == 7, 0, x), y, engine=ENGINE, metric="cosine")
    with pytest.raises(MemoryLimitError, match=r"needs .* for 2,000 items, but may use 50\.0 MB"):
        compute_affinities(x, y, engine=ENGINE, memory_limit=50 * 10**6)
    with pytest.raises(RepdiffError, match="candidates of the sampled engine must be at least 64"):
        Sampled(candidates=3)
    with pytest.raises(RepdiffError, match="torch"):  # which knows no such device, or is not there
        compute_affinities(x, y, engine="sampled", device="cuda:99")


def test_streams_are_uniform_and_each_key_has_its_own():
    def stream(*key: int) -> np.ndarray:
        out = np.empty(20_000)
        fill_uniform(np.array(key, np.uint64), out)
        return out

    streams = [stream(0), stream(1), stream(0, 0), stream(1, 0), stream(0, 1), stream(2**63, 7)]
    for values in streams:
        assert 0 <= values.min() <= values.max() < 1
        counts = np.histogram(values, 50, (0, 1))[0]
        assert ((counts - 400) ** 2 / 400).sum() < 95  # chi-squared with 49 degrees of freedom: 1 in 10,000
    assert np.abs(np.corrcoef(streams) - np.eye(len(streams))).max() < 0.04
    np.testing.assert_array_equal(stream(0, 1), streams[4])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_others", [1, 7, 40])
def test_squared_distances_in_place(dtype, n_others):
    values = np.random.default_rng(0).normal(size=(60, 37)).astype(dtype)
    others = np.random.default_rng(1).integers(0, 60, n_others)
    found = Reader(values, "euclidean", n_jobs=1).squared_distances(np.arange(6), others)
    expected = ((values[:6, None] - values[others]) ** 2).sum(axis=2)
    np.testing.assert_allclose(found / found.max(), expected / expected.max(), rtol=1e-5, atol=1e-7)
