from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from repdiff.evidence.enrichment import enrichments
from repdiff.inputs.items import Items

N = 120


def some_items(**columns) -> Items:
    return Items(pd.DataFrame({"id": [f"item {row}" for row in range(N)], **columns}), label="label")


@pytest.fixture(scope="module")
def labelled() -> Items:
    rng = np.random.default_rng(0)
    return some_items(
        label=np.repeat(["monarch", "viceroy", "queen"], 40),
        shade=pd.Series(rng.choice(["light", "dark"], N)),
        wild=rng.random(N) < 0.5,
        width=np.r_[rng.normal(5, 1, 40), rng.normal(0, 1, 80)],
        note=[f"seen on day {row}" for row in range(N)],
        when=pd.date_range("2020-01-01", periods=N),
    )


def test_a_group_of_one_label_is_enriched_in_it_and_in_what_goes_with_it(labelled):
    group, rest = np.arange(36), np.arange(36, N)
    found, of_rest = enrichments(labelled, [group, rest])
    label, width = found
    assert (label.column, label.value, label.count) == ("label", "monarch", 36)
    assert (label.share, label.expected, label.lift) == (1, pytest.approx(1 / 3), pytest.approx(3))
    assert label.p_value == pytest.approx(stats.hypergeom.sf(35, N, 40, 36))
    assert (width.column, width.value, width.of_numbers) == ("width", "high", True)
    assert width.share > 0.95
    assert ("width", "low") in {(value.column, value.value) for value in of_rest}


def test_rates_are_over_all_tests_of_all_groups(labelled):
    group = np.arange(8)
    alone = enrichments(labelled, [group])[0][0]
    among_many = enrichments(labelled, [group, *(np.arange(start, N, 9) for start in range(9))])[0][0]
    assert among_many.p_value == alone.p_value
    assert among_many.q_value > alone.q_value > alone.p_value


def test_chance_enriches_nothing(labelled):
    rng = np.random.default_rng(1)
    groups = np.array_split(rng.permutation(N), 6)
    assert not any(enrichments(labelled, groups))


def test_unknown_values_count_on_neither_side():
    known = ["a"] * 10 + ["b"] * 10 + [None] * 100
    found = enrichments(some_items(label=known), [np.r_[0:10, 20:60]])[0]
    assert (found[0].value, found[0].count, found[0].share, found[0].expected) == ("a", 10, 1, 0.5)
    assert found[0].p_value == pytest.approx(stats.hypergeom.sf(9, 20, 10, 10))


def test_few_different_numbers_name_kinds_and_labels_always_do():
    items = some_items(label=np.arange(N) // 4, digit=np.repeat(np.arange(10), 12))
    found = {(value.column, value.value): value for value in enrichments(items, [np.arange(12)])[0]}
    assert not any(value.of_numbers for value in found.values())
    assert found["digit", "0"].share == 1
    assert {("label", "0"), ("label", "1"), ("label", "2")} <= set(found)


def test_infinite_and_missing_numbers_count_on_neither_side():
    width = np.r_[np.inf, -np.inf, np.nan, np.linspace(9, 10, 30), np.linspace(0, 1, N - 33)]
    found = {value.column: value for value in enrichments(some_items(label=["a"] * N, width=width), [np.arange(33)])[0]}
    assert (found["width"].value, found["width"].count, found["width"].share) == ("high", 30, 1)


@pytest.mark.parametrize(
    "values",
    [
        pd.array([True, False, None] * (N // 3), dtype="boolean"),
        pd.array([1.0, 2.0, None] * (N // 3), dtype="Float64"),
        pd.Categorical([1.0, 2.0, None] * (N // 3)),
        pd.array(["1", "2", None] * (N // 3), dtype="string"),
    ],
)
def test_kinds_may_be_of_any_type(values):
    found = enrichments(some_items(label=["a"] * N, kind=values), [np.arange(0, N, 3)])[0]
    assert [(value.column, value.value, value.share) for value in found] == [("kind", found[0].value, 1)]
    assert found[0].value in ("True", "1")


def test_a_group_of_all_of_one_and_of_none_have_nothing_more():
    items = some_items(label=["a", "b"] * 60, width=np.arange(N) * 1.0)
    assert enrichments(items, [np.arange(N), np.array([3]), np.array([], np.int64)]) == ((), (), ())


def test_columns_that_hold_neither_kinds_nor_numbers_are_passed_over():
    items = some_items(label=["a", "b"] * 60, parts=[[row] for row in range(N)], same=["x"] * N)
    assert {value.column for value in enrichments(items, [np.arange(0, N, 2)])[0]} == {"label"}
    bare = Items(pd.DataFrame({"id": range(N)}))
    assert enrichments(bare, [np.arange(10)]) == ((),)
