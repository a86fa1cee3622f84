"""Rounds of the matched noise test -> the excess of a direction, and of each of its clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.core.overlap import match_clusters
from repdiff.evidence.matched_noise import Round
from repdiff.evidence.prediction import FloatArray
from repdiff.evidence.significance import combine

CLEAR_GROUP_EXCESS = 1.0  # of a group: no other linear map is asked whether it explains it
_LEAST_SCALE = 0.10  # of log affinity: less is no difference that anybody could see
_BANDWIDTH = 0.5  # in log size: how far simulated clusters may be from a cluster's size to say what is usual for it
_LEAST_SPREAD = 0.025  # of what tight clusters hold together: as of an excess of 1 in a fortieth of the items
_LEAST_WEIGHT = 1e-3  # of a simulated cluster, however far: nothing is judged by nothing


@dataclass(frozen=True)
class Excess:
    """What the rounds say of one direction.

    Attributes
    ----------
    direction : float
        Of the direction, averaged over rounds.
    standard_error : float
        Of that, between the rounds.
    cluster : ndarray of float64, (k,)
        Excess of each cluster of the comparison; NaN where no round says anything of it.
    unseen_affinity : ndarray of float64, (k,)
        Its mean affinity on unseen items, NaN likewise.
    p_value : ndarray of float64, (k,)
        1 where most rounds say nothing of it.
    together : float
        p-value of all clusters with an excess of 1 or more, taken together.
    """

    direction: float
    standard_error: float
    cluster: FloatArray
    unseen_affinity: FloatArray
    p_value: FloatArray
    together: float = 1.0


def excess_of(rounds: Sequence[Round], labels: npt.NDArray[np.int32], n_clusters: int) -> Excess:
    """The excess of a direction, from rounds of one kind.

    Parameters
    ----------
    rounds : sequence of Round
        Of that direction.
    labels : ndarray of int32, (n,)
        Its clusters as they were found among all items; those of a round stand for those they agree with most.
    n_clusters : int
        How many.
    """
    null_above = np.concatenate([one.null_above for one in rounds])
    null_log_sizes = np.log(np.concatenate([one.null_sizes for one in rounds]))
    shape = (len(rounds), n_clusters)
    excess, affinity, p_values = np.full(shape, np.nan), np.full(shape, np.nan), np.ones(shape)
    for number, one in enumerate(rounds):
        seen = one.drawn.rows[one.drawn.halves[0]]
        _, match = match_clusters(labels[seen], one.groups.labels, n_clusters)
        for place, group in enumerate(one.groups.cluster):
            for cluster in np.flatnonzero(match == group):
                excess[number, cluster], p_values[number, cluster] = judge_above(
                    one.above[place], float(np.log(one.groups.sizes[place])), null_above, null_log_sizes
                )
                affinity[number, cluster] = np.exp(one.groups.log_affinity[place])
    each = [one.excess for one in rounds]
    return Excess(
        float(np.mean(each)),
        float(np.std(each, ddof=1) / np.sqrt(len(each))) if len(each) > 1 else 0.0,
        _mean_known(excess),
        _mean_known(affinity),
        combine(p_values),
        _together(rounds, null_above, null_log_sizes),
    )


def with_lesser_clusters(one: Excess, other: Excess, *, enough: float) -> Excess:
    """The excess by one kind; clusters with less than ``enough`` are judged by the kind that claims less."""
    weak = ~(one.cluster >= enough)
    return Excess(
        one.direction,
        one.standard_error,
        np.where(weak, np.fmin(one.cluster, other.cluster), one.cluster),
        one.unseen_affinity,
        np.where(weak, np.maximum(one.p_value, other.p_value), one.p_value),
        one.together,
    )


def _together(rounds: Sequence[Round], null_above: FloatArray, null_log_sizes: FloatArray) -> float:
    """Chance that noise makes as much of clusters with an excess of 1 or more: the t tail, scaled by simulations.

    A clustering often cuts a group into parts, each with too few unseen members to be significant by itself. What the
    parts hold together, their excess times their share of the unseen items, is compared with the same of each
    simulation.
    """
    from scipy.stats import t

    def held(above: FloatArray, sizes: npt.NDArray[np.int64], n_unseen: int) -> float:
        excess = [
            one - usual_of_size(float(np.log(size)), null_above, null_log_sizes)
            for one, size in zip(above, sizes, strict=True)
        ]
        return (
            float(sum(size * one for one, size in zip(excess, sizes, strict=True) if one >= CLEAR_GROUP_EXCESS))
            / n_unseen
        )

    real, simulated = [], []
    for one in rounds:
        n_unseen = len(one.drawn.halves[1])
        real.append(held(one.above, one.groups.sizes, n_unseen))
        for draw in range(one.n_draws):
            of_draw = one.null_draws == draw
            simulated.append(held(one.null_above[of_draw], one.null_sizes[of_draw], n_unseen))
    scale = max(float(np.std(simulated, ddof=1)), _LEAST_SPREAD)
    return float(t.sf((np.mean(real) - np.mean(simulated)) / scale, len(simulated) - 1))


def judge_above(above: float, log_size: float, null: FloatArray, null_log_sizes: FloatArray) -> tuple[float, float]:
    """Excess over simulated clusters of about the same size, and its t tail."""
    from scipy.stats import t

    centre, scale, freedom = _usual(log_size, null, null_log_sizes)
    return above - centre, float(t.sf((above - centre) / max(scale, _LEAST_SCALE), freedom))


def usual_of_size(log_size: float, null: FloatArray, null_log_sizes: FloatArray) -> float:
    """Mean figure of simulated clusters of about the same size."""
    return _usual(log_size, null, null_log_sizes)[0]


def _usual(log_size: float, null: FloatArray, null_log_sizes: FloatArray) -> tuple[float, float, float]:
    """Centre and spread of simulated clusters of about the same size, and degrees of freedom.

    Small clusters of noise vary more than large ones, so those that are near in size count more: mean and spread are
    weighted, and the degrees of freedom are those of the weights (Kish 1965).
    """
    weights = np.exp(-0.5 * np.square((null_log_sizes - log_size) / _BANDWIDTH)) + _LEAST_WEIGHT
    centre = float(np.average(null, weights=weights))
    scale = float(np.sqrt(np.average(np.square(null - centre), weights=weights)))
    freedom = max(1.0, float(weights.sum() ** 2 / np.square(weights).sum()) - 1)
    return centre, scale, freedom


def _mean_known(values: FloatArray) -> FloatArray:
    """Mean over the first axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    sums = np.where(known, values, 0).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan))
