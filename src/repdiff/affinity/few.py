"""Ranks of a few hundred items among each other, again and again: without what pays only for many items."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.affinity.rank_kernels import REFINED_RANKS, rank_rows
from repdiff.affinity.ranks import NEAR_TIE, RankedEmbedding
from repdiff.core.interrupts import deferred_interrupts

Ranks = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]


def ranks_of_few(points: FloatArray) -> Ranks:
    """Neighbour ranks, (m, m), of points, (m, d), as :class:`repdiff.affinity.ranks.RankedEmbedding` gives them.

    Up to 4,096 points all near ties are put in order by float64 distances. Equal points are near ties, too, so they
    need not be looked for: that is for points of which hardly any are equal, such as those with noise.
    """
    m = len(points)
    if m > REFINED_RANKS:
        ready = RankedEmbedding(points)
        return ready.ranks(slice(0, m), ready.scratch(m))
    centred = points - points.mean(axis=0, dtype=np.float64).astype(np.float32)
    norms = np.einsum("ij,ij->i", centred, centred, dtype=np.float64).astype(np.float32)
    return _rank(centred @ centred.T, norms, np.arange(m, dtype=np.int32), points, NEAR_TIE)


def ranks_among(side: RankedEmbedding, rows: npt.NDArray[np.int64]) -> tuple[FloatArray, Ranks]:
    """Products of some items with each other, (m, m), and their neighbour ranks, (m, m)."""
    points = side.coordinates[rows]
    products = points @ points.T
    _, first, place = np.unique(side.originals[rows], return_index=True, return_inverse=True)
    originals = first[place].astype(np.int32)
    near_tie = 0.0 if side.exact else NEAR_TIE
    return products, _rank(products.copy(), side.squared_norms[rows], originals, points, near_tie)


def _rank(
    products: FloatArray, norms: FloatArray, originals: npt.NDArray[np.int32], points: FloatArray, near_tie: float
) -> Ranks:
    """Ranks from products, which they replace."""
    m = len(points)
    ranks = products.view(np.int32)
    copies = np.flatnonzero(originals != np.arange(m)).astype(np.int32)
    with deferred_interrupts():  # the first use compiles
        rank_rows(
            products, 0, norms, originals, copies, points, near_tie,
            np.empty(m, np.float32), np.empty(m, np.uint32), np.empty((2, m), np.uint64), np.empty(m, np.uint32), ranks,
        )  # fmt: skip
    return ranks
