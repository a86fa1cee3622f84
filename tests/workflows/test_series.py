"""A series is its comparisons, one by one, with what follows from them."""

from __future__ import annotations

import functools
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from encoded_files import write_encoded

import repdiff
from repdiff import RepdiffError, Timeline, compare_series
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.results.tracks import NO_CHANGE

compare = functools.partial(repdiff.compare, evidence=False)  # which the others do not take unless asked to
N = 240
STAGES = (0.0, 0.15, 0.5, 1.0)


@pytest.fixture(scope="module")
def learning() -> tuple[list[np.ndarray], np.ndarray, pd.DataFrame]:
    """Checkpoints that pull four groups apart, the reference that has done so, and what all of them predict."""
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), N // 4)
    noise, centres = rng.normal(size=(N, 6)), rng.normal(size=(4, 6)) * 8
    reference = noise + centres[group]
    checkpoints = [noise + centres[group] * stage + rng.normal(size=(N, 6)) * 3 * (1 - stage) for stage in STAGES]
    says = {f"says {place}": np.where(rng.random(N) < 0.5 + stage / 2, group, -1) for place, stage in enumerate(STAGES)}
    items = pd.DataFrame({"id": [f"i{row}" for row in range(N)], "group": group, **says, "says last": group})
    return checkpoints, reference, items


@pytest.fixture(scope="module")
def timeline(learning) -> Timeline:
    checkpoints, reference, items = learning
    names = [f"epoch {place}" for place in range(len(STAGES))]
    columns = [*(f"says {place}" for place in range(len(STAGES))), "says last"]
    return compare_series(
        dict(zip(names, checkpoints, strict=True)), reference, items=items, label="group", predictions=columns,
        reference_name="last", n_clusters=4, description="Four groups are learnt",
    )  # fmt: skip


def test_each_comparison_is_what_compare_gives(timeline, learning) -> None:
    checkpoints, reference, items = learning
    for place, checkpoint in enumerate(checkpoints):
        alone = compare(
            reference, checkpoint, items=items, label="group", prediction_x="says last", prediction_y=f"says {place}",
            names=("last", f"epoch {place}"), n_clusters=4,
        )  # fmt: skip
        found = timeline.comparisons[place]
        for name in ("x_only", "y_only"):
            one, other = getattr(alone, name), getattr(found, name)
            np.testing.assert_array_equal(one.labels, other.labels)
            np.testing.assert_array_equal(one.affinity_map.means, other.affinity_map.means)
            assert [c.accuracy_y for c in one.clusters] == [c.accuracy_y for c in other.clusters]
        np.testing.assert_array_equal(alone.projection.x, found.projection.x)
        assert alone.accuracy_y == found.accuracy_y


