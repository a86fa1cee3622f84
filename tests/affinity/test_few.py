"""Ranks of a few items: the same as for many."""

from __future__ import annotations

import numpy as np
import pytest

from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.few import ranks_among, ranks_of_few
from repdiff.affinity.packed import Precision
from repdiff.affinity.ranks import RankedEmbedding

_RNG = np.random.default_rng(3)
_NORMAL = _RNG.normal(size=(300, 40)).astype(np.float32)


def _ranks(points: np.ndarray) -> np.ndarray:
    ready = RankedEmbedding(points)
    return ready.ranks(slice(0, ready.n), ready.scratch(ready.n))


@pytest.mark.parametrize(
    "points",
    [
        pytest.param(_NORMAL, id="normal"),
        pytest.param(_NORMAL + 100, id="far from the origin"),
        pytest.param(np.repeat(_NORMAL[:150], 2, axis=0), id="every row twice"),
        pytest.param(_RNG.integers(0, 3, size=(200, 4)).astype(np.float32), id="whole numbers"),
    ],
)
def test_ranks_are_those_of_the_engine(points: np.ndarray) -> None:
    expected = _ranks(points)
    assert (ranks_of_few(points) == expected).mean() >= 0.9999
    ready = RankedEmbedding(points)
    products, ranks = ranks_among(ready, np.arange(len(points)))
    assert (ranks == expected).mean() >= (1 if ready.exact else 0.9999)
    np.testing.assert_allclose(np.diagonal(products), ready.squared_norms, rtol=1e-5)


def test_ranks_among_some_items_are_those_of_these_items_alone() -> None:
    points = np.repeat(_NORMAL, 2, axis=0)
    rows = np.sort(_RNG.permutation(len(points))[:250])
    _, ranks = ranks_among(RankedEmbedding(points), rows)
    assert (ranks == _ranks(points[rows])).mean() >= 0.9999


@pytest.mark.parametrize("bits", [32, 16, 8])
def test_a_square_block_is_read_as_any_other(bits: Precision) -> None:
    found = compute_affinities(_NORMAL, _NORMAL[::-1].copy(), engine=Exact(bits=bits))
    rows = np.sort(_RNG.permutation(len(_NORMAL))[:90])
    for affinity in (found.x_only, found.y_only):
        np.testing.assert_array_equal(affinity.block(rows, rows), affinity.block(rows, rows.copy()))
