"""The measures against loops that say what they are."""

from __future__ import annotations

import numpy as np
import oracle
import pytest

from repdiff.evaluation.groups import groups_of_activations, groups_of_labels
from repdiff.evaluation.measures import DISTANCES, Space, mean_success, redundancy, success_rate

N = 40


@pytest.fixture(scope="module")
def sides() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 5)) + 3
    return x, x[:, :3] + rng.normal(size=(N, 3))


def all_distances(values: np.ndarray) -> np.ndarray:
    return np.array([[np.sqrt(((a - b) ** 2).sum()) for b in values] for a in values])


def all_cosines(values: np.ndarray) -> np.ndarray:
    return np.array([[1 - a @ b / np.sqrt((a @ a) * (b @ b)) for b in values] for a in values])


def naive(values: np.ndarray, distance: str) -> np.ndarray:
    if distance == "rank":
        return oracle.ranks(values)
    if distance == "cosine":
        return all_cosines(values) / all_cosines(values).max()
    plain = all_distances(values)
    if distance == "euclidean":
        return plain / plain.max()
    tenth = [sorted(row)[10] for row in plain]  # place 0 is the item itself
    return np.array([[plain[i, j] / np.sqrt(tenth[i] * tenth[j]) for j in range(N)] for i in range(N)])


@pytest.mark.parametrize("distance", DISTANCES)
def test_distances_equal_naive_ones(distance, sides):
    rows = np.array([7, 1, 30, 12])
    for values in sides:
        expected = naive(values, distance)[np.ix_(rows, rows)]
        np.testing.assert_allclose(DISTANCES[distance](Space(values), rows), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("distance", DISTANCES)
def test_success_counts_the_pairs_that_x_puts_closer(distance, sides):
    x, y = sides
    collage = [3, 17, 8, 25, 39]
    in_x, in_y = naive(x, distance), naive(y, distance)
    points = [
        1.0 if in_x[i, j] < in_y[i, j] else 0.5 if in_x[i, j] == in_y[i, j] else 0.0
        for i in collage
        for j in collage
        if i != j
    ]
    assert success_rate(Space(x), Space(y), collage, distance=distance) == pytest.approx(sum(points) / len(points))


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_two_directions_share_the_pairs_and_ties_count_half(distance, sides):
    x, y = map(Space, sides)
    collage = np.arange(0, N, 3)
    there, back = (success_rate(*pair, collage, distance=distance) for pair in ((x, y), (y, x)))
    assert there + back == pytest.approx(1)
    assert success_rate(x, x, collage, distance=distance) == 0.5


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_unit_of_a_representation_does_not_matter(distance, sides):
    x, y = sides
    collage = np.arange(0, N, 4)
    scaled = success_rate(Space(x * 1000), Space(y / 7), collage, distance=distance)
    assert scaled == success_rate(Space(x), Space(y), collage, distance=distance)


def test_copies_and_rows_of_zeros_are_no_trouble():
    values = np.vstack([np.zeros((12, 3)), np.eye(3), np.eye(3)])
    rows = np.array([0, 1, 12, 15])
    for distance in DISTANCES.values():
        assert np.isfinite(distance(Space(values), rows)).all() or distance is DISTANCES["local"]
    assert DISTANCES["cosine"](Space(values), rows).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0], [1, 1, 0, 0]]
    local = DISTANCES["local"](Space(values), rows)  # ten copies have a local scale of zero: all else is infinitely far
    assert local[0].tolist() == [0, 0, np.inf, np.inf]


def test_redundancy_is_the_mean_jaccard_index():
    assert redundancy([[1, 2], [1, 2], [3, 4]]) == pytest.approx(1 / 3)
    assert redundancy([[1, 2, 3], [2, 3, 4]]) == pytest.approx(2 / 4)
    assert np.isnan(redundancy([[1, 2]]))


def test_no_group_has_no_success(sides):
    assert all(np.isnan(value) for value in mean_success(*map(Space, sides), []).values())


def test_groups_of_labels_show_the_most_typical():
    groups = groups_of_labels(np.array([1, 0, 1, -1, 1, 2]), np.array([0.1, 1, 0.3, 9, 0.3, 1]), 2)
    assert [group.items.tolist() for group in groups] == [[0, 2, 4]]  # a single item is no group
    assert groups[0].collage.tolist() == [2, 4]


def test_groups_of_activations_show_the_strongest_and_only_positive_ones():
    activations = np.array([[3, 0], [1, 2], [2, 5], [-1, 0], [0, 1.0]])
    first, second = groups_of_activations(activations, 3)
    assert (first.items.tolist(), first.collage.tolist()) == ([0], [0, 2, 1])
    assert (second.items.tolist(), second.collage.tolist()) == ([1, 2, 4], [2, 1, 4])
    assert groups_of_activations(np.zeros((4, 2)), 3) == []


def test_an_item_that_another_concept_is_stronger_in_is_no_member_of_a_chosen_one():
    activations = np.array([[3, 0, 4], [1, 2, 0], [2, 5, 9], [0, 1.0, 0]])
    second, first = groups_of_activations(activations, 2, chosen=np.array([1, 0]))
    assert (second.items.tolist(), second.collage.tolist()) == ([1, 3], [2, 1])
    assert (first.items.tolist(), first.collage.tolist()) == ([], [0, 2])
