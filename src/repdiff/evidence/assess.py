"""Both directions of a comparison -> the same, with evidence for every cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.core.errors import RepdiffError
from repdiff.core.geometry import neighbor_places
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.evidence.distinctive import distinctive_words
from repdiff.evidence.enrichment import enrichments
from repdiff.evidence.findings import Findings
from repdiff.evidence.outcomes import outcomes
from repdiff.evidence.resampling import Clustered, Resample, draw_resamples
from repdiff.evidence.robustness import LARGEST_VARIED, Sample, vary_settings
from repdiff.evidence.significance import combine
from repdiff.evidence.statistics import benjamini_hochberg
from repdiff.evidence.verdict import conclude, judge
from repdiff.inputs import Items
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, Direction, DirectionName
from repdiff.results.evidence import FDR, ClusterEvidence, ComparisonEvidence, Untested, Variation
from repdiff.settings import EvidenceSettings

Nearness = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[Any]]
Place = tuple[DirectionName, int]
Drawn = Mapping[DirectionName, tuple[Resample, ...]]
Varied = Mapping[DirectionName, tuple[tuple[Variation, ...], ...]]

_STAGE = "evidence"


@dataclass(frozen=True)
class Weighed:
    """One direction, and how it came about.

    Attributes
    ----------
    direction : Direction
        Its clusters.
    affinity : Affinity
        What was clustered.
    nearness : callable
        Rows and columns -> numbers that sort the columns from near to far, in the representation that holds the
        clusters.
    recluster : callable
        Affinity, seed and number of clusters (None for as many as before) -> labels.
    nearest : ndarray of int32, (n, q), or None
        The nearest other items of each item by ``nearness``, nearest first, where they are known.
    """

    direction: Direction
    affinity: Affinity
    nearness: Nearness
    recluster: Callable[[Affinity, int, int | None], npt.NDArray[np.int32]]
    nearest: npt.NDArray[np.int32] | None = None


def weigh(
    x_only: Weighed,
    y_only: Weighed,
    items: Items,
    findings: Findings,
    *,
    gamma: float,
    beta: float,
    no_change_threshold: float,
    groups: npt.NDArray[np.int32] | None = None,
    takes_number: bool = True,
    n_resamples: int = EvidenceSettings.n_resamples,
    level: float = FDR,
    n_jobs: int | None = None,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> tuple[Direction, Direction, ComparisonEvidence]:
    """Both directions with evidence for every cluster, and what it comes to.

    Parameters
    ----------
    x_only, y_only : Weighed
        The directions.
    items : Items
        What is known of the items.
    findings : Findings
        What the comparison comes to.
    gamma, beta, no_change_threshold : float
        The settings of the comparison.
    groups : ndarray of int32, (n,), optional
        Where only pairs within a group count, the group of each item.
    takes_number : bool
        Whether the clustering can be asked for another number of clusters.
    n_resamples : int
        How often some of the items are clustered again.
    level : float
        False discovery rate at which clusters are called significant, and values enriched.
    n_jobs, random_state, progress
        As in :func:`repdiff.compare`; the stage is "evidence".
    """
    seed = int(np.random.default_rng(random_state).integers(2**31))
    sides = (x_only, y_only)
    clusters = {(side.direction.name, one.index): one for side in sides for one in side.direction.clusters}
    found = _described(items, clusters, findings, level)
    claimed = [place for place, cluster in clusters.items() if not cluster.is_no_change]
    drawn: Drawn = {}
    untested: Untested = "sample_too_small"
    threads = resolve_n_jobs(n_jobs) if takes_number else 1  # a user's clusterer need not take several threads
    try:
        drawn = _drawn(sides, groups, n_resamples, threads, seed, progress)
        if drawn:
            varied = _varied(sides, drawn, groups, gamma, beta, takes_number, threads, seed)
            found |= _believed(found, claimed, drawn, varied)
    except RepdiffError:
        drawn, untested = {}, "sample_too_small" if takes_number else "clusterer_failed"
    found |= {place: judge(found[place], untested=untested) for place in claimed}
    conclusion = _concluded([found[place] for place in claimed], drawn, no_change_threshold, level, untested)
    return _with(x_only.direction, found), _with(y_only.direction, found), _with_findings(conclusion, findings)


def _with_findings(conclusion: ComparisonEvidence, findings: Findings) -> ComparisonEvidence:
    return replace(
        conclusion, findings=findings.directions, neighbours=findings.neighbours, correctness=findings.correctness,
        predictions=findings.predictions, regression=findings.regression,
    )  # fmt: skip


def _concluded(
    found: Sequence[ClusterEvidence], drawn: Drawn, no_change_threshold: float, level: float, untested: Untested
) -> ComparisonEvidence:
    resamples = drawn["x_only"] if drawn else ()
    return conclude(
        found, n_resamples=len(resamples), n_seen=len(resamples[0].seen) if resamples else 0,
        no_change_threshold=no_change_threshold, level=level, untested=untested,
    )  # fmt: skip


def _described(
    items: Items, clusters: Mapping[Place, DifferenceCluster], findings: Findings, level: float
) -> dict[Place, ClusterEvidence]:
    """What is found of each cluster, what it has more of than chance, and how the models fare on it."""
    rows = [cluster.items for cluster in clusters.values()]
    words = _words(items, clusters)
    found = zip(clusters, enrichments(items, rows, level=level), outcomes(items, rows), strict=True)
    return {
        (name, index): ClusterEvidence(
            **vars(findings.clusters[name][index]),
            enriched=enriched,
            words=words.get((name, index), ()),
            outcome=outcome,
        )
        for (name, index), enriched, outcome in found
    }


def _words(items: Items, clusters: Mapping[Place, DifferenceCluster]) -> dict[Place, tuple[str, ...]]:
    """The words of each cluster against the others of its direction; nothing without texts."""
    if items.text is None:
        return {}
    found: dict[Place, tuple[str, ...]] = {}
    for direction in DIRECTIONS:
        labels = np.zeros(len(items.frame), np.int32)
        for (name, index), cluster in clusters.items():
            if name == direction:
                labels[cluster.items] = index
        found |= {(direction, index): of for index, of in enumerate(distinctive_words(items.frame[items.text], labels))}
    return found


def _with(direction: Direction, found: Mapping[Place, ClusterEvidence]) -> Direction:
    clusters = (replace(cluster, evidence=found[direction.name, cluster.index]) for cluster in direction.clusters)
    return replace(direction, clusters=tuple(clusters))


def _drawn(
    sides: tuple[Weighed, Weighed],
    groups: npt.NDArray[np.int32] | None,
    n_resamples: int,
    n_jobs: int,
    seed: int,
    progress: Progress,
) -> Drawn:
    """The resamples of both directions; nothing where there are too few items for one of them."""
    clustered = [
        Clustered(side.affinity, side.direction.labels, side.nearness, side.recluster, groups, side.nearest)
        for side in sides
    ]
    found = draw_resamples(
        clustered, n_resamples=n_resamples, n_jobs=n_jobs, seed=seed, stage=_STAGE, progress=progress
    )
    drawn = {side.direction.name: resamples for side, resamples in zip(sides, found, strict=True)}
    return drawn if all(drawn.values()) else {}


def _believed(
    found: Mapping[Place, ClusterEvidence],
    claimed: Sequence[Place],
    drawn: Drawn,
    varied: Varied,
) -> Iterator[tuple[Place, ClusterEvidence]]:
    """Figures of belief, for each cluster that claims a difference."""
    p_values = {name: combine(np.array([one.unseen.p_value for one in drawn[name]])) for name in drawn}
    rates = benjamini_hochberg([p_values[name][index] for name, index in claimed])
    for (name, index), rate in zip(claimed, rates, strict=True):
        variations = varied[name][index]
        yield (
            (name, index),
            replace(
                found[name, index],
                unseen_affinity=_mostly_known([one.unseen.mean_affinity[index] for one in drawn[name]]),
                null_affinity=_mostly_known([one.unseen.null_affinity[index] for one in drawn[name]]),
                p_value=float(p_values[name][index]),
                q_value=float(rate),
                stability=_mostly_known([one.jaccard[index] for one in drawn[name]]),
                robustness=float(np.mean([one.jaccard for one in variations])) if variations else None,
                variations=variations,
            ),
        )


def _mostly_known(values: list[float]) -> float | None:
    """Mean of what is not NaN, where that is more than half."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if 2 * len(known) > len(values) else None


def _varied(
    sides: tuple[Weighed, Weighed],
    drawn: Drawn,
    groups: npt.NDArray[np.int32] | None,
    gamma: float,
    beta: float,
    takes_number: bool,
    n_jobs: int,
    seed: int,
) -> Varied:
    """Some of the items that the first resample saw, clustered under other settings."""
    seen = drawn["x_only"][0].seen
    rows = np.sort(np.random.default_rng(seed).permutation(seen)[:LARGEST_VARIED])
    ranks_x, ranks_y = (neighbor_places(side.nearness(rows, rows), np.arange(len(rows))) for side in sides)
    return vary_settings(
        Sample(ranks_x, ranks_y, None if groups is None else groups[rows]),
        {side.direction.name: side.direction.labels[rows] for side in sides},
        {side.direction.name: len(side.direction.clusters) for side in sides},
        {side.direction.name: side.recluster for side in sides},
        gamma=gamma,
        beta=beta,
        takes_number=takes_number,
        n_jobs=n_jobs,
        seed=seed,
    )
