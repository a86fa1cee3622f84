"""A series is its comparisons, one by one, with what follows from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import RepdiffError, Timeline, compare, compare_series
from repdiff.history import NO_CHANGE
from repdiff.ranks import RankedEmbedding

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


def test_lives_are_told_by_name(timeline) -> None:
    lives = timeline.lives_frame().query("direction == 'x_only'")
    assert lives.iloc[0]["first"] == "epoch 0"
    assert lives["checkpoints"].sum() == sum(len(c.x_only.difference_clusters) for c in timeline.comparisons)
    assert all(NO_CHANGE not in at for at in timeline.x_only.life_of)


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
    with pytest.raises(RepdiffError, match="is a series, where a run is wanted"):
        repdiff.load(tmp_path / "series")
    with pytest.raises(RepdiffError, match="is a run, where a series is wanted"):
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
        ({"names": ["a", "b"]}, "names must be one for each of 4 checkpoints, but are 2"),
        ({"names": ["a", "b", "a", "c"]}, "'a' is given twice"),
        ({"predictions": ["says 0"]}, "in this order, but are 1"),
        ({"predictions": ["says 0"] * 4 + ["no"]}, "no column 'no'"),
        ({"predictions": [np.zeros(3)] * 5}, r"have shape \(3,\), but there are 240 items"),
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
    with pytest.raises(RepdiffError, match="b: holds other items"):
        compare_series([tmp_path / "a.npz", tmp_path / "b.npz"], reference, n_clusters=3)
