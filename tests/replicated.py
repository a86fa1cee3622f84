"""Seeds of two models: a group of items that every seed of the one holds together and no seed of the other."""

from __future__ import annotations

import numpy as np

N, D, SIZE = 240, 8, 40
GROUP = np.arange(N) < SIZE
_Z = np.random.default_rng(0).normal(size=(N, D))
_CENTRE = 4 * np.random.default_rng(1).normal(size=D)


def seed_of(seed: int, *, grouping: bool) -> np.ndarray:
    """What one training gives: the same items, some noise, and a rotation that says nothing."""
    rng = np.random.default_rng(seed)
    values = _Z + 0.5 * rng.normal(size=(N, D))
    if grouping:
        values[GROUP] = _CENTRE + 0.3 * rng.normal(size=(SIZE, D))
    turn, _ = np.linalg.qr(rng.normal(size=(D, D)))
    return values @ turn


def seeds(*numbers: int, grouping: bool = False) -> list[np.ndarray]:
    """Several trainings."""
    return [seed_of(number, grouping=grouping) for number in numbers]
