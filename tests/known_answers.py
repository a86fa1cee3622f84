"""Pairs whose answer is known, because we made them: items of eight classes of five kinds, seen by two encoders."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

N, D, N_CLASSES, KINDS = 600, 24, 8, 5
NOISE = 0.1


class Pair(NamedTuple):
    """Two representations of the same items, and the labels of these."""

    x: np.ndarray
    y: np.ndarray
    label: np.ndarray


class World(NamedTuple):
    """Items with a class and, within it, a kind, and what an encoder that sees both makes of them."""

    z: np.ndarray
    label: np.ndarray
    kind: np.ndarray
    classes: np.ndarray  # (8, d) their centres
    rng: np.random.Generator

    def seen(self, z: np.ndarray, amount: float = NOISE) -> np.ndarray:
        return (z + amount * self.rng.normal(size=z.shape)).astype(np.float32)


def world(seed: int, n: int = N) -> World:
    rng = np.random.default_rng([seed, n])
    classes = 2 * rng.normal(size=(N_CLASSES, D))
    kinds = rng.normal(size=(N_CLASSES, KINDS, D))
    label, kind = rng.integers(N_CLASSES, size=n), rng.integers(KINDS, size=n)
    z = classes[label] + kinds[label, kind] + 0.4 * rng.normal(size=(n, D))
    return World(z, label, kind, classes, rng)


def same(seed: int) -> Pair:
    w = world(seed)
    x = w.seen(w.z)
    return Pair(x, x.copy(), w.label)


def rotated(seed: int) -> Pair:
    """Equal but for a rotation, a scale and a shift."""
    w = world(seed)
    x = w.seen(w.z)
    turn, _ = np.linalg.qr(w.rng.normal(size=(D, D)))
    return Pair(x, (3 * x @ turn + 5).astype(np.float32), w.label)


def noise_only(seed: int) -> Pair:
    w = world(seed)
    return Pair(w.seen(w.z, 0.5), w.seen(w.z, 0.5), w.label)


def dropout(seed: int) -> Pair:
    """One encoder, run twice with dropout: every tenth of 96 units is off."""
    w = world(seed)
    units = np.maximum(w.z @ w.rng.normal(size=(D, 96)) / D**0.5, 0)
    x, y = (units * (w.rng.random(units.shape) > 0.1) / 0.9 for _ in range(2))
    return Pair(x.astype(np.float32), y.astype(np.float32), w.label)


def worse_for_one_class(seed: int) -> Pair:
    """y spreads the items of class 0 over all of its space."""
    w = world(seed)
    z, one = w.z.copy(), w.label == 0
    z[one] = w.z.std(axis=0) * w.rng.normal(size=(one.sum(), D))
    return Pair(w.seen(w.z), w.seen(z), w.label)


def better_for_one_class(seed: int) -> Pair:
    worse = worse_for_one_class(seed)
    return Pair(worse.y, worse.x, worse.label)


def reordered_inside(seed: int) -> Pair:
    """Both know the classes; within each, the items lie elsewhere."""
    w = world(seed)
    other = w.rng.normal(size=(N_CLASSES, KINDS, D))
    z = w.classes[w.label] + other[w.label, w.rng.integers(KINDS, size=N)] + 0.4 * w.rng.normal(size=(N, D))
    return Pair(w.seen(w.z), w.seen(z), w.label)


def lost_factor(seed: int) -> Pair:
    """x has a property of three dimensions of which y knows nothing."""
    w = world(seed)
    plane, _ = np.linalg.qr(w.rng.normal(size=(D, 3)))
    factor = 6 * w.rng.normal(size=(N, 3)) @ plane.T
    return Pair(w.seen(w.z + factor), w.seen(w.z), w.label)


def merged(seed: int) -> Pair:
    """x tells eight classes apart, y only four pairs of them; within these both see the same."""
    w = world(seed)
    inside = w.rng.normal(size=(N, D)) * 0.5
    x, y = (2 * w.classes[label] + inside for label in (w.label, w.label // 2))
    return Pair(w.seen(x), w.seen(y), w.label)


def new_split(seed: int) -> Pair:
    """y splits class 0 into three new kinds, which x does not know of."""
    w = world(seed)
    x, y = w.z.copy(), w.z.copy()
    one = np.flatnonzero(w.label == 0)
    cloud = w.classes[0] + 0.6 * w.rng.normal(size=(len(one), D))
    x[one] = cloud
    y[one] = cloud + 2.5 * w.rng.normal(size=(3, D))[w.rng.integers(3, size=len(one))]
    return Pair(w.seen(x), w.seen(y), w.label)


def unrelated(seed: int) -> Pair:
    """Both group the items, each in its own way; the labels are those of x."""
    w, other = world(seed), world(seed + 1000)
    return Pair(w.seen(w.z), other.seen(other.z), w.label)


def number_lost(seed: int) -> Pair:
    """The label is a number that x has along one direction, and y not at all."""
    w = world(seed)
    number = w.rng.normal(size=N)
    direction = w.rng.normal(size=D)
    return Pair(w.seen(w.z + 4 * number[:, None] * direction / np.linalg.norm(direction)), w.seen(w.z), number)
