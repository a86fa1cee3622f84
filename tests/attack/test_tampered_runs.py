"""Runs of strangers: whatever is in their files, they load, or one line names the file and what is wrong with it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tampered_runs

import repdiff
from repdiff import RepdiffError, RunError

N_TAMPERED = 36


@pytest.fixture
def run(intact: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(intact["run"], tmp_path / "run"))


def refusal(path: Path, tmp_path: Path) -> str:
    """The line that a run is refused with, if it is used as a user would."""
    with pytest.raises(RunError) as caught:
        tampered_runs.use(path, tmp_path)
    told = str(caught.value)
    assert "\n" not in told
    assert len(told) < 500
    return told


@pytest.mark.parametrize("kind", tampered_runs.KINDS)
def test_an_intact_run_can_be_used(kind: str, intact: dict[str, Path], tmp_path: Path) -> None:
    tampered_runs.use(intact[kind], tmp_path)


@pytest.mark.parametrize("part", range(6))
def test_a_tampered_run_is_refused_in_a_line_or_can_be_used(part: int, intact: dict[str, Path], tmp_path: Path) -> None:
    lines = []
    for seed in range(part * N_TAMPERED // 6, (part + 1) * N_TAMPERED // 6):
        rng = np.random.default_rng(seed)
        kind = tampered_runs.KINDS[int(rng.choice(6, p=[0.4, 0.1, 0.1, 0.2, 0.1, 0.1]))]
        path = tmp_path / str(seed)
        how = tampered_runs.tampered(kind, intact, path, rng)
        try:
            tampered_runs.use(path, tmp_path)
        except RepdiffError as error:
            lines.append(str(error))
        except Exception as error:
            raise AssertionError(f"{kind}, seed {seed}: {how}") from error
    assert len(lines) >= 4
    assert [line for line in lines if "\n" in line or len(line) > 500] == []


JsonChange = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("manifest.json", lambda told: told.update(n_items=-1), "manifest.json.n_items must be at least 0, but is -1"),
        ("manifest.json", lambda told: told.update(n_items=10**400), "n_items is a number of"),
        ("manifest.json", lambda told: told.update(names=["a", "\ud800"]), "names[1] must be Unicode text"),
        ("manifest.json", lambda told: told["accuracy"].update(x=1.5), "accuracy.x must be from 0 to 1, but is 1.5"),
        ("manifest.json", lambda told: told["timings"].update(input=float("nan")), "NaN is no number of JSON"),
        ("manifest.json", lambda told: told["parameters"].update(beta=-1), "beta must be a positive number"),
        ("manifest.json", lambda told: told["parameters"].pop("beta"), "manifest.json.parameters has no 'beta'"),
        ("manifest.json", lambda told: told["engine"].update(more=nested(40)), "more than 32 deep"),
        ("manifest.json", lambda told: told["items"].update(label="absent"), "items.parquet has no column 'absent'"),
        ("manifest.json", lambda told: told["inputs"].pop("x"), "manifest.json.inputs has no 'x'"),
        ("reference.json", lambda told: told["x_only"].update(vectors=[99]), "names more eigenvectors of x_only than"),
        ("reference.json", lambda told: told["y_only"].pop("vectors"), "reference.parquet has no column 'y_only'"),
        ("evidence.json", lambda told: told["comparison"].update(fdr=7), "comparison.fdr must be from 0 to 1, but"),
        ("evidence.json", lambda told: told["clusters"].pop("y_only"), "evidence.json has no clusters of y_only"),
        ("evidence.json", lambda told: told["clusters"]["x_only"].append(None), "clusters of x_only, but clusters"),
        ("evidence.json", lambda told: outcome(told).update(disagreements=[160]), "disagrees on does not exist"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_named(file: str, change: JsonChange, says: str, run: Path, tmp_path: Path) -> None:
    told = json.loads((run / file).read_text())
    change(told)
    (run / file).write_text(json.dumps(told))
    assert says in refusal(run, tmp_path)


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def outcome(told: dict[str, Any]) -> dict[str, Any]:
    return next(one["outcome"] for one in told["clusters"]["x_only"] if one["outcome"] is not None)


def test_json_that_is_too_deep_or_holds_too_much_is_refused(run: Path, tmp_path: Path) -> None:
    (run / "evidence.json").write_text("[" * 100_000 + "]" * 100_000)
    assert "too many lists or objects in one another" in refusal(run, tmp_path)
    (run / "evidence.json").write_text("[" + "0," * 11_000_000 + "0]")
    assert "evidence.json holds more than 10,000,000 values" in refusal(run, tmp_path)


def cells(name: str, value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Put a value into the first row."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        column = frame[name].tolist()
        return frame.assign(**{name: [value, *column[1:]]})

    return change


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("items", lambda frame: frame.drop(columns="id"), "items.parquet has no column 'id'"),
        ("items", lambda frame: frame.assign(id="same"), "items.parquet: ids are repeated"),
        ("items", lambda frame: frame.assign(id=range(len(frame))), "items.parquet: the ids are no text"),
        ("items", lambda frame: frame.assign(x_only=0.5), "column 'x_only' must hold whole numbers"),
        ("items", cells("x_only", 99), "a label of x_only is of none of the"),
        ("items", lambda frame: frame.assign(y_only_no_change=True), "disagree on what is no change"),
        ("items", lambda frame: frame.drop(columns="label"), "items.parquet has no column 'label'"),
        ("items", lambda frame: frame.set_index("text"), "items.parquet has an index"),
        ("items", lambda frame: pd.concat([frame, frame]), "items.parquet has 320 rows, but there are 160 items"),
        ("clusters", cells("mean_affinity", float("nan")), "mean_affinity must be a finite number"),
        ("clusters", cells("mean_affinity", -1.0), "mean_affinity must be above 0"),
        ("clusters", cells("index", 7), "are not numbered from 0 in order"),
        ("clusters", cells("direction", "z_only"), "column 'direction' must be one of x_only, y_only"),
        ("clusters", cells("representatives", [10**6]), "is represented by items that are not in it"),
        ("projection", cells("x_1", float("inf")), "projection.parquet: column 'x_1' has a number that is not finite"),
        ("projection", lambda frame: frame.assign(y_2="far"), "column 'y_2' must be float, but is"),
        ("affinity", cells("cluster", 99), "is not that of its"),
        ("affinity", cells("size", 0), "is not that of 160 items"),
        ("affinity", cells("means", [1.0]), "a square picture|same shape"),
        ("thumbnails", cells("row", -1), "column 'row' does not name items in order"),
        ("thumbnails", cells("height", 0), "column 'height' must be from 1 to 4096 pixels"),
        ("thumbnails", cells("image", b"<svg onload=alert(1)>"), "the image of row 0 is not a WebP file"),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_named(
    file: str, change: Callable[[pd.DataFrame], pd.DataFrame], says: str, run: Path, tmp_path: Path
) -> None:
    path = run / f"{file}.parquet"
    schema = pq.read_schema(path)
    frame = change(
        pd.read_parquet(path) if file == "items" else pq.read_table(path).to_pandas(maps_as_pydicts="strict")
    )
    if file == "items":
        frame.to_parquet(path)
    else:
        kept = [
            pa.array(frame[field.name], field.type, from_pandas=False) if fits(frame[field.name], field.type)
            else pa.array(frame[field.name].tolist())
            for field in schema
        ]  # fmt: skip
        pq.write_table(pa.table(kept, names=schema.names), path)
    told = refusal(run, tmp_path)
    assert any(part in told for part in says.split("|")), told


def fits(column: pd.Series, kind: pa.DataType) -> bool:
    try:
        pa.array(column, kind, from_pandas=False)
    except (pa.ArrowException, TypeError):
        return False
    return True


@pytest.mark.parametrize("file", ["manifest.json", "evidence.json", "items.parquet", "evaluation.csv"])
@pytest.mark.parametrize(
    ("put", "says"),
    [
        (lambda path: os.mkfifo(path), "not an ordinary file"),
        (lambda path: path.symlink_to("/dev/zero"), "is a link, which is not followed"),
        (lambda path: path.symlink_to("kept"), "is a link, which is not followed"),
        (lambda path: path.mkdir(), "not an ordinary file"),
        (lambda path: (path.touch(), os.truncate(path, 100 << 30)), "but such a file has at most"),
    ],
    ids=["pipe", "device", "link", "folder", "huge"],
)  # fmt: skip
def test_only_ordinary_files_are_read(
    file: str, put: Callable[[Path], Any], says: str, run: Path, tmp_path: Path
) -> None:
    (run / file).rename(run / "kept")
    put(run / file)
    told = refusal(run, tmp_path)
    assert says in told
    assert file in told


def test_a_small_file_that_claims_to_be_long_is_refused_before_it_is_decoded(run: Path, tmp_path: Path) -> None:
    n, text = 5_000, "x" * 1_000_000  # five gigabytes in a few kilobytes
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({**manifest, "n_items": n}))
    told = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([text]))
    whole, flags = pa.array(np.zeros(n, np.int32)), pa.array(np.zeros(n, bool))
    table = pa.table({"id": pa.array(map(str, range(n))), "x_only": whole, "y_only": whole, "text": told})
    table = table.append_column("x_only_no_change", flags).append_column("y_only_no_change", flags)
    pq.write_table(table, run / "items.parquet", compression="zstd")
    assert "claims 5.0 GB of values, but the file has only" in refusal(run, tmp_path)


def test_a_damaged_footer_does_not_end_the_process(run: Path) -> None:
    """A few of these end a process that reads them with pyarrow alone."""
    path = run / "projection.parquet"
    intact, rng = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(120):
        damaged = bytearray(intact)
        for place in len(damaged) - 1 - rng.integers(1500, size=3):
            damaged[place] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(damaged))
        try:
            _ = repdiff.load(run).projection
        except RunError:
            refused += 1
    assert refused > 60


@pytest.mark.parametrize("name", ["../../run", "..", ".", "", "/etc", "a/b", "000\x00"])
@pytest.mark.parametrize("kind", ["series", "matrix"])
def test_a_manifest_names_runs_by_plain_names_only(
    kind: str, name: str, intact: dict[str, Path], tmp_path: Path
) -> None:
    path = Path(shutil.copytree(intact[kind], tmp_path / kind))
    told = json.loads((path / "manifest.json").read_text())
    told["runs"][0] = name
    (path / "manifest.json").write_text(json.dumps(told))
    assert "manifest.json.runs[0] must be the plain name of a folder, not a path" in refusal(path, tmp_path)


@pytest.mark.parametrize("place", ["runs", "runs/000-checkpoint-1"])
def test_links_inside_a_series_are_not_followed(place: str, intact: dict[str, Path], tmp_path: Path) -> None:
    path = Path(shutil.copytree(intact["series"], tmp_path / "series"))
    (path / place).rename(tmp_path / "elsewhere")
    (path / place).symlink_to(tmp_path / "elsewhere")
    assert f"{Path(place).name} is a link, which is not followed" in refusal(path, tmp_path)


def test_the_runs_of_a_series_are_of_the_same_items_and_alike(intact: dict[str, Path], tmp_path: Path) -> None:
    path = Path(shutil.copytree(intact["old series"], tmp_path / "series"))
    items = path / "runs" / "001-b" / "items.parquet"
    frame = pd.read_parquet(items)
    frame.assign(id=frame["id"] + "x").to_parquet(items)
    assert "runs/001-b has other items than the rest" in refusal(path, tmp_path)
    frame.to_parquet(items)
    (items.parent / "evidence.json").unlink()
    assert "some runs have evidence and some have none" in refusal(path, tmp_path)


def test_damage_in_what_is_read_later_is_told_then(run: Path) -> None:
    told = json.loads((run / "evidence.json").read_text())
    told["comparison"]["n_tested"] = -3
    (run / "evidence.json").write_text(json.dumps(told))
    comparison = repdiff.load(run)
    with pytest.raises(RunError, match=r"evidence.json.comparison.n_tested must be at least 0, but is -3"):
        _ = comparison.evidence
