"""Both directions of a comparison -> the same, with evidence for every cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from repdiff.evidence.again import ClusteredAgain, Drawn, Varied
from repdiff.evidence.distinctive import distinctive_words
from repdiff.evidence.enrichment import enrichments
from repdiff.evidence.findings import Findings
from repdiff.evidence.outcomes import outcomes
from repdiff.evidence.significance import combine
from repdiff.evidence.statistics import benjamini_hochberg
from repdiff.evidence.verdict import conclude, judge
from repdiff.inputs import Items
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, Direction, DirectionName
from repdiff.results.evidence import FDR, ClusterEvidence, ComparisonEvidence

Place = tuple[DirectionName, int]


def weigh(
    directions: Mapping[DirectionName, Direction],
    items: Items,
    findings: Findings,
    again: ClusteredAgain,
    *,
    no_change_threshold: float,
    level: float = FDR,
) -> tuple[Direction, Direction, ComparisonEvidence]:
    """Both directions with evidence for every cluster, and what it comes to.

    Parameters
    ----------
    directions : mapping to Direction
        Both.
    items : Items
        What is known of the items.
    findings : Findings
        What the comparison comes to.
    again : ClusteredAgain
        How far the clusters are found again.
    no_change_threshold : float
        Mean affinity below which a cluster claims nothing.
    level : float
        False discovery rate at which clusters are called significant, and values enriched.
    """
    clusters = {(name, one.index): one for name in DIRECTIONS for one in directions[name].clusters}
    found = _described(items, clusters, findings, level)
    claimed = [place for place, cluster in clusters.items() if not cluster.is_no_change]
    if again.drawn:
        found |= _believed(found, claimed, again.drawn, again.varied)
    found |= {place: judge(found[place], untested=again.untested) for place in claimed}
    conclusion = _concluded([found[place] for place in claimed], again, no_change_threshold, level)
    x_only, y_only = (_with(directions[name], found) for name in DIRECTIONS)
    return x_only, y_only, _with_findings(conclusion, findings)


def _with_findings(conclusion: ComparisonEvidence, findings: Findings) -> ComparisonEvidence:
    return replace(
        conclusion, findings=findings.directions, neighbours=findings.neighbours, correctness=findings.correctness,
        predictions=findings.predictions, regression=findings.regression,
    )  # fmt: skip


def _concluded(
    found: Sequence[ClusterEvidence], again: ClusteredAgain, no_change_threshold: float, level: float
) -> ComparisonEvidence:
    resamples = again.drawn["x_only"] if again.drawn else ()
    return conclude(
        found, n_resamples=len(resamples), n_seen=len(resamples[0].seen) if resamples else 0,
        no_change_threshold=no_change_threshold, level=level, untested=again.untested,
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
