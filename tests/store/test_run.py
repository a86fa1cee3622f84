from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import repdiff
from repdiff import Comparison, RunError
from repdiff.store.directory import check_target
from repdiff.store.run import read_run, run_of, write_run


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory, pair_xy) -> Comparison:
    folder = tmp_path_factory.mktemp("items")
    for row in range(300):
        Image.new("RGB", (8 + row % 5, 6), (row % 256, 0, 0)).save(folder / f"{row}.png")
    (folder / "7.png").write_bytes(b"no image")
    items = pd.DataFrame(
        {
            "id": [f"<{row}>" for row in range(300)],
            "image": [f"{row}.png" for row in range(300)],
            "kind": pd.Categorical(["a", "b", None] * 100),
            "says": ["a"] * 300,
            "score": np.linspace(0, 1, 300),
            "when": pd.date_range("2020-01-01", periods=300),
            "flag": [True, False, None] * 100,
        }
    )
    items.to_parquet(folder / "items.parquet")
    return repdiff.compare(
        *pair_xy, items=folder / "items.parquet", names=("one", "zwei & drei"), label="kind", prediction_x="says",
        prediction_y="flag", n_clusters="auto", description="What is «compared»",
    )  # fmt: skip


def assert_same(a: object, b: object, where: str = "") -> None:
    """Equal all the way down, types of arrays included."""
    if isinstance(a, np.ndarray):
        assert isinstance(b, np.ndarray)
        assert a.dtype == b.dtype, where
        np.testing.assert_array_equal(a, b, err_msg=where)
    elif isinstance(a, pd.DataFrame):
        assert isinstance(b, pd.DataFrame)
        pd.testing.assert_frame_equal(a, b)
    elif hasattr(a, "__dataclass_fields__"):
        for field in fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name), f"{where}.{field.name}")
    elif isinstance(a, tuple):
        assert isinstance(b, tuple), where
        assert len(a) == len(b), where
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_same(one, other, f"{where}[{place}]")
    else:
        assert a == b, where


def test_save_then_load_is_identity(comparison: Comparison, tmp_path: Path) -> None:
    run = run_of(comparison)  # whose comparison warns of the picture that is none
    with_pictures = replace(run.comparison, thumbnails=run.thumbnails)
    comparison.save(tmp_path / "run")
    assert_same(with_pictures, repdiff.load(tmp_path / "run"))


def test_a_run_without_evidence_has_none(pair_xy, tmp_path: Path) -> None:
    bare = repdiff.compare(*pair_xy, n_clusters=4, evidence=False)
    path = bare.save(tmp_path / "run")
    assert not (path / "evidence.json").exists()
    loaded = repdiff.load(path)
    assert loaded.evidence is None
    assert not loaded.chosen
    assert loaded.x_only.clusters[0].evidence is None


def test_a_loaded_comparison_saves_the_same_files(comparison: Comparison, tmp_path: Path) -> None:
    comparison.save(tmp_path / "one")
    repdiff.load(tmp_path / "one").save(tmp_path / "two")
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_the_files_are_those_of_the_contract(comparison: Comparison, tmp_path: Path) -> None:
    path = comparison.save(tmp_path / "run")
    assert {file.name for file in path.iterdir()} == {
        "manifest.json", "items.parquet", "clusters.parquet", "projection.parquet", "affinity.parquet",
        "thumbnails.parquet", "evidence.json", "reference.parquet", "reference.json",
        "neighbors.parquet", "eigenvectors.parquet", "eigenvalues.parquet",
    }  # fmt: skip
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["schema_version"] == 3
    assert manifest["parameters"]["n_clusters"] == "auto"
    assert manifest["random_state"] == 0
    assert manifest["engine"]["name"] == "exact"
    assert len(manifest["inputs"]["x"]["sha256"]) == 64
    assert set(manifest["timings"]) >= {"affinity", "x_only clustering"}
    assert manifest["versions"]["repdiff"] == repdiff.__version__
    assert [line for line in manifest["skipped_images"] if "7.png" in line]
    pd.testing.assert_frame_equal(pd.read_parquet(path / "items.parquet"), comparison.to_frame())
    clusters = pd.read_parquet(path / "clusters.parquet")
    assert clusters.groupby("direction")["size"].sum().tolist() == [300, 300]


def test_thumbnails_show_representatives_at_true_aspect_ratio(comparison: Comparison) -> None:
    pictures = run_of(comparison).thumbnails
    shown = {row for d in (comparison.x_only, comparison.y_only) for c in d.clusters for row in c.representatives}
    assert shown - {7} <= set(pictures.rows)
    np.testing.assert_array_equal(pictures.widths, 8 + pictures.rows % 5)
    assert (pictures.heights == 6).all()


