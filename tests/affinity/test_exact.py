"""What is particular to the exact engine; the laws of every engine are in test_engines.py."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from repdiff.affinity import exact, packed
from repdiff.affinity.base import Affinity, DenseAffinity, to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.clustering.cluster import cluster_affinity
from repdiff.core.errors import MemoryLimitError


@pytest.fixture(params=[32, 16, 8])
def bits(request):
    return request.param


@given(st.integers(3, 70), st.floats(0.02, 0.5), st.floats(0.5, 12.0), st.integers(0, 2**32 - 1))
def test_any_size_and_parameters(n, gamma, beta, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 5)), rng.normal(size=(n, 3))
    found = compute_affinities(x, y, gamma=gamma, beta=beta, engine=Exact(bits=32))
    for affinity, expected in zip((found.x_only, found.y_only), oracle.affinities(x, y, gamma, beta), strict=True):
        np.testing.assert_allclose(np.log(to_dense(affinity)), np.log(expected), atol=2e-6 * (1 + beta))


def test_the_operator_is_the_matrix_it_stands_for(pair_xy, bits, monkeypatch):
    monkeypatch.setattr(packed, "_BLOCK_ROWS", 64)  # several blocks, stripes and column chunks
    monkeypatch.setattr(packed, "_BLOCK_COLUMNS", 50)
    found = compute_affinities(*pair_xy, engine=Exact(bits=bits))
    rng = np.random.default_rng(0)
    V = rng.normal(size=(300, 5)).astype(np.float32)
    labels = rng.integers(0, 7, 300).astype(np.int32)
    rows, columns = rng.integers(0, 300, (4, 3)), rng.integers(0, 300, (4, 6))
    for affinity in (found.x_only, found.y_only):
        assert isinstance(affinity, Affinity)
        dense = DenseAffinity(to_dense(affinity).astype(np.float64))
        np.testing.assert_array_equal(dense.matrix, dense.matrix.T)
        np.testing.assert_allclose(affinity.matmat(V), dense.matmat(V), rtol=1e-4, atol=1e-2)
        np.testing.assert_allclose(affinity.degree(), dense.degree(), rtol=1e-5)
        np.testing.assert_allclose(affinity.group_means(labels).mean, dense.group_means(labels).mean, rtol=1e-6)
        assert not affinity.group_means(labels).standard_error.any()
        np.testing.assert_array_equal(affinity.block(rows, columns), dense.block(rows, columns))


@pytest.mark.usefixtures("threaded_libraries")
def test_several_python_threads_at_once(pair_xy):
    def work() -> tuple[np.ndarray, np.ndarray]:
        affinity = compute_affinities(*pair_xy, engine=Exact(bits=16)).x_only
        return affinity.store.data, cluster_affinity(affinity, 5)

    alone = work()
    with ThreadPoolExecutor(4) as pool:
        for together in [pool.submit(work) for _ in range(8)]:
            for found, expected in zip(together.result(), alone, strict=True):
                np.testing.assert_array_equal(found, expected)


@given(st.floats(0.1, 40.0), st.sampled_from([16, 8]), st.integers(0, 2**32 - 1))
def test_the_codec_keeps_its_promise(beta, bits, seed):
    codec = packed.Codec.for_beta(beta, bits)
    logs = np.random.default_rng(seed).uniform(-beta, beta, 200)
    values = np.exp(np.concatenate([logs, [-beta, 0, beta]]))[None].astype(np.float32)
    stored = np.empty(values.shape, codec.dtype)
    codec.encode(values, stored)
    decoded = codec.decode(stored)
    assert np.abs(decoded / values - 1).max() <= codec.relative_error * (1 + 1e-5)
    assert decoded[0, -2] == 1


def test_the_widest_storage_that_fits_is_taken():
    x = Representation(np.zeros((20_000, 3), np.float32))  # never looked at
    needs = {bits: Exact(bits=bits).plan(x, x, memory_limit=10**12).need for bits in (32, 16, 8)}
    assert needs[32] > needs[16] > needs[8]
    for bits, need in needs.items():
        plan = Exact().plan(x, x, memory_limit=need)
        assert plan.details["bits"] == bits
        assert Exact().plan(x, x, memory_limit=10**12, like=plan).details == plan.details


def test_the_chosen_storage_is_used_and_told(pair_xy):
    need = Exact().plan(*map(Representation, pair_xy), memory_limit=10**12).need
    found = compute_affinities(*pair_xy, memory_limit=need)
    assert found.engine["bits"] == 32
    assert found.engine["memory_limit"] == need
    assert found.x_only.store.data.dtype == np.float32


def test_what_does_not_fit_is_said_before_any_work(monkeypatch):
    def no_work(*_args, **_kwargs):
        raise AssertionError("work was begun")

    monkeypatch.setattr(exact, "_make_ready", no_work)
    x = np.zeros((100_000, 1), np.float32)
    with pytest.raises(MemoryLimitError, match=r"needs 1\d\.\d GB for 100,000 items even at 8 bits .* may use 1\.0 GB"):
        compute_affinities(x, x, engine="exact", memory_limit=10**9)
