"""Synthetic pairs, whose truth is exact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from known import KnownPair

_DIM, _GROUP, _AGREED, _BLOBS = 16, 40, 680, 8


def planted_pairs(seed: int) -> Iterator[KnownPair]:
    """Synthetic pairs whose truth is exact: eight blobs that both know, and groups that one alone knows."""
    for n_x, n_y in ((4, 0), (4, 4)):
        rng = np.random.default_rng([seed, n_x, n_y])
        yield _planted(rng, n_x, n_y)


def _planted(rng: np.random.Generator, n_x: int, n_y: int) -> KnownPair:
    """``n_x`` groups that x splits and y merges into one cloud, and ``n_y`` the other way round."""
    kind = np.concatenate([np.full(_AGREED, -1), np.repeat(np.arange(n_x + n_y), _GROUP)])
    n = len(kind)
    blob = rng.normal(size=(_BLOBS, _DIM))[rng.integers(0, _BLOBS, n)] * 5
    split = rng.normal(size=(n_x + n_y, _DIM))[kind] * 3
    sides = []
    for own in ((kind >= 0) & (kind < n_x), kind >= n_x):  # whose groups this side splits
        places = blob.copy()
        places[kind >= 0] = 0
        places[(kind >= 0) & (kind < n_x)] = 12
        places[kind >= n_x] = -12
        places[own] += split[own]
        merged = (kind >= 0) & ~own
        # As wide a cloud as the groups of the other side make, but with no trace of the group.
        places[merged] += rng.normal(size=(int(merged.sum()), _DIM)) * 3
        # What both agree on has the same fine structure on both sides.
        sides.append(places)
    common = rng.normal(size=(n, _DIM)) * 0.5
    x, y = (places + common + rng.normal(size=(n, _DIM)) * 0.05 for places in sides)
    groups = tuple(kind == one for one in range(n_x + n_y))
    known = {"x_only": groups[:n_x], "y_only": groups[n_x:]}
    title = f"planted: {n_x} groups in x" + (f", {n_y} in y" if n_y else "")
    return KnownPair(title, x, y, {direction: masks for direction, masks in known.items() if masks})
