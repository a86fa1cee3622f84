"""Guided comparison: only pairs that agree in a column count."""

from __future__ import annotations

import functools

import numpy as np
import oracle
import pandas as pd
import pytest

import repdiff
from repdiff import RepdiffError
from repdiff.affinity.base import to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.inputs.pair import make_pair

compare = functools.partial(repdiff.compare, evidence=False)  # tests/evidence has it within groups
N = 70


@pytest.fixture(scope="module")
def sides() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(N, 5)), rng.normal(size=(N, 4)), rng.integers(0, 3, N).astype(np.int32)


@pytest.mark.parametrize("engine", ["exact", "torch"])
def test_pairs_of_different_groups_are_no_change_and_the_others_as_ever(sides, engine: str) -> None:
    if engine == "torch":
        pytest.importorskip("torch")
    x, y, groups = sides
    options = {"device": "cpu"} if engine == "torch" else {}
    found = compute_affinities(x, y, engine=engine, groups=groups, **options)
    same = groups[:, None] == groups
    for affinity, expected in zip((found.x_only, found.y_only), oracle.affinities(x, y), strict=True):
        np.testing.assert_allclose(to_dense(affinity), np.where(same, expected, 1.0), rtol=1e-3)


def test_differences_inside_a_class_are_found() -> None:
    # Two classes far apart in both; inside the first, x tells four kinds apart and y does not.
    rng = np.random.default_rng(1)
    kind = np.repeat([0, 1, 2, 3, 4], 50)
    label = np.where(kind < 4, 0, 1)
    y = rng.normal(size=(250, 4)) + 20 * label[:, None]
    x = np.where(label[:, None], y, rng.normal(size=(250, 4)) * 0.1 + 3 * rng.normal(size=(5, 4))[kind])
    found = compare(x, y, items=pd.DataFrame({"label": label}), label="label", within="label", n_clusters=5)
    for cluster in found.x_only.difference_clusters:
        in_first_class = kind[cluster.items][label[cluster.items] == 0]
        assert len(set(in_first_class.tolist())) == 1
    found_in = np.concatenate([cluster.items for cluster in found.x_only.difference_clusters])
    assert set(range(4)) <= set(kind[found_in].tolist())
    assert found.provenance.parameters["within"] == "label"
    assert "within" not in compare(x, y, n_clusters=2).provenance.parameters


def test_an_item_without_a_label_agrees_with_none() -> None:
    x = np.random.default_rng(0).normal(size=(6, 2))
    pair = make_pair(x, x, items=pd.DataFrame({"kind": ["a", None, "a", None, "b", "b"]}), within="kind")
    assert pair.groups is not None
    assert (pair.groups[:, None] == pair.groups).sum() == 2 * 4 + 2


def test_predictions_of_both_models_count_together() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2))
    items = pd.DataFrame({"p": [0, 0, 1, 1], "q": [0, 1, 1, 1]})
    pair = make_pair(x, x, items=items, prediction_x="p", prediction_y="q", within="prediction")
    np.testing.assert_array_equal(pair.groups, [0, 1, 2, 2])


def test_a_column_that_is_not_there_is_named() -> None:
    x = np.random.default_rng(0).normal(size=(4, 2))
    with pytest.raises(RepdiffError, match="no column 'colour'; they have id, kind"):
        compare(x, x, items=pd.DataFrame({"kind": list("abcd")}), within="colour", n_clusters=2)
