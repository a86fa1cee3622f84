"""The steps after the affinities, two at a time."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import repdiff
from repdiff.affinity.torch import Torch
from repdiff.workflows import representation, side_by_side

N = side_by_side._FEWEST_ITEMS


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 8)).astype(np.float32)
    return x, (x + rng.normal(size=x.shape)).astype(np.float32)


@pytest.mark.usefixtures("threaded_libraries")
def test_same_bits_for_one_thread_and_two(pair: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()
    project = representation.project_side

    def noted(*given: object, **options: object) -> object:
        threads.add(threading.get_ident())
        return project(*given, **options)

    monkeypatch.setattr(representation, "project_side", noted)
    two = repdiff.compare(*pair, n_clusters=5, evidence=False, n_jobs=2)
    assert threading.get_ident() not in threads  # side by side indeed
    one = repdiff.compare(*pair, n_clusters=5, evidence=False, n_jobs=1)
    assert threading.get_ident() in threads
    for name in ("x_only", "y_only"):
        found, expected = getattr(two, name), getattr(one, name)
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_array_equal(found.affinity_map.means, expected.affinity_map.means)
        for cluster, other in zip(found.clusters, expected.clusters, strict=True):
            np.testing.assert_array_equal(cluster.representatives, other.representatives)
    np.testing.assert_array_equal(two.projection.x, one.projection.x)
    np.testing.assert_array_equal(two.projection.y, one.projection.y)


def test_a_step_that_is_stopped_stops_the_comparison(pair: tuple[np.ndarray, np.ndarray]) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if stage in ("eigenvectors", "k-means"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repdiff.compare(*pair, n_clusters=5, evidence=False, n_jobs=2, progress=stop, clusterer="spectral")
    assert not [one for one in threading.enumerate() if one.name.startswith("repdiff-task")]


def test_one_at_a_time_where_memory_is_short(pair: tuple[np.ndarray, np.ndarray]) -> None:
    need = repdiff.compare(*pair, n_clusters=5, evidence=False).provenance.engine["memory_need"]
    told: list[str] = []
    repdiff.compare(
        *pair,
        n_clusters=5,
        evidence=False,
        memory_limit=need + 1,
        n_jobs=2,
        progress=lambda stage, *_: told.append(stage),
    )
    assert told.count("eigenvectors") > 4  # each product is told of, on the calling thread


def test_steps_on_a_device_run_side_by_side_with_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(side_by_side, "_FEWEST_ITEMS", 100)
    x = np.random.default_rng(1).normal(size=(300, 8)).astype(np.float32)
    pair = x, (x + np.random.default_rng(2).normal(size=x.shape)).astype(np.float32)
    threads: set[int] = set()
    project = representation.project_side

    def noted(*given: object, **options: object) -> object:
        threads.add(threading.get_ident())
        return project(*given, **options)

    monkeypatch.setattr(representation, "project_side", noted)
    options: dict[str, object] = {"engine": "torch", "device": "cpu", "n_clusters": 5, "evidence": False}
    two = repdiff.compare(*pair, n_jobs=2, **options)
    assert threading.get_ident() not in threads
    one = repdiff.compare(*pair, n_jobs=1, **options)
    assert threading.get_ident() in threads
    for name in ("x_only", "y_only"):
        np.testing.assert_array_equal(getattr(two, name).labels, getattr(one, name).labels)
        np.testing.assert_array_equal(getattr(two, name).affinity_map.means, getattr(one, name).affinity_map.means)
    np.testing.assert_array_equal(two.projection.x, one.projection.x)
    threads.clear()
    repdiff.compare(*pair, n_jobs=2, **{**options, "engine": Torch(device="cpu", tf32=True), "device": None})
    assert threading.get_ident() in threads  # one after the other
