"""All pairs at once: each cell is what compare gives of its two."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from encoded_files import write_encoded

import repdiff
from repdiff import ComparisonMatrix, RepdiffError, compare_matrix
from repdiff.affinity.ranks import RankedEmbedding

compare = functools.partial(repdiff.compare, evidence=False)  # which the others do not take unless asked to
N = 150
NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def four() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shared, centres = rng.normal(size=(N, 5)), rng.normal(size=(3, 5)) * 7
    group = np.repeat(np.arange(3), N // 3)
    b = shared + centres[group]
    return {"a": shared, "b": b, "c": b * 2 + 1, "d": rng.normal(size=(N, 3))}


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    says = {f"says {name}": rng.integers(0, 2, N) for name in NAMES}
    return pd.DataFrame({"id": [f"i{row}" for row in range(N)], "truth": rng.integers(0, 2, N), **says})


@pytest.fixture(scope="module")
def matrix(four, items) -> ComparisonMatrix:
    columns = [f"says {name}" for name in NAMES]
    return compare_matrix(four, items=items, label="truth", predictions=columns, n_clusters=3)


def test_each_cell_is_what_compare_gives(matrix, four, items) -> None:
    assert len(matrix.comparisons) == 6
    for one, other in (("a", "b"), ("b", "d"), ("c", "d")):
        found = matrix.comparison(other, one)
        alone = compare(
            four[one], four[other], items=items, label="truth", prediction_x=f"says {one}",
            prediction_y=f"says {other}", names=(one, other), n_clusters=3,
        )  # fmt: skip
        np.testing.assert_array_equal(found.x_only.labels, alone.x_only.labels)
        np.testing.assert_array_equal(matrix.direction(other, one).labels, alone.y_only.labels)
        assert (found.names, found.accuracy_y) == (alone.names, alone.accuracy_y)
        assert found.provenance.inputs["x"]["sha256"] == alone.provenance.inputs["x"]["sha256"]


def test_ranks_of_each_are_computed_once(four, monkeypatch: pytest.MonkeyPatch) -> None:
    compare(four["a"], four["b"], n_clusters=2)  # compiling ranks a few items of its own
    ranked = []
    whole = RankedEmbedding.rank
    monkeypatch.setattr(RankedEmbedding, "rank", lambda self, *rest: ranked.append(self) or whole(self, *rest))
    compare_matrix(four, n_clusters=2)
    assert len(ranked) == len(four)


def test_those_that_agree_have_a_strength_of_one(matrix) -> None:
    strength = matrix.table()
    assert strength.loc["b", "c"] == strength.loc["c", "b"] == 1
    assert matrix.table("share").loc["b", "c"] == 0
    assert np.isnan(np.diag(strength)).all()
    assert strength.loc["b", "a"] > 1.5
    assert list(strength.index) == list(strength.columns) == list(NAMES)


def test_rows_are_matched_with_the_first_by_id(four, tmp_path: Path) -> None:
    ids = np.array([f"i{row}" for row in range(N)])
    orders = [np.arange(N), np.random.default_rng(2).permutation(N), np.random.default_rng(3).permutation(N)]
    for name, order in zip("abd", orders, strict=True):
        np.savez(tmp_path / f"{name}.npz", embeddings=four[name][order], ids=ids[order])
    found = compare_matrix([tmp_path / f"{name}.npz" for name in "abd"], n_clusters=3)
    assert found.names == ("a", "b", "d")
    alone = compare(four["b"], four["d"], n_clusters=3)
    np.testing.assert_array_equal(found.comparison("b", "d").x_only.labels, alone.x_only.labels)


def test_save_then_load_is_identity(matrix, tmp_path: Path) -> None:
    matrix.save(tmp_path / "m")
    again = repdiff.load_matrix(tmp_path / "m")
    assert again.names == matrix.names
    pd.testing.assert_frame_equal(again.to_frame(), matrix.to_frame())
    written = pd.read_csv(tmp_path / "m" / "matrix.csv")
    assert written[["knows", "lacks"]].to_numpy().tolist() == matrix.to_frame()[["knows", "lacks"]].to_numpy().tolist()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda four: {"a": four["a"]}, "at least two representations, but has 1"),
        (lambda four: {"a": four["a"], "b": four["b"][:9]}, "has 150 rows and"),
        (lambda four: {"a": four["a"], " a": four["b"]}, "'a' is given twice"),
    ],
)
def test_slips_are_told_in_a_line(four, change, says: str) -> None:
    with pytest.raises(RepdiffError, match=says):
        compare_matrix(change(four), n_clusters=2)


def test_a_pair_that_is_not_there_is_named(matrix) -> None:
    with pytest.raises(RepdiffError, match="no comparison of 'a' and 'z'"):
        matrix.comparison("a", "z")


def test_what_encoded_representations_predict_is_told_of_the_two_of_a_pair(four, items, tmp_path: Path) -> None:
    truth, ids = items["truth"].astype(str), items["id"].tolist()
    shares = dict(zip(NAMES, (1.0, 0.8, None, 0.4), strict=True))
    for name, share in shares.items():
        told = None if share is None else np.where(np.arange(N) < share * N, truth, "?").tolist()
        write_encoded(tmp_path / f"{name}.npz", four[name], ids, told)
    paths = [tmp_path / f"{name}.npz" for name in NAMES]
    found = compare_matrix(paths, items=items[["id", "truth"]], label="truth", n_clusters=3)
    for comparison in found.comparisons:
        one, other = comparison.names
        assert comparison.accuracy_x == shares[one]
        assert comparison.accuracy_y == shares[other]
        alone = compare(tmp_path / f"{one}.npz", tmp_path / f"{other}.npz", items=items[["id", "truth"]], n_clusters=3)
        pd.testing.assert_frame_equal(comparison.items.frame, alone.items.frame)


@pytest.mark.parametrize("of_third", [["i9"], [], ["i5", "i9"]])
def test_items_that_only_some_skipped_are_not_taken_for_one_another(four, tmp_path: Path, of_third: list[str]) -> None:
    ids = [f"i{row}" for row in range(N)]
    paths = []
    for name, skipped in (("a", []), ("b", ["i5"]), ("d", of_third)):
        kept = [row for row, item in enumerate(ids) if item not in skipped]
        path, there = tmp_path / f"{name}.npz", [ids[row] for row in kept]
        paths.append(write_encoded(path, four[name][kept], there, None, skipped=skipped))
    with pytest.raises(RepdiffError, match=r"d: (its items, or their order, differ|has 1\d\d items in common)"):
        compare_matrix(paths, n_clusters=3)


def test_rows_that_ids_contradict_are_refused(four, tmp_path: Path) -> None:
    ids, order = np.array([f"i{row}" for row in range(N)]), np.random.default_rng(0).permutation(N)
    np.savez(tmp_path / "b.npz", embeddings=four["b"], ids=ids)
    np.savez(tmp_path / "d.npz", embeddings=four["d"][order], ids=ids[order])
    with pytest.raises(RepdiffError, match="d: its items, or their order, differ from the earlier ones: its row 0 is"):
        compare_matrix([four["a"], tmp_path / "b.npz", tmp_path / "d.npz"], names=list("abd"),
                       n_clusters=3)  # fmt: skip


def test_that_two_hold_the_same_values_is_told_of_these_two(four) -> None:
    again = {"a": four["a"], "a2": four["a"], "d": four["d"], "d2": four["d"]}
    found = compare_matrix(again, n_clusters=3)
    warned = {comparison.names for comparison in found.comparisons if comparison.provenance.warnings}
    assert warned == {("a", "a2"), ("d", "d2")}
    for comparison in found.comparisons:
        alone = compare(*(again[name] for name in comparison.names), n_clusters=3)
        assert comparison.provenance.warnings == alone.provenance.warnings


@pytest.mark.parametrize("by_value", [False, True])
def test_only_pairs_of_one_prediction_count_where_asked(four, items, by_value: bool) -> None:
    columns = [f"says {name}" for name in NAMES]
    predictions = [items[column].to_numpy() for column in columns] if by_value else columns
    found = compare_matrix(four, items=items, predictions=predictions, within="prediction", n_clusters=3)
    alone = compare(four["b"], four["d"], items=items, prediction_x="says b", prediction_y="says d",
                    within="prediction", n_clusters=3)  # fmt: skip
    np.testing.assert_array_equal(found.comparison("b", "d").x_only.labels, alone.x_only.labels)


def test_the_row_knows_and_the_column_lacks(matrix, four) -> None:
    strength, share = matrix.table(), matrix.table("share")
    for knows, lacks in (("a", "b"), ("b", "a"), ("d", "b"), ("b", "d")):
        alone = compare(four[knows], four[lacks], n_clusters=3).x_only
        weighted = sum(cluster.mean_affinity * cluster.size for cluster in alone.clusters) / N
        assert strength.loc[knows, lacks] == pytest.approx(weighted, rel=0.05)  # k-means may end otherwise, swapped
        assert share.loc[knows, lacks] == pytest.approx((~alone.no_change).mean(), abs=0.05)
    assert strength.loc["b", "d"] != pytest.approx(strength.loc["d", "b"], rel=0.1)
    with pytest.raises(RepdiffError, match="measure must be one of strength, share, clusters, but is 'size'"):
        matrix.table("size")


def test_each_cell_is_a_run_that_opens_on_its_own(matrix, tmp_path: Path) -> None:
    path = matrix.save(tmp_path / "m")
    runs = sorted((path / "runs").iterdir())
    assert len(runs) == len(matrix.comparisons)
    for run, comparison in zip(runs, matrix.comparisons, strict=True):
        alone = repdiff.load(run)
        assert alone.names == comparison.names
        np.testing.assert_array_equal(alone.y_only.labels, comparison.y_only.labels)
        pd.testing.assert_frame_equal(alone.to_frame(), comparison.to_frame(), check_dtype=False)


def test_a_loaded_matrix_saves_the_same_files(matrix, tmp_path: Path) -> None:
    matrix.save(tmp_path / "one")
    repdiff.load_matrix(tmp_path / "one").save(tmp_path / "two")
    for file in [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"runs": 3}, "runs must be a list, but is 3"),
        ({"names": ["a", "b"]}, "names other representations"),
        ({"names": None}, "names"),
    ],
)
def test_a_damaged_matrix_is_one_line(matrix, tmp_path: Path, change: dict, says: str) -> None:
    path = matrix.save(tmp_path / "m") / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RepdiffError, match=says):
        repdiff.load_matrix(tmp_path / "m")
