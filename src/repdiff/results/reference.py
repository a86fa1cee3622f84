"""Some items of a comparison, among which new items are ranked to find their clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ReferenceDirection:
    """Where the reference items lie in the coordinates that k-means clustered.

    Attributes
    ----------
    coordinates : ndarray of float32, (m, p)
        Entries of the eigenvectors, without the constant one and those without information.
    eigenvalues : ndarray of float64, (p,)
        Of each.
    centres : ndarray of float64, (k, p)
        Mean coordinates of each cluster's members, of all items.
    """

    coordinates: FloatArray
    eigenvalues: npt.NDArray[np.float64]
    centres: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reference:
    """Some items of a comparison, which stand for all of them when new items are ranked.

    Attributes
    ----------
    rows : ndarray of int64, (m,)
        Rows of the items, ascending.
    weights : ndarray of float64, (m,)
        How many items each stands for; they sum to the number of items.
    x_only, y_only : ReferenceDirection
        Where they lie in each direction.
    x, y : ndarray of float32 or float64, (m, d_x) and (m, d_y), or None
        Their embeddings, if they are kept.
    """

    rows: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    x_only: ReferenceDirection
    y_only: ReferenceDirection
    x: npt.NDArray[np.float32] | npt.NDArray[np.float64] | None = None
    y: npt.NDArray[np.float32] | npt.NDArray[np.float64] | None = None
