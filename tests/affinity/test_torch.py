"""The torch engine, on torch's CPU device. REPDIFF_REQUIRE_TORCH=1 makes its absence a failure."""

from __future__ import annotations

import builtins
import os
import threading

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

import repdiff
from repdiff.affinity.base import Affinity, DenseAffinity, to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.core.errors import MemoryLimitError, MissingExtraError, RepdiffError

if not os.environ.get("REPDIFF_REQUIRE_TORCH"):
    pytest.importorskip("torch")

from repdiff.affinity import torch_ranks, torch_storage
from repdiff.affinity.representation import Representation
from repdiff.affinity.torch import Torch
from repdiff.affinity.torch_plan import Layout
from repdiff.affinity.torch_ranks import DeviceEmbedding
from repdiff.core import device as devices

on_cpu = {"engine": "torch", "device": "cpu"}


@pytest.fixture(params=["device", "host"])
def matrix_on(request, monkeypatch):
    """Where the matrix is kept; on the host when the device has room for tiles alone."""
    if request.param == "host":
        monkeypatch.setattr(Layout, "best", lambda n, embeddings, limit: Layout.of(n, embeddings, 64, False))
    return request.param


def test_every_entry_equals_the_oracle(pair_xy, matrix_on, monkeypatch):
    monkeypatch.setattr(torch_storage, "_BLOCK_ROWS", 70)
    found = compute_affinities(*pair_xy, **on_cpu)
    assert found.engine["matrix_on"] == matrix_on
    for affinity, expected in zip((found.x_only, found.y_only), oracle.affinities(*pair_xy), strict=True):
        assert np.abs(np.log(to_dense(affinity)) - np.log(expected)).max() < 1e-5


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_it_equals_the_numpy_engine(digits, pair_xy, metric):
    # Vectors of small integers: most ranks are decided by ties, which float64 cosines would decide by rounding.
    pair = (digits[:400], digits[:400, 10:50]) if metric == "euclidean" else pair_xy
    found, expected = compute_affinities(*pair, metric=metric, **on_cpu), compute_affinities(*pair, metric=metric)
    for name in ("x_only", "y_only"):
        dense = to_dense(getattr(found, name))
        np.testing.assert_allclose(np.log(dense), np.log(to_dense(getattr(expected, name))), atol=1e-5)
        np.testing.assert_array_equal(dense, dense.T)


@given(st.integers(3, 70), st.floats(0.02, 0.5), st.floats(0.5, 12.0), st.integers(0, 2**32 - 1))
def test_an_engine_that_sees_all_pairs_equals_the_exact_one(n, gamma, beta, seed):
    rng = np.random.default_rng(seed)
    pair = rng.normal(size=(n, 5)), rng.normal(size=(n, 3)).astype(np.float32)
    found, expected = (
        compute_affinities(*pair, engine=name, device="cpu", gamma=gamma, beta=beta) for name in ("exact", "torch")
    )
    for side in ("x_only", "y_only"):
        logs = [np.log(to_dense(getattr(affinities, side))) for affinities in (found, expected)]
        np.testing.assert_allclose(*logs, atol=4e-6 * (1 + beta))


def test_copies_and_near_ties_are_ranked_like_the_oracle():
    rng = np.random.default_rng(1)
    directions = rng.normal(size=(150, 30))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    near_ties = directions * (1 + rng.permutation(150) * 1e-9)[:, None]
    values = np.concatenate([np.zeros((1, 30)), near_ties]) + 3
    side = DeviceEmbedding.of(RankedEmbedding(values), devices.Device.named("cpu", tf32=False))
    np.testing.assert_array_equal(side.ranks(slice(0, 1)).numpy(), oracle.ranks(values)[:1])
    copies = rng.normal(size=(60, 5))[rng.integers(0, 60, 200)]
    side = DeviceEmbedding.of(RankedEmbedding(copies), devices.Device.named("cpu", tf32=False))
    np.testing.assert_array_equal(side.ranks(slice(0, 200)).numpy(), oracle.ranks(copies))


