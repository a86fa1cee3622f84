"""Exports to FiftyOne and Embedding Atlas: their formats, and the real libraries, where there are any.

Both need other versions of what we use, so each has a Python of its own: ``REPDIFF_FIFTYONE`` names one with
``fiftyone`` (and ``FIFTYONE_DATABASE_URI`` a MongoDB server, where it brings none), ``REPDIFF_EMBEDDING_ATLAS`` the
command.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from report_runs import make_run, pictures

import repdiff
from repdiff import cli
from repdiff.results.annotations import Annotations, ClusterNote, NamedSelection
from repdiff.store.annotations import replace_annotations
from repdiff.store.run import write_run

N_PICTURES = 250


@pytest.fixture(scope="module")
def run(pair_xy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("viewers")
    n = len(pair_xy[0])
    items = pd.DataFrame(
        {
            "id": [f"item {row}" for row in range(n)],
            "kind": ["a", None, 'b "$x"'] * (n // 3),
            "weight": np.linspace(0, 1, n),
            "count": pd.array([1, None, 3] * (n // 3), dtype="Int64"),
            "flag": [True, False, True] * (n // 3),
            "tags": ["taken"] * n,
            "map_x_1": ["taken, too"] * n,
            "über 1": ["names"] * n,
        }
    )
    made = make_run(
        *pair_xy, items=items, label="kind", names=("$old", "new"), n_clusters=5, evidence=False,
        thumbnails=pictures(range(N_PICTURES)),
    )  # fmt: skip
    path = write_run(made, folder / "run")
    index = repdiff.load(path).x_only.difference_clusters[0].index
    note = ClusterNote("x_only", index, name="$Split", tags=("t",), note="look at it", decision="real")
    replace_annotations(path, Annotations(0, (note,), (NamedSelection("mine", ("item 0", "item 2")),)))
    return path


@pytest.fixture(scope="module")
def fiftyone_folder(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("viewers") / "fiftyone"
    assert cli.run(["export", str(run), "--to", "fiftyone", "-o", str(folder)]) == 0
    return folder


def check_fiftyone(told: dict[str, Any], run: Path) -> None:
    """What the library, or we, read in the folder."""
    comparison = repdiff.load(run)
    (note,) = comparison.annotations.clusters
    inside = comparison.x_only.labels[:N_PICTURES] == note.index
    assert told["ids"] == [f"item {row}" for row in range(N_PICTURES)]
    assert [label == "$Split" for label in told["x_only"]] == inside.tolist()
    assert [tags == ["t", "real"] for tags in told["x_only_tags"]] == inside.tolist()
    assert [row for row, tags in enumerate(told["tags"]) if tags == ["mine"]] == [0, 2]
    assert told["nearest_y"][3] == [f"item {row}" for row in comparison.neighbors.y[3]]
    np.testing.assert_allclose(told["x_map"], comparison.projection.x[:N_PICTURES], rtol=1e-6)
    assert {"weight", "count", "flag", "kind", "item_tags", "map_x_1", "ber_1"} <= set(told["fields"])
    assert told["descriptions"]["only in $old: $Split"].endswith("items; taken for real; t; look at it")
    assert len(told["descriptions"]) == sum(
        len(one.difference_clusters) for one in (comparison.x_only, comparison.y_only)
    )


def test_a_folder_for_fiftyone_holds_samples_fields_tags_and_views(run: Path, fiftyone_folder: Path) -> None:
    metadata, samples = (json.loads((fiftyone_folder / f"{name}.json").read_text()) for name in ("metadata", "samples"))
    samples = samples["samples"]
    told = {
        "ids": [one["item_id"] for one in samples],
        "tags": [one["tags"] for one in samples],
        "fields": [one["name"] for one in metadata["sample_fields"]],
        "x_only": [one["x_only"]["label"] for one in samples],
        "x_only_tags": [one["x_only"]["tags"] for one in samples],
        "x_map": [one["x_map"] for one in samples],
        "nearest_y": [one["nearest_y"] for one in samples],
        "descriptions": {view["name"]: view["description"] for view in metadata["saved_views"]},
    }
    check_fiftyone(told, run)
    assert all((fiftyone_folder / one["filepath"]).read_bytes()[8:12] == b"WEBP" for one in samples)
    described = {one["name"] for one in metadata["sample_fields"]}
    assert {name for one in samples for name in one} - {"_id"} <= described
    assert all("kind" not in one for one in samples[1::3])


def test_pictures_of_the_table_stand_where_they_are(
    pair_xy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    n = len(pair_xy[0])
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    paths = ["a.png", "../secret.png", "missing.png", None] * (n // 4) + ["a.png"] * (n % 4)
    pd.DataFrame({"id": range(n), "image": paths}).to_csv(tmp_path / "items.csv", index=False)
    options = {"items": tmp_path / "items.csv", "match": "order", "n_clusters": 3, "evidence": False}
    path = repdiff.compare(*pair_xy, **options).save(tmp_path / "run")
    assert cli.run(["export", str(path), "--to", "fiftyone", "-o", str(tmp_path / "out")]) == 0
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())["samples"]
    assert {one["filepath"] for one in samples} == {str(tmp_path / "a.png")}
    assert f"({len(samples)} of {n} items; the others have no picture)" in capsys.readouterr().out


def test_without_pictures_fiftyone_has_nothing_to_show(
    pair_xy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repdiff.compare(*pair_xy, n_clusters=3, evidence=False).save(tmp_path / "run")
    assert cli.run(["export", str(path), "--to", "fiftyone", "-o", str(tmp_path / "out")]) == 2
    assert "no item of this run has one; export to embedding-atlas or csv" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_table_for_embedding_atlas_has_coordinates_neighbours_and_pictures(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a table.parquet"
    assert cli.run(["export", str(run), "--to", "embedding-atlas", "-o", str(path)]) == 0
    opens = capsys.readouterr().out.partition("open it: ")[2]
    assert shlex.split(opens)[:6] == ["embedding-atlas", str(path), "--x", "map_x_1", "--y", "map_x_2"]
    table, comparison = pq.read_table(path), repdiff.load(run)
    assert len(set(table.column_names)) == len(table.column_names)
    np.testing.assert_array_equal(table["map_y_2"].to_numpy(), comparison.projection.y[:, 1])
    near = table["near_x"].to_pylist()
    assert near[5]["ids"] == comparison.neighbors.x[5].tolist()
    assert near[5]["distances"] == list(range(1, comparison.neighbors.k + 1))
    assert table["picture"][0].as_py()["bytes"][8:12] == b"WEBP"
    assert table["picture"][N_PICTURES].as_py() is None
    assert set(table["selections"].to_pylist()) == {"", "mine"}
    (note,) = comparison.annotations.clusters
    inside = comparison.x_only.labels == note.index
    for column, said in (("name", "$Split"), ("tags", "t"), ("decision", "real"), ("note", "look at it")):
        told = table[f"x_only_{column}"].to_pylist()
        assert [one == said for one in told] == inside.tolist(), column
    assert set(table["y_only_note"].to_pylist()) == {""}
    assert {"item_map_x_1", "id", "kind"} <= set(table.column_names)


def named(variable: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the program that a variable names, or skips."""
    program = os.environ.get(variable)
    if not program:
        pytest.skip(f"{variable} names no program")
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [program, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=bare, timeout=240, check=True)

    return call


