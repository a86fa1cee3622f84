"""Means of nested neighbourhoods against their definition."""

from __future__ import annotations

import numpy as np

from repdiff.evidence.nested import nested_means


def test_means_are_those_of_all_pairs_of_different_items() -> None:
    rng = np.random.default_rng(0)
    block = rng.gamma(2, size=(60, 60)).astype(np.float32)
    block += block.T
    order = np.argsort(rng.random((7, 60)), axis=1)
    found = nested_means(block, order, 40)
    assert found.shape == (7, 39)
    for row, size in ((0, 2), (3, 17), (6, 40)):
        items = order[row, :size]
        of_pairs = block[np.ix_(items, items)][~np.eye(size, dtype=bool)]
        np.testing.assert_allclose(found[row, size - 2], of_pairs.mean(dtype=np.float64), rtol=1e-6)