def test_ranks_of_the_reference_are_computed_once(learning, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints, reference, _ = learning
    repdiff.compare(reference, checkpoints[0], n_clusters=2)  # compiling ranks a few items of its own
    ranked = []
    whole = RankedEmbedding.rank
    monkeypatch.setattr(RankedEmbedding, "rank", lambda self, *rest: ranked.append(self) or whole(self, *rest))
    compare_series(checkpoints, reference, n_clusters=2)
    assert len({id(side) for side in ranked}) == 1 + len(checkpoints)
    assert len(ranked) == 1 + len(checkpoints)


def test_the_reference_against_itself_is_all_no_change(timeline) -> None:
    last = timeline.comparisons[-1]
    assert last.x_only.no_change.all()
    assert [cluster.mean_affinity for cluster in last.x_only.clusters] == [1.0]
    growth = timeline.growth().query("direction == 'x_only' and step == 3")
    assert growth["group"].tolist() == ["lowest"]
    assert growth["is_no_change"].all()


def test_an_item_is_settled_when_it_stays_in_no_change(timeline) -> None:
    changed = np.stack([~comparison.x_only.no_change for comparison in timeline.comparisons])
    for item in range(0, N, 17):
        since = timeline.settled[item]
        assert not changed[since:, item].any()
        assert since == 0 or changed[since - 1, item]


def test_an_item_that_never_settles_has_the_number_after_the_last(learning) -> None:
    checkpoints, reference, _ = learning
    never = compare_series(checkpoints[:2], reference, n_clusters=4)
    assert not never.comparisons[-1].x_only.no_change.all()
    assert (never.settled[~never.comparisons[-1].x_only.no_change] == 2).all()
    assert never.to_frame()["settled"].isna().sum() == (never.settled == 2).sum()


def test_growth_tells_the_numbers_of_the_clusters(timeline) -> None:
    growth = timeline.growth().set_index(["direction", "step", "group"])
    for name in ("x_only", "y_only"):
        for step, direction in enumerate(timeline.directions(name)):
            lowest, *others = direction.clusters
            row = growth.loc[name, step, "lowest"]
            assert row["mean_affinity"] == lowest.mean_affinity
            assert row["accuracy_y"] == lowest.accuracy_y
            assert row["no_change_size"] == direction.no_change.sum()
            if others:
                row = growth.loc[name, step, "others"]
                assert row["size"] == pytest.approx(np.mean([cluster.size for cluster in others]))
                assert row["mean_affinity_max"] == others[-1].mean_affinity
                assert row["accuracy_x_min"] == min(cluster.accuracy_x for cluster in others)


def test_tracks_are_told_by_name(timeline) -> None:
    tracks = timeline.tracks_frame().query("direction == 'x_only'")
    assert tracks.iloc[0]["first"] == "epoch 0"
    assert tracks["checkpoints"].sum() == sum(len(c.x_only.difference_clusters) for c in timeline.comparisons)
    assert all(NO_CHANGE not in at for at in timeline.x_only.track_of)


def test_save_then_load_is_identity(timeline, tmp_path: Path) -> None:
    timeline.save(tmp_path / "series")
    again = repdiff.load_series(tmp_path / "series")
    assert (again.reference, again.checkpoints, again.description) == (
        "last",
        timeline.checkpoints,
        "Four groups are learnt",
    )
    assert (again.x_only, again.y_only) == (timeline.x_only, timeline.y_only)
    pd.testing.assert_frame_equal(again.growth(), timeline.growth())
    pd.testing.assert_frame_equal(again.to_frame(), timeline.to_frame(), check_dtype=False)
    one = repdiff.load(tmp_path / "series" / "runs" / "002-epoch-2")
    np.testing.assert_array_equal(one.x_only.labels, timeline.comparisons[2].x_only.labels)


def test_a_series_is_no_run_and_says_so(timeline, tmp_path: Path) -> None:
    timeline.save(tmp_path / "series")
    with pytest.raises(RepdiffError, match="is a series, but a run is needed"):
        repdiff.load(tmp_path / "series")
    with pytest.raises(RepdiffError, match="is a run, but a series is needed"):
        repdiff.load_series(tmp_path / "series" / "runs" / "000-epoch-0")
    with pytest.raises(RepdiffError, match="is a run already"):
        timeline.save(tmp_path / "series")
    assert timeline.save(tmp_path / "series", overwrite=True).is_dir()


def test_files_are_called_by_their_names_and_matched_by_id(tmp_path: Path, learning) -> None:
    checkpoints, reference, items = learning
    order = np.random.default_rng(1).permutation(N)
    for place, values in enumerate(checkpoints):
        (tmp_path / f"epoch{place}").mkdir()
        np.savez(tmp_path / f"epoch{place}" / "e.npz", embeddings=values[order], ids=items["id"].to_numpy(str)[order])
    np.savez(tmp_path / "last.npz", embeddings=reference, ids=items["id"].to_numpy(str))
    paths = [tmp_path / f"epoch{place}" / "e.npz" for place in range(len(STAGES))]
    found = compare_series(paths, tmp_path / "last.npz", n_clusters=4)
    assert found.checkpoints == tuple(f"epoch{place}/e" for place in range(len(STAGES)))
    assert found.reference == "last"
    plain = compare(reference, checkpoints[1], n_clusters=4)
    np.testing.assert_array_equal(found.comparisons[1].x_only.labels, plain.x_only.labels)


def test_predictions_may_be_values(learning, timeline) -> None:
    checkpoints, reference, items = learning
    values = [items[f"says {place}"].to_numpy() for place in range(len(STAGES))]
    found = compare_series(
        checkpoints, reference, items=items[["id", "group"]], label="group", n_clusters=4,
        predictions=[*values, items["says last"].to_numpy()],
    )  # fmt: skip
    assert [c.accuracy_y for c in found.comparisons] == [c.accuracy_y for c in timeline.comparisons]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"names": ["a", "b"]}, "names must be one for each of 4 checkpoints, but 2 were given"),
        ({"names": ["a", "b", "a", "c"]}, "'a' is given twice"),
        ({"predictions": ["says 0"]}, "in this order, but are 1"),
        ({"predictions": ["says 0"] * 4 + ["no"]}, "no column 'no'"),
        ({"predictions": [np.zeros(3)] * 5}, r"have shape \(3,\), but there are 240 items"),
        ({"predictions": {"epoch 0": "says 0"}}, "in this order, in a list, but are dict"),
        ({"predictions": "says 0"}, "in this order, in a list, but are str"),
        ({"names": "abcd"}, "must be a list with one for each checkpoint, but are the text 'abcd'"),
        ({"evidence": True, "n_resamples": 0}, "n_resamples must be an integer of at least 1, but is 0"),
    ],
)
def test_slips_are_told_in_a_line(learning, options, says: str) -> None:
    checkpoints, reference, items = learning
    with pytest.raises(RepdiffError, match=says):
        compare_series(checkpoints, reference, items=items, label="group", n_clusters=4, **options)


