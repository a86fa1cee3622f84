"""The sampled engine on torch's CPU device: the lists of the host, and its estimates but for near ties."""

from __future__ import annotations

import numpy as np
import pytest
from mixtures import assert_alike, mixture, with_copies

pytest.importorskip("torch")

from repdiff.affinity.base import Affinity, OnDevice, to_dense
from repdiff.affinity.engine import Engine, UsesDevice
from repdiff.affinity.engines import compute_affinities, engine_of
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled import device_affinity, device_kept, on_device
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.on_device import SampledOnDevice
from repdiff.clustering.cluster import group_affinity
from repdiff.core.errors import MemoryLimitError, RepdiffError

N = 1200
HOST = Sampled(candidates=400, kept=64)
ENGINE = SampledOnDevice(device="cpu", sampled=HOST)
LABELS = (np.arange(N) % 7).astype(np.int32)


@pytest.fixture(scope="module")
def found():
    """On the device and on the host."""
    return tuple(compute_affinities(*mixture(N), engine=engine) for engine in (ENGINE, HOST))


def test_partners_and_weights_are_those_of_the_host(found):
    for name in ("x_only", "y_only"):
        device, host = (getattr(one, name).stored for one in found)
        np.testing.assert_array_equal(device.items, host.items)
        assert (device.partners.numpy() == host.partners).mean() > 0.999  # but where two distances differ by rounding
        np.testing.assert_allclose(device.scale.numpy(), host.scale, rtol=1e-3)


def test_products_are_those_of_the_stored_matrix(found, monkeypatch):
    V = np.random.default_rng(0).normal(size=(N, 20)).astype(np.float32)
    affinity = found[0].x_only
    assert isinstance(affinity, Affinity)
    assert isinstance(affinity, OnDevice)
    S = np.zeros((N, N))
    np.add.at(S, (np.arange(N)[:, None], affinity.stored.partners.numpy()), affinity.stored.scale.numpy()[:, None])
    place = np.argsort(affinity.stored.items)
    dense = (S + S.T + np.eye(N))[np.ix_(place, place)]
    np.testing.assert_allclose(affinity.matmat(V), dense @ V, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(affinity.degree(), dense.sum(axis=1), rtol=1e-5)
    monkeypatch.setattr(device_kept, "_ENTRIES_AT_A_TIME", 64 * 300)
    stored = affinity.stored
    again = device_kept.DevicePartners.of(stored.partners, stored.scale, stored.items, stored.device)
    assert bool((again.listed_by == stored.listed_by).all())


def test_means_are_those_of_the_host(found, monkeypatch):
    monkeypatch.setattr(device_affinity, "_ENTRIES_AT_A_TIME", 400 * 7 * 3)
    for name in ("x_only", "y_only"):
        device, host = (getattr(one, name).group_means(LABELS) for one in found)
        np.testing.assert_allclose(device.mean, host.mean, rtol=1e-3)
        np.testing.assert_allclose(device.standard_error, host.standard_error, rtol=0.05)


def test_chosen_pairs_are_those_of_the_host(found):
    rows, columns = np.arange(40), np.arange(30, 90)
    for name in ("x_only", "y_only"):
        device, host = (getattr(one, name).block(rows, columns) for one in found)
        np.testing.assert_array_equal(device, host)


def test_cut_subspace_and_means_are_those_of_the_exact_engine_with_copies():
    x, y = with_copies(1600)
    engine = SampledOnDevice(device="cpu", sampled=Sampled(candidates=1000, kept=256))
    sampled, exact = (compute_affinities(x, y, engine=one) for one in (engine, "exact"))
    assert_alike(sampled.x_only, exact.x_only)


def test_cosine_and_float64_far_from_the_origin():
    x, y = (side.astype(np.float64) for side in mixture(N))
    found, host = (
        compute_affinities(x * 1e-3, y * 1e100 + 1e104, metric=("cosine", "euclidean"), engine=one).y_only
        for one in (ENGINE, HOST)
    )
    assert (found.stored.partners.numpy() == host.stored.partners).mean() > 0.99


@pytest.mark.usefixtures("threaded_libraries")
def test_the_bits_do_not_depend_on_threads_or_on_what_is_ranked_at_once(found, monkeypatch):
    monkeypatch.setattr(on_device, "_MOST_BATCH_BYTES", 3 * 10**6)
    again = compute_affinities(*mixture(N), engine=ENGINE, n_jobs=2)
    for name in ("x_only", "y_only"):
        one, two = getattr(found[0], name), getattr(again, name)
        assert bool((one.stored.partners == two.stored.partners).all())
        labels = [group_affinity(affinity, 6).labels for affinity in (one, two)]
        np.testing.assert_array_equal(*labels)
        np.testing.assert_array_equal(one.group_means(labels[0]).mean, two.group_means(labels[0]).mean)


def test_x_against_itself_is_exactly_one():
    x, _ = mixture(900)
    engine = SampledOnDevice(device="cpu", sampled=Sampled(candidates=256, kept=64))
    found = compute_affinities(x, x.copy(), engine=engine).x_only
    assert (to_dense(found) == 1).all()
    np.testing.assert_allclose(found.stored.scale.numpy() * 2 * 64, 899, rtol=1e-6)
    np.testing.assert_allclose(found.group_means(LABELS[:900]).mean, 1, rtol=1e-6)


def test_few_items_are_all_compared_on_the_device():
    x, y = mixture(300)
    found = compute_affinities(x, y, engine=ENGINE)
    assert (found.engine["name"], found.engine["share_of_pairs"], found.engine["matrix_on"]) == ("sampled", 1, "device")
    expected = compute_affinities(x, y, engine="torch", device="cpu")
    np.testing.assert_array_equal(to_dense(found.y_only), to_dense(expected.y_only))


def test_the_engine_by_name_takes_a_device():
    engine = engine_of("sampled", "cuda", device_memory_limit=5)
    assert (engine.device, engine.device_memory_limit, engine.name) == ("cuda", 5, "sampled")
    assert isinstance(engine, Engine)
    assert isinstance(engine, UsesDevice)
    assert isinstance(engine_of("sampled", "cpu"), Sampled)
    with pytest.raises(RepdiffError, match='engine="sampled" computes in main memory'):
        engine_of("sampled", device_memory_limit=5)


def test_what_it_takes_is_planned_on_both_sides():
    x = Representation(np.zeros((1_000_000, 2), np.float32))  # never looked at
    engine = SampledOnDevice(device="cpu", device_memory_limit="20GB")
    plan = engine.plan(x, x, memory_limit=40 * 10**9)
    stored = 4 * plan.details["kept"] * x.n
    assert 4 * stored < plan.details["device_memory_need"] < 4 * stored + 11 * 10**9
    assert plan.need < Sampled().plan(x, x, memory_limit=40 * 10**9).need
    assert engine.plan(x, x, memory_limit=40 * 10**9, like=plan).details == plan.details
    with pytest.raises(MemoryLimitError, match="on its device for 1,000,000 items, but may use"):
        SampledOnDevice(device="cpu", device_memory_limit="2GB").plan(x, x, memory_limit=40 * 10**9)
    with pytest.raises(MemoryLimitError, match=r"the sampled engine needs .* may use 2\.0 GB; raise the memory limit"):
        engine.plan(x, x, memory_limit=2 * 10**9)
    with pytest.raises(RepdiffError, match="cannot compare within groups"):
        compute_affinities(*mixture(N), engine=ENGINE, groups=np.zeros(N, np.int32))
