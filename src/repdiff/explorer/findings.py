"""The groups of both directions as the list of findings shows them, in the order of what they mean for a decision."""

from __future__ import annotations

from typing import Any

from repdiff.explorer.explored import Explored
from repdiff.report.belief import belief
from repdiff.report.wording.evidence import standing
from repdiff.report.wording.groups import all_in_order
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, DirectionName


def findings(explored: Explored) -> dict[DirectionName, list[dict[str, Any]]]:
    """All clusters of each direction, those of no change last."""
    return {
        name: [_finding(explored, name, cluster) for cluster in all_in_order(explored.direction(name))]
        for name in DIRECTIONS
    }


def _finding(explored: Explored, name: DirectionName, cluster: DifferenceCluster) -> dict[str, Any]:
    evidence, told = cluster.evidence, belief(explored.comparison, name, cluster)
    return {
        "index": cluster.index,
        "number": explored.numbers[name][cluster.index],
        "called": explored.names[name][cluster.index],
        "size": cluster.size,
        "share": cluster.size / explored.n,
        "meanAffinity": cluster.mean_affinity,
        "noChange": cluster.is_no_change,
        "labels": list(cluster.label_counts),
        "fate": None if evidence is None or cluster.is_no_change else evidence.fate,
        "value": None if evidence is None or cluster.is_no_change else evidence.value,
        "standing": "no change" if cluster.is_no_change else "not tested" if evidence is None else standing(evidence),
        "words": [] if told is None or cluster.is_no_change else [one for one in _words(told) if one],
        "representatives": cluster.representatives[:6].tolist(),
    }


def _words(told: Any) -> tuple[str, ...]:
    return told.became, told.meaning, told.outcome, told.words
