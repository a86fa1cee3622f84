"""The nearest item seen of an unseen one: from neighbour lists, where they reach far enough, as by distance."""

from __future__ import annotations

import numpy as np
import pytest

from repdiff.affinity.base import DenseAffinity
from repdiff.evidence.resampling import Clustered, _nearest, _nearest_by_distance

_RNG = np.random.default_rng(0)
_POINTS = _RNG.normal(size=(500, 5))
_DISTANCES = np.square(_POINTS[:, None] - _POINTS).sum(axis=2)


@pytest.mark.parametrize("k", [1, 20])
def test_lists_give_what_distances_give(k: int) -> None:
    asked: list[int] = []

    def nearness(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return _DISTANCES[np.ix_(rows, columns)]

    lists = np.argsort(_DISTANCES, axis=1)[:, 1 : k + 1].astype(np.int32)
    clustered = Clustered(
        DenseAffinity(np.ones((500, 500))),
        np.zeros(500, np.int32),
        nearness,
        lambda *_: np.zeros(0, np.int32),
        None,
        lists,
    )
    dealt = _RNG.permutation(500)
    items, candidates = np.sort(dealt[:80]), np.sort(dealt[80:250])
    expected = _nearest_by_distance(clustered, items, candidates)
    asked.clear()
    np.testing.assert_array_equal(_nearest(clustered, items, candidates), expected)
    assert sum(asked) < len(items)  # distances are for those alone whose lists hold no candidate
