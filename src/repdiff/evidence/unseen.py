"""Ranks of a sample -> clusters of one half of it, and how tight they are among the other half.

A clustering looks for high affinity and finds some in noise, too. So the clusters are made of items that are seen, the
unseen fall to the cluster of their nearest seen item, and only the affinity among these counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.evidence.nested import nested_means
from repdiff.evidence.robustness import Sample

Ranks = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
Block = npt.NDArray[np.float32]
Recluster = Callable[[Affinity, int, int | None], Labels]

FEWEST_UNSEEN = 4  # members of a cluster among the unseen, below which their mean affinity says nothing
_N_NEIGHBOURHOODS = 60
_SIZES = (4, 6, 9, 14, 20, 30, 45, 70, 100, 150, 220, 330, 500)
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Setting:
    """What is the same for real and simulated sides.

    Attributes
    ----------
    seen, unseen : ndarray of int64
        Places in the sample.
    gamma, beta : float
        Of the affinity.
    recluster : callable
        Affinity, seed and number of clusters (None for as many as in the comparison) -> labels.
    groups : ndarray of int32, (m,), or None
        Where only pairs within a group count, the group of each item.
    number : int or None
        What ``recluster`` is asked for.
    """

    seen: Rows
    unseen: Rows
    gamma: float
    beta: float
    recluster: Recluster
    groups: npt.NDArray[np.int32] | None = None
    number: int | None = None

    def affinity(self, holder: Ranks, other: Ranks, rows: Rows) -> Affinity:
        """Affinity among some of the items, high where the holder puts a pair closer than the other does."""
        groups = None if self.groups is None else self.groups[rows]
        return Sample(_square(holder, rows), _square(other, rows), groups).affinity("x_only", self.gamma, self.beta)

    def nearness(self, ranks: Ranks, rows: Rows, columns: Rows) -> Ranks:
        """Ranks of some items in the lists of others; those of other groups come after all of the item's own."""
        near = ranks[np.ix_(rows, columns)]
        if self.groups is not None:
            near = near + len(ranks) * (self.groups[rows][:, None] != self.groups[columns])
        return np.asarray(near)


@dataclass(frozen=True)
class UnseenGroups:
    """How tight clusters are among unseen items; those that fewer than four fell into are left out.

    Attributes
    ----------
    labels : ndarray of int32, (s,)
        Cluster of each item seen.
    cluster : ndarray of int64, (g,)
        Which clusters the figures are of.
    sizes : ndarray of int64, (g,)
        Unseen members.
    log_affinity : ndarray of float64, (g,)
        Log of the mean affinity among them, self-pairs left out.
    """

    labels: Labels
    cluster: Rows
    sizes: Rows
    log_affinity: FloatArray

    @property
    def tightness(self) -> float:
        """Mean log affinity, each cluster weighted by its size; 0 without clusters."""
        return float(np.average(self.log_affinity, weights=self.sizes)) if len(self.sizes) else 0.0


def unseen_groups(setting: Setting, holder: Ranks, other: Ranks, block: Block, seed: int) -> UnseenGroups:
    """Clusters of the items seen, and how tight they are among the unseen.

    Parameters
    ----------
    setting : Setting
        Which items are seen, and how they are clustered.
    holder, other : ndarray of int32, (m, m)
        Ranks of the side that holds the clusters together, and of the other.
    block : ndarray of float32, (u, u)
        Affinity among the unseen (:func:`unseen_block`).
    seed : int
        Of the clustering.
    """
    return groups_of(*cluster_seen(setting, holder, other, seed), block)


def groups_of(labels: Labels, members: npt.NDArray[np.bool_], block: Block) -> UnseenGroups:
    """Clusters of the items seen, (s,), with how tight those of the unseen are that fall into them, (u, g)."""
    kept = np.flatnonzero(members.sum(axis=0) >= FEWEST_UNSEEN)
    return UnseenGroups(labels, kept, members.sum(axis=0)[kept], _log_means(block, members[:, kept]))


def cluster_seen(setting: Setting, holder: Ranks, other: Ranks, seed: int) -> tuple[Labels, npt.NDArray[np.bool_]]:
    """Clusters of the items seen, (s,), and which of the unseen fall into each of them, (u, g)."""
    labels = setting.recluster(setting.affinity(holder, other, setting.seen), seed, setting.number)
    return labels, members_of(labels, nearest_seen(setting, holder))


def nearest_seen(setting: Setting, holder: Ranks) -> Rows:
    """The nearest of the items seen, of each of the unseen, (u,)."""
    return np.asarray(setting.nearness(holder, setting.unseen, setting.seen).argmin(axis=1))


def members_of(labels: Labels, nearest: Rows) -> npt.NDArray[np.bool_]:
    """Which of the unseen fall into each cluster of the seen, (u, g)."""
    return np.equal.outer(np.arange(int(labels.max()) + 1), labels[nearest]).T


def neighbourhood_curve(
    setting: Setting, holder: Ranks, block: Block, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Log sizes, (z,), and the mean log affinity of neighbourhoods of the holder of those sizes among the unseen."""
    n = len(setting.unseen)
    picked = np.sort(rng.permutation(n)[:_N_NEIGHBOURHOODS])
    order = np.argsort(setting.nearness(holder, setting.unseen[picked], setting.unseen), axis=1, kind="stable")
    sizes = np.array([size for size in _SIZES if size <= n])
    means = nested_means(block, order, int(sizes[-1]))[:, sizes - 2]
    return np.log(sizes), np.log(np.maximum(means, _SMALLEST)).mean(axis=0)


def _square(ranks: Ranks, rows: Rows) -> Ranks:
    return ranks.take(rows, axis=0).take(rows, axis=1)


def unseen_block(setting: Setting, holder: Ranks, other: Ranks) -> Block:
    """Affinity among the unseen items, self-pairs 0."""
    every = np.arange(len(setting.unseen))
    block = setting.affinity(holder, other, setting.unseen).block(every, every)
    np.fill_diagonal(block, 0)
    return block


def _log_means(block: Block, members: npt.NDArray[np.bool_]) -> FloatArray:
    """Log of the mean affinity within each column of members, (g,); the block has a diagonal of 0."""
    marks = members.astype(np.float32)
    sizes = members.sum(axis=0).astype(np.float64)
    totals = np.einsum("ug,ug->g", marks, block @ marks, dtype=np.float64)
    return np.asarray(np.log(np.maximum(totals / (sizes * (sizes - 1)), _SMALLEST)))