def test_the_run_is_readable_by_others(comparison: Comparison, tmp_path: Path) -> None:
    # A folder made for writing beside the target is open to nobody else; the run must not stay so.
    path = comparison.save(tmp_path / "run")
    (tmp_path / "ordinary").mkdir()
    assert path.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_a_run_is_replaced_only_when_asked(comparison: Comparison, tmp_path: Path) -> None:
    path = comparison.save(tmp_path / "deep" / "run")
    with pytest.raises(RunError, match="is a run already"):
        comparison.save(path)
    write_run(run_of(comparison), path, overwrite=True, report="<html>new</html>")
    assert (path / "report.html").read_text() == "<html>new</html>"
    assert [entry.name for entry in path.parent.iterdir()] == ["run"]


def test_an_empty_folder_is_filled(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    comparison.save(tmp_path / "run")
    assert read_run(tmp_path / "run").path == tmp_path / "run"


def test_what_is_no_run_is_never_replaced(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "manifest.json").write_text('{"format": "of another program"}')
    with pytest.raises(RunError, match="exists and is not a run"):
        comparison.save(tmp_path / "thesis", overwrite=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="exists and is not a run"):
        comparison.save(tmp_path / "file", overwrite=True)


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_what_was_there(
    failure: BaseException, comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = comparison.save(tmp_path / "run")
    before = {file.name: file.read_bytes() for file in path.iterdir()}

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("repdiff.store.comparison.pq.write_table", fail)
    with pytest.raises((RunError, KeyboardInterrupt)) as caught:
        comparison.save(path, overwrite=True)
    if isinstance(failure, OSError):
        assert str(caught.value) == f"{path}: cannot be written: No space left on device"
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run"]


def _drop_a_field(path: Path) -> None:
    manifest = json.loads((path / "manifest.json").read_text())
    del manifest["names"]
    (path / "manifest.json").write_text(json.dumps(manifest))


def _move_an_item(path: Path) -> None:
    frame = pd.read_parquet(path / "items.parquet")
    frame.loc[0, "x_only"] = (frame.loc[0, "x_only"] + 1) % (frame["x_only"].max() + 1)
    frame.to_parquet(path / "items.parquet")


def _lose_an_item(path: Path) -> None:
    pd.read_parquet(path / "items.parquet").iloc[1:].to_parquet(path / "items.parquet")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: (path / "items.parquet").unlink(),
        lambda path: (path / "clusters.parquet").write_bytes(b"PAR1"),
        lambda path: (path / "manifest.json").write_text("{"),
        lambda path: (path / "projection.parquet").write_bytes((path / "items.parquet").read_bytes()),
        _drop_a_field,
        _lose_an_item,
        _move_an_item,
        lambda path: (path / "evaluation.csv").write_text("direction,method\nx_only,rdc\n"),
    ],
    ids=[
        "missing",
        "cut short",
        "no JSON",
        "another file",
        "a field less",
        "an item less",
        "an item moved",
        "another table",
    ],
)
def test_a_damaged_run_is_one_line(damage, comparison: Comparison, tmp_path: Path) -> None:
    path = comparison.save(tmp_path / "run")
    damage(path)
    with pytest.raises(RunError) as caught:
        repdiff.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_older_run_is_to_be_made_again(comparison: Comparison, tmp_path: Path) -> None:
    manifest = comparison.save(tmp_path / "run") / "manifest.json"
    for version, advice in ((1, "compare again"), (99, "upgrade repdiff")):
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema_version": version}))
        with pytest.raises(RunError, match=f"has schema version {version}, .*; {advice}"):
            repdiff.load(tmp_path / "run")


@pytest.mark.parametrize("name", ["", ".", "..", "new/..", "x" * 300])
def test_a_place_that_cannot_be_is_refused_before_any_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(RunError, match=r"cannot name a directory|File name too long"):
        check_target(name)
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_long_name_has_room_beside_it(comparison: Comparison, tmp_path: Path) -> None:
    assert comparison.save(tmp_path / ("x" * 250)).is_dir()


def test_a_link_leads_to_the_run(comparison: Comparison, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("third")
    comparison.save(tmp_path / "latest")
    assert read_run(tmp_path / "third").comparison.names == comparison.names
    comparison.save(tmp_path / "latest", overwrite=True)
    assert (tmp_path / "latest").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "third"]


def test_links_in_a_circle_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(RunError, match="a: cannot be written"):
        check_target(tmp_path / "a")


def test_a_comparison_without_images_has_no_thumbnails(pair_xy) -> None:
    assert run_of(repdiff.compare(*pair_xy, evidence=False)).thumbnails.images == ()
