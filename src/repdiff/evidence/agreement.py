"""How alike two groupings of the same items are."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt


def agreement(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Adjusted Rand index: 1 for the same groups under whatever names, 0 on average for unrelated ones.

    Parameters
    ----------
    first, second : ndarray, (n,)
        The group of each item (Hubert & Arabie, Journal of Classification 1985).
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))
