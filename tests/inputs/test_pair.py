from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from repdiff import InputError
from repdiff.inputs.pair import make_pair

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(5, 3)), RNG.normal(size=(5, 2))
IDS = np.array(list("abcde"))


def test_sides_with_ids_are_matched_by_them_in_the_order_of_x() -> None:
    order = np.array([3, 1, 4, 0, 2])
    pair = make_pair({"e": X, "id": IDS}, {"e": Y[order], "id": IDS[order]})
    np.testing.assert_array_equal(pair.y, Y)
    assert pair.matched_by == "id"
    assert pair.items.frame["id"].tolist() == list(IDS)


@pytest.mark.parametrize("with_ids", ["x", "y"])
def test_ids_of_one_side_serve_both(with_ids: str) -> None:
    sides = {"x": X, "y": Y}
    sides[with_ids] = {"e": sides[with_ids], "id": IDS}
    pair = make_pair(**sides)
    assert pair.matched_by == "order"
    assert pair.items.frame["id"].tolist() == list(IDS)


def test_items_are_matched_by_id_and_the_rest_is_left_out_and_said() -> None:
    items = pd.DataFrame({"id": list("xedcba"), "kind": [9, 5, 4, 3, 2, 1]})
    pair = make_pair({"e": X, "id": IDS}, Y, items=items)
    assert pair.items.frame["kind"].tolist() == [1, 2, 3, 4, 5]
    assert pair.warnings == (
        "rows were matched by order: x has id to identify its rows, but y has no ids",
        "items: 1 of 6 rows have no embedding and were left out",
    )


def test_items_without_ids_take_those_of_the_embeddings_where_order_is_asked_for() -> None:
    items = pd.DataFrame({"kind": range(5)})
    with pytest.raises(InputError, match=r"none of its column 'kind' holds the ids of x .*match='order'"):
        make_pair({"e": X, "id": IDS}, Y, items=items)
    pair = make_pair({"e": X, "id": IDS}, Y, items=items, match="order")
    assert pair.items.frame["id"].tolist() == list(IDS)
    assert list(pair.items.frame) == ["id", "kind"]


def test_items_with_ids_lie_beside_embeddings_without() -> None:
    pair = make_pair(X, Y, items=pd.DataFrame({"id": IDS[::-1]}))
    assert pair.items.frame["id"].tolist() == list(IDS[::-1])


def test_bare_embeddings_get_row_numbers() -> None:
    pair = make_pair(X, Y)
    assert pair.items.frame["id"].tolist() == list("01234")
    assert pair.names == ("x", "y")
    assert pair.n == 5


def test_files_give_their_names(tmp_path) -> None:
    for name, values in (("resnet", X), ("vit", Y)):
        np.save(tmp_path / f"{name}.npy", values)
    assert make_pair(tmp_path / "resnet.npy", tmp_path / "vit.npy").names == ("resnet", "vit")
    assert make_pair(tmp_path / "vit.npy", tmp_path / "vit.npy").names == ("x", "y")


def test_the_same_values_on_both_sides_are_said() -> None:
    assert make_pair(X, X.copy()).warnings == ("x and y hold the same values",)


def test_inputs_are_neither_copied_nor_changed() -> None:
    before = X.copy()
    pair = make_pair(X, Y)
    assert pair.x is X
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("names", [("a",), "ab", ("", "b"), (" a", "a ")])
def test_names_must_be_two_different_words(names) -> None:
    with pytest.raises(InputError, match="names must be two"):
        make_pair(X, Y, names=names)


def test_the_count_of_bad_rows_is_that_of_all_rows() -> None:
    bad = np.zeros((9000, 2))
    bad[5000:8000, 1] = np.nan
    bad[0] = 1
    with pytest.raises(InputError, match=r"x: row 5000, column 1 is NaN \(3,000 such rows\)"):
        make_pair(bad, bad)


def test_a_single_item_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="zero variance"):
        make_pair(X[:1], Y[:1])
