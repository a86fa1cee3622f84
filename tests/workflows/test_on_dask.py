"""A comparison on a Dask cluster is the comparison without one, bit for bit, whatever happens to the workers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff.affinity.engine import Plan
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.on_cluster import SampledOnCluster
from repdiff.core.cluster import Cluster, open_cluster
from repdiff.core.errors import InputError, MissingExtraError, OptionError, RepdiffError
from repdiff.core.memory import is_mapped
from repdiff.inputs.laid_out import lay_out
from repdiff.inputs.pair import make_pair

distributed = pytest.importorskip("distributed")

N, SMALL = 1200, Sampled(candidates=128, kept=16, block=4)
OPTIONS = {"n_clusters": 3, "engine": SMALL, "evidence": False, "random_state": 3}


def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    groups, of_item = 3 * rng.normal(size=(6, 12)), rng.integers(6, size=N)
    x = (groups[of_item] + rng.normal(size=(N, 12))).astype(np.float32)
    x[100:160] = x[100]
    return x, groups[np.where(of_item < 2, 0, of_item)] + rng.normal(size=(N, 12))


@pytest.fixture(scope="module")
def client() -> Iterator[object]:
    """Two workers of one thread each, in processes of their own."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def alone() -> repdiff.Comparison:
    """The same without a cluster."""
    return repdiff.compare(*pair(), **OPTIONS)


def assert_same(found: repdiff.Comparison, expected: repdiff.Comparison) -> None:
    for name in ("x_only", "y_only"):
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.affinity_map.means, other.affinity_map.means)
        for mine, theirs in zip(one.clusters, other.clusters, strict=True):
            assert (mine.mean_affinity, mine.mean_error) == (theirs.mean_affinity, theirs.mean_error)
            np.testing.assert_array_equal(mine.representatives, theirs.representatives)


def test_two_workers_give_the_same_bits(client, alone):
    found = repdiff.compare(*pair(), **OPTIONS, dask=client)
    assert_same(found, alone)
    assert found.provenance.engine["workers"] == 2
    assert alone.provenance.engine["candidates"] == found.provenance.engine["candidates"]


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(client, alone):
    before = client.run(os.getpid)
    killed: list[int] = []

    def kill(stage: str, done: int, total: int) -> None:
        """Once among the lists, where the rows are lost, and once when the eigenvectors are computed."""
        wanted = ("y_only: candidates", "eigenvectors")[min(len(killed), 1)]
        if len(killed) < 2 and wanted in stage and done:
            killed.append(next(pid for pid in client.run(os.getpid).values() if pid not in killed))
            os.kill(killed[-1], signal.SIGKILL)

    found = repdiff.compare(*pair(), **OPTIONS, dask=client, progress=kill)
    assert len(killed) == 2
    assert killed[0] in before.values()
    assert_same(found, alone)


def test_one_worker_of_its_own_gives_the_same_bits_and_leaves_nothing_behind(alone, tmp_path):
    x, y = pair()
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    folder = tmp_path / "shared"
    folder.mkdir()
    given = tmp_path / "x.npy", tmp_path / "y.npy"
    found = repdiff.compare(*given, **{**OPTIONS, "engine": SMALL}, dask=1, dask_folder=folder)
    assert_same(found, alone)
    assert list(folder.iterdir()) == []


def test_new_items_go_where_they_go_without_a_cluster(client, alone, tmp_path, monkeypatch):
    monkeypatch.setattr("repdiff.workflows.assign.ROWS_AT_A_TIME", 64)
    rng = np.random.default_rng(1)
    x, y = (side + rng.normal(size=side.shape).astype(side.dtype) for side in pair())
    parts(tmp_path / "new", x, [str(row) for row in range(N)])
    expected = repdiff.assign(alone, x, y)
    for given in (x, tmp_path / "new"):
        found = repdiff.assign(alone, given, y, dask=client)
        for name in ("x_only", "y_only"):
            for field in ("labels", "affinity", "no_change"):
                np.testing.assert_array_equal(
                    getattr(getattr(found, name), field), getattr(getattr(expected, name), field)
                )
        np.testing.assert_array_equal(found.ids, expected.ids)
    x[700, 2] = np.nan
    with pytest.raises(InputError, match="row 700, column 2 is NaN"):
        repdiff.assign(alone, x, y, dask=client)


