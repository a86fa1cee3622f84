"""What happened, in one sentence, from the codes of both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from repdiff.report.wording import formatting as words
from repdiff.report.wording.findings import holder_and_other
from repdiff.report.wording.formatting import Sentence
from repdiff.report.wording.groups import told_of
from repdiff.report.wording.names import short_name
from repdiff.report.wording.replicates import UNCLEAR, differ_in_other_seeds
from repdiff.report.wording.three_figures import better
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ComparisonEvidence
from repdiff.results.findings import Fate, Finding, Neighbours

Parts = tuple[tuple[str, bool], ...]

_NEAR_CHANCE = 0.05  # of neighbours shared beyond chance: below it two sides have little in common
_MOST_GROUPS_NAMED = 2
_FATES: tuple[Fate, ...] = ("lost", "loosened", "reordered")


def headline(
    comparison: Comparison, evidence: ComparisonEvidence, neighbours: Neighbours, *, naming: bool = True
) -> Sentence:
    """What happened, in one sentence; ``naming`` the first groups by their labels where it is local."""
    codes = {name: evidence.findings[name].code for name in DIRECTIONS}
    x, y = ((name, True) for name in comparison.names)
    n = words.number(len(comparison.items.frame))
    said = set(codes.values())
    if said == {"same"}:
        return Sentence((x, (" and ", False), y, (f" arrange all {n} items alike.", False)))
    if said <= UNCLEAR and (seeds := differ_in_other_seeds(comparison, evidence, naming=naming)):
        return seeds
    if "too_few" in said:
        return Sentence(((f"{n} items are too few to tell how ", False), x, (" and ", False), y, (" differ.", False)))
    if "untested" in said:
        told = " differ, but the clusterer could not group a part of the items, so that noise cannot be ruled out."
        return Sentence((x, (" and ", False), y, (told, False)))
    if little_in_common(neighbours):
        return Sentence(
            (
                x,
                (" and ", False),
                y,
                (" have little in common: items near in one are no nearer in the other than others.", False),
            )
        )
    if said == {"noise"} and (who := better(evidence)) in ("x", "y"):
        told = f" is right {'less' if who == 'x' else 'more'} often."
        return Sentence((("No group differs by more than noise would make it, yet ", False), y, (told, False)))
    if said == {"noise"}:
        return Sentence((x, (" and ", False), y, (" differ by no more than noise would make them.", False)))
    if said <= {"directions", "noise"}:
        told = " differ all over, but in no group of items: along a few directions."
        return Sentence((x, (" and ", False), y, (told, False)))
    return Sentence((*_both(comparison, evidence.findings, naming), (".", False)))


def little_in_common(neighbours: Neighbours) -> bool:
    """Whether both sides share hardly more nearest neighbours than unrelated ones would."""
    return neighbours.all.shared - neighbours.chance < _NEAR_CHANCE * (1 - neighbours.chance)


def _both(comparison: Comparison, findings: Mapping[DirectionName, Finding], naming: bool) -> Parts:
    """Where at least one direction is local or throughout: a clause for each that has groups."""
    directions = {"x_only": comparison.x_only, "y_only": comparison.y_only}
    told = {name: told_of(directions[name], findings[name].code) for name in DIRECTIONS}
    with_groups = [name for name in DIRECTIONS if told[name]]
    if not with_groups:
        x, y = ((name, True) for name in comparison.names)
        return (x, (" and ", False), y, (" differ all over, in no single group.", False))
    label = comparison.items.label
    few = {name: findings[name].code != "throughout" for name in DIRECTIONS}  # groups that can be counted and named
    names = {name: _named(groups, label) if naming and few[name] else "" for name, groups in told.items()}
    fates = {name: usual_fate(told[name]) for name in with_groups}
    if len(with_groups) == 2 and len({*fates.values()}) == 1 and findings["x_only"].code == findings["y_only"].code:
        return _mutual(comparison, names, fates["x_only"], findings["x_only"].code == "local")
    clauses: Parts = ()
    counts = [len(told[name]) for name in with_groups if few[name]]
    for name in with_groups:
        some = f"{words.count_in_words(len(told[name]), *counts)} {'group' if len(told[name]) == 1 else 'groups'} of "
        some = some if few[name] else ""
        clause = _clause(comparison, name, fates[name], some, names[name])
        clauses += (("; ", False), *clause) if clauses else clause
    if len(with_groups) == 1:
        clauses += ((_rest(findings[with_groups[0]]), False),)
    return clauses


def usual_fate(groups: Sequence[DifferenceCluster]) -> Fate:
    """What became of most items of some groups."""
    items = dict.fromkeys(_FATES, 0)
    for cluster in groups:
        if cluster.evidence is not None and cluster.evidence.fate is not None:
            items[cluster.evidence.fate] += cluster.size
    return max(_FATES, key=lambda fate: items[fate])


def _clause(comparison: Comparison, name: DirectionName, fate: Fate, some: str, named: str) -> Parts:
    """What one side makes of the groups of the other: ``dinov2 scatters 3 groups of resnet18 (Monarch, Viceroy)``."""
    holder, other = holder_and_other(comparison, name)
    some = some or ("nearly all groups of " if fate == "reordered" else "most groups of ")
    verb = {"lost": " scatters ", "loosened": " loosens ", "reordered": " keeps "}[fate]
    tail = " but reorders neighbours inside" if fate == "reordered" else ""
    return ((other, True), (f"{verb}{some}", False), (holder, True), (f"{named}{tail}", False))


def _mutual(comparison: Comparison, names: Mapping[DirectionName, str], fate: Fate, local: bool) -> Parts:
    x, y = ((name, True) for name in comparison.names)
    if local:
        named = names["x_only"] or names["y_only"]
        did = {
            "lost": "each scatter a few groups of the other",
            "loosened": "each loosen a few groups of the other",
            "reordered": "reorder neighbours inside a few groups",
        }[fate]
        return (x, (" and ", False), y, (f" {did}{named} and agree on the rest", False))
    did = {
        "lost": "scatter most of each other's groups",
        "loosened": "loosen most of each other's groups",
        "reordered": "keep nearly all of each other's groups and reorder neighbours inside them",
    }[fate]
    return (x, (" and ", False), y, (f" {did}", False))


def _named(groups: Sequence[DifferenceCluster], label: str | None) -> str:
    """The first groups by what tells them apart, in brackets; empty where nothing does."""
    called = (short_name(group, label) for group in groups)
    named = list(dict.fromkeys(filter(None, called)))[:_MOST_GROUPS_NAMED]
    return f" ({', '.join(named)})" if named else ""


def _rest(finding: Finding) -> str:
    return "; on the rest they agree" if finding.code == "local" else "; the reverse shows no group"
