from __future__ import annotations

import numpy as np
import pytest

from repdiff.core.overlap import best_pairs, jaccard_of_sets, jaccard_table, match_clusters, shared_counts


def test_shared_items_are_counted_and_items_of_no_cluster_are_not():
    labels, others = np.array([0, 0, 0, 2, -1, 1]), np.array([1, 1, 0, 0, 0, -1])
    assert shared_counts(labels, others, 3, 2).tolist() == [[1, 2], [0, 0], [1, 0]]
    assert shared_counts(labels, np.full(6, -1), 3, 0).shape == (3, 0)


def test_a_cluster_of_none_of_the_items_agrees_with_nothing():
    table = jaccard_table(np.array([0, 0, 0, 2], np.int32), np.array([1, 1, 0, 0], np.int32), 4)
    np.testing.assert_allclose(table, [[1 / 4, 2 / 3], [0, 0], [1 / 2, 0], [0, 0]])


def test_jaccard_indices_equal_those_of_sets():
    first, second = np.array([0, 0, 1, 1, -1, 2]), np.array([0, 1, 1, 1, 0, -1])
    a, b = ([set(np.flatnonzero(labels == k)) for k in range(labels.max() + 1)] for labels in (first, second))
    assert jaccard_table(first, second).tolist() == [[len(i & j) / len(i | j) for j in b] for i in a]
    sets = np.array([[1, 1, 0], [0, 1, 1], [0, 0, 0]], dtype=bool)
    np.testing.assert_allclose(jaccard_of_sets(sets), [[1, 1 / 3, 0], [1 / 3, 1, 0], [0, 0, 0]])


def test_the_matching_is_the_best_as_a_whole():
    rows, columns = best_pairs(np.array([[0.9, 0.8, 0.0], [0.8, 0.1, 0.0], [0.0, 0.0, 0.0]]))
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [(0, 1), (1, 0)]


def test_no_two_clusters_share_a_match():
    labels, others = np.array([0, 0, 0, 1, 1, 1, 2], np.int32), np.array([0, 0, 0, 0, 0, 1, 1], np.int32)
    jaccard, match = match_clusters(labels, others, 4)
    assert match.tolist() == [0, -1, 1, -1]
    np.testing.assert_allclose(jaccard, [3 / 5, 0, 1 / 2, 0])


@pytest.mark.parametrize("labels", [np.array([-1, -1]), np.array([], np.int64)])
def test_without_a_cluster_there_is_no_match(labels):
    assert [part.size for part in match_clusters(labels, np.zeros(len(labels), np.int64))] == [0, 0]
    jaccard, match = match_clusters(np.zeros(len(labels), np.int64), labels, 1)
    assert (jaccard.tolist(), match.tolist()) == ([0], [-1])