def parts(folder: Path, values: np.ndarray, ids: list[str]) -> None:
    """A folder of three .parquet files of different lengths."""
    folder.mkdir()
    cuts = [0, 500, 530, len(values)]
    for number, (start, stop) in enumerate(pairwise(cuts)):
        columns = {f"f{place}": values[start:stop, place] for place in range(values.shape[1])}
        pd.DataFrame({"id": ids[start:stop], **columns}).to_parquet(folder / f"part-{number}.parquet", index=False)


def test_a_folder_of_parquet_files_is_read_by_the_workers(client, tmp_path):
    x, y = pair()
    ids = [f"item {row}" for row in range(N)]
    for name, side in (("x", x), ("y", y)):
        parts(tmp_path / name, side, ids)
    sides = tmp_path / "x", tmp_path / "y"
    here = make_pair(*sides)
    with open_cluster(client, tmp_path) as cluster:
        laid_out = [lay_out(side, name, cluster) for name, side in zip("xy", sides, strict=True)]
        there = make_pair(*laid_out)
        assert all(is_mapped(side) for side in (there.x, there.y))
        np.testing.assert_array_equal(there.x, x)
        np.testing.assert_array_equal(there.y, y)
        assert list(there.ids) == ids
        for fact in ("names", "sources", "sha256", "matched_by", "matching", "warnings"):
            assert getattr(there, fact) == getattr(here, fact)


def test_dask_arrays_are_read_by_the_workers(client, tmp_path):
    import dask.array as da

    x, _ = pair()
    whole = da.from_array(x, chunks=(250, 5))
    unknown = whole[whole[:, 0] > 0]
    with open_cluster(client, tmp_path) as cluster:
        for given, expected in (
            (whole, x),
            (unknown, x[x[:, 0] > 0]),
            (whole.astype(np.float16), x.astype(np.float16)),
        ):
            found = lay_out(given, "x", cluster)
            np.testing.assert_array_equal(found.values, expected)
            assert found.values.dtype == np.float32
        with pytest.raises(InputError, match="x: has shape"):
            lay_out(whole[:, 0], "x", cluster)


def test_large_npy_files_are_used_where_they_lie_and_narrow_ones_are_widened_by_the_workers(
    client, tmp_path, monkeypatch
):
    monkeypatch.setattr("repdiff.inputs.laid_out._BYTES_AT_A_TIME", 8 * 12 * 100)
    x, _ = pair()
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "half.npy", x.astype(np.float16))
    np.save(tmp_path / "few.npy", x[:7].astype(np.float16))
    with open_cluster(client, tmp_path) as cluster:
        assert lay_out(tmp_path / "x.npy", "x", cluster) == tmp_path / "x.npy"
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")[40:]
        place = cluster.share(mapped)
        assert place.path == str(tmp_path / "x.npy")
        np.testing.assert_array_equal(place.open(), x[40:])
        half = lay_out(tmp_path / "half.npy", "x", cluster)
        np.testing.assert_array_equal(half.values, x.astype(np.float16).astype(np.float32))
        both = lay_out([tmp_path / "half.npy", tmp_path / "few.npy"], "x", cluster)
        np.testing.assert_array_equal(both.values, np.concatenate([half.values, half.values[:7]]))


def test_a_part_that_does_not_fit_is_named(client, tmp_path):
    x, y = pair()
    parts(tmp_path / "x", x, [str(row) for row in range(N)])
    pd.read_parquet(tmp_path / "x" / "part-1.parquet").drop(columns="f3").to_parquet(tmp_path / "x" / "part-1.parquet")
    with pytest.raises(InputError, match=r"part-1\.parquet: has 11 columns"):
        repdiff.compare(tmp_path / "x", y, **OPTIONS, dask=client)


