"""Difference clusters as findings: in what order, under what number, called what, and what became of them."""

from __future__ import annotations

from repdiff.report.wording.findings import holder_and_other
from repdiff.results.clusters import DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ClusterEvidence
from repdiff.results.findings import Fate, FindingCode

_FATES: tuple[Fate | None, ...] = ("lost", "loosened", "reordered", None)
_MOST_OF_A_LABEL = 2  # words
_MOST_CHARACTERS = 28
_LONGEST_WITH_COLUMN = 2  # characters: such a label says nothing without the name of its column


def in_order(direction: Direction) -> tuple[DifferenceCluster, ...]:
    """The difference clusters of a direction by what they mean for a decision.

    Those that hold come first, then those that are tighter than noise, then those that are there in other seeds, then
    the others: so the first is the one that a sentence points to (:func:`told_of`). Within each of these, groups too
    near the threshold to be called come last. Then: there in other seeds; lost, loosened, reordered; those on which y
    is right less often than x, those on which it is right more often, the others; large before small. Without evidence,
    the highest mean affinity comes first.
    """
    clusters = direction.difference_clusters
    if any(cluster.evidence is None for cluster in clusters):
        return tuple(reversed(clusters))
    return tuple(sorted(clusters, key=lambda cluster: _weight(direction.name, cluster)))


def _weight(name: DirectionName, cluster: DifferenceCluster) -> tuple[int, bool, bool, int, int, int, int]:
    evidence = cluster.evidence
    assert evidence is not None
    standing = (evidence.holds is True, evidence.is_significant, evidence.found_in_replicates is True, True)
    return (
        standing.index(True),
        evidence.borderline,
        evidence.found_in_replicates is not True,
        _FATES.index(evidence.fate),
        _harm(name, evidence),
        -cluster.size,
        cluster.index,
    )


def _harm(name: DirectionName, evidence: ClusterEvidence) -> int:
    """0 where y is right less often than x on the group, 1 where more often, 2 where neither or unknown."""
    if evidence.value not in ("gain", "loss"):
        return 2
    x_is_right = (evidence.value == "gain") == (name == "x_only")
    return 0 if x_is_right else 1


def all_in_order(direction: Direction) -> tuple[DifferenceCluster, ...]:
    """All clusters of a direction: those of :func:`in_order`, then those of no change."""
    return (*in_order(direction), *(one for one in reversed(direction.clusters) if one.is_no_change))


def numbers(direction: Direction) -> dict[int, int]:
    """The number under which each cluster is shown, by its index: 1 for the first of :func:`all_in_order`."""
    return {cluster.index: place for place, cluster in enumerate(all_in_order(direction), 1)}


def holding(direction: Direction) -> tuple[DifferenceCluster, ...]:
    """The clusters that hold, in order; where none does, those tighter than noise; else those in other seeds."""
    known = [(one, one.evidence) for one in in_order(direction) if one.evidence is not None]
    return (
        tuple(one for one, evidence in known if evidence.holds)
        or tuple(one for one, evidence in known if evidence.is_significant)
        or tuple(one for one, evidence in known if evidence.found_in_replicates)
    )


def told_of(direction: Direction, code: FindingCode) -> tuple[DifferenceCluster, ...]:
    """The groups that a sentence about a direction is about: those that hold; where it differs all over, else all."""
    return holding(direction) or (in_order(direction) if code == "throughout" else ())


def shortened(label: str) -> str:
    """A label of a few words."""
    cut = " ".join(label.split()[:_MOST_OF_A_LABEL])[:_MOST_CHARACTERS].rstrip()
    return cut if cut == label.strip() else f"{cut}…"


def value_of_label(column: str | None, value: str) -> str:
    """A label as a sentence has it: a number or a letter with the name of its column."""
    short = shortened(value)
    return f"{shortened(column)} {short}" if column and len(value) <= _LONGEST_WITH_COLUMN else short


def fate_sentence(comparison: Comparison, name: DirectionName, evidence: ClusterEvidence) -> str:
    """What the other side makes of a group, with its figures; empty where that was not looked at.

    ``Lost: of 10 neighbours 8.9 are fellow members in resnet18, 1.2 in dinov2 (0.8 by chance)``
    """
    if evidence.cohesion_x is None or evidence.cohesion_y is None or evidence.fate is None:
        return ""
    holder, other = holder_and_other(comparison, name)
    cohesions = (evidence.cohesion_x, evidence.cohesion_y)
    in_holder, in_other = cohesions if name == "x_only" else cohesions[::-1]
    told = {
        "lost": f"Lost: {other} scatters it",
        "loosened": f"Loosened: {other} holds it together less",
        "reordered": f"Reordered: {other} keeps it, with other neighbours inside",
    }[evidence.fate]
    whole = comparison.evidence
    noise = whole is not None and whole.findings and whole.findings[name].code in ("noise", "same")
    if noise and not evidence.holds:
        told = "No more than noise would do to it"
    elif evidence.borderline:
        told = "Not called either way: its difference is too near the threshold"
    chance = f"{evidence.cohesion_chance:.1f} by chance"
    return (
        f"{told}. Of 10 neighbours {in_holder:.1f} are fellow members in {holder}, {in_other:.1f} in {other} ({chance})"
    )