def test_a_series_of_nothing_is_refused(learning) -> None:
    with pytest.raises(RepdiffError, match="at least one checkpoint"):
        compare_series([], learning[1])


def test_checkpoints_of_other_items_are_refused(learning, tmp_path: Path) -> None:
    checkpoints, reference, _ = learning
    for place, name in enumerate("ab"):
        np.savez(tmp_path / f"{name}.npz", embeddings=checkpoints[place], ids=np.arange(N) + 1000 * place)
    with pytest.raises(RepdiffError, match="b: its items, or their order, differ from the earlier ones"):
        compare_series([tmp_path / "a.npz", tmp_path / "b.npz"], reference, n_clusters=3)


def test_a_reference_against_itself_alone_is_a_series_without_tracks(learning, tmp_path: Path) -> None:
    _, reference, _ = learning
    found = compare_series([reference], reference, n_clusters=3)
    assert found.tracks_frame().empty
    assert (found.settled == 0).all()
    found.save(tmp_path / "series")
    again = repdiff.load_series(tmp_path / "series")
    pd.testing.assert_frame_equal(again.tracks_frame(), found.tracks_frame())
    for comparison in again.comparisons:
        for direction in (comparison.x_only, comparison.y_only):
            assert [cluster.mean_affinity for cluster in direction.clusters] == [1.0]
            assert (direction.affinity_map.means == 1).all()


