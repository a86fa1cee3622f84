"""Replicates come in through the same doors as x and y."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from encoders import write_pictures

import repdiff
from repdiff import InputError
from repdiff.core.errors import OptionError
from repdiff.inputs.pair import make_pair
from repdiff.inputs.replicates import read_replicate
from repdiff.workflows.replicates import hold_replicates

N = 40
IDS = [f"item {row}" for row in range(N)]


def sides(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(N, 5))


def with_ids(values: np.ndarray, order: np.ndarray | None = None) -> dict[str, object]:
    order = np.arange(N) if order is None else order
    return {"embeddings": values[order], "ids": np.array(IDS)[order]}


def refused(match: str, kind: type[Exception] = InputError, **options):
    with pytest.raises(kind, match=match) as caught:
        repdiff.compare(sides(0), sides(1), n_clusters=2, **options)
    assert "\n" not in str(caught.value)


def test_rows_are_matched_by_ids_wherever_there_are_ids():
    pair = make_pair(with_ids(sides(0)), with_ids(sides(1)))
    order = np.random.default_rng(9).permutation(N)
    found = read_replicate(with_ids(sides(2), order), pair, "x", 0)
    np.testing.assert_array_equal(found.values, sides(2))
    assert found.facts["matched"] == "id"
    assert found.facts["shape"] == [N, 5]


def test_rows_are_matched_by_the_column_that_matched_x_and_y():
    def table(seed: int, order: np.ndarray) -> pd.DataFrame:
        names = pd.Series([f"{name}.png" for name in IDS], name="filename")
        return pd.concat([names, pd.DataFrame(sides(seed)).rename(columns=str)], axis=1).iloc[order]

    orders = [np.random.default_rng(seed).permutation(N) for seed in range(3)]
    pair = make_pair(*(table(seed, order) for seed, order in enumerate(orders[:2])))
    found = read_replicate(table(2, orders[2]), pair, "y", 0)
    np.testing.assert_array_equal(found.values, sides(2)[orders[0]])


def test_rows_are_in_order_where_that_was_asked():
    pair = make_pair(with_ids(sides(0)), sides(1), match="order")
    found = read_replicate(with_ids(sides(2), np.arange(N)[::-1]), pair, "x", 0)
    np.testing.assert_array_equal(found.values, sides(2)[::-1])
    assert found.facts["matched"] == "order"


def test_every_format_of_x_is_one_of_a_replicate(tmp_path: Path):
    np.save(tmp_path / "a.npy", sides(2))
    pd.DataFrame(sides(3)).rename(columns=str).to_parquet(tmp_path / "b.parquet")
    np.savez(tmp_path / "c.npz", first=sides(4), second=sides(5))
    pair = make_pair(sides(0), sides(1))
    given = (tmp_path / "a.npy", str(tmp_path / "b.parquet"), f"{tmp_path / 'c.npz'}:second", sides(6).tolist())
    for data, seed in zip(given, (2, 3, 5, 6), strict=True):
        np.testing.assert_array_equal(read_replicate(data, pair, "x", 0).values, sides(seed))


def test_columns_of_a_matrix_of_distances_follow_the_rows():
    from scipy.spatial.distance import cdist

    x, y, again = (cdist(sides(seed), sides(seed)) for seed in (0, 1, 2))
    order = np.random.default_rng(4).permutation(N)
    pair = make_pair(with_ids(x), with_ids(y), metric="precomputed")
    turned = {"embeddings": again[np.ix_(order, order)], "ids": np.array(IDS)[order]}
    np.testing.assert_array_equal(read_replicate(turned, pair, "y", 0).values, again)
    similarities = {"embeddings": 100 - again, "ids": np.array(IDS)}
    np.testing.assert_allclose(read_replicate(similarities, pair, "y", 0).values, again, atol=1e-12)


@pytest.mark.parametrize("side", ["x", "y"])
def test_mistakes_name_the_replicate(side):
    other = {"y": "x", "x": "y"}[side]

    def given(bad: object) -> dict[str, object]:
        return {f"replicates_{side}": [sides(2), bad], f"replicates_{other}": [sides(3)]}

    hole = sides(4)
    hole[7, 3] = np.nan
    name = rf"replicates_{side}\[1\]"
    refused(rf"{name}: row 7, column 3 is NaN \(1 such row\)", **given(hole))
    refused(rf"x has 40 rows and {name} 39; both must hold the same items", **given(sides(4)[:-1]))
    refused(rf"{name}: has zero variance", **given(np.ones((N, 5))))
    refused(rf"{name}: .*not numeric|{name}: holds values of type", **given([["a"] * 5] * N))
    refused(rf"{name}: row 0 is all zeros", **given(np.vstack([np.zeros(5), sides(4)[1:]])), metric="cosine")


def test_a_file_is_named(tmp_path: Path):
    np.save(tmp_path / "short.npy", sides(2)[:10])
    refused(r"x has 40 rows and .*short\.npy 10", replicates_x=[tmp_path / "short.npy"], replicates_y=[sides(3)])
    refused(r"gone\.npy: no such file", replicates_x=[sides(2)], replicates_y=[tmp_path / "gone.npy"])


def test_ids_of_other_items_are_counted():
    pair = make_pair(with_ids(sides(0)), with_ids(sides(1)))
    others = {"embeddings": sides(2), "ids": [*IDS[:-2], "new", "newer"]}
    with pytest.raises(InputError, match=r"2 only in x \(item 38, item 39\) and 2 only in replicates_x\[3\]"):
        read_replicate(others, pair, "x", 3)


def test_a_copy_is_no_replicate():
    why = r"holds the same values as {}; a replicate is the same model trained again"
    refused(rf"replicates_x\[0\]: {why.format('x')}", replicates_x=[sides(0)], replicates_y=[sides(3)])
    refused(rf"replicates_y\[0\]: {why.format('y')}", replicates_x=[sides(2)], replicates_y=[sides(1)])
    refused(
        rf"replicates_y\[1\]: {why.format('replicates_x.0.')}", replicates_x=[sides(2)],
        replicates_y=[sides(3), sides(2)],
    )  # fmt: skip


def test_they_are_a_list_of_both_sides_and_part_of_the_evidence():
    refused("replicates_x must be a list .* is of type ndarray", replicates_x=sides(2), replicates_y=[sides(3)])
    refused("replicates_y must be a list .* is of type str", replicates_x=[sides(2)], replicates_y="seed2.npy")
    refused("replicates_x was given, but no replicates_y", OptionError, replicates_x=[sides(2)])
    refused("replicates_y was given, but no replicates_x", OptionError, replicates_x=[], replicates_y=[sides(2)])
    refused(
        "replicates are part of the evidence, but evidence=False", OptionError, replicates_x=[sides(2)],
        replicates_y=[sides(3)], evidence=False,
    )  # fmt: skip


def test_the_last_mistake_is_found_before_any_work(monkeypatch: pytest.MonkeyPatch):
    def work(*_: object, **__: object) -> None:
        raise AssertionError("work was done")

    monkeypatch.setattr("repdiff.workflows.compare.contrasts_of", work)
    refused(r"replicates_y\[1\]", replicates_x=[sides(2)], replicates_y=[sides(3), sides(4)[:9]])


def test_alignment_that_fails_names_the_replicate(monkeypatch: pytest.MonkeyPatch):
    # One row alone is not zero. With this seed it is not among those that the map is fitted on.
    lonely = np.zeros((N, 5))
    lonely[3] = 1.0
    pair = make_pair(sides(0), sides(1))
    seed = next(seed for seed in range(20) if 3 in np.random.default_rng(seed).permutation(N)[: N // 4])
    with pytest.raises(InputError, match=r"^replicates_y\[0\], in place of y: "):
        hold_replicates(pair, [sides(2)], [lonely], align="linear", random_state=seed)


def test_what_is_odd_is_told():
    pair = make_pair(sides(0), sides(1))
    twice = sides(2)
    twice[5] = twice[3]
    told = read_replicate(twice, pair, "x", 0).warnings
    assert any(line.startswith("replicates_x[0]: 2 of 40 rows are the same") for line in told)
    told = read_replicate(sides(2)[:, :4], pair, "x", 0).warnings
    assert told == ("replicates_x[0]: has 4 columns, but x has 5; is it the same model?",)


def test_the_manifest_says_which_they_were_and_warnings_reach_the_reader(tmp_path: Path):
    np.save(tmp_path / "again.npy", sides(2)[:, :3])
    found = repdiff.compare(
        sides(0), sides(1), replicates_x=[tmp_path / "again.npy"], replicates_y=[sides(3), sides(4)], n_clusters=2,
        n_resamples=1,
    )  # fmt: skip
    (first,), both = (found.provenance.inputs[f"replicates_{side}"] for side in "xy")
    assert first["source"] == str(tmp_path / "again.npy")
    assert (first["shape"], first["dtype"], first["matched"]) == ([N, 3], "float64", "order")
    assert len(first["sha256"]) == 64
    assert [one["source"] for one in both] == ["replicates_y[0]", "replicates_y[1]"]
    assert any("again.npy: has 3 columns" in line for line in found.provenance.warnings)


def test_what_encode_recorded_beside_a_file_counts(tmp_path: Path):
    pictures = write_pictures(tmp_path / "pictures", 30)
    (pictures / "broken.png").write_bytes(b"no image")
    paths = {name: tmp_path / f"{name}.npy" for name in ("x", "y", "again")}
    for size, path in zip((8, 4, 6), paths.values(), strict=True):
        repdiff.encode(f"pixels?size={size}", pictures, path)
    pair = make_pair(paths["x"], paths["y"])
    found = read_replicate(paths["again"], pair, "x", 0)
    assert found.facts["matched"] == "id"
    assert len(found.values) == pair.n == 30


def test_replicates_are_read_one_at_a_time_and_only_ranks_are_kept():
    pair = make_pair(sides(0), sides(1))
    held = hold_replicates(pair, [sides(2), sides(3)], [sides(4)])
    assert held is not None
    assert {side: len(found) for side, found in held.ranks.items()} == {"x": 2, "y": 1}
    for deal, ranks in zip(held.deals, held.ranks["x"][0], strict=True):
        assert ranks.shape == (len(deal.unseen),) * 2
    assert hold_replicates(pair, None, []) is None
