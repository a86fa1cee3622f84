"""All pairs at once: each cell is what compare gives of its two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import ComparisonMatrix, RepdiffError, compare, compare_matrix
from repdiff.ranks import RankedEmbedding

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
