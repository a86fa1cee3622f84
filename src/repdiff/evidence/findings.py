"""Both directions of a comparison -> what it comes to: real or noise, lost or reordered, how much, and who is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.affinity.base import Affinity
from repdiff.affinity.distances import Ranked
from repdiff.clustering.few import cluster_few
from repdiff.core.errors import RepdiffError
from repdiff.core.parallel import resolve_n_jobs, single_threaded_libraries
from repdiff.core.progress import Progress, silent
from repdiff.evidence.against_noise import NoiseTest, Weighed, untested, weigh_against_noise
from repdiff.evidence.cohesion import cohesions
from repdiff.evidence.correctness import (
    codes_of,
    correctness_of,
    is_numeric_target,
    paired,
    regression_of,
    value_of,
    votes_right,
    with_rates,
)
from repdiff.evidence.matched_noise import N_ROUNDS, Drawn, draw_rounds
from repdiff.evidence.nearest import Nearest, look_up, nearest_of
from repdiff.evidence.neighbours import neighbour_shares, neighbour_shares_of_ranks, share_of_change
from repdiff.evidence.outcomes import correctness as predictions_right
from repdiff.evidence.robustness import Sample
from repdiff.evidence.spread import standard_errors
from repdiff.evidence.unseen import Recluster
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.findings import (
    ClusterFinding,
    Correctness,
    Finding,
    Neighbours,
    PairedAccuracy,
    Regression,
)
from repdiff.results.neighbors import NeighborLists
from repdiff.settings import MethodSettings


@dataclass(frozen=True)
class Columns:
    """What is known of the items.

    Attributes
    ----------
    labels : Series, n rows, or None
        Names, or numbers to be predicted; missing values allowed.
    prediction_x, prediction_y : Series, n rows, or None
        The models' predictions of the labels.
    """

    labels: pd.Series | None = None
    prediction_x: pd.Series | None = None
    prediction_y: pd.Series | None = None


@dataclass(frozen=True)
class Findings:
    """The answers for one comparison.

    Attributes
    ----------
    directions : mapping of str to Finding
        Whether each direction shows more than noise would.
    clusters : mapping of str to tuple of ClusterFinding
        For each direction, in the order of its clusters.
    neighbours : Neighbours
        How much of the neighbourhoods changed.
    correctness : Correctness or None
        By the majority vote of the nearest neighbours' labels, each item left out; None without labels.
    predictions : Correctness or None
        By the models' predictions; None without labels and predictions of both.
    regression : Regression or None
        Where labels are numbers.
    """

    directions: Mapping[DirectionName, Finding]
    clusters: Mapping[DirectionName, tuple[ClusterFinding, ...]]
    neighbours: Neighbours
    correctness: Correctness | None = None
    predictions: Correctness | None = None
    regression: Regression | None = None


def assess_findings(
    x: Ranked,
    y: Ranked,
    directions: Mapping[DirectionName, Direction],
    *,
    columns: Columns | None = None,
    neighbors: NeighborLists | None = None,
    reclusters: Mapping[DirectionName, Recluster] | None = None,
    gamma: float = MethodSettings.gamma,
    beta: float = MethodSettings.beta,
    no_change_threshold: float = MethodSettings.no_change_threshold,
    groups: npt.NDArray[np.int32] | None = None,
    n_jobs: int | None = None,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> Findings:
    """What a comparison comes to.

    Parameters
    ----------
    x, y : Ranked
        Both sides, made ready to give ranks (:func:`repdiff.affinity.distances.ranked`), of the same n items.
    directions : mapping to Direction
        Both directions of their comparison.
    columns : Columns, optional
        Labels and predictions.
    neighbors : NeighborLists, optional
        The nearest neighbours, ten or more of each item; they are looked up by default.
    reclusters : mapping to callable, optional
        For each direction: affinity of some items, a seed and a number of clusters (None for as many as there are) ->
        labels. Spectral clustering by default; with several threads called side by side.
    gamma, beta, no_change_threshold : float
        The settings of the comparison.
    groups : ndarray of int32, (n,), optional
        Where only pairs within a group count, the group of each item. Neighbours are looked for among all.
    n_jobs, random_state, progress
        As in :func:`repdiff.compare`.

    Notes
    -----
    Where a clusterer cannot label a sample of the items, both directions are "untested"; the other answers stand.
    """
    columns = Columns() if columns is None else columns
    seed = int(np.random.default_rng(random_state).integers(2**31))
    threads = resolve_n_jobs(n_jobs)
    if reclusters is None:
        reclusters = {name: _spectral(len(directions[name].clusters)) for name in DIRECTIONS}
    nearest = _nearest(x, y, neighbors, seed, threads, progress)
    drawn = draw_rounds(x, y, groups=groups, n_rounds=N_ROUNDS, seed=seed, n_jobs=threads)
    test = NoiseTest(x, y, directions, reclusters, gamma, beta, no_change_threshold, groups, seed, threads)
    weighed = _weighed(test, drawn, progress)
    right = _Right.of(nearest, columns, directions)
    clusters = {
        name: _clusters(directions[name], weighed[name], nearest, right, drawn[0], gamma, beta, no_change_threshold)
        for name in DIRECTIONS
    }
    return Findings(
        {name: weighed[name].finding for name in DIRECTIONS}, clusters,
        _neighbours(nearest, drawn[0], weighed, directions), right.votes, right.predictions, right.regression,
    )  # fmt: skip


def _nearest(x: Ranked, y: Ranked, known: NeighborLists | None, seed: int, n_jobs: int, progress: Progress) -> Nearest:
    return (
        look_up(x, y, seed=seed, n_jobs=n_jobs, stage="neighbours", progress=progress)
        if known is None
        else nearest_of(known)
    )


def _weighed(test: NoiseTest, drawn: tuple[Drawn, ...], progress: Progress) -> Mapping[DirectionName, Weighed]:
    """Both directions against noise; untested where a clusterer cannot label a sample of the items."""
    try:
        # Matrices this small are slower on several threads of a library, and those that wait take the cores of others.
        with single_threaded_libraries():
            return weigh_against_noise(test, drawn, progress=progress)
    except RepdiffError:
        sizes = {name: len(test.directions[name].clusters) for name in DIRECTIONS}
        return {name: untested(Finding("untested"), sizes[name]) for name in DIRECTIONS}


def _spectral(n_clusters: int) -> Recluster:
    def recluster(affinity: Affinity, seed: int, number: int | None) -> npt.NDArray[np.int32]:
        return cluster_few(affinity, number or n_clusters, random_state=seed)

    return recluster


@dataclass(frozen=True)
class _Right:
    """Who is right: over all and by label, by predictions, and on each cluster."""

    votes: Correctness | None
    predictions: Correctness | None
    regression: Regression | None
    by_cluster: Mapping[tuple[DirectionName, int], PairedAccuracy | None]

    @classmethod
    def of(cls, nearest: Nearest, columns: Columns, directions: Mapping[DirectionName, Direction]) -> _Right:
        labels = columns.labels
        if labels is None:
            return cls(None, None, None, {})
        codes, names = codes_of(labels)
        predicted = [predictions_right(labels, one) for one in (columns.prediction_x, columns.prediction_y)]
        predictions = None
        if predicted[0] is not None and predicted[1] is not None:
            predictions = correctness_of(predicted[0], predicted[1], codes, names)
        if is_numeric_target(labels):
            numbers = labels.to_numpy(np.float64, na_value=np.nan)
            return cls(None, predictions, regression_of(nearest, numbers), {})
        right_x, right_y = votes_right(nearest, codes)
        places = [(name, cluster.index, cluster.items) for name in DIRECTIONS for cluster in directions[name].clusters]
        found = with_rates(paired(right_x, right_y, rows) for _, _, rows in places)
        by_cluster = {(name, index): one for (name, index, _), one in zip(places, found, strict=True)}
        return cls(correctness_of(right_x, right_y, codes, names), predictions, None, by_cluster)


def _clusters(
    direction: Direction,
    weighed: Weighed,
    nearest: Nearest,
    right: _Right,
    drawn: Drawn,
    gamma: float,
    beta: float,
    no_change_threshold: float,
) -> tuple[ClusterFinding, ...]:
    """What is found of each cluster of a direction."""
    cohesion = cohesions(nearest, direction.labels, len(direction.clusters))
    sizes = np.array([cluster.size for cluster in direction.clusters])
    affinity = Sample(*drawn.ranks, drawn.groups).affinity(direction.name, gamma, beta)
    errors = standard_errors(affinity, direction.labels[drawn.rows], sizes)
    found = []
    for cluster in direction.clusters:
        at, own = cluster.index, cohesion[cluster.index]
        votes = right.by_cluster.get((direction.name, at))
        finding = ClusterFinding(
            standard_error=_known(errors[at]),
            borderline=bool(abs(cluster.mean_affinity - no_change_threshold) <= errors[at]),
            excess=_known(weighed.excess[at]),
            excess_affinity=_known(weighed.unseen_affinity[at]),
            excess_p=_known(weighed.p_value[at]),
            excess_q=_known(weighed.q_value[at]),
            is_significant=bool(weighed.is_significant[at]),
            n_asked=own.n_asked,
            cohesion_x=own.x,
            cohesion_y=own.y,
            cohesion_chance=own.chance,
            fate=None if cluster.is_no_change else own.fate(direction.name),
            value=value_of(direction.name, votes),
            neighbours_right=votes,
        )
        found.append(finding)
    return tuple(found)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _neighbours(
    nearest: Nearest,
    drawn: Drawn,
    weighed: Mapping[DirectionName, Weighed],
    directions: Mapping[DirectionName, Direction],
) -> Neighbours:
    ranks_x, ranks_y = drawn.ranks
    noise_x, noise_y = (weighed[name].simulated for name in DIRECTIONS)
    return Neighbours(
        k=nearest.k,
        wide=nearest.wide,
        chance=nearest.k / (nearest.n - 1),
        all=neighbour_shares(nearest),
        sampled=None if noise_x is None else neighbour_shares_of_ranks(ranks_x, ranks_y),
        noise_x=None if noise_x is None else neighbour_shares_of_ranks(noise_x, ranks_y),
        noise_y=None if noise_y is None else neighbour_shares_of_ranks(ranks_x, noise_y),
        change_in_groups={
            name: share_of_change(nearest, weighed[name].is_significant[directions[name].labels]) for name in DIRECTIONS
        },
    )
