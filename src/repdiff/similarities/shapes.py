"""Shapes: whether x can be turned into y, and whether the same pairs of items are far apart."""

from __future__ import annotations

from typing import Any

import numpy as np

from repdiff.similarities.points import (
    Floats,
    Points,
    PointsOrDistances,
    Rows,
    both,
    check_memory_for_pairs,
    sides,
    tied_ranks,
    without_spread,
)

_BYTES_PER_PAIR = 40  # distances and ranks of both sides, and the order of one


def procrustes(x: Any, y: Any) -> float:
    """How well a rotation with scale turns one side into the other, in [0, 1]; 1 for identical.

    ||X^T Y||_* / (||X|| ||Y||), columns centred, with the sum of singular values above. It is the cosine of the angular
    Procrustes distance of Williams et al. ("Generalized shape metrics on neural representations", NeurIPS 2021), and
    1 - d / 2 with the distance d of Ding, Denain & Steinhardt (NeurIPS 2021) between sides of norm one; 1 less its
    square is the share of the spread that is left over. Unchanged by rotation, isotropic scale and shift.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both. The side with fewer dimensions is padded with zeros.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number.
    """
    return procrustes_of_points(*both(x, y))


def procrustes_of_points(x: Points, y: Points, *, order: Rows = slice(None)) -> float:
    """The same, with the items of y in another order."""
    if (value := without_spread(x, y)) is not None:
        return value
    overlap = np.linalg.svd(x.compact.T @ y.compact[order], compute_uv=False)
    return min(1.0, float(overlap.sum() / np.linalg.norm(x.compact) / np.linalg.norm(y.compact)))


def rsa(x: Any, y: Any) -> float:
    """Rank correlation of the distances of all pairs of items, in [-1, 1]; 1 for identical, 0 for unrelated sides.

    Representational similarity analysis (Kriegeskorte, Mur & Bandettini, Frontiers in Systems Neuroscience 2008), with
    Spearman's correlation of Euclidean distances. Unchanged by rotation, isotropic scale and shift. A side whose items
    are all equally far apart has no spread.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both. Takes 20 n^2 bytes and the time to sort n^2 / 2 numbers: sample the items if there are
        many.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number.
    MemoryLimitError
        Where the distances of all pairs do not fit into what is free.
    """
    x, y = sides(x, y)
    check_memory_for_pairs(x, y, _BYTES_PER_PAIR)
    ranks_x, ranks_y = _centred_ranks(x), _centred_ranks(y)
    size_x, size_y = np.linalg.norm(ranks_x), np.linalg.norm(ranks_y)
    if not (size_x and size_y):
        return float(size_x == size_y)
    return float(np.clip(ranks_x @ ranks_y / size_x / size_y, -1, 1))


def _centred_ranks(side: PointsOrDistances) -> Floats:
    """Ranks of the distances of all pairs minus their mean; equal distances share the mean of their ranks."""
    ranks = tied_ranks(side.squared_distances_of_pairs, side.typical_square)
    ranks -= (len(ranks) + 1) / 2
    return ranks
