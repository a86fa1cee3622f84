"""Pairs of networks that differ in one known way, and what a method should find in each direction.

Both networks of a pair begin with the same weights and see the same pictures in the same order; what differs is the
labels of some, or that some are flipped.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from digits import FLIPPED_DIGITS, Digits, Flip, load_digits
from known import KnownPair
from networks import embed, predict, train
from torch import nn

MERGED = ((3, 5), (4, 9))


def merged_labels(seed: int) -> Iterator[KnownPair]:
    """Two digits given one label: x knows them apart, y does not."""
    training, probes = load_digits(seed)
    base = train(training.images, training.digit, seed)
    for pair in MERGED:
        yield _merged(base, training, probes, pair, seed)


def flipped_digits(seed: int, how: Flip) -> Iterator[KnownPair]:
    """Flipped digits, which x has seen and y has not, with and without labels of their own."""
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