def test_auto_takes_the_sampled_engine_and_says_so(client, tmp_path):
    x, y = pair()
    few = repdiff.compare(x[:200], y[:200], n_clusters=3, evidence=False, dask=client).provenance
    assert (few.engine["name"], few.engine["chosen_by"], few.engine["share_of_pairs"]) == ("sampled", "auto", 1)
    assert few.warnings == repdiff.compare(x[:200], y[:200], n_clusters=3, evidence=False).provenance.warnings
    with open_cluster(client, tmp_path) as cluster:
        facts = SampledOnCluster(SMALL, cluster, chosen_by="auto")._facts(
            Plan(0, 0, None, 1, {"worker_memory_need": 0})
        )
    assert facts["reason"] == "only this engine runs on a Dask cluster"


def test_ctrl_c_stops_at_once(client, tmp_path):
    stopped = 0.0

    def interrupt(stage: str, done: int, total: int) -> None:
        nonlocal stopped
        if "candidates" in stage and done:
            stopped = time.perf_counter()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repdiff.compare(*pair(), **OPTIONS, dask=client, dask_folder=tmp_path, progress=interrupt)
    assert time.perf_counter() - stopped < 2
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_used_is_said_in_one_line(client, tmp_path, monkeypatch):
    x, y = pair()
    with pytest.raises(OptionError, match="the exact engine does not run on Dask"):
        repdiff.compare(x, y, engine="exact", dask=2)
    with pytest.raises(OptionError, match="within= needs the exact engine"):
        repdiff.compare(x, y, within="label", dask=2)
    with pytest.raises(OptionError, match="dask must be a number of workers"):
        repdiff.compare(x, y, dask=0)
    with pytest.raises(RepdiffError, match=r"cannot be written to .*dask_folder="):
        repdiff.compare(x, y, dask=1, dask_folder=tmp_path / "missing")
    monkeypatch.setattr("repdiff.core.cluster._CONNECT_SECONDS", 1)
    with pytest.raises(RepdiffError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"):
        repdiff.compare(x, y, dask="tcp://127.0.0.1:9")
    with pytest.raises(RepdiffError, match="no Dask scheduler answers at nonsense"):
        repdiff.compare(x, y, dask="nonsense://1")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r'pip install "repdiff\[dask\]"'):
        repdiff.compare(*pair(), dask=1)


def test_other_versions_and_files_that_a_worker_cannot_read_are_refused(client, tmp_path, monkeypatch):
    versions = client.get_versions(packages=["repdiff", "numpy", "numba"])
    worker = next(iter(versions["workers"]))
    versions["workers"][worker]["packages"]["numpy"] = "1.0"
    with monkeypatch.context() as patched:
        patched.setattr(type(client), "get_versions", lambda *_, **__: versions)
        with pytest.raises(RepdiffError, match=r"has numpy 1\.0, but this process"), open_cluster(client):
            pass
    with open_cluster(client, tmp_path) as cluster:
        (tmp_path / "x.npy").write_bytes(b"")
        np.save(tmp_path / "x.npy", np.zeros((40, 3)))
        mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
        client.run(lambda: None)
        real = client.run
        monkeypatch.setattr(client, "run", lambda function, places: real(function, [_elsewhere(one) for one in places]))
        with pytest.raises(RepdiffError, match=r"cannot read .*x\.npy \(No such file or directory on .*dask_folder="):
            cluster.share(mapped)


def _elsewhere(place: object) -> object:
    from dataclasses import replace

    return replace(place, path=place.path + ".elsewhere")


class _Future:
    """A task whose result was lost with its worker, and is computed again."""

    def __init__(self) -> None:
        self._states = iter(["pending", "lost", "pending"])

    @property
    def status(self) -> str:
        return next(self._states, "finished")


def test_a_lost_result_is_waited_for() -> None:
    told: list[int] = []
    Cluster.wait(cast("Cluster", object()), [_Future()], progress=lambda stage, done, total: told.append(done))
    assert told[-1] == 1
