from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from repdiff.evidence.outcomes import accuracy, correctness, count_labels, outcomes
from repdiff.evidence.statistics import wilson_interval
from repdiff.inputs.items import Items


def test_labels_are_counted_most_frequent_first_then_by_name():
    labels = pd.Series(["b", "a", "b", None, "c", "a", "d"])
    assert list(count_labels(labels, np.arange(7)).items()) == [("a", 2), ("b", 2), ("c", 1), ("d", 1)]
    assert dict(count_labels(None, np.arange(7))) == {}


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [
        (pd.Series([3, 5, 7, 8]), pd.Series(["3", "5", "1", "8"])),
        (pd.Series([3, 5, 7, 8]), pd.Series([3.0, 5.0, 1.0, 8.0])),
        (pd.Series(["cat", "dog", "owl", "eel"]), pd.Series(["cat", "dog", "elk", "eel"], dtype="category")),
        (pd.Series([True, True, False, True]), pd.Series([True, True, True, True])),
        (pd.Series([3.0, 5.0, 7.0, 8.0], dtype="category"), pd.Series([3, 5, 1, 8])),
        (pd.Series([3, 5, 7, 8], dtype="Float64"), pd.Series([3.0, 5, 1, "8"], dtype=object)),
        (pd.Series([0.1, 5, 7, 8], dtype="float32"), pd.Series(["0.1", "5", "1", "8"])),
    ],
)
def test_columns_are_compared_by_what_they_say(labels, predictions):
    np.testing.assert_array_equal(correctness(labels, predictions), [1, 1, 0, 1])


@pytest.mark.parametrize("dtype", ["float64", "Float64", "Int64", "object", "category", "string"])
def test_what_is_unknown_is_unknown_in_any_type(dtype):
    labels, predictions = pd.Series([1, None, 3, 4], dtype=dtype), pd.Series([1, 2, None, 5], dtype=dtype)
    np.testing.assert_array_equal(correctness(labels, predictions), [1, np.nan, np.nan, 0])


def test_unknown_outcomes_are_left_out():
    right = correctness(pd.Series([1, None, 3, 4]), pd.Series([1, 2, None, 5]))
    assert accuracy(right) == 0.5
    assert accuracy(right, np.array([1, 2])) is None
    assert accuracy(correctness(pd.Series([1]), None)) is None


def some_outcomes(**columns) -> Items:
    roles = {role: role for role in ("label", "prediction_x", "prediction_y") if role in columns}
    n = len(next(iter(columns.values())))
    return Items(pd.DataFrame({"id": range(n), **columns}), **roles)


def test_models_are_compared_on_the_same_items():
    items = some_outcomes(
        label=["a"] * 20, prediction_x=["a"] * 19 + [None], prediction_y=["a"] * 8 + ["b"] * 11 + ["a"]
    )
    some, rest = outcomes(items, [np.arange(4, 20), np.arange(4)])
    assert (some.n_known, some.only_x_right, some.only_y_right) == (15, 11, 0)
    assert some.p_value == pytest.approx(2 / 2**11)
    assert some.q_value == pytest.approx(2 * 2 / 2**11)  # of two tests
    assert some.disagreements == tuple(range(8, 19))
    assert some.interval_x == wilson_interval(15, 15)
    assert some.interval_y == wilson_interval(5, 16)
    assert (rest.p_value, rest.disagreements) == (1.0, ())


def test_predictions_without_labels_tell_where_models_disagree():
    found = outcomes(some_outcomes(prediction_x=[1, 2, 3], prediction_y=["1", "5", None]), [np.arange(3)])[0]
    assert found.disagreements == (1,)
    assert (found.interval_x, found.p_value, found.n_known) == (None, None, 0)


def test_one_model_alone_has_an_interval_and_nothing_to_differ_from():
    found = outcomes(some_outcomes(label=[1, 2, 3], prediction_y=[1, 2, 4]), [np.arange(3)])[0]
    assert found.interval_y == wilson_interval(2, 3)
    assert (found.interval_x, found.p_value, found.disagreements) == (None, None, ())


def test_without_predictions_there_is_no_outcome():
    assert outcomes(some_outcomes(label=[1, 2, 3]), [np.arange(2), np.arange(2, 3)]) == (None, None)
