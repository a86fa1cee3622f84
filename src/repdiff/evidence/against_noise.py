"""Both directions against matched noise: what is more, and whether it lies in groups or all over.

First x is compared with y, turned and scaled onto it, and noise (:mod:`.matched_noise`). Only where that leaves a doubt
the other kinds of simulations are made: where an excess might be due to another linear map, and where there is none
over noise with the covariance of the residuals, but perhaps over isotropic noise (:mod:`.decision`).

A group that one side holds together and the other scatters also changes the reverse direction: its members have
neighbours in the other side that this one has lost. So the test is repeated without the significant groups of either
direction and what belongs with them (:mod:`.rest`). What is then no more than noise differs in those groups alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked
from repdiff.core.progress import Progress, silent
from repdiff.evidence.decision import (
    CLEAR_EXCESS,
    LEAST_EXCESS,
    LEAST_GROUP_EXCESS,
    Figures,
    borders_of,
    codes_of,
)
from repdiff.evidence.excess import CLEAR_GROUP_EXCESS, Excess, excess_of, with_lesser_clusters
from repdiff.evidence.matched_noise import Drawn, Kind, Round, is_testable, simulate_rounds
from repdiff.evidence.rest import rest_of
from repdiff.evidence.statistics import benjamini_hochberg
from repdiff.evidence.unseen import Recluster
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.evidence import FDR
from repdiff.results.findings import Finding, FindingCode

SAME_OVERLAP = 0.99
_ROUNDS_OF_REST = 2
_UNSEEN_OF_SMALL = 10
_LEVEL_TOGETHER = 0.01  # of noise in which tight clusters are taken together: adds little to the rate of the others


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
    rounds = _simulate(test, drawn, DIRECTIONS, "turned", "noise", progress)
    excess = {name: _excess(test, name, rounds[name]) for name in DIRECTIONS}
    significant, rates = _significant(test, excess)
    doubtful = tuple(name for name in DIRECTIONS if _is_doubtful(excess[name], significant[name]))
    predicted = _other(test, drawn, rounds, doubtful, "predicted", "other linear maps", progress)
    for name, other in predicted.items():
        excess[name] = with_lesser_clusters(excess[name], other.excess, enough=CLEAR_GROUP_EXCESS)
    significant, rates = _significant(test, excess)
    undecided = tuple(name for name in DIRECTIONS if _is_undecided(excess[name], significant[name]))
    isotropic = _other(test, drawn, rounds, undecided, "isotropic", "noise of few directions", progress)
    small = _small(test, drawn, excess, progress)
    rest = _rest(test, drawn, excess, significant, progress)
    figures = {
        name: Figures(
            excess[name],
            predicted=predicted[name].excess if name in predicted else None,
            isotropic=isotropic[name].excess if name in isotropic else None,
            small=small.get(name),
            rest=rest.get(name),
            any_group=bool(significant[name].any()),
        )
        for name in DIRECTIONS
    }
    codes, borders = codes_of(figures), borders_of(figures)
    mapped = {**isotropic, **predicted}
    return {
        name: _weighed(
            test.directions[name], rounds[name], figures[name], significant[name], rates[name],
            code=codes[name], close_to=borders[name], r2_predicted=mapped[name].r2 if name in mapped else None,
        )
        for name in DIRECTIONS
    }  # fmt: skip


def untested(finding: Finding, k: int) -> Weighed:
    """A direction of ``k`` clusters none of which was tested."""
    unknown = np.full(k, np.nan)
    return Weighed(finding, unknown, unknown, unknown, unknown, np.zeros(k, bool), None)


def _is_same(test: NoiseTest, drawn: tuple[Drawn, ...]) -> bool:
    """Whether nothing is claimed, and the neighbours agree."""
    claims = any(test.directions[name].difference_clusters for name in DIRECTIONS)
    return not claims and drawn[0].overlap >= SAME_OVERLAP


@dataclass(frozen=True)
class _Other:
    """Another kind of simulations of one direction: its excess, and the R2 of its prediction."""

    excess: Excess
    r2: float


def _simulate(
    test: NoiseTest,
    drawn: tuple[Drawn, ...],
    names: tuple[DirectionName, ...],
    kind: Kind,
    stage: str,
    progress: Progress,
    known: Mapping[DirectionName, tuple[Round, ...]] | None = None,
) -> Mapping[DirectionName, tuple[Round, ...]]:
    return simulate_rounds(
        drawn, {name: test.reclusters[name] for name in names}, gamma=test.gamma, beta=test.beta, kind=kind,
        known=known, seed=test.seed, n_jobs=test.n_jobs, stage=stage, progress=progress,
    )  # fmt: skip


def _other(
    test: NoiseTest,
    drawn: tuple[Drawn, ...],
    known: Mapping[DirectionName, tuple[Round, ...]],
    names: tuple[DirectionName, ...],
    kind: Kind,
    stage: str,
    progress: Progress,
) -> Mapping[DirectionName, _Other]:
    if not names:
        return {}
    rounds = _simulate(test, drawn, names, kind, stage, progress, known)
    return {
        name: _Other(_excess(test, name, rounds[name]), float(np.mean([one.r2 for one in rounds[name]])))
        for name in names
    }


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
    for name in DIRECTIONS:
        together = len(DIRECTIONS) * excess[name].together
        if together <= _LEVEL_TOGETHER:  # a group that was cut into parts
            tight = excess[name].cluster >= CLEAR_GROUP_EXCESS
            rates[name] = np.where(tight, np.minimum(rates[name], together), rates[name])
    significant = {
        name: (rates[name] <= FDR)
        & (excess[name].cluster >= LEAST_GROUP_EXCESS)
        & (excess[name].unseen_affinity >= test.no_change_threshold)
        for name in DIRECTIONS
    }
    return significant, rates


def _is_doubtful(excess: Excess, significant: npt.NDArray[np.bool_]) -> bool:
    """Whether another linear map may explain what is claimed."""
    if excess.direction >= CLEAR_EXCESS:
        return False
    weak = significant & (excess.cluster < CLEAR_GROUP_EXCESS)
    return bool(weak.any()) or excess.direction >= LEAST_EXCESS


def _is_undecided(excess: Excess, significant: npt.NDArray[np.bool_]) -> bool:
    return not significant.any() and abs(excess.direction) < LEAST_EXCESS


def _small(
    test: NoiseTest, drawn: tuple[Drawn, ...], excess: Mapping[DirectionName, Excess], progress: Progress
) -> Mapping[DirectionName, Excess]:
    """The excess of clusters as small as can be judged, over noise within groups that both know; where it is asked."""
    names = tuple(name for name in DIRECTIONS if excess[name].direction <= -LEAST_EXCESS)
    if not names:
        return {}
    most = max(len(test.directions[name].clusters) for name in names)
    number = max(most, len(drawn[0].halves[1]) // _UNSEEN_OF_SMALL)
    rounds = simulate_rounds(
        drawn, {name: test.reclusters[name] for name in names}, gamma=test.gamma, beta=test.beta, kind="nearest",
        number=number, seed=test.seed, n_jobs=test.n_jobs, stage="noise within groups", progress=progress,
    )  # fmt: skip
    return {name: _excess(test, name, rounds[name]) for name in names}


def _rest(
    test: NoiseTest,
    drawn: tuple[Drawn, ...],
    excess: Mapping[DirectionName, Excess],
    significant: Mapping[DirectionName, npt.NDArray[np.bool_]],
    progress: Progress,
) -> Mapping[DirectionName, Excess]:
    """The excess of both directions without significant groups and what is as tight; nothing where there are none."""
    if not any(one.any() for one in significant.values()):
        return {}
    # Parts of a cut group are often too small to be significant, but as tight.
    alike = {name: significant[name] | (excess[name].cluster >= CLEAR_EXCESS) for name in DIRECTIONS}
    places = [(name, int(index)) for name in DIRECTIONS for index in np.flatnonzero(alike[name])]
    strongest = sorted(places, key=lambda place: -excess[place[0]].cluster[place[1]])
    labels = {name: test.directions[name].labels for name in DIRECTIONS}
    left = [rest_of(one, labels, strongest, test.gamma, test.beta) for one in drawn[:_ROUNDS_OF_REST]]
    k = max(len(test.directions[name].clusters) for name in DIRECTIONS)
    rest = tuple(one for one in left if one is not None and is_testable(len(one.rows), k, rest=True))
    if len(rest) < len(left):
        return {}
    rounds = _simulate(test, rest, DIRECTIONS, "turned", "items outside of groups", progress)
    return {name: _excess(test, name, rounds[name]) for name in DIRECTIONS}


def _weighed(
    direction: Direction,
    rounds: tuple[Round, ...],
    figures: Figures,
    own: npt.NDArray[np.bool_],
    rates: npt.NDArray[np.float64],
    *,
    code: FindingCode,
    close_to: FindingCode | None,
    r2_predicted: float | None,
) -> Weighed:
    excess = figures.excess
    finding = Finding(
        code,
        close_to=close_to,
        excess=excess.direction,
        excess_predicted=_of_direction(figures.predicted),
        excess_isotropic=_of_direction(figures.isotropic),
        excess_small=_of_direction(figures.small),
        excess_rest=_of_direction(figures.rest),
        standard_error=excess.standard_error,
        n_significant=int(own.sum()),
        n_tested=len(direction.difference_clusters),
        share_significant=float(own[direction.labels].mean()),
        r2=float(np.mean([one.r2 for one in rounds])),
        r2_predicted=r2_predicted,
        overlap=float(np.mean([one.overlap for one in rounds])),
        overlap_simulated=float(np.mean([one.overlap_simulated for one in rounds])),
        n_sampled=len(rounds[0].drawn.rows),
        n_rounds=len(rounds),
    )
    tested = ~np.isnan(rates)
    each = [np.where(tested, one, np.nan) for one in (excess.cluster, excess.unseen_affinity, excess.p_value)]
    return Weighed(finding, each[0], each[1], each[2], rates, own, rounds[0].simulated)


def _of_direction(excess: Excess | None) -> float | None:
    return None if excess is None else excess.direction
