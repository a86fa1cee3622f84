"""Samples of the items, cut into several numbers of clusters, against matched noise: all numbers from one simulation.

What a simulated side looks like does not depend on how many clusters it is cut into, and neither do the eigenvectors of
its affinity. So the sides are simulated once, as in :mod:`.matched_noise` ("turned"), and each number adds only k-means
on a few hundred points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.clustering.few import cut_few
from repdiff.core.overlap import jaccard_table, match_clusters
from repdiff.core.parallel import end_if_stopped, for_each_tile
from repdiff.core.progress import Progress, silent
from repdiff.evidence.matched_noise import Drawn
from repdiff.evidence.nested import compile_first
from repdiff.evidence.prediction import FloatArray, turn
from repdiff.evidence.simulation import Noise, SharedNeighbours, matching_amount
from repdiff.evidence.unseen import (
    Block,
    Labels,
    Ranks,
    Setting,
    UnseenGroups,
    groups_of,
    members_of,
    nearest_seen,
    neighbourhood_curve,
    unseen_block,
)
from repdiff.results.clusters import DIRECTIONS, DirectionName

Rows = npt.NDArray[np.int64]

N_DRAWS = 2
FACTORS = ((0.5, 1.0), (2.0, 1.0), (1.0, 0.5), (1.0, 2.0))  # of gamma and beta: one variation in each round
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Cut:
    """One sample cut into one number of clusters, and simulated samples cut alike.

    Attributes
    ----------
    n_unseen : int
        All items unseen.
    groups, null : Tightness
        The clusters found, and those of all simulations.
    found_again : ndarray of float64, (g,)
        How far each cluster found is there again, from 0 to 1: the mean of its Jaccard index with the cluster that
        matches it when the unseen items are clustered on their own, and of that under other settings.
    """

    n_unseen: int
    groups: Tightness
    null: Tightness
    found_again: FloatArray


@dataclass(frozen=True)
class Tightness:
    """How tight clusters are among unseen items.

    Attributes
    ----------
    sizes : ndarray of int64, (g,)
        Unseen members of each.
    log_affinity : ndarray of float64, (g,)
        Log of the mean affinity among them.
    above : ndarray of float64, (g,)
        What that is above simulated neighbourhoods of the size.
    of_members : ndarray of float64, (g,)
        Mean over members of the log of their mean affinity to the others. A few tight members in a loose cluster raise
        the affinity of the cluster, but hardly this.
    """

    sizes: Rows
    log_affinity: FloatArray
    above: FloatArray
    of_members: FloatArray


def cut_rounds(
    rounds: Sequence[Drawn],
    numbers: Sequence[int],
    names: Sequence[DirectionName] = DIRECTIONS,
    *,
    gamma: float,
    beta: float,
    seed: int = 0,
    n_jobs: int = 1,
    stage: str = "",
    progress: Progress = silent,
) -> Mapping[DirectionName, Mapping[int, tuple[Cut, ...]]]:
    """The rounds of each direction, cut into each number of clusters.

    Parameters
    ----------
    rounds : sequence of Drawn
        Items of each.
    numbers : sequence of int
        Numbers of clusters.
    names : sequence of str
        The directions asked for.
    gamma, beta : float
        Of the affinity.
    seed : int
        Of the noise. Each round and direction has a stream of its own, so threads do not matter.
    n_jobs : int
        Threads.
    stage, progress
        What is told.
    """
    done: dict[tuple[DirectionName, int], list[Cut]] = {}

    def cut(task: tuple[DirectionName, int]) -> None:
        name, number = task
        rng = np.random.default_rng([seed, number, DIRECTIONS.index(name)])
        drawn = rounds[number]
        setting = Setting(*drawn.halves, gamma, beta, _one_number, drawn.groups)
        done[task] = _cut(drawn, setting, name == "y_only", numbers, FACTORS[number % len(FACTORS)], rng)

    tasks = [(name, number) for number in range(len(rounds)) for name in names]
    compile_first()
    for_each_tile(cut, tasks, n_jobs=n_jobs, stage=stage, progress=progress)
    return {
        name: {n: tuple(done[name, number][place] for number in range(len(rounds))) for place, n in enumerate(numbers)}
        for name in names
    }


def _one_number(affinity: Affinity, seed: int, number: int | None) -> Labels:
    return cut_few(affinity, (number or 1,), random_state=seed)[0]


def _cut(
    drawn: Drawn,
    setting: Setting,
    turned: bool,
    numbers: Sequence[int],
    factors: tuple[float, float],
    rng: np.random.Generator,
) -> list[Cut]:
    """One direction of one round, for each number; ``turned`` where y holds the clusters."""
    wanted, given = drawn.points[::-1] if turned else drawn.points
    holder, other = drawn.ranks[::-1] if turned else drawn.ranks
    every = np.arange(len(other))
    shared = SharedNeighbours(setting.nearness(other, every, every))
    noise = Noise(turn(given, wanted), shaped=True)
    amount = matching_amount(noise, shared, shared.overlap(holder), rng)
    simulated, curves = [], []
    for draw in range(N_DRAWS):
        end_if_stopped()
        ranks = noise.ranks(amount, noise.directions(rng))
        block = unseen_block(setting, ranks, other)
        end_if_stopped()
        simulated.append(_groups(setting, ranks, other, block, numbers, draw))
        curves.append(neighbourhood_curve(setting, ranks, block, rng))
    log_sizes, usual = curves[0][0], np.mean([curve for _, curve in curves], axis=0)
    real = _groups(setting, holder, other, unseen_block(setting, holder, other), numbers, 0)
    end_if_stopped()
    again = _again(setting, holder, other, [groups for groups, _ in real], numbers, factors)

    def tightness(groups: Sequence[tuple[UnseenGroups, FloatArray]]) -> Tightness:
        sizes, logs = (np.concatenate([getattr(one, of) for one, _ in groups]) for of in ("sizes", "log_affinity"))
        above = logs - np.interp(np.log(sizes), log_sizes, usual)
        return Tightness(sizes, logs, above, np.concatenate([of_members for _, of_members in groups]))

    return [
        Cut(len(setting.unseen), tightness([real[place]]), tightness([one[place] for one in simulated]), again[place])
        for place in range(len(numbers))
    ]


def _groups(
    setting: Setting, holder: Ranks, other: Ranks, block: Block, numbers: Sequence[int], seed: int
) -> list[tuple[UnseenGroups, FloatArray]]:
    """For each number the clusters of the items seen, and the mean log affinity of the unseen members of each."""
    nearest = nearest_seen(setting, holder)
    found = []
    for labels in cut_few(setting.affinity(holder, other, setting.seen), numbers, random_state=seed):
        members = members_of(labels, nearest)
        groups = groups_of(labels, members, block)
        marks = members[:, groups.cluster].astype(np.float32)
        means = np.maximum((block @ marks) / np.maximum(groups.sizes - 1, 1), _SMALLEST)
        found.append((groups, np.einsum("ug,ug->g", np.log(means), marks, dtype=np.float64) / groups.sizes))
    return found


def _again(
    setting: Setting,
    holder: Ranks,
    other: Ranks,
    real: Sequence[UnseenGroups],
    numbers: Sequence[int],
    factors: tuple[float, float],
) -> list[FloatArray]:
    """For each number, how well each group is found again: among the unseen alone, and by other settings."""
    nearest = nearest_seen(setting, holder)
    alone = cut_few(setting.affinity(holder, other, setting.unseen), numbers, random_state=0)
    changed = replace(setting, gamma=factors[0] * setting.gamma, beta=factors[1] * setting.beta)
    varied = cut_few(changed.affinity(holder, other, setting.seen), numbers, random_state=0)
    found = []
    for place, groups in enumerate(real):
        n = int(groups.labels.max()) + 1
        stability = match_clusters(groups.labels[nearest], alone[place], n)[0][groups.cluster]
        by_settings = jaccard_table(groups.labels, varied[place], n).max(axis=1)[groups.cluster]
        by_number = [
            jaccard_table(groups.labels, real[near].labels, n).max(axis=1)[groups.cluster]
            for near in _near(numbers, place)
        ]
        robustness = (2 * by_settings + np.mean(by_number, axis=0)) / 3  # weights as of gamma and beta, and the number
        found.append((stability + robustness) / 2)
    return found


def _near(numbers: Sequence[int], place: int) -> list[int]:
    """Places of the numbers that are next below and above by two or more."""
    below = [at for at, n in enumerate(numbers) if n <= numbers[place] - 2]
    above = [at for at, n in enumerate(numbers) if n >= numbers[place] + 2]
    return [*below[-1:], *above[:1]]