def test_runs_of_copies_alone_need_no_distances(monkeypatch):
    rng = np.random.default_rng(2)
    distinct = rng.normal(size=(150, 30))
    distinct /= np.linalg.norm(distinct, axis=1, keepdims=True)
    distinct[:100] *= (1 + rng.permutation(100) * 1e-9)[:, None]  # near ties, seen from the first row below
    distinct[100:] *= rng.uniform(1.1, 9, 50)[:, None]  # none
    values = np.concatenate([np.zeros((1, 30)), distinct, distinct[rng.integers(0, 150, 400)]]) + 3
    counted = []
    distances = torch_ranks._float64_distances
    monkeypatch.setattr(
        torch_ranks, "_float64_distances", lambda *pair: counted.append(len(pair[1])) or distances(*pair)
    )
    side = DeviceEmbedding.of(RankedEmbedding(values), devices.Device.named("cpu", tf32=False))
    found = side.ranks(slice(0, 1)).numpy()
    np.testing.assert_array_equal(found, oracle.ranks(values)[:1])
    assert 0 < counted[0] <= np.isin(values, distinct[:100] + 3).all(axis=1).sum()  # of the near ties
    only_copies = RankedEmbedding(np.repeat(distinct[100:], 3, axis=0))
    DeviceEmbedding.of(only_copies, devices.Device.named("cpu", tf32=False)).ranks(slice(0, 150))
    assert counted[1] == 0


def test_the_operator_is_the_matrix_it_stands_for(pair_xy, monkeypatch):
    monkeypatch.setattr(torch_storage, "_BLOCK_ROWS", 70)
    found = compute_affinities(*pair_xy, **on_cpu)
    rng = np.random.default_rng(0)
    V = rng.normal(size=(300, 5)).astype(np.float32)
    labels = rng.integers(0, 7, 300).astype(np.int32)
    rows, columns = rng.integers(0, 300, (4, 3)), rng.integers(0, 300, (4, 6))
    for affinity in (found.x_only, found.y_only):
        assert isinstance(affinity, Affinity)
        dense = DenseAffinity(to_dense(affinity).astype(np.float64))
        np.testing.assert_allclose(affinity.matmat(V), dense.matmat(V), rtol=1e-4, atol=1e-2)
        np.testing.assert_allclose(affinity.degree(), dense.degree(), rtol=1e-5)
        np.testing.assert_allclose(affinity.group_means(labels).mean, dense.group_means(labels).mean, rtol=1e-5)
        assert not affinity.group_means(labels).standard_error.any()
        np.testing.assert_array_equal(affinity.block(rows, columns), dense.block(rows, columns))


def test_compare_says_which_engine_it_was(pair_xy):
    found = repdiff.compare(*pair_xy, n_clusters=4, **on_cpu)
    expected = repdiff.compare(*pair_xy, n_clusters=4, evidence=False)
    assert found.provenance.engine["name"] == "torch"
    assert found.provenance.engine["device"] == "cpu"
    assert not found.provenance.engine["tf32"]
    np.testing.assert_array_equal(found.x_only.labels, expected.x_only.labels)


def test_precision_is_set_for_the_work_and_put_back():
    import torch

    with devices.Device.named("cpu", tf32=True).precision():
        assert torch.get_float32_matmul_precision() == "high"
        with devices.Device.named("cpu", tf32=False).precision():
            assert torch.get_float32_matmul_precision() == "highest"
    assert torch.get_float32_matmul_precision() == "highest"


def test_precision_stays_while_another_thread_needs_it():
    import torch

    device = devices.Device.named("cpu", tf32=False)
    entered, leave = threading.Event(), threading.Event()

    def hold():
        with device.exact_products():
            entered.set()
            leave.wait(10)

    torch.set_float32_matmul_precision("high")  # as a user may have done
    try:
        other = threading.Thread(target=hold)
        with device.exact_products():
            other.start()
            assert entered.wait(10)
        assert torch.get_float32_matmul_precision() == "highest"
        leave.set()
        other.join()
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        leave.set()
        torch.set_float32_matmul_precision("highest")


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda:99", "torch finds no device 'cuda:99' here"),
        ("tpu", 'device must be "cuda"'),
        ("cpu:x", "device must be"),
    ],
)
def test_a_device_that_is_not_there_is_named(pair_xy, device, message):
    with pytest.raises(RepdiffError, match=message):
        compute_affinities(*pair_xy, engine="torch", device=device)


