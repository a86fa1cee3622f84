"""A pair of representations whose difference is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]


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
