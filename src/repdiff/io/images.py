"""Images -> small pictures to show; anything that cannot be opened safely is skipped and named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from repdiff.io.items import Items
from repdiff.progress import Progress, silent


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures of some items.

    Attributes
    ----------
    rows : ndarray of int64, (k,)
        Rows of the items that have a picture here, ascending.
    widths, heights : ndarray of int32, (k,)
        Pixels of each picture, at true aspect ratio.
    images : tuple of bytes, k of them
        WebP files.
    skipped : tuple of str
        One line for each image that could not be opened: which, and why.
    """

    rows: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int32]
    heights: npt.NDArray[np.int32]
    images: tuple[bytes, ...]
    skipped: tuple[str, ...] = ()


def make_thumbnails(items: Items, rows: npt.NDArray[np.int64], *, progress: Progress = silent) -> Thumbnails:
    """Pictures of these items, first come first served until the space is spent."""
    raise NotImplementedError
