"""Two groups side by side, other settings on a sample, larger pictures, and what an older run lacks."""

from __future__ import annotations

import base64
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from explorer_client import Client
from PIL import Image

import repdiff
from repdiff.explorer import page
from repdiff.explorer.explored import Explored, Given
from repdiff.explorer.library import open_library
from repdiff.report.page import render
from repdiff.store.run import read_run

NEW_FILES = ("neighbors.parquet", "eigenvectors.parquet", "eigenvalues.parquet", "reference.parquet", "reference.json")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def asked(direction: str, index: int) -> dict[str, Any]:
    return {"direction": direction, "index": index}


def test_a_group_beside_itself_and_beside_another(client: Client, saved: Path) -> None:
    x_only = repdiff.load(saved).x_only
    one, other = (cluster.index for cluster in x_only.difference_clusters[-2:])
    same = client.post("/api/beside", {"first": asked("x_only", one), "second": asked("x_only", one)}).plain
    size = x_only.clusters[one].size
    assert (same["shared"], same["jaccard"], same["neighbours"], same["places"]) == (size, 1.0, [None, None], None)
    found = client.post("/api/beside", {"first": asked("x_only", one), "second": asked("x_only", other)}).plain
    assert (found["shared"], found["jaccard"]) == (0, 0.0)
    assert [part["facts"]["count"] for part in found["groups"]] == [size, x_only.clusters[other].size]
    assert all(len(part["tiles"]) == 6 for part in found["groups"])
    assert {len(one["shares"]) for one in found["labels"]} == {2}
    assert all(0 <= way[side] <= 10 for way in found["neighbours"] for side in "xy")


def test_nearness_agrees_with_distances(client: Client, saved: Path) -> None:
    """Of 320 items the run keeps all embeddings, so that the place can be counted."""
    comparison = repdiff.load(saved)
    kept = comparison.reference
    assert kept is not None
    assert kept.x is not None
    assert len(kept.rows) == 320
    first, second = np.arange(20), np.arange(100, 130)
    body = {
        "first": {"direction": "x_only", "rows": first.tolist()},
        "second": {"direction": "y_only", "rows": second.tolist()},
    }
    found = client.post("/api/beside", body).plain
    distances = np.linalg.norm(kept.x[:, None] - kept.x[None], axis=2)
    np.fill_diagonal(distances, -1)
    ranks = distances.argsort(axis=1).argsort(axis=1) / 320
    expected = (np.median(ranks[np.ix_(first, second)]) + np.median(ranks[np.ix_(second, first)])) / 2
    assert found["places"]["x"] == pytest.approx(expected, abs=1e-6)


def test_other_settings_keep_change_or_lose_groups(client: Client, saved: Path) -> None:
    comparison = repdiff.load(saved)
    found = client.get("/api/trial", gamma="0.1").plain  # as in the run, on all items
    assert (found["n"], found["of"]) == (320, 320)
    for name in ("x_only", "y_only"):
        clusters = getattr(comparison, name).difference_clusters
        assert [one["index"] for one in found[name]["groups"]] == [cluster.index for cluster in clusters]
        assert {one["state"] for one in found[name]["groups"]} <= {"kept", "few"}
        assert found[name]["new"] == []
    none = client.get("/api/trial", threshold="140").plain
    assert {one["state"] for one in none["x_only"]["groups"]} <= {"gone", "few"}
    assert none["x_only"]["found"] == []
    for setting, words in (
        ({"gamma": "0"}, "gamma must be a positive number"),
        ({"gamma": "nan"}, "gamma must be a number such as 0.25"),
        ({"beta": "99"}, "beta must"),
        ({"clusters": "999"}, "at most 50"),
    ):
        answer = client.get("/api/trial", **setting)
        assert answer.status == 400
        assert words in answer.error


def test_a_larger_picture_comes_from_the_items_own_file(pictured: Path) -> None:
    client = Client(pictured / "run")
    found = client.get("/api/large", row=0).plain
    assert (found["width"], found["height"]) == (512, 341)
    image = Image.open(io.BytesIO(base64.b64decode(found["picture"].removeprefix("data:image/webp;base64,"))))
    assert image.size == (512, 341)
    assert client.get("/api/large", row=1).plain["picture"] is None
    assert "is not an image" in client.get("/api/large", row=1).plain["why"]
    assert "is a link to another place" in client.get("/api/large", row=2).plain["why"]
    assert client.get("/api/large", row=60).status == 400


