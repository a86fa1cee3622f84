"""Pairs of representations whose differences are known, because we put them there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Planted(NamedTuple):
    """Two representations and the truth about them."""

    x: np.ndarray
    y: np.ndarray
    group: np.ndarray  # (n,) the group that x tells apart; -1 for items on which x and y agree
    agreed: np.ndarray  # (n,) the blob that both tell apart; -1 for items of the groups


def split_in_x(
    rng: np.random.Generator, *, n_groups: int = 4, size: int = 40, n_agreed: int = 160, dim: int = 12
) -> Planted:
    """Groups that x splits and y merges, beside blobs that both see alike."""
    n_split = n_groups * size
    group = np.concatenate([np.repeat(np.arange(n_groups), size), np.full(n_agreed, -1)])
    blobs = np.concatenate([np.full(n_split, -1), rng.integers(0, 4, n_agreed)])
    shared = rng.normal(size=(n_split + n_agreed, dim)) * 0.4
    agreed_centres = rng.normal(size=(4, dim)) * 6
    shared[n_split:] += agreed_centres[blobs[n_split:]]
    x = shared + rng.normal(size=shared.shape) * 0.01
    y = shared + rng.normal(size=shared.shape) * 0.01
    group_centres = rng.normal(size=(n_groups, dim)) * 6
    x[:n_split] += 20 + group_centres[group[:n_split]]
    y[:n_split] += 20
    # In y the items of all groups lie in one cloud of their own, with no trace of the group.
    y[:n_split] += rng.normal(size=(n_split, dim)) * 4
    return Planted(x, y, group, blobs)
