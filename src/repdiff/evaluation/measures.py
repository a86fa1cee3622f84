"""Whether the items of a collage are near in x and far in y, by four distances; the method optimises one of them.

The binary success rate is the share of ordered pairs (i, j) of different items of a collage that x puts closer than y.
A tie counts one half, so that a representation against itself scores exactly 0.5. Distances of two representations have
no common unit; each of the four makes them comparable in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from repdiff.affinity.ranks import neighbor_ranks
from repdiff.core.geometry import squared_distances, squared_norms, unit_rows
from repdiff.core.overlap import jaccard_of_sets
from repdiff.core.parallel import row_tiles, single_threaded_libraries

LOCAL_NEIGHBOUR = 10  # the neighbour whose distance is the local scale
_ROWS_AT_A_TIME = 512

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Space:
    """One representation, prepared for distances between a few of its items.

    Parameters
    ----------
    values : array_like, (n, d)
        One row per item.
    """

    def __init__(self, values: npt.ArrayLike) -> None:
        self.values = np.asarray(values, dtype=np.float64)
        self.n = len(self.values)

    @cached_property
    def ranks(self) -> npt.NDArray[np.int32]:
        """Neighbour ranks, (n, n), counted from 1."""
        return neighbor_ranks(self.values)

    @cached_property
    def _scales(self) -> tuple[float, FloatArray]:
        """The largest distance, and the distance of each item to its 10th neighbour, (n,)."""
        place = min(LOCAL_NEIGHBOUR, self.n - 1)
        largest, local = 0.0, np.empty(self.n)
        centred = self.values - self.values.mean(axis=0)
        squares = squared_norms(centred)
        with single_threaded_libraries():
            for rows in row_tiles(self.n, _ROWS_AT_A_TIME):
                squared = squared_distances(centred[rows], centred, squares[rows], squares)
                # The product only finds the neighbour; its distance is recomputed without cancellation.
                which = np.argpartition(squared, place, axis=1)[:, place]
                local[rows] = np.linalg.norm(self.values[rows] - self.values[which], axis=1)
                largest = max(largest, float(squared.max()))
        return float(np.sqrt(largest)), local

    @cached_property
    def _directions(self) -> FloatArray:
        return unit_rows(self.values)

    @cached_property
    def _largest_cosine(self) -> float:
        with single_threaded_libraries():
            smallest = min(
                float((self._directions[rows] @ self._directions.T).min())
                for rows in row_tiles(self.n, _ROWS_AT_A_TIME)
            )
        return 1 - smallest

    def rank(self, rows: Rows) -> FloatArray:
        """Neighbour rank of each of some items in the list of each other, (m, m)."""
        return self.ranks[np.ix_(rows, rows)].astype(np.float64)

    def euclidean(self, rows: Rows) -> FloatArray:
        """Distances, (m, m), over the largest between any two items of the representation."""
        return _over(cdist(self.values[rows], self.values[rows]), self._scales[0])

    def local(self, rows: Rows) -> FloatArray:
        """Distances, (m, m), over the root of the product of both items' distances to their 10th neighbour.

        The locally scaled distance d of Zelnik-Manor & Perona (2004), whose affinity is exp(-d^2).
        """
        scale = self._scales[1][rows]
        return _over(cdist(self.values[rows], self.values[rows]), np.sqrt(np.outer(scale, scale)))

    def cosine(self, rows: Rows) -> FloatArray:
        """Cosine distances, (m, m), over the largest between any two items; a row of zeros is at distance 1 of all."""
        few = self._directions[rows]
        # Half the squared distance of unit vectors: exactly zero for copies, unlike 1 - product.
        straight = cdist(few, few, "sqeuclidean") / 2
        no_direction = np.asarray(~few.any(axis=1))
        straight[np.not_equal.outer(no_direction, no_direction)] = 1
        return _over(straight, self._largest_cosine)


def _over(distances: FloatArray, scale: Any) -> FloatArray:
    """Distances divided by a scale; over a zero scale, zero stays zero and all else is infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(distances > 0, distances / scale, 0.0))


Distance = Callable[[Space, Rows], FloatArray]
DISTANCES: Mapping[str, Distance] = {
    "rank": Space.rank,
    "euclidean": Space.euclidean,
    "local": Space.local,
    "cosine": Space.cosine,
}


def success_rate(x: Space, y: Space, collage: npt.ArrayLike, *, distance: str = "rank") -> float:
    """Share of the ordered pairs of a collage that x puts closer than y (binary success rate).

    Parameters
    ----------
    x, y : Space
        Both representations of the same items.
    collage : array_like of int, (m,)
        Rows of different items; m at least 2.
    distance : {"rank", "euclidean", "local", "cosine"}
        Neighbour rank; Euclidean over the largest; Euclidean over local scales; cosine over the largest.

    Returns
    -------
    float
        In [0, 1]; a tie counts one half.
    """
    rows = np.asarray(collage, dtype=np.int64)
    of = DISTANCES[distance]
    in_x, in_y = of(x, rows), of(y, rows)
    closer = (in_x < in_y) + 0.5 * (in_x == in_y)
    return float(closer[~np.eye(len(rows), dtype=bool)].mean())


def mean_success(x: Space, y: Space, collages: Sequence[npt.ArrayLike]) -> dict[str, float]:
    """Mean success rate over collages, by distance; NaN if there is none."""
    return {
        distance: float(np.mean([success_rate(x, y, collage, distance=distance) for collage in collages]))
        if collages
        else float("nan")
        for distance in DISTANCES
    }


def redundancy(collages: Sequence[npt.ArrayLike]) -> float:
    """Mean Jaccard index over all pairs of collages: 0 if no two share an item, 1 if all are the same.

    NaN for fewer than two.
    """
    if len(collages) < 2:
        return float("nan")
    members = np.zeros((len(collages), 1 + max(int(np.max(collage)) for collage in collages)), bool)
    for place, collage in enumerate(collages):
        members[place, np.asarray(collage)] = True
    return float(jaccard_of_sets(members)[np.triu_indices(len(collages), 1)].mean())
