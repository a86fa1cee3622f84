"""Whether a group would be there after training again: other seeds of both models, on items that it was not made of.

That x groups some items and y does not may be what the two models are, or what the seeds of these two trainings made
of them; one pair cannot tell. With replicates it can be told. In each of four rounds

1. at most 1,000 items are drawn; half of them are seen, half unseen;
2. the clusters of a direction are made of x and y, on the items seen; the unseen fall to the cluster of their nearest
   seen item;
3. for each replicate, and each cluster that at least four unseen items fell into, the mean log neighbour rank of one
   such member in the list of another is taken, among the items of the round.

Clusters of a round stand for the cluster of the comparison that they agree with most, and the mean over rounds is
taken: one number for each replicate and cluster. x and y have none, since they chose the clusters. A group that x alone
holds together has lower ranks in the replicates of x than in those of y; Student's t tests that over the replicates.
Where others have gathered, items rank lower as well, so a small effect may be the other side of a group elsewhere: one
below log 1.25 does not count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import ranked
from repdiff.affinity.few import ranks_of_few
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.core.errors import RepdiffError
from repdiff.core.geometry import neighbor_places
from repdiff.core.metrics import Metric
from repdiff.core.overlap import match_clusters
from repdiff.core.parallel import for_each_tile
from repdiff.core.progress import Progress, silent
from repdiff.evidence.statistics import benjamini_hochberg, difference_of_means
from repdiff.evidence.unseen import FEWEST_UNSEEN, Recluster, Setting, cluster_seen
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.evidence import FDR
from repdiff.results.replicates import ClusterReplicates, DirectionReplicates, ReplicateCode, Replicates

Ranks = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Place = tuple[DirectionName, int]

LARGEST_SAMPLE = 1000
N_ROUNDS = 4
LEAST_EFFECT = float(np.log(1.25))


@dataclass(frozen=True)
class Deal:
    """The items of one round.

    Attributes
    ----------
    rows : ndarray of int64, (m,)
        Which items, ascending.
    seen, unseen : ndarray of int64
        Places among them.
    """

    rows: Rows
    seen: Rows
    unseen: Rows


def deal_rounds(n: int, *, random_state: int | None = 0) -> tuple[Deal, ...]:
    """The items of each round, of n."""
    rng = np.random.default_rng(random_state)
    m = min(n, LARGEST_SAMPLE)
    dealt = []
    for _ in range(N_ROUNDS):
        rows = np.arange(n) if m == n else np.sort(rng.choice(n, m, replace=False))
        order = rng.permutation(m)
        dealt.append(Deal(rows, np.sort(order[: m // 2]), np.sort(order[m // 2 :])))
    return tuple(dealt)


def ranks_in_rounds(values: npt.NDArray[Any], metric: Metric, deals: Sequence[Deal]) -> tuple[Ranks, ...]:
    """Neighbour ranks of one representation among the items of each round, (m, m).

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Embeddings; or distances, (n, n), where the metric is "precomputed".
    metric : {"euclidean", "cosine", "precomputed"}
        Distance between rows.
    deals : sequence of Deal
        The rounds.
    """
    found: list[Ranks] = []
    for number, deal in enumerate(deals):
        same = number > 0 and np.array_equal(deal.rows, deals[number - 1].rows)
        found.append(found[-1] if same else _ranks_among(values, metric, deal.rows))
    return tuple(found)


def ranks_of_unseen(values: npt.NDArray[Any], metric: Metric, deals: Sequence[Deal]) -> tuple[Ranks, ...]:
    """The same among the unseen of each round, (u, u): all that is kept of a replicate."""
    every = ranks_in_rounds(values, metric, deals)
    return tuple(ranks[np.ix_(deal.unseen, deal.unseen)] for ranks, deal in zip(every, deals, strict=True))


def _ranks_among(values: npt.NDArray[Any], metric: Metric, rows: Rows) -> Ranks:
    if metric == "precomputed":
        return neighbor_places(values[np.ix_(rows, rows)], np.arange(len(rows)))
    side = ranked(values[rows], metric=metric)
    assert isinstance(side, RankedEmbedding)
    return ranks_of_few(side.coordinates[:])


@dataclass(frozen=True)
class ReplicateRanks:
    """What the test needs of the pair and of its replicates.

    Attributes
    ----------
    deals : tuple of Deal
        The rounds.
    x, y : tuple of ndarray of int32, (m, m)
        Ranks of both sides in each round.
    replicates_x, replicates_y : tuple of tuple of ndarray of int32, (u, u)
        For each replicate, its ranks among the unseen of each round.
    """

    deals: tuple[Deal, ...]
    x: tuple[Ranks, ...]
    y: tuple[Ranks, ...]
    replicates_x: tuple[tuple[Ranks, ...], ...]
    replicates_y: tuple[tuple[Ranks, ...], ...]


@dataclass(frozen=True)
class ReplicateFindings:
    """Of the comparison, and of each cluster in the order of its direction; None where nothing is claimed."""

    whole: Replicates
    clusters: Mapping[DirectionName, tuple[ClusterReplicates | None, ...]]


def assess_replicates(
    ranks: ReplicateRanks,
    directions: Mapping[DirectionName, Direction],
    reclusters: Mapping[DirectionName, Recluster],
    *,
    gamma: float,
    beta: float,
    groups: npt.NDArray[np.int32] | None = None,
    level: float = FDR,
    n_jobs: int = 1,
    progress: Progress = silent,
) -> ReplicateFindings:
    """What replicates say of a comparison.

    Parameters
    ----------
    ranks : ReplicateRanks
        Of both sides and the replicates.
    directions : mapping to Direction
        Both directions of the comparison.
    reclusters : mapping to callable
        For each direction: affinity of some items, a seed and None for as many clusters as there are -> labels.
    gamma, beta : float
        Of the affinity.
    groups : ndarray of int32, (n,), optional
        Where only pairs within a group count, the group of each item.
    level : float
        False discovery rate at which a cluster is found.
    n_jobs, progress
        As in :func:`repdiff.compare`; the stage is "replicates".
    """
    n_clusters = max(len(direction.clusters) for direction in directions.values())
    if len(ranks.deals[0].unseen) < FEWEST_UNSEEN * n_clusters:
        return _without_figures(ranks, directions, "too_few")
    test = _Test(ranks, directions, reclusters, gamma, beta, groups)
    try:
        found = test.log_ranks(n_jobs, progress)
    except RepdiffError:
        return _without_figures(ranks, directions, "untested")
    return _judged(ranks, directions, found, level)


def _without_figures(
    ranks: ReplicateRanks, directions: Mapping[DirectionName, Direction], code: ReplicateCode
) -> ReplicateFindings:
    told = {
        name: DirectionReplicates(code if one.difference_clusters else "nothing_to_test")
        for name, one in directions.items()
    }
    nothing = {name: (None,) * len(one.clusters) for name, one in directions.items()}
    return ReplicateFindings(_whole(ranks, told), nothing)


def _whole(ranks: ReplicateRanks, told: Mapping[DirectionName, DirectionReplicates]) -> Replicates:
    n_x, n_y = len(ranks.replicates_x), len(ranks.replicates_y)
    return Replicates(n_x, n_y, len(ranks.deals[0].rows), len(ranks.deals), told)


@dataclass(frozen=True)
class _LogRanks:
    """Of one direction.

    Attributes
    ----------
    x, y : ndarray of float64, (r, k)
        Mean log rank within each cluster in each replicate; NaN where too few unseen items fell into it.
    n_unseen : ndarray of float64, (k,)
        Unseen members, on average over the rounds.
    """

    x: FloatArray
    y: FloatArray
    n_unseen: FloatArray


@dataclass(frozen=True)
class _Test:
    ranks: ReplicateRanks
    directions: Mapping[DirectionName, Direction]
    reclusters: Mapping[DirectionName, Recluster]
    gamma: float
    beta: float
    groups: npt.NDArray[np.int32] | None

    def log_ranks(self, n_jobs: int, progress: Progress) -> dict[DirectionName, _LogRanks]:
        """The figures of both directions, from all rounds."""
        tasks = [(name, number) for number in range(len(self.ranks.deals)) for name in DIRECTIONS]
        done: dict[Place, tuple[FloatArray, FloatArray]] = {}

        def look(task: Place) -> None:
            done[task] = self._round(*task)

        for_each_tile(look, tasks, n_jobs=n_jobs, stage="replicates", progress=progress)
        n_x = len(self.ranks.replicates_x)
        found = {}
        for name in DIRECTIONS:
            rounds = [done[name, number] for number in range(len(self.ranks.deals))]
            means = _mostly_known(np.stack([logs for logs, _ in rounds]))
            found[name] = _LogRanks(means[:n_x], means[n_x:], np.mean([sizes for _, sizes in rounds], axis=0))
        return found

    def _round(self, name: DirectionName, number: int) -> tuple[FloatArray, FloatArray]:
        """Mean log ranks, (r, k), of the replicates of x and then of y; and how many unseen items each cluster has."""
        ranks, direction, deal = self.ranks, self.directions[name], self.ranks.deals[number]
        groups = None if self.groups is None else self.groups[deal.rows]
        setting = Setting(deal.seen, deal.unseen, self.gamma, self.beta, self.reclusters[name], groups)
        sides = (ranks.x[number], ranks.y[number])
        holder, other = sides if name == "x_only" else sides[::-1]
        labels, members = cluster_seen(setting, holder, other, seed=number)
        k = len(direction.clusters)
        _, match = match_clusters(direction.labels[deal.rows[deal.seen]], labels, k)
        own = np.where(match >= 0, members[:, match], False)
        inside = None if groups is None else groups[deal.unseen][:, None] == groups[deal.unseen]
        replicates = (*ranks.replicates_x, *ranks.replicates_y)
        logs = np.stack([_mean_log_ranks(one[number], own, inside) for one in replicates])
        return logs, own.sum(axis=0).astype(np.float64)


def _mean_log_ranks(ranks: Ranks, members: npt.NDArray[np.bool_], inside: npt.NDArray[np.bool_] | None) -> FloatArray:
    """Mean log rank of one member in the list of another, (k,); NaN for fewer than four members.

    Parameters
    ----------
    ranks : ndarray of int32, (u, u)
        Among the unseen items.
    members : ndarray of bool, (u, k)
        Of each cluster.
    inside : ndarray of bool, (u, u), or None
        Which pairs count.
    """
    marks = members.astype(np.float64)
    logs = np.log(ranks.astype(np.float64))  # an item's own rank is 1, so it adds nothing
    n_pairs = np.square(marks.sum(axis=0))
    if inside is not None:
        logs = np.where(inside, logs, 0.0)
        n_pairs = np.einsum("uk,uk->k", marks, inside @ marks)
    n_pairs = n_pairs - marks.sum(axis=0)
    sums = np.einsum("uk,uk->k", marks, logs @ marks)
    enough = (marks.sum(axis=0) >= FEWEST_UNSEEN) & (n_pairs > 0)
    return np.asarray(np.where(enough, sums / np.maximum(n_pairs, 1), np.nan))


def _mostly_known(rounds: FloatArray) -> FloatArray:
    """Mean over rounds, (r, k), of what is not NaN, where that is half of the rounds or more."""
    known = ~np.isnan(rounds)
    sums = np.where(known, rounds, 0.0).sum(axis=0)
    counts = known.sum(axis=0)
    return np.asarray(np.where(2 * counts >= len(rounds), sums / np.maximum(counts, 1), np.nan))


def _judged(
    ranks: ReplicateRanks,
    directions: Mapping[DirectionName, Direction],
    found: Mapping[DirectionName, _LogRanks],
    level: float,
) -> ReplicateFindings:
    """Effects and tests of all difference clusters, with one false discovery rate over both directions."""
    places = [(name, cluster.index) for name in DIRECTIONS for cluster in directions[name].difference_clusters]
    told = {place: _cluster(place, found[place[0]]) for place in places}
    tested = [place for place in places if told[place].p_value is not None]
    rates = benjamini_hochberg([told[place].p_value or 0.0 for place in tested])
    for place, rate in zip(tested, rates, strict=True):
        effect = told[place].effect
        is_found = bool(rate <= level and effect is not None and effect >= LEAST_EFFECT)
        told[place] = replace(told[place], q_value=float(rate), found=is_found)
    clusters = {
        name: tuple(told.get((name, index)) for index in range(len(directions[name].clusters))) for name in DIRECTIONS
    }
    summed = {name: _direction(name, directions[name], clusters[name], found[name]) for name in DIRECTIONS}
    return ReplicateFindings(_whole(ranks, summed), clusters)


def _cluster(place: Place, found: _LogRanks) -> ClusterReplicates:
    name, index = place
    x, y, n_unseen = found.x[:, index], found.y[:, index], float(found.n_unseen[index])
    if np.isnan(x).any() or np.isnan(y).any():
        return ClusterReplicates(n_unseen)
    effect, error, p_value = difference_of_means(*((y, x) if name == "x_only" else (x, y)))
    return ClusterReplicates(n_unseen, tuple(x.tolist()), tuple(y.tolist()), effect, error, p_value)


def _direction(
    name: DirectionName,
    direction: Direction,
    clusters: Sequence[ClusterReplicates | None],
    found: _LogRanks,
) -> DirectionReplicates:
    """All clusters with an effect together."""
    if not direction.difference_clusters:
        return DirectionReplicates("nothing_to_test")
    known = [index for index, one in enumerate(clusters) if one is not None and one.effect is not None]
    if not known:
        return DirectionReplicates("too_few")
    sizes = [direction.clusters[index].size for index in known]
    x, y = (np.average(side[:, known], axis=1, weights=sizes) for side in (found.x, found.y))
    effect, error, p_value = difference_of_means(*((y, x) if name == "x_only" else (x, y)))
    is_found = np.array([one is not None and one.found is True for one in clusters])
    code: ReplicateCode = "found" if is_found.any() else "not_found"
    return DirectionReplicates(
        "no_test" if p_value is None else code, len(known), int(is_found.sum()),
        float(is_found[direction.labels].mean()), effect, error, p_value,
    )  # fmt: skip
