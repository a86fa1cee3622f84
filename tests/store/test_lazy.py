"""Pictures and tables of a run are read when they are asked for, and what is wrong with them is one line."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import repdiff
from repdiff import Comparison, RunError
from repdiff.store import comparison as parts
from repdiff.store.lazy import deferred, put_off
from repdiff.store.run import read_run

READERS = ("_read_thumbnails", "_read_projection", "_read_affinity_maps", "read_evidence")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, pair_xy) -> Path:
    folder = tmp_path_factory.mktemp("lazy")
    for row in range(3):
        Image.new("RGB", (8, 6), (row, 0, 0)).save(folder / f"{row}.png")
    items = pd.DataFrame({"image": [f"{row % 3}.png" for row in range(300)]})
    found = repdiff.compare(*pair_xy, items=items, images=folder, n_clusters=4)
    return found.save(folder / "run")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the parts that were read, in order."""
    told: list[str] = []

    def telling(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: (told.append(name), real(*args))[1]

    for name in READERS:
        monkeypatch.setattr(parts, name, telling(name, getattr(parts, name)))
    return told


def test_labels_are_read_without_pictures_and_tables(saved: Path, read: list[str]) -> None:
    found = repdiff.load(saved)
    assert len(found.x_only.labels) == 300
    assert found.x_only.clusters[-1].size
    assert found.to_frame() is not None
    assert read == []


def test_each_part_is_read_once_and_alone(saved: Path, read: list[str]) -> None:
    run = read_run(saved)
    found = run.comparison
    for ask, part in (
        (lambda: (found.thumbnails, run.thumbnails, found.thumbnails), "_read_thumbnails"),
        (lambda: (found.projection, found.projection), "_read_projection"),
        (lambda: (found.x_only.affinity_map, found.y_only.affinity_map), "_read_affinity_maps"),
        (lambda: (found.evidence, found.similarity, found.x_only.clusters[0].evidence), "read_evidence"),
    ):
        read.clear()
        assert ask()[0] is not None
        assert read == [part]
    assert found.thumbnails is run.thumbnails


def test_runs_of_a_series_share_pictures_that_nobody_has_asked_for(pair_xy, tmp_path: Path, read: list[str]) -> None:
    x, y = pair_xy
    repdiff.compare_series([x, (x + y[:, :1]) / 2], x, n_clusters=3).save(tmp_path / "series")
    timeline = repdiff.load_series(tmp_path / "series")
    assert len(timeline.settled) == 300
    assert read == []
    assert timeline.thumbnails is timeline.comparisons[1].thumbnails is timeline.comparisons[0].thumbnails
    assert read == ["_read_thumbnails"]


def test_what_is_read_later_is_like_any_other(saved: Path) -> None:
    found = repdiff.load(saved)
    assert isinstance(found, Comparison)
    copied, renamed = pickle.loads(pickle.dumps(found)), replace(found, description="another")
    assert type(copied) is Comparison
    for other in (copied, renamed):
        np.testing.assert_array_equal(other.projection.x, found.projection.x)
        assert other.thumbnails.images == found.thumbnails.images
        assert other.evidence == found.evidence
    assert renamed.description == "another"


@pytest.mark.parametrize(
    ("file", "ask"),
    [
        ("thumbnails.parquet", lambda found: found.thumbnails),
        ("projection.parquet", lambda found: found.projection),
        ("affinity.parquet", lambda found: found.y_only.affinity_map),
        ("evidence.json", lambda found: found.x_only.clusters[0].evidence),
    ],
)
@pytest.mark.parametrize("change", ["damaged", "replaced", "gone"])
def test_what_is_wrong_later_is_one_line(saved: Path, tmp_path: Path, file: str, ask, change: str) -> None:
    path = repdiff.load(saved).save(tmp_path / "run")
    if change == "damaged" and file.endswith(".parquet"):  # seen at once, by another process
        _spoil(path / file)
        with pytest.raises(RunError, match="the run is damaged") as caught:
            repdiff.load(path)
        assert str(path) in str(caught.value)
        return
    if change == "damaged":
        _spoil(path / file)
    found = repdiff.load(path)
    if change == "replaced":
        repdiff.load(saved).save(path, overwrite=True)
    elif change == "gone":
        (path / file).unlink()
    with pytest.raises(RunError, match="was replaced since" if change == "replaced" else "is damaged") as caught:
        ask(found)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_evidence_of_another_type_or_of_other_clusters_is_damage(saved: Path, tmp_path: Path) -> None:
    path = repdiff.load(saved).save(tmp_path / "run")
    told = json.loads((path / "evidence.json").read_text())
    told["clusters"]["y_only"][1]["stability"] = "high"
    (path / "evidence.json").write_text(json.dumps(told))
    with pytest.raises(RunError, match=r"evidence.json.clusters.y_only\[1\].stability must be a number, but is 'high'"):
        _ = repdiff.load(path).evidence
    told["clusters"]["y_only"].pop(1)
    (path / "evidence.json").write_text(json.dumps(told))
    with pytest.raises(RunError, match=r"has 3 clusters of y_only, but clusters.parquet has 4"):
        _ = repdiff.load(path).evidence


def _spoil(file: Path) -> None:
    """Whole to look at from outside: the end of a table, which tells its columns, stays as it is."""
    data = file.read_bytes()
    if file.suffix == ".json":
        file.write_bytes(data[: len(data) // 2])
    else:
        file.write_bytes(data[:4] + bytes(400) + data[404:])


@dataclass(frozen=True)
class Pair:
    one: int
    other: int | None = None


def test_a_field_with_a_default_can_be_put_off_too() -> None:
    asked: list[str] = []

    def read(name: str, value: int) -> int:
        asked.append(name)
        return value

    pair = deferred(Pair, {"one": 1}, {"other": lambda: read("other", 2)})
    later = put_off(pair, one=lambda: read("one", 3))
    assert asked == []
    assert (later.one, later.other, later.other) == (3, 2, 2)
    assert asked == ["one", "other"]
    assert (pair.one, pair.other) == (1, 2)
    assert repr(later) == "Pair(one=3, other=2)"
