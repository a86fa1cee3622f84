"""Both directions against matched noise: what is more, and whether it lies in groups or all over.

A group that one side holds together and the other scatters also changes the reverse direction: its members have
neighbours in the other side that this one has lost. So where significant groups hold at most half of the items, the
test is repeated without these items. What is then no more than noise differs in those groups alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked
from repdiff.core.parallel import for_each_tile
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.evidence.excess import Excess, excess_of, with_lesser_clusters
from repdiff.evidence.matched_noise import (
    Drawn,
    Round,
    draw_rounds,
    is_testable,
    kernel_says_more,
    simulate_rounds,
)
from repdiff.evidence.statistics import benjamini_hochberg
from repdiff.evidence.unseen import Recluster
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.evidence import FDR
from repdiff.results.findings import Finding, FindingCode

LEAST_EXCESS = 0.25  # of mean log affinity: 1.28 times that of noise
LEAST_REST = 0.15
LEAST_GROUP_EXCESS = float(np.log(1.25))
MOST_LOCAL = 0.5  # of the items: groups that hold more are no exception
SAME_OVERLAP = 0.99
_ROUNDS_OF_REST = 2


@dataclass(frozen=True)
class Weighed:
    """One direction against matched noise.

    Attributes
    ----------
    finding : Finding
        Of the direction.
    excess, unseen_affinity, p_value, q_value : ndarray of float64, (k,)
        Of each cluster; NaN where it was not tested.
    is_significant : ndarray of bool, (k,)
        Whether it is tighter than matched noise.
    simulated : ndarray of int32, (m, m), or None
        Ranks of the side that holds the clusters, simulated, among the items of the first round.
    """

    finding: Finding
    excess: npt.NDArray[np.float64]
    unseen_affinity: npt.NDArray[np.float64]
    p_value: npt.NDArray[np.float64]
    q_value: npt.NDArray[np.float64]
    is_significant: npt.NDArray[np.bool_]
    simulated: npt.NDArray[np.int32] | None


@dataclass(frozen=True)
class NoiseTest:
    """What is tested, and how.

    Attributes
    ----------
    x, y : Ranked
        Both sides.
    directions : mapping to Direction
        The clusters found.
    reclusters : mapping to callable
        For each direction: affinity, seed and a number of clusters (None for as many as there are) -> labels.
    gamma, beta : float
        Of the affinity.
    no_change_threshold : float
        Mean affinity below which a cluster claims nothing.
    groups : ndarray of int32, (n,), or None
        Where only pairs within a group count, the group of each item.
    seed : int
        Of all that is drawn.
    n_jobs : int
        Threads.
    """

    x: Ranked
    y: Ranked
    directions: Mapping[DirectionName, Direction]
    reclusters: Mapping[DirectionName, Recluster]
    gamma: float
    beta: float
    no_change_threshold: float
    groups: npt.NDArray[np.int32] | None = None
    seed: int = 0
    n_jobs: int = 1


def weigh_against_noise(
    test: NoiseTest, drawn: tuple[Drawn, ...], *, progress: Progress = silent
) -> Mapping[DirectionName, Weighed]:
    """Code and figures of each direction, and of each of its clusters.

    Parameters
    ----------
    test : NoiseTest
        What is tested.
    drawn : tuple of Drawn
        The items of each round.
    progress : Progress, optional
        Told about each set of simulations.
    """
    sizes = {name: len(test.directions[name].clusters) for name in DIRECTIONS}
    if _is_same(test, drawn):
        same = Finding("same", overlap=drawn[0].overlap, n_sampled=len(drawn[0].rows))
        return {name: untested(same, sizes[name]) for name in DIRECTIONS}
    if not is_testable(test.x.n, max(sizes.values())):
        return {name: untested(Finding("too_few"), sizes[name]) for name in DIRECTIONS}
    rounds = _simulate(test, drawn, DIRECTIONS, prefixed(progress, "noise"))
    excess = {name: _excess(test, name, rounds[name]) for name in DIRECTIONS}
    significant, rates = _significant(test, excess)
    claimed = tuple(name for name in DIRECTIONS if _claims(excess[name], significant[name]))
    any_group = any(one.any() for one in significant.values())
    # A kernel only ever takes a group's claim back, so without one there is nothing to try.
    curved = _kernel_rounds(test, drawn, claimed, prefixed(progress, "curved relations")) if any_group else {}
    if curved:
        excess |= {name: with_lesser_clusters(excess[name], _excess(test, name, curved[name])) for name in curved}
        significant, rates = _significant(test, excess)
    rest = _rest(test, significant, prefixed(progress, "items outside of groups"))
    return {
        name: _weighed(
            test, name, excess[name], significant, rates[name], rest.get(name), rounds[name], curved.get(name)
        )
        for name in DIRECTIONS
    }


def untested(finding: Finding, k: int) -> Weighed:
    """A direction of ``k`` clusters none of which was tested."""
    unknown = np.full(k, np.nan)
    return Weighed(finding, unknown, unknown, unknown, unknown, np.zeros(k, bool), None)


def _is_same(test: NoiseTest, drawn: tuple[Drawn, ...]) -> bool:
    """Whether nothing is claimed, and the neighbours agree."""
    claims = any(test.directions[name].difference_clusters for name in DIRECTIONS)
    return not claims and drawn[0].overlap >= SAME_OVERLAP


def _simulate(
    test: NoiseTest, drawn: tuple[Drawn, ...], names: tuple[DirectionName, ...], progress: Progress, **options: Any
) -> Mapping[DirectionName, tuple[Round, ...]]:
    return simulate_rounds(
        drawn, {name: test.reclusters[name] for name in names}, gamma=test.gamma, beta=test.beta,
        seed=test.seed, n_jobs=test.n_jobs, progress=progress, **options,
    )  # fmt: skip


def _excess(test: NoiseTest, name: DirectionName, rounds: tuple[Round, ...]) -> Excess:
    direction = test.directions[name]
    return excess_of(rounds, direction.labels, len(direction.clusters))


def _significant(
    test: NoiseTest, excess: Mapping[DirectionName, Excess]
) -> tuple[dict[DirectionName, npt.NDArray[np.bool_]], dict[DirectionName, npt.NDArray[np.float64]]]:
    """Which clusters are tighter than noise, and at what false discovery rate over both directions."""
    places = [(name, cluster.index) for name in DIRECTIONS for cluster in test.directions[name].difference_clusters]
    found = benjamini_hochberg([excess[name].p_value[index] for name, index in places])
    rates = {name: np.full(len(test.directions[name].clusters), np.nan) for name in DIRECTIONS}
    for (name, index), rate in zip(places, found, strict=True):
        rates[name][index] = rate
    significant = {
        name: (rates[name] <= FDR)
        & (excess[name].cluster >= LEAST_GROUP_EXCESS)
        & (excess[name].unseen_affinity >= test.no_change_threshold)
        for name in DIRECTIONS
    }
    return significant, rates


def _claims(excess: Excess, significant: npt.NDArray[np.bool_]) -> bool:
    return bool(significant.any()) or max(excess.direction.values()) >= LEAST_EXCESS


def _kernel_rounds(
    test: NoiseTest, drawn: tuple[Drawn, ...], names: tuple[DirectionName, ...], progress: Progress
) -> Mapping[DirectionName, tuple[Round, ...]]:
    """The rounds of those directions that a kernel predicts better than a line does."""
    found: dict[DirectionName, bool] = {}

    def look(name: DirectionName) -> None:
        found[name] = kernel_says_more(drawn[0], name, test.seed)

    for_each_tile(look, names, n_jobs=test.n_jobs, progress=progress)
    curved = tuple(name for name in names if found[name])
    return _simulate(test, drawn, curved, progress, with_kernel=True, kinds=("shaped",)) if curved else {}


def _rest(
    test: NoiseTest, significant: Mapping[DirectionName, npt.NDArray[np.bool_]], progress: Progress
) -> Mapping[DirectionName, Excess]:
    """The excess of both directions without the items of significant groups; nothing where that makes no sense."""
    inside = np.zeros(test.x.n, bool)
    for name in DIRECTIONS:
        inside |= significant[name][test.directions[name].labels]
    outside = np.flatnonzero(~inside)
    k = max(len(test.directions[name].clusters) for name in DIRECTIONS)
    if not inside.any() or inside.mean() > MOST_LOCAL or not is_testable(len(outside), k):
        return {}
    drawn = draw_rounds(
        test.x, test.y, candidates=outside, groups=test.groups, n_rounds=_ROUNDS_OF_REST, seed=test.seed,
        n_jobs=test.n_jobs,
    )  # fmt: skip
    rounds = _simulate(test, drawn, DIRECTIONS, progress, kinds=("shaped",))
    return {name: _excess(test, name, rounds[name]) for name in DIRECTIONS}


def _weighed(
    test: NoiseTest,
    name: DirectionName,
    excess: Excess,
    significant: Mapping[DirectionName, npt.NDArray[np.bool_]],
    rates: npt.NDArray[np.float64],
    rest: Excess | None,
    rounds: tuple[Round, ...],
    curved: tuple[Round, ...] | None,
) -> Weighed:
    direction, own = test.directions[name], significant[name]
    share = float(own[direction.labels].mean())
    anywhere = any(one.any() for one in significant.values())
    code = decide(excess, rest, share=share, any_group=bool(own.any()), any_elsewhere=anywhere)
    finding = Finding(
        code,
        excess.direction["isotropic"],
        excess.direction["shaped"],
        None if rest is None else rest.direction["shaped"],
        excess.standard_error,
        int(own.sum()),
        len(direction.difference_clusters),
        share,
        float(np.mean([one.r2 for one in rounds])),
        None if curved is None else float(np.mean([one.r2 for one in curved])),
        None if curved is None else float(np.mean([one.excess["shaped"] for one in curved])),
        float(np.mean([one.overlap for one in rounds])),
        float(np.mean([one.overlap_simulated for one in rounds])),
        len(rounds[0].drawn.rows),
        len(rounds),
    )
    tested = ~np.isnan(rates)
    figures = [np.where(tested, each, np.nan) for each in (excess.cluster, excess.unseen_affinity, excess.p_value)]
    return Weighed(finding, figures[0], figures[1], figures[2], rates, own, rounds[0].simulated)


def decide(excess: Excess, rest: Excess | None, *, share: float, any_group: bool, any_elsewhere: bool) -> FindingCode:
    """What a direction comes to.

    Parameters
    ----------
    excess : Excess
        Of the direction.
    rest : Excess or None
        The same without the items of significant groups, where these hold at most half of the items.
    share : float
        Of the items that are in significant groups of this direction.
    any_group, any_elsewhere : bool
        Whether there is a significant group in this direction, and in either.
    """
    isotropic, shaped = excess.direction["isotropic"], excess.direction["shaped"]
    if max(isotropic, shaped) < LEAST_EXCESS and not any_group:
        return "noise"
    if any_elsewhere and rest is not None and share <= MOST_LOCAL:
        if rest.direction["shaped"] < LEAST_REST:
            return "local"
        return "throughout" if any_group or shaped >= LEAST_EXCESS else "directions"
    if shaped >= LEAST_EXCESS or any_group:
        return "throughout"
    return "directions"
