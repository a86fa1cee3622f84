from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from repdiff.evidence.outcomes import accuracy, correctness, count_labels


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
    ],
)
def test_columns_are_compared_by_what_they_say(labels, predictions):
    np.testing.assert_array_equal(correctness(labels, predictions), [1, 1, 0, 1])


def test_unknown_outcomes_are_left_out():
    right = correctness(pd.Series([1, None, 3, 4]), pd.Series([1, 2, None, 5]))
    np.testing.assert_array_equal(right, [1, np.nan, np.nan, 0])
    assert accuracy(right) == 0.5
    assert accuracy(right, np.array([1, 2])) is None
    assert accuracy(correctness(pd.Series([1]), None)) is None
