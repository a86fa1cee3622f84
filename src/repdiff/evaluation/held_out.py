"""Groups found on some items, carried to others that the method never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

Rows = npt.NDArray[np.int64]


def halves(n: int, random_state: int | None) -> tuple[Rows, Rows]:
    """Two random halves of n items, each ascending; the first has one more where n is odd."""
    order = np.random.default_rng(random_state).permutation(n)
    return np.sort(order[: -(-n // 2)]), np.sort(order[-(-n // 2) :])


def stand_ins(collage: Rows, held_out: Rows, x: npt.NDArray[Any]) -> Rows:
    """For each item of a collage a held-out one in its place: those nearest in x, no two the same.

    The sum of distances is the smallest that there is. One for one, so that a collage keeps its shape: the stand-ins of
    items picked by chance score as chance does. Held-out items nearest to the collage as a whole would not: being the
    ones that x happens to put close together, they score 0.8 even for random groups.

    Parameters
    ----------
    collage : ndarray of int64, (m,)
        Rows of the items to replace.
    held_out : ndarray of int64, (n_held_out,)
        Rows to choose from.
    x : ndarray, (n, d)
        The representation that is said to know the group.

    Returns
    -------
    ndarray of int64, (m,)
        Places in ``held_out``; fewer than m where there are fewer held-out items.
    """
    items, places = linear_sum_assignment(cdist(x[collage], x[held_out]))
    return np.asarray(places[np.argsort(items, kind="stable")], dtype=np.int64)