def test_fiftyone_imports_it(run: Path, fiftyone_folder: Path) -> None:
    opened = named("REPDIFF_FIFTYONE")(Path(__file__).with_name("opened_by_fiftyone.py"), fiftyone_folder)
    told = json.loads(opened.stdout.splitlines()[-1])
    check_fiftyone(told, run)
    comparison = repdiff.load(run)
    (note,) = comparison.annotations.clusters
    inside = int((comparison.x_only.labels[:N_PICTURES] == note.index).sum())
    assert told["views"]["only in $old: $Split"] == told["count"]["$Split"] == inside
    np.testing.assert_allclose(told["maps"]["y_map"], comparison.projection.y[:N_PICTURES], rtol=1e-6)
    assert told["first"] == {"weight": 0.0, "count": 1, "flag": True}


def test_embedding_atlas_loads_it(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    atlas = named("REPDIFF_EMBEDDING_ATLAS")
    path = tmp_path / "run.parquet"
    assert cli.run(["export", str(run), "--to", "embedding-atlas", "-o", str(path)]) == 0
    options = shlex.split(capsys.readouterr().out.partition("open it: ")[2])[1:]
    atlas(*options, "--degree", "--export-application", tmp_path / "out")
    loaded = pq.read_table(tmp_path / "out" / "data" / "dataset.parquet")
    assert loaded.num_rows == len(repdiff.load(run).items.frame)
    assert {"map_x_1", "near_x", "degree", "x_only_name", "x_only_note"} <= set(loaded.column_names)
    assert min(loaded["degree"].to_pylist()) >= repdiff.load(run).neighbors.k  # it read the neighbours
