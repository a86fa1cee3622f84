"""Which items to show of each cluster.

What makes a collage good. People take the nine pictures of a cluster as nine items that one representation, the *near*
one, holds together and the other, the *far* one, scatters; so this should be true of every pair, and the items should
be typical of the cluster. For m items S of a cluster, "typical" maximises ::

    J(S) = mean over pairs i, j of ( 2 holds(i, j) + margin(i, j) )  +  mean over items i of share(i)

- holds: 1 where the pair is nearer in the near representation by neighbour rank seen from i, by neighbour rank seen
  from j, and by distance over the largest distance of the representation; else 0.
- margin, in [-1, 1]: (w - 1) / (w + 1) of the weaker, w, of the pair's two directed affinities: by how much the ranks
  differ. Its width is the 2 above, so that no margin makes up for a pair that does not hold.
- share, in [0, 1]: share of the cluster's members whose mean affinity to the cluster is lower than i's.

Maximising the total affinity does not work: affinities grow exponentially, so a few very large ones outweigh pairs that
do not hold. Nor does the mean of the two directed affinities, which hides the weaker one.

How it is maximised. Finding the heaviest m items of a graph is hard; among the most typical candidates, the set is
grown greedily from every one of them, and the best of these sets, and of the candidates' neighbourhoods in the near
representation, are improved by swapping one item at a time until no swap helps. Nothing here grows with the square of a
cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.core.parallel import single_threaded_libraries
from repdiff.settings import MethodSettings, RepresentativeKind, check_setting

_Rows: TypeAlias = npt.NDArray[np.int64]
_Floats: TypeAlias = npt.NDArray[np.float64]

_HOLDS = 2.0
_ROUNDING = 5e-4  # margins below it are rounding of the affinity
_CANDIDATES = 128  # of a cluster at least, if it has as many; more candidates hardly improve collages
_CANDIDATES_PER_ITEM = 8
_STARTS = 8
_MOST_SWAPS = 500
_GAIN = 1e-9  # smaller ones are rounding


class HasDistances(Protocol):
    """Distances within one representation, in any unit."""

    @property
    def largest_distance(self) -> float:
        """The largest one."""

    def distances(self, rows: _Rows, columns: _Rows) -> npt.NDArray[np.float32]:
        """Distances between some items and others, (r, c)."""


@dataclass(frozen=True)
class Contrast:
    """One direction of a comparison, and what decides which pairs show it.

    Attributes
    ----------
    affinity : Affinity
        High where a pair is nearer in ``near`` than in ``far``.
    near, far : HasDistances
        The representation that holds the clusters together, and the other.
    """

    affinity: Affinity
    near: HasDistances
    far: HasDistances


def choose_representatives(
    contrast: Contrast,
    labels: npt.NDArray[np.int32],
    *,
    n_representatives: int = 9,
    kind: RepresentativeKind = "typical",
) -> tuple[_Rows, ...]:
    """The items to show of each cluster.

    Parameters
    ----------
    contrast : Contrast
        The direction that was clustered.
    labels : ndarray of int32, (n,)
        Labels 0 to k - 1, none of them empty.
    n_representatives : int
        Items per cluster; a cluster with fewer members shows all of them.
    kind : {"typical", "spread", "border"}
        "typical": a collage whose pairs are near in one representation and far in the other, of items that are tied
        most to their cluster; maximises J, above. "spread": the range of a cluster: items as far from each other as
        possible in the representation that holds it together, among its more typical half; the first is the most
        typical, each further one is farthest from those before it, which keeps the smallest distance within a factor of
        two of the largest possible (Gonzalez, 1985). "border": where a cluster ends: items whose mean affinity to it is
        least relative to their mean affinity to the next cluster (to 1, if there is one cluster).

    Returns
    -------
    tuple of ndarray of int64, (m,)
        Rows of each cluster's representatives, best first; ties in row order.

    Raises
    ------
    RepdiffError
        For an unknown kind, or fewer than one representative.
    """
    check_setting(MethodSettings, "representatives", kind)
    check_setting(MethodSettings, "n_representatives", n_representatives)
    ties = ties_to_clusters(contrast.affinity, labels)
    chosen = []
    # The products are so small that distributing one takes longer than computing it.
    with single_threaded_libraries():
        for cluster in range(ties.shape[1]):
            members = np.flatnonzero(labels == cluster)
            places = _CHOOSERS[kind](contrast, members, ties[members], cluster, min(n_representatives, len(members)))
            chosen.append(members[places])
    return tuple(chosen)


def ties_to_clusters(affinity: Affinity, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
    """Mean affinity of each item to the members of each cluster, (n, k), self-pairs included."""
    members = np.equal.outer(labels, np.arange(labels.max() + 1)).astype(np.float32)
    return np.asarray(affinity.matmat(members) / members.sum(axis=0))


def _typical(contrast: Contrast, members: _Rows, ties: npt.NDArray[np.float32], own: int, m: int) -> _Rows:
    most_tied = np.argsort(-ties[:, own], kind="stable")
    if m == 1:
        return most_tied[:1]
    candidates = np.sort(most_tied[: max(_CANDIDATES, _CANDIDATES_PER_ITEM * m)])
    shares = np.searchsorted(np.sort(ties[:, own]), ties[candidates, own]) / max(1, len(members) - 1)
    rows = members[candidates]
    near = contrast.near.distances(rows, rows)
    worth = pair_worth(contrast, rows, near) + (shares[:, None] + shares) / 2
    np.fill_diagonal(worth, 0)
    chosen = np.sort(_heaviest(worth, _neighborhoods(near, m)))
    to_the_others = worth[np.ix_(chosen, chosen)].sum(axis=1)
    return np.asarray(candidates[chosen[np.argsort(-to_the_others, kind="stable")]])


def pair_worth(contrast: Contrast, rows: _Rows, near: npt.NDArray[np.float32] | None = None) -> _Floats:
    """What each pair of some items is worth in a collage, ``2 holds + margin``, (r, r), in [-1, 3].

    Their distances in the near representation, (r, r), can be passed if known.
    """
    near = contrast.near.distances(rows, rows) if near is None else near
    far = contrast.far.distances(rows, rows)
    weaker, _ = contrast.affinity.directed(rows, rows)
    margin = (weaker - 1) / (weaker + 1)
    # In float64, since products of distances in small or large units vanish or overflow in float32.
    largest_near, largest_far = np.float64(contrast.near.largest_distance), np.float64(contrast.far.largest_distance)
    is_nearer = near * largest_far < far * largest_near
    return np.asarray(margin + _HOLDS * ((margin > _ROUNDING) & is_nearer))


def _neighborhoods(distances: npt.NDArray[np.float32], m: int) -> _Rows:
    """Each item and its m - 1 nearest, (c, m)."""
    distances = distances.copy()
    np.fill_diagonal(distances, -np.inf)
    return np.argsort(distances, axis=1, kind="stable")[:, :m]


def _heaviest(worth: _Floats, neighborhoods: _Rows) -> _Rows:
    """The m places with about the largest total of a symmetric matrix, (c, c), with zeros on its diagonal."""
    starts = np.sort(np.concatenate([_grown(worth, neighborhoods.shape[1]), neighborhoods]), axis=1)
    starts = np.unique(starts, axis=0)
    best = np.argsort(-_totals(worth, starts), kind="stable")[:_STARTS]
    improved = _swapped(worth, starts[best])
    return np.asarray(improved[int(np.argmax(_totals(worth, improved)))])


def _totals(worth: _Floats, sets: _Rows) -> _Floats:
    return np.array([worth[np.ix_(places, places)].sum() for places in sets])


def _grown(worth: _Floats, m: int) -> _Rows:
    """For every place the set grown greedily from it, (c, m)."""
    places = np.arange(len(worth))
    grown = places[:, None]
    gains = worth.copy()
    gains[places, places] = -np.inf
    for _ in range(m - 1):
        added = gains.argmax(axis=1)
        grown = np.column_stack([grown, added])
        gains += worth[added]
        gains[places, added] = -np.inf
    return grown


def _swapped(worth: _Floats, sets: _Rows) -> _Rows:
    """The sets after the best exchanges of one place at a time, until none helps."""
    sets, each = sets.copy(), np.arange(len(sets))
    for _ in range(_MOST_SWAPS):
        to_set = worth[sets].sum(axis=1)
        gains = to_set[:, None, :] - np.take_along_axis(to_set, sets, axis=1)[:, :, None] - worth[sets]
        np.put_along_axis(gains, np.broadcast_to(sets[:, None, :], (*sets.shape, sets.shape[1])), -np.inf, axis=2)
        flat = gains.reshape(len(sets), -1)
        best = flat.argmax(axis=1)
        helps = flat[each, best] > _GAIN
        if not helps.any():
            break
        leaving, joining = np.divmod(best, len(worth))
        sets[each[helps], leaving[helps]] = joining[helps]
    return sets


def _spread(contrast: Contrast, members: _Rows, ties: npt.NDArray[np.float32], own: int, m: int) -> _Rows:
    pool = np.argsort(-ties[:, own], kind="stable")[: max(m, -(-len(members) // 2))]
    chosen = [0]
    nearest = np.full(len(pool), np.inf, np.float32)
    while len(chosen) < m:
        latest = members[pool[chosen[-1:]]]
        nearest = np.minimum(nearest, contrast.near.distances(latest, members[pool])[0])
        nearest[chosen] = -np.inf
        chosen.append(int(nearest.argmax()))
    return np.asarray(pool[chosen])


def _border(contrast: Contrast, members: _Rows, ties: npt.NDArray[np.float32], own: int, m: int) -> _Rows:
    elsewhere = np.delete(ties, own, axis=1).max(axis=1) if ties.shape[1] > 1 else np.float32(1)
    return np.argsort(ties[:, own] / elsewhere, kind="stable")[:m]


_Chooser: TypeAlias = Callable[[Contrast, _Rows, npt.NDArray[np.float32], int, int], _Rows]
_CHOOSERS: dict[RepresentativeKind, _Chooser] = {"typical": _typical, "spread": _spread, "border": _border}