def test_without_torch_the_extra_is_named(pair_xy, monkeypatch):
    real_import = builtins.__import__

    def without_torch(name, *args, **kwargs):
        if name == "torch":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    with pytest.raises(MissingExtraError, match=r'pip install "repdiff\[torch\]"'):
        compute_affinities(*pair_xy, engine="torch")


N, GB = 100_000, 10**9


def on(device, monkeypatch, **limits):
    """The plan of two thin columns that are never looked at."""
    values = np.zeros((N, 1), np.float32)
    monkeypatch.setattr(devices.Device, "kind", device)
    return Torch(device="cpu", device_memory_limit=limits.pop("device_memory_limit", None)).plan(
        Representation(values), Representation(values), **limits
    )


def test_the_device_and_the_host_have_limits_of_their_own(monkeypatch):
    plan = on("cuda", monkeypatch, memory_limit=2 * GB, device_memory_limit="60GB")
    assert (plan.details["tile_rows"], plan.details["matrix_on"], plan.limit) == (1024, "device", 2 * GB)
    assert plan.need < 2 * GB < 4 * N**2 < plan.details["device_memory_need"] <= 60 * GB
    plan = on("cuda", monkeypatch, memory_limit=60 * GB, device_memory_limit=2 * GB)
    assert (plan.details["matrix_on"], plan.details["bits"]) == ("host", 32)
    assert plan.details["device_memory_need"] <= 2 * GB < 4 * N**2 < plan.need
    assert plan.details["tile_rows"] < 1024
    again = on("cuda", monkeypatch, memory_limit=61 * GB, device_memory_limit=60 * GB).details
    assert again["matrix_on"] == "device"


def test_the_memory_of_the_cpu_device_is_main_memory(monkeypatch):
    plan = on("cpu", monkeypatch, memory_limit=60 * GB)
    assert plan.details["matrix_on"] == "device"
    assert 4 * N**2 < plan.details["device_memory_need"] < plan.need <= 60 * GB
    assert on("cpu", monkeypatch, memory_limit=60 * GB, device_memory_limit=2 * GB).details["matrix_on"] == "host"


MB_100, GB_60 = 10**8, 60 * GB


@pytest.mark.parametrize(("device", "limit", "device_limit", "says"), [
    ("cpu", MB_100, None, "use 100.0 MB of main memory, which its device, the CPU, uses too; raise the memory limit"),
    ("cpu", GB_60, MB_100, "on its device for 100,000 .* use 100.0 MB there; raise the device memory limit"),
    ("cuda", GB_60, "100MB", "on its device for 100,000 .* use 100.0 MB there; raise the device memory limit"),
    ("cuda", MB_100, GB_60, "of main memory for 100,000 .* use 100.0 MB; raise the memory limit"),
    ("cuda", GB, GB, "device, which may use 1.0 GB .the device memory limit., nor in main memory: .* use 1.0 GB"),
])  # fmt: skip
def test_what_does_not_fit_is_said_before_any_work_with_the_memory_that_is_too_small(
    device, limit, device_limit, says, monkeypatch
):
    with pytest.raises(MemoryLimitError, match=says):
        on(device, monkeypatch, memory_limit=limit, device_memory_limit=device_limit)


def test_the_limit_of_the_device_is_an_option_of_the_engine_by_name(pair_xy):
    found = compute_affinities(*pair_xy, device_memory_limit=10**9, **on_cpu)
    assert found.engine["device_memory_limit"] == 10**9
    assert 0 < found.engine["device_memory_need"] <= found.engine["memory_need"] <= found.engine["memory_limit"]
    with pytest.raises(RepdiffError, match='engine="exact" computes in main memory, whose limit is memory_limit'):
        compute_affinities(*pair_xy, engine="exact", device_memory_limit=10**9)
    with pytest.raises(RepdiffError, match="give the torch engine its device_memory_limit when you make it"):
        compute_affinities(*pair_xy, engine=Torch(device="cpu"), device_memory_limit=10**9)
