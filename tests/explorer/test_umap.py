"""UMAP in the explorer: made by another process, kept in the run, cancelled, and told of where it cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from explorer_client import Client
from small_umap import write_small_umap

import repdiff
from repdiff.explorer import layout
from repdiff.explorer.umap_job import UmapJob
from repdiff.store.umap import UMAP, read_umap, write_umap

rng = np.random.default_rng(0)


def finished(job: UmapJob) -> dict[str, object]:
    until = time.monotonic() + 120
    while (told := job.told())["state"] == "working":
        assert time.monotonic() < until
        time.sleep(0.05)
    return told


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that says how long the small library takes."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return write_small_umap(tmp_path)


@pytest.fixture
def job(run: Path) -> UmapJob:
    (run / UMAP).unlink(missing_ok=True)
    return UmapJob(repdiff.load(run), run)


def test_it_is_made_and_kept(job: UmapJob, run: Path, made_up: Path) -> None:
    assert job.told()["state"] == "idle"
    job.start()
    assert job.told()["state"] == "working"
    told = finished(job)
    assert told["state"] == "ready"
    assert "UMAP of all 320 items (15 neighbours, least distance 0.1, seed 0)" in str(told["words"])
    made_up.write_text("1000")  # whoever made it again would wait
    again = UmapJob(repdiff.load(run), run).told()
    assert again == told
    assert sorted(path.name for path in run.iterdir() if "umap" in path.name) == [UMAP]


def test_a_cancelled_one_leaves_nothing(job: UmapJob, run: Path, made_up: Path) -> None:
    made_up.write_text("1000")
    job.start()
    process = job._process
    assert process is not None
    job.cancel()
    assert job.told()["state"] == "idle"
    assert process.wait(10) < 0
    assert not (run / UMAP).exists()
    made_up.write_text("0")
    job.start()
    assert finished(job)["state"] == "ready"


def test_a_failure_is_one_line_and_it_may_be_tried_again(job: UmapJob, made_up: Path) -> None:
    made_up.write_text("no number")
    job.start()
    told = finished(job)
    assert told["state"] == "failed"
    assert str(told["words"]).startswith("the UMAP could not be made: ValueError: could not convert")
    made_up.write_text("0")
    job.start()
    assert finished(job)["state"] == "ready"


def test_the_process_ends_with_whoever_started_it(tmp_path: Path, made_up: Path) -> None:
    made_up.write_text("1000")
    for side in "xy":
        np.save(tmp_path / f"{side}.npy", rng.normal(size=(30, 3)))
    settings = {"n_neighbors": 5, "min_dist": 0.1, "seed": 0, "metric_x": "euclidean", "metric_y": "cosine"}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "repdiff.explorer.layout", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["step"] == "start"
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 1


def test_without_the_library_the_advice_is_one_line(job: UmapJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repdiff.explorer.umap_job.find_spec", lambda name: None)
    told = job.told()
    assert told["state"] == "impossible"
    assert str(told["words"]).endswith('which is not installed; run: pip install "repdiff[umap]"')


def test_without_kept_embeddings_there_is_none(run: Path) -> None:
    comparison = repdiff.load(run)
    assert comparison.reference is not None
    for reference in (None, replace(comparison.reference, x=None, y=None)):
        told = UmapJob(replace(comparison, reference=reference), run).told()
        assert told["state"] == "impossible"
        assert "this run keeps none" in str(told["words"])


def test_a_run_that_cannot_be_written_keeps_it_in_memory(job: UmapJob, run: Path, made_up: Path) -> None:
    (run / UMAP).mkdir()
    try:
        job.start()
        told = finished(job)
    finally:
        (run / UMAP).rmdir()
    assert told["state"] == "ready"
    assert "kept until the explorer ends" in str(told["words"])


def test_what_does_not_fit_is_made_again(tmp_path: Path) -> None:
    rows, maps, settings = np.arange(20), rng.normal(size=(2, 20, 2)).astype(np.float32), {"seed": 0}
    assert read_umap(tmp_path, rows, settings) is None
    write_umap(tmp_path, rows, maps, settings)
    np.testing.assert_array_equal(read_umap(tmp_path, rows, settings), maps)
    assert read_umap(tmp_path, rows + 1, settings) is None
    assert read_umap(tmp_path, rows[:-1], settings) is None
    assert read_umap(tmp_path, rows, {"seed": 1}) is None
    table = pq.read_table(tmp_path / UMAP)
    pq.write_table(table.drop_columns(["y_1"]), tmp_path / UMAP)
    assert read_umap(tmp_path, rows, settings) is None
    write_umap(tmp_path, rows, np.full_like(maps, np.nan), settings)
    assert read_umap(tmp_path, rows, settings) is None
    (tmp_path / UMAP).write_bytes(b"PAR1 nonsense PAR1")
    assert read_umap(tmp_path, rows, settings) is None


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_neighbours_are_exact(metric: str) -> None:
    values = rng.normal(size=(700, 5)) + 3
    values[1] = values[0]
    index, distances = layout.nearest(values, metric, 8)
    unit = values / np.linalg.norm(values, axis=1)[:, None]
    every = np.linalg.norm(values[:, None] - values[None], axis=2) if metric == "euclidean" else 1 - unit @ unit.T
    np.fill_diagonal(every, -1)
    np.testing.assert_array_equal(index[:, 0], np.arange(700))
    np.testing.assert_allclose(distances, np.maximum(np.sort(every, axis=1)[:, :8], 0), atol=1e-5)


def test_a_row_of_zeros_has_neighbours_too() -> None:
    values = rng.normal(size=(20, 3))
    values[4] = 0
    index, distances = layout.nearest(values, "cosine", 5)
    np.testing.assert_array_equal(index[:, 0], np.arange(20))
    assert np.isfinite(distances).all()


def test_turning_finds_a_turned_and_mirrored_copy() -> None:
    target = rng.normal(size=(50, 2))
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    np.testing.assert_allclose(layout.turned_onto(target, 3 * target @ turn + 7), target, atol=1e-5)


def test_the_page_asks_orders_and_cancels(client: Client, run: Path, made_up: Path) -> None:
    (run / UMAP).unlink(missing_ok=True)
    assert client.get("/api/umap").plain["state"] == "idle"
    made_up.write_text("1000")
    assert client.post("/api/umap", {"do": "start"}).plain["state"] == "working"
    assert client.post("/api/umap", {"do": "cancel"}).plain["state"] == "idle"
    for wrong in ({"do": "rm"}, {"do": ["start"]}, {}, [], "start"):
        answer = client.post("/api/umap", wrong)
        assert (answer.status, answer.error) == (400, "do must be one of start, cancel")


def test_the_real_library_tells_groups_apart() -> None:
    pytest.importorskip("umap")
    group = np.repeat(np.arange(3), 40)
    values = rng.normal(size=(120, 6)) + 8 * np.eye(3, 6)[group]
    settings = {"n_neighbors": 15, "min_dist": 0.1, "seed": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = layout.layout(values, "euclidean", settings, "x", "pca")
    middles = np.stack([found[group == one].mean(axis=0) for one in range(3)])
    nearest = np.linalg.norm(found[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearest == group).mean() > 0.98
