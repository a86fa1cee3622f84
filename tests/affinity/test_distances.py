from __future__ import annotations

import numpy as np
import oracle
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from repdiff import InputError, RepdiffError, compare
from repdiff.affinity.base import to_dense
from repdiff.affinity.distances import RankedDistances
from repdiff.affinity.engines import compute_affinities
from repdiff.core.metrics import metrics_of
from repdiff.inputs.pair import make_pair
from repdiff.workflows.projection import project


def judged(rng: np.random.Generator, n: int, levels: int) -> np.ndarray:
    """Symmetric distances on a scale of few levels, as people give them: full of ties."""
    upper = np.triu(rng.integers(1, levels + 1, (n, n)), 1)
    return (upper + upper.T).astype(float)


@given(st.integers(0, 1000), st.integers(2, 40), st.integers(2, 30))
@settings(max_examples=20)
def test_ranks_are_stable_with_the_item_first(seed: int, n: int, levels: int) -> None:
    distances = judged(np.random.default_rng(seed), n, levels)
    found = RankedDistances(distances).ranks(slice(0, n))
    np.fill_diagonal(distances, -1)
    expected = np.argsort(np.argsort(distances, axis=1, kind="stable"), axis=1) + 1
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("lowest", [0.0, -3.0])
def test_distances_are_those_given_and_never_negative(lowest: float) -> None:
    matrix = judged(np.random.default_rng(0), 30, 5) - 1 + lowest
    np.fill_diagonal(matrix, 1e6)  # which is not looked at
    side = RankedDistances(matrix)
    rows, columns = np.array([3, 4, 20]), np.array([1, 27])
    np.testing.assert_array_equal(side.distances(rows, columns), matrix[np.ix_(rows, columns)] - lowest)
    assert side.largest_distance == 4


@pytest.mark.parametrize("engine", ["exact", "torch"])
def test_distances_of_an_embedding_give_its_affinity(engine: str, pair_xy) -> None:
    if engine == "torch":
        pytest.importorskip("torch")
    x, y = (side.astype(np.float64) for side in pair_xy)
    by_distance = compute_affinities(cdist(x, x), y, engine=engine, metric=("precomputed", "euclidean"))
    both = compute_affinities(cdist(x, x), cdist(y, y), engine=engine, metric="precomputed")
    for found in (by_distance, both):
        for affinity, expected in zip((found.x_only, found.y_only), oracle.affinities(x, y), strict=True):
            np.testing.assert_allclose(to_dense(affinity), expected, rtol=1e-5)


def test_similarities_are_distances_the_other_way_round(pair_xy) -> None:
    x, y = pair_xy
    distances = cdist(x, x)
    expected = compare(distances, y, metric=("precomputed", "euclidean"), n_clusters=4, evidence=False)
    found = compare(7 - distances, y, metric=("precomputed", "euclidean"), n_clusters=4)
    np.testing.assert_array_equal(found.x_only.labels, expected.x_only.labels)
    assert found.provenance.parameters["metric"] == ["precomputed", "euclidean"]


def test_rows_and_columns_follow_the_ids(pair_xy) -> None:
    x, y = pair_xy
    order = np.random.default_rng(1).permutation(len(y))
    distances = cdist(y, y)
    ids = np.arange(len(y))
    pair = make_pair(
        {"e": x, "id": ids}, {"e": distances[np.ix_(order, order)], "id": ids[order]},
        metric=("euclidean", "precomputed"),
    )  # fmt: skip
    np.testing.assert_array_equal(pair.y, distances)


def test_the_projection_of_distances_is_that_of_the_embedding(pair_xy) -> None:
    x, _ = pair_xy
    by_values = project(x, x)
    by_distance = project(cdist(x, x), x, metrics=("precomputed", "euclidean"))
    for axis in (0, 1):
        correlation = np.corrcoef(by_values.x[:, axis], by_distance.x[:, axis])[0, 1]
        assert abs(correlation) == pytest.approx(1, abs=1e-4)
    assert by_distance.explained_x == pytest.approx(by_values.explained_x, rel=1e-3)
    assert project(np.array([[0, 1], [1, 0]]), x[:2], metrics=("precomputed", "euclidean")).x.shape == (2, 2)


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        (np.arange(12.0).reshape(4, 3), r"x: has shape \(4, 3\), but precomputed distances are a square matrix"),
        (
            np.array([[0, 1, 2], [1, 0, 3], [5, 3, 0.0]]),
            r"not symmetric: row 0, column 2 holds 2, but row 2, column 0 5",
        ),
        (1 - np.eye(4), r"all distances are the same"),
        (np.array([[2, 1, 3], [1, 0, 5], [3, 5, 0.0]]), r"neither distances nor similarities: in row 0"),
    ],
    ids=["oblong", "not symmetric", "all the same", "odd diagonal"],
)
def test_what_is_no_matrix_of_distances_is_refused(matrix: np.ndarray, says: str) -> None:
    other = np.random.default_rng(0).normal(size=(len(matrix), 2))
    with pytest.raises(InputError, match=says):
        make_pair(matrix, other, metric=("precomputed", "euclidean"))


def test_a_table_of_distances_may_come_with_ids() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    table = pd.DataFrame(cdist(x, x)).assign(id=[f"i{k}" for k in range(20)])
    found = compare(table, x, metric=("precomputed", "euclidean"), n_clusters=3)
    assert found.x_only.no_change.all()


@pytest.mark.parametrize("metric", ["manhattan", ("euclidean",), ("cosine", "cosine", "cosine"), ("cosine", "x")])
def test_other_metrics_are_refused(metric) -> None:
    with pytest.raises(RepdiffError, match="metric must be one"):
        metrics_of(metric)
