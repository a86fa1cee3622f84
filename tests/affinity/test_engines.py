"""The laws of every engine, within the errors that it states."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from some_engines import STATED, Stated

from repdiff.affinity.base import Affinities, Affinity, DenseAffinity, to_dense
from repdiff.affinity.engine import Engine
from repdiff.affinity.engines import ENGINES, compute_affinities, engine_of
from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.clustering.cluster import cluster_affinity
from repdiff.core.errors import MemoryLimitError, RepdiffError

LABELS = (np.arange(300) % 7).astype(np.int32)


@pytest.fixture(scope="module", params=STATED, ids=lambda stated: stated.id)
def stated(request) -> Stated:
    return request.param


@pytest.fixture(scope="module")
def found(stated, pair_xy) -> Affinities:
    return compute_affinities(*pair_xy, engine=stated.engine)


def both(found: Affinities, expected: tuple) -> zip:
    return zip((found.x_only, found.y_only), expected, strict=True)


def test_entries_are_those_of_the_oracle(stated, found, pair_xy):
    for affinity, expected in both(found, oracle.affinities(*pair_xy)):
        errors = np.abs(np.log(to_dense(affinity)) - np.log(expected))
        near = errors < stated.log_error
        assert near.mean() >= stated.share
        assert not stated.estimates or np.median(errors[~near]) < stated.typical


def test_directed_values_are_those_of_the_oracle(stated, found, pair_xy):
    G = oracle.difference(*map(oracle.ranks, pair_xy))
    rows, columns = np.arange(120), np.arange(90, 300)
    for affinity, log in both(found, (-5 * G, 5 * G)):
        weaker, stronger = affinity.directed(rows, columns)
        assert (weaker <= stronger).all()
        np.testing.assert_allclose((weaker + stronger) / 2, affinity.block(rows, columns), rtol=stated.log_error)
        one, other = log[np.ix_(rows, columns)], log.T[np.ix_(rows, columns)]
        # They follow from a root of a difference of entries, where nearly equal ones lose half of their digits.
        limit = np.sqrt(stated.log_error)
        for mine, true in ((weaker, np.minimum(one, other)), (stronger, np.maximum(one, other))):
            assert (np.abs(np.log(mine) - true) < limit).mean() >= stated.share


def test_means_are_those_of_the_oracle_within_their_standard_error(stated, found, pair_xy):
    members = np.equal.outer(np.arange(7), LABELS).astype(float)
    sizes = members.sum(axis=1)
    for affinity, expected in both(found, oracle.affinities(*pair_xy)):
        means = affinity.group_means(LABELS)
        truth = members @ expected @ members.T / np.outer(sizes, sizes)
        if stated.estimates:  # affinities have a long tail, so that errors are not quite normal
            off = (means.mean - truth)[np.triu_indices(7)] / means.standard_error[np.triu_indices(7)]
            assert np.abs(off).max() < 6
            assert 0.5 < np.sqrt((off**2).mean()) < 2
        else:
            np.testing.assert_allclose(means.mean, truth, rtol=stated.log_error)
            assert not means.standard_error.any()
        np.testing.assert_allclose(means.mean, means.mean.T, rtol=1e-12)


def test_products_and_degrees_are_those_of_the_oracle(stated, found, pair_xy):
    V = np.random.default_rng(0).random((300, 5)).astype(np.float32)
    for affinity, expected in both(found, oracle.affinities(*pair_xy)):
        assert isinstance(affinity, Affinity)
        assert affinity.n == 300
        for mine, true in ((affinity.matmat(V), expected @ V), (affinity.degree(), expected.sum(axis=1))):
            assert np.linalg.norm(mine - true) <= stated.sums * np.linalg.norm(true)
        np.testing.assert_allclose(affinity.degree(), affinity.matmat(np.ones((300, 1), np.float32))[:, 0], rtol=1e-5)


def test_stacks_of_indices_give_stacks_of_entries(found):
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 300, (4, 3)), rng.integers(0, 300, (4, 6))
    dense = to_dense(found.x_only)
    np.testing.assert_array_equal(dense, dense.T)
    np.testing.assert_array_equal(found.x_only.block(rows, columns), dense[rows[:, :, None], columns[:, None, :]])
    assert found.x_only.directed(rows, columns)[0].shape == (4, 3, 6)


def test_x_against_itself_is_exactly_one(stated, pair_xy):
    found = compute_affinities(pair_xy[0], pair_xy[0].copy(), engine=stated.engine)
    for affinity in (found.x_only, found.y_only):
        assert (to_dense(affinity) == 1).all()
        means = affinity.group_means(LABELS)
        np.testing.assert_allclose(means.mean, 1, rtol=1e-12)
        assert (means.standard_error < 1e-6).all()


def test_only_pairs_of_one_group_count(stated, pair_xy):
    groups = (np.arange(300) % 2).astype(np.int32)
    found = compute_affinities(*pair_xy, engine=stated.engine, groups=groups)
    free = compute_affinities(*pair_xy, engine=stated.engine)
    same = groups[:, None] == groups
    np.testing.assert_array_equal(to_dense(found.x_only), np.where(same, to_dense(free.x_only), 1))


def test_distances_serve_as_embeddings_do(stated, pair_xy):
    x, y = (np.sqrt(((side[:, None].astype(float) - side) ** 2).sum(axis=2)) for side in pair_xy)
    given = compute_affinities(x, y, engine=stated.engine, metric="precomputed")
    of_embeddings = compute_affinities(*pair_xy, engine=stated.engine)
    ratios = to_dense(given.x_only) / to_dense(of_embeddings.x_only)
    assert (np.abs(ratios - 1) < 1e-3).mean() > 0.999  # but for near ties


@pytest.mark.usefixtures("threaded_libraries")
def test_the_bits_do_not_depend_on_the_number_of_threads(stated, pair_xy):
    V = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    one, two = (compute_affinities(*pair_xy, engine=stated.engine, n_jobs=n_jobs) for n_jobs in (1, 2))
    for mine, other in ((one.x_only, two.x_only), (one.y_only, two.y_only)):
        np.testing.assert_array_equal(to_dense(mine), to_dense(other))
        np.testing.assert_array_equal(mine.matmat(V), other.matmat(V))


def test_clusters_cut_as_well_as_those_of_the_oracle(stated, found, pair_xy):
    for affinity, expected in both(found, oracle.affinities(*pair_xy)):
        mine, best = (
            oracle.normalized_cut(expected, cluster_affinity(A, 5)) for A in (affinity, DenseAffinity(expected))
        )
        assert mine <= best * (1.05 if stated.estimates else 1.01)


def test_what_is_shared_gives_the_same_bits_and_is_computed_once(stated, pair_xy):
    alone = to_dense(compute_affinities(*pair_xy, engine=stated.engine).x_only)
    x = Representation(pair_xy[0])
    x.shared = stated.engine.shared(x)
    assert x.shared is not None
    assert x.shared_bytes == x.shared.nbytes > 0
    for before in (False, True):
        assert x.shared.complete == before
        found = compute_affinities(x, Representation(pair_xy[1]), engine=stated.engine)
        np.testing.assert_array_equal(to_dense(found.x_only), alone)


def test_a_plan_is_kept_to_and_what_does_not_fit_is_said_before_any_work(stated, monkeypatch):
    x = Representation(np.zeros((100_000, 1), np.float32))  # never looked at
    monkeypatch.setattr(Representation, "ready", property(lambda _: pytest.fail("work was begun")))
    with pytest.raises(MemoryLimitError, match=r"needs .*B (on its device )?for 100,000 items.* may use 100\.0 MB"):
        compute_affinities(x, x, engine=stated.engine, memory_limit=10**8)
    plan = stated.engine.plan(x, x, memory_limit=10**13, n_jobs=4)
    assert 0 < plan.need <= plan.limit
    assert plan.n_jobs == 4
    assert plan.seconds is None or plan.seconds > 0
    other = stated.engine.plan(x, x, memory_limit=10**13, n_jobs=2, like=plan)
    assert (other.n_jobs, dict(other.details)) == (2, dict(plan.details))


def test_engines_satisfy_the_protocol(stated):
    assert isinstance(stated.engine, Engine)
    assert engine_of(stated.engine) is stated.engine


@pytest.mark.parametrize(("engine", "device", "says"), [
    ("fast", None, "engine must be one of auto, exact, exact-ranks, sampled, torch, or an Engine, but is 'fast'"),
    (Exact, None, r"or an object with the members of repdiff\.affinity\.engine\.Engine, but is <class"),
    (3, None, "but is 3"),
    (Exact(), "cuda", 'device is for engine="torch"; give the exact engine its device'),
    ("exact", "cuda", 'the exact engine runs on the CPU; for device \'cuda\' take engine="torch"'),
])  # fmt: skip
def test_an_engine_that_there_is_not_is_one_line(engine, device, says):
    with pytest.raises(RepdiffError, match=says):
        engine_of(engine, device)


def test_every_name_leads_to_an_engine_of_that_name():
    assert [engine_of(name).name for name in ENGINES] == list(ENGINES)


def test_directed_values_need_both_directions():
    with pytest.raises(RepdiffError, match="give DenseAffinity the opposite matrix too"):
        DenseAffinity(np.ones((3, 3))).directed(np.arange(2), np.arange(3))
