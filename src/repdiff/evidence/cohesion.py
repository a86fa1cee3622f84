"""Whether a group is lost on the other side, or only loosened, or kept and its neighbours reordered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.evidence.nearest import N_NEIGHBOURS, Nearest
from repdiff.results.clusters import DirectionName
from repdiff.results.findings import Fate

# Of a group's cohesion above chance, what the other side keeps.
LOST = 0.35  # below it
LOOSENED = 0.70  # below it


@dataclass(frozen=True)
class Cohesion:
    """How many of a member's 10 nearest neighbours are fellow members.

    Attributes
    ----------
    n_asked : int
        Members whose neighbours were looked up.
    x, y : float or None
        On either side; None where no member was asked.
    chance : float
        For a group of that size picked at random.
    """

    n_asked: int
    x: float | None
    y: float | None
    chance: float

    def fate(self, name: DirectionName) -> Fate | None:
        """What the side that does not hold the group made of it."""
        if self.x is None or self.y is None:
            return None
        holder, other = (self.x, self.y) if name == "x_only" else (self.y, self.x)
        above = max(holder - self.chance, np.finfo(np.float64).tiny)
        kept = (other - self.chance) / above
        return "lost" if kept < LOST else "loosened" if kept < LOOSENED else "reordered"


def cohesions(nearest: Nearest, labels: npt.NDArray[np.int32], n_clusters: int) -> tuple[Cohesion, ...]:
    """The cohesion of each cluster.

    Parameters
    ----------
    nearest : Nearest
        The neighbours of the items asked.
    labels : ndarray of int32, (n,)
        Cluster of each item.
    n_clusters : int
        How many.
    """
    own = labels[nearest.asked]
    asked = np.bincount(own, minlength=n_clusters)
    sizes = np.bincount(labels, minlength=n_clusters)
    x, y = (_fellows(near, labels, own, n_clusters) for near in (nearest.x, nearest.y))
    return tuple(
        Cohesion(
            int(asked[one]),
            float(x[one] / asked[one]) if asked[one] else None,
            float(y[one] / asked[one]) if asked[one] else None,
            N_NEIGHBOURS * float(max(0, sizes[one] - 1)) / (nearest.n - 1),
        )
        for one in range(n_clusters)
    )


def _fellows(
    near: npt.NDArray[np.int64], labels: npt.NDArray[np.int32], own: npt.NDArray[np.int32], n_clusters: int
) -> npt.NDArray[np.float64]:
    """For each cluster the fellow members among 10 neighbours, added up over those asked."""
    fellows = (labels[near] == own[:, None]).mean(axis=1) * N_NEIGHBOURS
    return np.asarray(np.bincount(own, weights=fellows, minlength=n_clusters))
