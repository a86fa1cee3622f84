"""Coordinates of the items in two dimensions, for display only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Projection:
    """The first two principal components of each representation.

    Attributes
    ----------
    x, y : ndarray of float32, (n, 2)
        Coordinates; a representation of one dimension has zeros in the second column.
    explained_x, explained_y : (float, float)
        Share of the variance along each axis, in [0, 1].
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.float32]
    explained_x: tuple[float, float]
    explained_y: tuple[float, float]


@dataclass(frozen=True)
class Plane:
    """The first two principal components of one representation.

    Attributes
    ----------
    coordinates : ndarray of float32, (n, 2)
        A representation of one dimension has zeros in the second column.
    explained : (float, float)
        Share of the variance along each axis, in [0, 1].
    """

    coordinates: npt.NDArray[np.float32]
    explained: tuple[float, float]
