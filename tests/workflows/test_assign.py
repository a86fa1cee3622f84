"""New items are put where the whole comparison would have put them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from half_engine import HalfEngine

import repdiff
from repdiff import Assigner, Comparison
from repdiff.workflows import assign as module
from repdiff.workflows import reference as keeping

DIRECTIONS = ("x_only", "y_only")


@pytest.fixture(scope="module")
def truth() -> planted.Planted:
    return planted.split_in_x(np.random.default_rng(5), size=80, n_agreed=0)


@pytest.fixture(scope="module")
def seen(truth: planted.Planted) -> np.ndarray:
    return np.random.default_rng(0).random(len(truth.x)) < 0.8


@pytest.fixture(scope="module")
def fitted(truth: planted.Planted, seen: np.ndarray) -> Comparison:
    return repdiff.compare(truth.x[seen], truth.y[seen], n_clusters=4, evidence=False)


def test_items_held_out_fall_into_their_planted_groups(truth, seen, fitted) -> None:
    groups = truth.group[seen]
    named = {cluster.index: int(np.bincount(groups[cluster.items]).argmax()) for cluster in fitted.x_only.clusters}
    found = fitted.assign(truth.x[~seen], truth.y[~seen])
    assert [named[label] for label in found.x_only.labels] == truth.group[~seen].tolist()
    assert not found.x_only.no_change.any()
    means = {cluster.index: cluster.mean_affinity for cluster in fitted.x_only.clusters}
    expected = np.array([means[label] for label in found.x_only.labels])
    assert abs(found.x_only.affinity.mean() / expected.mean() - 1) < 0.05


def test_items_held_out_fall_where_the_whole_comparison_puts_them(pair_xy) -> None:
    """On data without clear groups, with the same labels for those that were seen."""
    x, y = pair_xy
    whole = repdiff.compare(x, y, n_clusters=4, evidence=False)
    agreeing = {
        name: np.mean(getattr(whole.assign(x, y), name).labels == getattr(whole, name).labels) for name in DIRECTIONS
    }
    assert min(agreeing.values()) >= 0.95, agreeing


def test_a_sample_of_the_items_stands_for_all(pair_xy, monkeypatch) -> None:
    x, y = (np.tile(side, (4, 1)) for side in pair_xy)
    rng = np.random.default_rng(0)
    x, y = x + 0.5 * rng.standard_normal(x.shape), y + rng.standard_normal(y.shape)
    monkeypatch.setattr(keeping, "MOST_ITEMS", 700)
    whole = repdiff.compare(x, y, n_clusters=4, evidence=False)
    assert len(whole.reference.rows) == pytest.approx(700, abs=2)
    assert whole.reference.weights.sum() == pytest.approx(1200)
    found = whole.assign(x, y)
    for name in DIRECTIONS:
        assert np.mean(getattr(found, name).labels == getattr(whole, name).labels) >= 0.9


def test_what_differs_nowhere_belongs_to_no_difference_cluster(truth) -> None:
    same = repdiff.compare(truth.x, truth.x.copy(), n_clusters=3, evidence=False)
    found = same.assign(truth.x[:20] + 0.01, truth.x[:20] + 0.01)
    assert (found.x_only.groups == -1).all()
    np.testing.assert_allclose(found.y_only.affinity, 1, atol=1e-5)


def test_an_item_is_in_no_cluster_whose_members_it_has_little_affinity_to(pair_xy) -> None:
    whole = repdiff.compare(*pair_xy, n_clusters=4, evidence=False, no_change_threshold=4)
    found = whole.assign(*pair_xy).x_only
    little = found.affinity < 4
    of_no_change = np.array([cluster.is_no_change for cluster in whole.x_only.clusters])[found.labels]
    assert (little & ~of_no_change).any()
    np.testing.assert_array_equal(found.no_change, of_no_change | little)
    np.testing.assert_array_equal(found.groups, np.where(found.no_change, -1, found.labels))


@pytest.mark.usefixtures("threaded_libraries")
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_any_part_of_the_new_items_on_any_threads_gives_the_same_bits(truth, metric) -> None:
    whole = repdiff.compare(truth.x, truth.y, n_clusters=4, metric=metric, evidence=False)
    one, two = (Assigner(whole, n_jobs=n_jobs)(truth.x, truth.y).to_frame() for n_jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two)
    part = Assigner(whole)(truth.x[100:171], truth.y[100:171]).to_frame()
    pd.testing.assert_frame_equal(part.drop(columns="id"), one[100:171].drop(columns="id").reset_index(drop=True))


def test_a_stream_is_the_whole_in_parts(truth, fitted, monkeypatch) -> None:
    whole = fitted.assign(truth.x, truth.y).to_frame()
    monkeypatch.setattr(module, "ROWS_AT_A_TIME", 100)
    told = []
    ready = Assigner(fitted)
    parts = list(ready.stream(truth.x, truth.y, progress=lambda *heard: told.append(heard)))
    assert len(parts) == -(-len(truth.x) // 100)
    pd.testing.assert_frame_equal(pd.concat([part.to_frame() for part in parts], ignore_index=True), whole)
    assert told[-1] == ("new items", len(parts), len(parts))


def test_new_rows_are_matched_by_their_ids(truth, fitted) -> None:
    ids = [f"n{row}" for row in range(30)]
    x = pd.DataFrame(truth.x[:30]).assign(id=ids)
    y = pd.DataFrame(truth.y[:30]).assign(id=ids)[::-1]
    found = fitted.assign(x, y).to_frame()
    assert found["id"].tolist() == ids
    expected = fitted.assign(truth.x[:30], truth.y[:30]).to_frame()
    assert found["x_only"].tolist() == expected["x_only"].tolist()


def test_a_run_assigns_without_the_files_and_without_rows_with_them(truth, tmp_path: Path) -> None:
    for name in "xy":
        np.save(tmp_path / f"{name}.npy", getattr(truth, name))
    files = {name: tmp_path / f"{name}.npy" for name in "xy"}
    new = truth.x[:40] + np.float32(0.01), truth.y[:40]
    kept, bare = (
        repdiff.compare(*files.values(), n_clusters=4, evidence=False, keep_rows=keep_rows)
        for keep_rows in (True, False)
    )
    assert bare.reference.x is None
    kept.save(tmp_path / "kept")
    bare.save(tmp_path / "bare")
    expected = kept.assign(*new).to_frame()
    pd.testing.assert_frame_equal(repdiff.load(tmp_path / "bare").assign(*new).to_frame(), expected)
    for name, file in files.items():
        file.rename(tmp_path / f"moved-{name}.npy")
    pd.testing.assert_frame_equal(repdiff.load(tmp_path / "kept").assign(*new).to_frame(), expected)
    again = repdiff.load(tmp_path / "bare")
    with pytest.raises(repdiff.RunError, match=r"made from x = .*x\.npy, which is not a file here; .*--x"):
        again.assign(*new)
    moved = {name: tmp_path / f"moved-{name}.npy" for name in "xy"}
    pd.testing.assert_frame_equal(again.assign(*new, **moved).to_frame(), expected)
    pd.testing.assert_frame_equal(again.assign(*new, x=truth.x, y=truth.y).to_frame(), expected)
    with pytest.raises(repdiff.RunError, match="the values differ from those"):
        again.assign(*new, x=truth.x + 1, y=truth.y)


def test_coordinates_that_are_eigenvectors_of_the_run_are_not_stored_again(truth, fitted, tmp_path: Path) -> None:
    run = fitted.save(tmp_path / "run")
    assert pq.read_schema(run / "reference.parquet").names == ["row", "weight", "x", "y"]
    new = truth.x[:40] + np.float32(0.01), truth.y[:40]
    expected = fitted.assign(*new).to_frame()
    pd.testing.assert_frame_equal(repdiff.load(run).assign(*new).to_frame(), expected)
    as_older_versions_wrote(run, fitted)
    pd.testing.assert_frame_equal(repdiff.load(run).assign(*new).to_frame(), expected)
    again = repdiff.load(run).save(tmp_path / "again")
    assert "x_only" not in pq.read_schema(again / "reference.parquet").names


def as_older_versions_wrote(run: Path, comparison: Comparison) -> None:
    """Put coordinates into the table, and their eigenvalues beside the centres."""
    table, told = pq.read_table(run / "reference.parquet"), {}
    for name in DIRECTIONS:
        places = getattr(comparison.reference, name)
        cells = pa.array(places.coordinates.tolist(), pa.list_(pa.float32()))
        table = table.append_column(name, cells)
        told[name] = {"eigenvalues": places.eigenvalues.tolist(), "centres": places.centres.tolist()}
    pq.write_table(table, run / "reference.parquet")
    (run / "reference.json").write_text(json.dumps(told))


def test_a_sample_of_a_larger_run_has_its_own_coordinates(pair_xy, tmp_path: Path, monkeypatch) -> None:
    """So that the eigenvectors of all items are not read for it."""
    monkeypatch.setattr(keeping, "MOST_ITEMS", 100)
    whole = repdiff.compare(*pair_xy, n_clusters=4, evidence=False)
    run = whole.save(tmp_path / "run")
    assert {"x_only", "y_only"} < set(pq.read_schema(run / "reference.parquet").names)
    (run / "eigenvectors.parquet").unlink()
    (run / "eigenvalues.parquet").unlink()
    found = repdiff.load(run).assign(*pair_xy).to_frame()
    pd.testing.assert_frame_equal(found, whole.assign(*pair_xy).to_frame())


def test_rows_are_kept_where_they_take_little(truth, monkeypatch) -> None:
    monkeypatch.setattr(keeping, "MOST_BYTES", 100)
    assert repdiff.compare(truth.x, truth.y, n_clusters=4, evidence=False).reference.x is None


def test_another_engine_s_clusters_are_extended_too(truth) -> None:
    whole = repdiff.compare(truth.x, truth.y, n_clusters=4, engine=HalfEngine(), evidence=False)
    found = whole.assign(truth.x, truth.y)
    assert np.mean(found.x_only.labels == whole.x_only.labels) >= 0.95


def test_every_checkpoint_of_a_series_assigns(truth) -> None:
    timeline = repdiff.compare_series([truth.y, truth.y * 2], reference=truth.x, n_clusters=4)
    found = timeline.comparisons[1].assign(truth.x[:9], truth.y[:9] * 2, x=truth.x, y=truth.y * 2)
    assert len(found.ids) == 9


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"metric": ("precomputed", "euclidean")}, "made from distances"),
        ({"within": "kind", "items": pd.DataFrame({"kind": ["a", "b"] * 160})}, "only pairs that agree in 'kind'"),
        ({"align": "procrustes"}, "y was aligned with x"),
        ({"clusterer": lambda affinity: np.arange(len(affinity)) % 3}, "they come from <lambda>"),
    ],
)
def test_clusters_that_cannot_be_extended_are_refused_with_the_reason(truth, options, why) -> None:
    x = np.linalg.norm(truth.x[:, None] - truth.x, axis=2) if "metric" in options else truth.x
    whole = repdiff.compare(x, truth.y, n_clusters=3, evidence=False, **options)
    with pytest.raises(repdiff.RepdiffError, match=f"cannot be assigned .*{why}"):
        whole.assign(truth.x[:5], truth.y[:5])
    with pytest.raises(repdiff.RepdiffError, match="made by an older repdiff"):
        replace(repdiff.compare(truth.x, truth.y, n_clusters=2, evidence=False), reference=None).assign(
            truth.x, truth.y
        )


def test_new_items_that_do_not_fit_are_refused(truth, fitted) -> None:
    x, y = truth.x[:5], truth.y[:5]
    with pytest.raises(repdiff.InputError, match=r"x_new: has 2 columns, but x of the comparison has"):
        fitted.assign(x[:, :2], y)
    with pytest.raises(repdiff.InputError, match="x_new has 4 rows and y_new 5"):
        fitted.assign(x[:4], y)
    with pytest.raises(repdiff.InputError, match="y_new: holds no rows"):
        fitted.assign(x, y[:0])
    hole = y.copy()
    hole[3, 1] = np.nan
    with pytest.raises(repdiff.InputError, match="y_new: row 3, column 1 is NaN"):
        fitted.assign(x, hole)
    with pytest.raises(repdiff.RepdiffError, match="no option 'jobs'"):
        fitted.assign(x, y, jobs=2)


def test_a_new_item_without_direction_is_named_by_its_row(truth) -> None:
    x, y = (side.copy() for side in (truth.x, truth.y))
    fitted = repdiff.compare(x, y, n_clusters=3, evidence=False, metric="cosine")
    y[70] = 0
    with pytest.raises(repdiff.InputError, match="row 70 is all zeros"):
        repdiff.assign(fitted, x, y)
