"""``n_clusters="auto"``: so many clusters that the groups shown are those that hold.

Samples of the items are cut into several numbers of clusters and compared with simulated samples cut alike
(:mod:`.cuts`). A group counts if it is tighter than noise, as in :mod:`.against_noise`. The *gain* of a number is what
its groups show that noise does not make: the mean over unseen items of their log affinity to their group, less what
that is in simulated clusters of the size. Groups that claim a difference and are no tighter than noise count against
it. That is multiplied by how far the groups, no change among them, are found again with other items and other settings.

Too few clusters put items together that have little to do with each other, which lowers the affinity of each of them.
Too many cut groups into parts that are no tighter and come out differently each time. Numbers whose gain is within 5 %
of the largest, or within 10 % and the standard error of the difference between samples, are as good as that one, and
the smallest of them is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked
from repdiff.core.parallel import single_threaded_libraries
from repdiff.core.progress import Progress, silent
from repdiff.evidence.against_noise import SAME_OVERLAP
from repdiff.evidence.cuts import Cut, cut_rounds
from repdiff.evidence.decision import LEAST_EXCESS, LEAST_GROUP_EXCESS
from repdiff.evidence.excess import judge_above, usual_of_size
from repdiff.evidence.matched_noise import draw_rounds, is_testable
from repdiff.evidence.statistics import benjamini_hochberg
from repdiff.results.choice import ChosenNumber, TriedNumber
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.results.evidence import FDR
from repdiff.settings import N_CLUSTERS, MethodSettings

NUMBERS = (*range(2, 13), 15, 20)
AS_GOOD, MOST_UNSURE = 0.05, 0.10  # of the largest gain: a smaller difference is none, a larger one is no chance
_STAGE = "number of clusters"


def choose_holding_numbers(
    x: Ranked,
    y: Ranked,
    names: Sequence[DirectionName] = DIRECTIONS,
    *,
    gamma: float = MethodSettings.gamma,
    beta: float = MethodSettings.beta,
    no_change_threshold: float = MethodSettings.no_change_threshold,
    groups: npt.NDArray[np.int32] | None = None,
    n_jobs: int = 1,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> Mapping[DirectionName, ChosenNumber]:
    """How many clusters of each direction hold against matched noise.

    Parameters
    ----------
    x, y : Ranked
        Both sides, made ready to give ranks, of the same n items.
    names : sequence of str
        The directions asked for.
    gamma, beta, no_change_threshold : float
        The settings of the comparison.
    groups : ndarray of int32, (n,), optional
        Where only pairs within a group count, the group of each item.
    n_jobs : int
        Threads.
    random_state : int or None
        Seed.
    progress : Progress, optional
        Told about the stage "number of clusters".

    Returns
    -------
    mapping
        Nothing where noise cannot be asked: with fewer than 300 items, or where both sides have the same neighbours.
    """
    if not is_testable(x.n, max(NUMBERS)):
        return {}
    # Other samples than those of the findings, which judge what is chosen.
    seed = int(np.random.default_rng(random_state).integers(2**31, size=2)[1])
    drawn = draw_rounds(x, y, groups=groups, seed=seed, n_jobs=n_jobs)
    if drawn[0].overlap >= SAME_OVERLAP:
        return {}
    with single_threaded_libraries():
        cuts = cut_rounds(
            drawn, NUMBERS, names, gamma=gamma, beta=beta, seed=seed, n_jobs=n_jobs, stage=_STAGE, progress=progress
        )
    return {
        name: _chosen(
            [_tried(n, cut, no_change_threshold) for n, cut in of.items()], x.n, len(drawn[0].rows), len(drawn)
        )
        for name, of in cuts.items()
    }


def _chosen(tried: Sequence[TriedNumber], n_items: int, n_sampled: int, n_rounds: int) -> ChosenNumber:
    """The smallest of the numbers that are as good as the best, of those with groups that hold in most rounds."""
    able = [one for one in tried if 2 * one.n_rounds > n_rounds and one.gain > 0]
    if not able:
        return ChosenNumber(N_CLUSTERS, (), "nothing_holds", n_items, tuple(tried), n_sampled, n_rounds)
    best = max(able, key=lambda one: one.gain)
    n = min(one.n for one in able if _is_as_good(one, best))
    return ChosenNumber(n, (), "holds", n_items, tuple(tried), n_sampled, n_rounds)


def _is_as_good(one: TriedNumber, best: TriedNumber) -> bool:
    """Whether the best gains no more than a little, or no more than the samples differ in that."""
    more = np.subtract(best.gains, one.gains)
    error = float(np.std(more, ddof=1) / np.sqrt(len(more)))
    return bool(more.mean() <= max(AS_GOOD * best.gain, min(error, MOST_UNSURE * best.gain)))


def _tried(n: int, rounds: Sequence[Cut], no_change_threshold: float) -> TriedNumber:
    """What the rounds say of a number of clusters."""
    null_log_sizes = np.log(np.concatenate([one.null.sizes for one in rounds]))
    null_above, null_of_members = (
        np.concatenate([getattr(one.null, figure) for one in rounds]) for figure in ("above", "of_members")
    )
    figures: list[_Figures] = []
    for one in rounds:
        log_sizes, shares = np.log(one.groups.sizes), one.groups.sizes / one.n_unseen
        claims = one.groups.log_affinity >= np.log(no_change_threshold)
        judged = [
            judge_above(above, log_size, null_above, null_log_sizes)
            for above, log_size in zip(one.groups.above, log_sizes, strict=True)
        ]
        holds = _holds(np.array(judged).reshape(-1, 2), claims)
        usual = [usual_of_size(log_size, null_of_members, null_log_sizes) for log_size in log_sizes]
        shows = np.where(holds, one.groups.of_members - usual, np.where(claims, -LEAST_EXCESS, 0.0))
        again = float(np.average(one.found_again, weights=shares)) if len(shares) else 0.0
        figures.append(_Figures(shares, shows, holds, claims & ~holds, again))
    return TriedNumber(
        n,
        tuple(float(one.shares @ one.shows) * one.again for one in figures),
        float(np.mean([one.holds.sum() for one in figures])),
        float(np.mean([one.fails.sum() for one in figures])),
        float(np.mean([one.shares[one.holds].sum() for one in figures])),
        float(np.mean([one.shares[one.fails].sum() for one in figures])),
        float(np.mean([one.again for one in figures])),
        sum(bool(one.holds.any()) for one in figures),
    )


@dataclass(frozen=True)
class _Figures:
    """Shares, what is shown, what holds and what fails, of the groups of a round; and how far they are found again."""

    shares: npt.NDArray[np.float64]
    shows: npt.NDArray[np.float64]
    holds: npt.NDArray[np.bool_]
    fails: npt.NDArray[np.bool_]
    again: float


def _holds(judged: npt.NDArray[np.float64], claims: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which clusters of a round are tighter than noise, from excess and p-value of each, (g, 2)."""
    holds = np.zeros(len(claims), bool)
    holds[claims] = benjamini_hochberg(judged[claims, 1]) <= FDR
    return holds & (judged[:, 0] >= LEAST_GROUP_EXCESS)
