"""What is left of a round without the groups that differ: to see whether anything else does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.evidence.matched_noise import Drawn, without
from repdiff.evidence.robustness import Sample
from repdiff.results.clusters import DirectionName

Members = npt.NDArray[np.bool_]

MOST_LOCAL = 0.5  # of the items: groups that hold more are no exception
_AS_NEAR = 0.5  # to a group as its members are to each other, on average: an item that is this near belongs with it


def rest_of(
    drawn: Drawn,
    labels: Mapping[DirectionName, npt.NDArray[np.int32]],
    strongest: Sequence[tuple[DirectionName, int]],
    gamma: float,
    beta: float,
) -> Drawn | None:
    """A round without its groups; None where there is none to leave out.

    Groups are taken in the order given while they hold at most half of the items. With each goes what belongs with it:
    a clustering often cuts a group, and the parts that are too small to be significant on their own would make what
    is left look different.

    Parameters
    ----------
    drawn : Drawn
        The round.
    labels : mapping to ndarray of int32, (n,)
        Cluster of each item in each direction.
    strongest : sequence of direction and cluster
        The significant groups of both directions, in order of their excess.
    gamma, beta : float
        Of the affinity.
    """
    sample = Sample(*drawn.ranks, drawn.groups)
    affinities = {name: sample.affinity(name, gamma, beta) for name in {name for name, _ in strongest}}
    inside = np.zeros(len(drawn.rows), bool)
    for name, cluster in strongest:
        members = labels[name][drawn.rows] == cluster
        if members.sum() < 2:
            continue
        more = inside | _with_those_near(members, affinities[name].matmat(members[:, None].astype(np.float64))[:, 0])
        inside = more if more.mean() <= MOST_LOCAL else inside
    return without(drawn, ~inside) if inside.any() else None


def _with_those_near(members: Members, affinity: npt.NDArray[Any]) -> Members:
    """The members, and items whose mean affinity to them is that of a member or more; from sums over members."""
    others = members.sum() - members  # self-pairs, whose affinity is 1, are left out
    means = (affinity - members) / others
    return np.asarray(members | (means >= _AS_NEAR * means[members].mean()))
