"""Groups found on some items, transferred to items that the method never saw."""

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
    """A different held-out item in place of each item of a collage: the nearest ones in x.

    The sum of distances is the smallest possible. The assignment is one to one, so that a collage keeps its shape and
    the stand-ins of random items score like chance. The held-out items nearest to the collage as a whole would not: x
    happens to put them close together, so they score 0.8 even for random groups.

    Parameters
    ----------
    collage : ndarray of int64, (m,)
        Rows of the items to replace.
    held_out : ndarray of int64, (n_held_out,)
        Rows to choose from.
    x : ndarray, (n, d)
        The representation in which the group is close.

    Returns
    -------
    ndarray of int64, (m,)
        Places in ``held_out``; fewer than m where there are fewer held-out items.
    """
    items, places = linear_sum_assignment(cdist(x[collage], x[held_out]))
    return np.asarray(places[np.argsort(items, kind="stable")], dtype=np.int64)
