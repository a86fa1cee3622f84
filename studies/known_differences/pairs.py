"""Pairs of representations that differ in one known way, and what a method should find in each direction.

Both networks of a pair begin with the same weights and see the same pictures in the same order; what differs is the
labels of some, or that some are flipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from digits import FLIPPED_DIGITS, Digits, Flip, load_digits
from networks import embed, predict, train
from torch import nn

Mask = npt.NDArray[np.bool_]
MERGED = ((3, 5), (4, 9))


@dataclass(frozen=True)
class KnownPair:
    """Two representations, and the groups that each alone knows.

    Attributes
    ----------
    name : str
        What differs.
    x, y : ndarray, (n, d_x) and (n, d_y)
        Representations of the same items.
    known : mapping of str to tuple of ndarray of bool, (n,)
        By direction, the known groups; a direction of which nothing is known is left out.
    accuracy : mapping of str to float
        Of the networks on the items, by their own labels; empty where there are none.
    """

    name: str
    x: npt.NDArray[np.floating]
    y: npt.NDArray[np.floating]
    known: Mapping[str, tuple[Mask, ...]]
    accuracy: Mapping[str, float] = field(default_factory=dict)


def merged_labels(seed: int) -> Iterator[KnownPair]:
    """Two digits given one label: x knows them apart, y does not."""
    training, probes = load_digits(seed)
    base = train(training.images, training.digit, seed)
    for pair in MERGED:
        yield _merged(base, training, probes, pair, seed)


def flipped_left_right(seed: int) -> Iterator[KnownPair]:
    """Digits flipped left-right, which x has seen and y has not."""
    return _flipped_pairs("left-right", seed)


def flipped_upside_down(seed: int) -> Iterator[KnownPair]:
    """Digits flipped upside down, which x has seen and y has not."""
    return _flipped_pairs("upside-down", seed)


def _flipped_pairs(how: Flip, seed: int) -> Iterator[KnownPair]:
    training, probes = load_digits(seed)
    base = train(training.images, training.digit, seed)
    for own_labels in (True, False):
        yield _flipped(base, training, probes, how, own_labels, seed)


def _merged(base: nn.Sequential, training: Digits, probes: Digits, pair: tuple[int, int], seed: int) -> KnownPair:
    def labels(digits: Digits) -> npt.NDArray[np.int64]:
        return np.where(digits.digit == pair[1], pair[0], digits.digit)

    other = train(training.images, labels(training), seed)
    one, two = (probes.digit == digit for digit in pair)
    return KnownPair(
        name=f"{pair[0]} and {pair[1]} given one label",
        x=embed(base, probes.images),
        y=embed(other, probes.images),
        known={"x_only": (one, two), "y_only": (one | two,)},
        accuracy={
            "x": float(np.mean(predict(base, probes.images) == probes.digit)),
            "y": float(np.mean(predict(other, probes.images) == labels(probes))),
        },
    )


def _flipped(
    base: nn.Sequential, training: Digits, probes: Digits, how: Flip, own_labels: bool, seed: int
) -> KnownPair:
    def labels(digits: Digits) -> npt.NDArray[np.int64]:
        return digits.digit + 10 * digits.flipped * own_labels

    seen, shown = training.flip_half(how), probes.flip_half(how)
    other = train(seen.images, labels(seen), seed)
    # With labels of their own, flipped digits are groups of x alone; without, each with its upright ones.
    groups = tuple((shown.digit == digit) & (shown.flipped | (not own_labels)) for digit in FLIPPED_DIGITS)
    return KnownPair(
        name=f"{how}, {'own labels' if own_labels else 'same labels'}",
        x=embed(other, shown.images),
        y=embed(base, shown.images),
        known={"x_only": groups},
        accuracy={
            "x": float(np.mean(predict(other, shown.images) == labels(shown))),
            "y": float(np.mean(predict(base, shown.images) == shown.digit)),
        },
    )


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


# Each makes its pairs from a seed; families can be worked on side by side.
FAMILIES: Mapping[str, Callable[[int], Iterator[KnownPair]]] = {
    "merged labels": merged_labels,
    "left-right": flipped_left_right,
    "upside-down": flipped_upside_down,
    "planted": planted_pairs,
}
