"""Which of the two is better, as far as that can be told, and what to do next."""

from __future__ import annotations

from repdiff.report.wording.findings import holder_and_other
from repdiff.report.wording.formatting import Sentence
from repdiff.report.wording.groups import numbers, told_of, value_of_label
from repdiff.report.wording.headline import little_in_common
from repdiff.report.wording.names import short_name
from repdiff.report.wording.replicates import UNCLEAR
from repdiff.report.wording.three_figures import Better, better, most_changed
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ComparisonEvidence
from repdiff.results.findings import Neighbours

Parts = tuple[tuple[str, bool], ...]


def next_step(
    comparison: Comparison, evidence: ComparisonEvidence, neighbours: Neighbours, *, naming: bool = True
) -> Sentence:
    """A verdict, and what to do next; ``naming`` the group to look at by its labels."""
    codes = {evidence.findings[name].code for name in DIRECTIONS}
    who, look = better(evidence), _look(comparison, evidence, naming)
    if codes == {"same"}:
        return _plain("Either can take the place of the other.")
    if codes <= UNCLEAR and evidence.replicates is not None and evidence.replicates.n_found:
        return _with_groups(comparison, evidence, who, look)
    if "too_few" in codes:
        return _plain("Bring more items (300, and 8 for each cluster); take the groups below as hints.")
    if "untested" in codes:
        return _plain("Compare again with the spectral clusterer to know.")
    if little_in_common(neighbours):
        return _little_in_common(comparison, who)
    if codes == {"noise"} and who == "neither":
        return _plain("Either can take the place of the other; no group of items needs a look.")
    if codes == {"noise"} and who == "unknown":
        return _plain("No group of items needs a look; which is better cannot be told: bring labels or predictions.")
    if codes <= {"noise", "directions"} and who in ("neither", "unknown") and evidence.replicates is None:
        return _plain("Compare other seeds of the same model: only they tell this from noise.")
    if codes == {"noise"}:
        return _where_unequal(comparison, who, look)
    return _with_groups(comparison, evidence, who, look)


def _where_unequal(comparison: Comparison, who: Better, look: Parts) -> Sentence:
    """Where no group differs and yet one is right more often, as the headline has said."""
    if who == "y":
        return Sentence((("Change to ", False), (comparison.names[1], True), *_ending(", but ", look)))
    return Sentence((("Keep ", False), (comparison.names[0], True), *_ending(", or ", look)))


def _little_in_common(comparison: Comparison, who: Better) -> Sentence:
    if who in ("x", "y"):
        name = comparison.names[0 if who == "x" else 1]
        return Sentence(
            (("Keep ", False), (name, True), (", which is right far more often; check that rows match.", False))
        )
    return _plain("Neither can take the place of the other; check that their rows are the same items.")


def _with_groups(comparison: Comparison, evidence: ComparisonEvidence, who: Better, look: Parts) -> Sentence:
    told: Parts = ((_who_is_right(evidence, who), False),)
    if who in ("x", "y"):
        told = ((comparison.names[1], True), (f" is right {'less' if who == 'x' else 'more'} often", False))
    return Sentence((*told, *_ending("; ", look)))


def _who_is_right(evidence: ComparisonEvidence, who: Better) -> str:
    """Where neither is better as a whole."""
    if who == "unknown":
        return "Which is better cannot be told: bring labels or predictions"
    if most_changed(evidence.correctness) is None:
        return "Both are right equally often"
    return "Both are right equally often over all, but not on every label"


def _look(comparison: Comparison, evidence: ComparisonEvidence, naming: bool) -> Parts:
    """Where to look first: the label that y is worse on, else the first group, with the side that holds it together."""
    changed = most_changed(evidence.correctness)
    if changed is not None and changed[1].y < changed[1].x:
        return ((f"look at {value_of_label(comparison.items.label, changed[0])} first", False),)
    for direction in (comparison.x_only, comparison.y_only):
        groups = told_of(direction, evidence.findings[direction.name].code)
        if groups:
            name = short_name(groups[0], comparison.items.label) if naming else ""
            return (
                (f"look at group {numbers(direction)[groups[0].index]} of ", False),
                (holder_and_other(comparison, direction.name)[0], True),
                (f"{f' ({name})' if name else ''} first", False),
            )
    return ()


def _ending(joint: str, look: Parts) -> Parts:
    """Where to look, after what was said; only a full stop where there is nothing to look at."""
    return ((joint, False), *look, (".", False)) if look else ((".", False),)


def _plain(text: str) -> Sentence:
    return Sentence(((text, False),))