def test_pictures_elsewhere_are_read_only_where_the_person_names_the_folder(
    pictured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pictured / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    client = Client(tmp_path / "run")
    assert "start it with --images FOLDER" in client.get("/api/large", row=0).plain["why"]
    named = Explored(read_run(tmp_path / "run"), tmp_path / "run", Given(images=pictured / "pictures"))
    assert named.originals.larger(0)["width"] == 512
    assert named.originals.larger(2)["width"] == 40  # a link in a folder that was named is followed


@pytest.mark.parametrize("name", ["../x.npy", "/etc/passwd", "", "\x00"])
def test_an_item_whose_picture_leads_elsewhere_gets_none(pictured: Path, name: str) -> None:
    explored = Explored(read_run(pictured / "run"), pictured / "run")
    explored.comparison.items.frame.loc[5, "image"] = name
    found = explored.originals.larger(5)
    assert found["picture"] is None
    assert "\n" not in found["why"]


def finished(
    client: Client, *, until: Callable[[dict[str, Any]], bool] = lambda told: told["state"] != "running"
) -> Any:
    for _ in range(600):
        told = client.get("/api/rerun").plain
        if until(told):
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def test_run_it_writes_a_run_beside_and_opens_it(pictured: Path) -> None:
    client = Client(pictured / "run")
    assert client.get("/api/rerun").plain == {"state": "idle"}
    assert "nothing is changed" in client.post("/api/start", {}).error
    started = client.post("/api/start", {"gamma": "0.3", "clusters": "4"}).plain
    assert (started["state"], started["output"]) == ("running", "run-gamma-0.3-groups-4")
    assert "running already" in client.post("/api/start", {"gamma": "0.3"}).error
    told = finished(client)
    assert (told["state"], told["error"], told["frame"]) == ("done", "", 1)
    made = repdiff.load(pictured / "run-gamma-0.3-groups-4")
    before = repdiff.load(pictured / "run")
    parameters = {**before.provenance.parameters, "gamma": 0.3, "n_clusters": 4}
    assert made.provenance.parameters == parameters
    assert made.provenance.inputs == before.provenance.inputs
    assert made.items.frame.equals(before.items.frame)
    assert client.get("/", frame=1).status == 200
    assert b"gamma 0.3, groups 4" in client.get("/").body
    assert client.get("/api/item", frame=1, row=1).plain["id"] == "item 1"
    shutil.rmtree(pictured / "run-gamma-0.3-groups-4")


def test_a_cancelled_comparison_leaves_nothing(pictured: Path) -> None:
    before = names_in(pictured)
    client = Client(pictured / "run")
    client.post("/api/start", {"gamma": "0.3"})
    assert client.post("/api/cancel", {}).plain["state"] == "cancelled"
    assert client.get("/api/rerun").plain["state"] == "cancelled"
    assert names_in(pictured) == before


def test_inputs_that_changed_or_are_gone_are_one_line(
    pictured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(pictured / "run", tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    client = Client(tmp_path / "run")
    error = client.post("/api/start", {"gamma": "0.3"}).error
    assert "lies neither beside the run nor in the working folder, so it is not opened" in error
    values = np.load(pictured / "x.npy")
    np.save(tmp_path / "x.npy", values + 1)
    client = Client(tmp_path / "run", Given(x=tmp_path / "x.npy", y=pictured / "y.npy"))
    client.post("/api/start", {"gamma": "0.3"})
    told = finished(client)
    assert told["state"] == "failed"
    assert "x.npy: the values differ from those that" in told["error"]
    assert names_in(tmp_path) == ["run", "x.npy"]


def test_a_run_without_the_new_files_says_what_is_missing(saved: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(saved, old)
    for name in NEW_FILES:
        (old / name).unlink()
    (old / "annotations.json").unlink(missing_ok=True)
    comparison = repdiff.load(old)
    assert comparison.neighbors is None
    assert comparison.x_only.spectrum is None
    assert comparison.reference is None
    assert comparison.annotations == repdiff.Annotations()
    assert "repdiff rerun compares again and keeps them" in render(read_run(old))
    data = page.page_data(open_library(old), 0)
    assert [words.split(":")[0] for words in data["missing"]] == [
        "This run keeps no neighbours",
        "This run keeps no eigenvectors",
        "This run keeps no sample of the embeddings",
    ]
    assert (data["neighbours"], data["mostClusters"]) == (None, 0)
    client = Client(old)
    assert client.get("/api/item", row=1).plain["neighbours"] is None
    for answer in (client.get("/api/recut", k=3), client.get("/api/trial", gamma="0.2")):
        assert answer.status == 400
        assert "\n" not in answer.error
    one = asked("x_only", comparison.x_only.difference_clusters[0].index)
    rows = {"direction": "x_only", "rows": [1, 2, 3]}
    found = client.post("/api/beside", {"first": one, "second": rows}).plain
    assert (found["places"], found["neighbours"]) == (None, [None, None])
    assert page.page_data(open_library(saved), 0)["missing"] == []