@pytest.mark.parametrize("column", ["settled", "x_only b", "y_only a"])
def test_columns_that_are_called_as_results_are_refused(learning, column: str) -> None:
    checkpoints, reference, _ = learning
    items = pd.DataFrame({column: range(N)})
    with pytest.raises(RepdiffError, match=f"column '{column}' has a name that results use"):
        compare_series({"a": checkpoints[0], "b": checkpoints[1]}, reference, items=items, n_clusters=3)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_what_is_wrong_with_the_last_checkpoint_is_told_before_any_work(
    learning, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints, reference, _ = learning
    monkeypatch.setattr("repdiff.workflows.series._SHARE_HELD", share)
    monkeypatch.setattr("repdiff.workflows.series.compare_several", lambda *_, **__: pytest.fail("it worked first"))
    holed = checkpoints[1].copy()
    holed[7, 2] = np.nan
    for wrong, says in ((holed, "y: row 7, column 2 is NaN"), (holed[:9, :2], "x has 240 rows and y 9")):
        with pytest.raises(RepdiffError, match=rf"last \(x\) and late \(y\): {says}"):
            compare_series({"early": checkpoints[0], "late": wrong}, reference, reference_name="last", n_clusters=3)


def test_checkpoints_that_there_is_no_room_for_are_read_again(
    learning, timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints, reference, _ = learning
    monkeypatch.setattr("repdiff.workflows.series._SHARE_HELD", 0.0)
    paths = [tmp_path / f"{place}.npy" for place in range(len(STAGES))]
    for path, values in zip(paths, checkpoints, strict=True):
        np.save(path, values)
    found = compare_series(paths, reference, n_clusters=4)
    assert (found.x_only, found.y_only) == (timeline.x_only, timeline.y_only)


def test_predictions_are_those_of_the_reference_s_rows_whatever_the_order_of_the_others(
    learning, timeline, tmp_path: Path
) -> None:
    checkpoints, reference, items = learning
    rng = np.random.default_rng(5)
    orders = [rng.permutation(N) for _ in STAGES]
    ids = items["id"].to_numpy(str)
    for place, order in enumerate(orders):
        np.savez(tmp_path / f"{place}.npz", embeddings=checkpoints[place][order], ids=ids[order])
    np.savez(tmp_path / "last.npz", embeddings=reference, ids=ids)
    values = [items[f"says {place}"].to_numpy() for place in (*range(len(STAGES)), "last")]
    found = compare_series(
        [tmp_path / f"{place}.npz" for place in range(len(STAGES))], tmp_path / "last.npz", predictions=values,
        items=items[["id", "group"]].sample(frac=1, random_state=0), label="group", n_clusters=4,
    )  # fmt: skip
    for one, other in zip(found.comparisons, timeline.comparisons, strict=True):
        assert [c.accuracy_y for c in one.x_only.clusters] == [c.accuracy_y for c in other.x_only.clusters]
    frame = found.to_frame()
    for place, told in enumerate(values[:-1]):
        np.testing.assert_array_equal(frame[f"prediction of {place}"], told)
    np.testing.assert_array_equal(frame["prediction of last"], values[-1])


def test_ids_that_only_some_carry_are_no_contradiction(learning, tmp_path: Path) -> None:
    checkpoints, reference, items = learning
    ids, order = items["id"].to_numpy(str), np.random.default_rng(0).permutation(N)
    np.savez(tmp_path / "named.npz", embeddings=checkpoints[0], ids=ids)
    np.savez(tmp_path / "other.npz", embeddings=checkpoints[1][order], ids=ids[order])
    compare_series([checkpoints[1], tmp_path / "named.npz", checkpoints[2]], reference, n_clusters=3)
    with pytest.raises(RepdiffError, match=r"checkpoint 3: its items, or their order, differ .*: its row 0 is"):
        compare_series([tmp_path / "named.npz", checkpoints[2], tmp_path / "other.npz"], reference, n_clusters=3)


@pytest.mark.parametrize("by_value", [False, True])
def test_only_pairs_of_one_prediction_count_where_asked(learning, by_value: bool) -> None:
    checkpoints, reference, items = learning
    columns = ["says 1", "says 2", "says last"]
    predictions = [items[column].to_numpy() for column in columns] if by_value else columns
    found = compare_series(checkpoints[1:3], reference, items=items, predictions=predictions, within="prediction",
                           n_clusters=4)  # fmt: skip
    for place, comparison in enumerate(found.comparisons):
        alone = compare(
            reference, checkpoints[1 + place], items=items, prediction_x="says last", prediction_y=columns[place],
            within="prediction", n_clusters=4,
        )  # fmt: skip
        np.testing.assert_array_equal(comparison.x_only.labels, alone.x_only.labels)
        assert comparison.provenance.parameters["within"] == "prediction"


def test_predictions_of_several_kinds_are_kept_as_text(learning, tmp_path: Path) -> None:
    checkpoints, reference, items = learning
    mixed = np.array([0, "one", None, 2.5] * (N // 4), dtype=object)
    found = compare_series(checkpoints[:1], reference, items=items, label="group", predictions=[mixed] * 2,
                           n_clusters=3)  # fmt: skip
    found.save(tmp_path / "series")
    frame = repdiff.load_series(tmp_path / "series").to_frame()
    told = frame["prediction of reference"]
    assert told.isna().tolist()[:4] == [False, False, True, False]
    assert told.dropna().tolist()[:3] == ["0", "one", "2.5"]


def test_predictions_do_not_take_the_place_of_a_column(learning) -> None:
    checkpoints, reference, items = learning
    items = items.assign(**{"prediction of reference": 1})
    with pytest.raises(RepdiffError, match="have a column 'prediction of reference' already"):
        compare_series(checkpoints[:1], reference, items=items, predictions=[np.zeros(N)] * 2, n_clusters=3)


def test_what_encoded_checkpoints_predict_is_told_of_each(learning, tmp_path: Path) -> None:
    checkpoints, reference, items = learning
    ids = items["id"].tolist()
    for name, values, told in (("a", checkpoints[0], "0"), ("b", checkpoints[1], "1"), ("last", reference, "2")):
        write_encoded(tmp_path / f"{name}.npz", values, ids, [told] * N)
    found = compare_series([tmp_path / "a.npz", tmp_path / "b.npz"], tmp_path / "last.npz", items=items, label="group",
                           n_clusters=3)  # fmt: skip
    frame = found.to_frame()
    assert not {"prediction_x", "prediction_y", "confidence_x", "confidence_y"} & set(frame)
    for name, told in (("a", "0"), ("b", "1"), ("last", "2")):
        assert (frame[f"prediction of {name}"] == told).all()
        np.testing.assert_allclose(frame[f"confidence of {name}"], np.linspace(0, 1, N), rtol=1e-6)


def test_evidence_may_be_asked_for(learning, tmp_path: Path) -> None:
    checkpoints, reference, _ = learning
    options = {"n_clusters": 3, "evidence": True, "n_resamples": 2}
    found = compare_series(checkpoints[:2], reference, **options)
    alone = compare(reference, checkpoints[1], names=("reference", "checkpoint 2"), **options)
    assert [c.evidence for c in found.comparisons[1].x_only.clusters] == [c.evidence for c in alone.x_only.clusters]
    assert repdiff.load_series(found.save(tmp_path / "s")).comparisons[1].evidence == alone.evidence


def test_a_loaded_series_saves_the_same_files(timeline, tmp_path: Path) -> None:
    timeline.save(tmp_path / "one")
    repdiff.load_series(tmp_path / "one").save(tmp_path / "two")
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) > len(STAGES) * 5
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def test_names_that_no_file_system_takes_are_kept(learning, tmp_path: Path) -> None:
    checkpoints, reference, _ = learning
    names = ("a/b", "..", "épöch\\", "x" * 300)
    found = compare_series(checkpoints, reference, names=names, n_clusters=3)
    found.save(tmp_path / "series")
    assert repdiff.load_series(tmp_path / "series").checkpoints == names
    runs = sorted(path.name for path in (tmp_path / "series" / "runs").iterdir())
    assert runs == ["000-a-b", "001", "002-p-ch", f"003-{'x' * 60}"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"runs": []}, "runs must name folders, each once"),
        ({"runs": None}, "runs must be a list, but is None"),
        ({"runs": ["000-epoch-0", "gone"]}, "gone: no such run directory"),
        ({"runs": ["001-epoch-1", "000-epoch-0"]}, "names other checkpoints"),
        ({"schema_version": 0}, "compare again"),
        ({"schema_version": 99}, "upgrade repdiff"),
    ],
)
def test_a_damaged_series_is_one_line(timeline, tmp_path: Path, change: dict, says: str) -> None:
    path = timeline.save(tmp_path / "series") / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RepdiffError, match=says) as caught:
        repdiff.load_series(tmp_path / "series")
    assert "\n" not in str(caught.value)


def test_runs_of_other_items_are_no_series(timeline, learning, tmp_path: Path) -> None:
    checkpoints, reference, _ = learning
    path = timeline.save(tmp_path / "series")
    other = compare(reference[:50], checkpoints[1][:50], n_clusters=3).save(tmp_path / "other")
    shutil.rmtree(path / "runs" / "001-epoch-1")
    other.rename(path / "runs" / "001-epoch-1")
    with pytest.raises(RepdiffError, match="runs/001-epoch-1 has other items than the rest"):
        repdiff.load_series(path)


def test_a_failed_write_leaves_what_was_there(timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = timeline.save(tmp_path / "series")
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("repdiff.store.several.link_or_copy", fail)  # after the first run was written
    for name in ("series", "another"):
        with pytest.raises(RepdiffError, match=f"{name}: cannot be written: No space left on device"):
            timeline.save(tmp_path / name, overwrite=True)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["series"]
