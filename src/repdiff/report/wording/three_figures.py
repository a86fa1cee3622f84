"""Three figures for the first screen: how much changed, who is right, and where that changed most."""

from __future__ import annotations

from typing import Literal

from repdiff.report.wording.groups import shortened, value_of_label
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import FDR, ComparisonEvidence
from repdiff.results.findings import Correctness, Neighbours, PairedAccuracy

Better = Literal["x", "y", "neither", "unknown"]

_ARROW = "\N{RIGHTWARDS ARROW}"


def three_figures(comparison: Comparison, evidence: ComparisonEvidence, neighbours: Neighbours) -> tuple[str, ...]:
    """At most three figures, each a few words."""
    found = [f"{neighbours.all.shared * neighbours.k:.1f} of {neighbours.k} neighbours shared"]
    found += _who_is_right(comparison, evidence)
    if len(found) < 2:
        found[0] += f" ({neighbours.chance * neighbours.k:.1f} by chance)"
    if len(found) < 3:
        found.append(f"{_percent(neighbours.all.lost)} of neighbourhoods lost")
    return tuple(found[:3])


def most_changed(correctness: Correctness | None) -> tuple[str, PairedAccuracy] | None:
    """The label on which the two differ most for sure, one that y is worse on before one that it is better on."""
    if correctness is None or len(correctness.by_label) < 2:
        return None
    sure = [
        (label, one) for label, one in correctness.by_label.items() if one.q_value is not None and one.q_value <= FDR
    ]
    worse = [pair for pair in sure if pair[1].y < pair[1].x]
    return max(worse or sure, key=lambda pair: (abs(pair[1].only_x - pair[1].only_y), pair[0]), default=None)


def better(evidence: ComparisonEvidence) -> Better:
    """Which side is right more often for sure, by the labels of neighbours, else by numbers or predictions."""
    if evidence.correctness is not None:
        one = evidence.correctness.overall
        return _more(one.only_x, one.only_y, one.p_value)
    if evidence.regression is not None:
        nearer = evidence.regression
        return _more(nearer.only_x, nearer.only_y, nearer.p_value)
    if evidence.predictions is not None:
        said = evidence.predictions.overall
        return _more(said.only_x, said.only_y, said.p_value)
    return "unknown"


def _more(only_x: int, only_y: int, p_value: float) -> Better:
    if p_value > FDR or only_x == only_y:
        return "neither"
    return "x" if only_x > only_y else "y"


def _who_is_right(comparison: Comparison, evidence: ComparisonEvidence) -> list[str]:
    label = shortened(comparison.items.label or "label")
    found = []
    if evidence.correctness is not None:
        found.append(f"{label} by neighbours {_change(evidence.correctness.overall)}")
    if evidence.regression is not None:
        one = evidence.regression
        found.append(f"{label} by neighbours, R² {one.r2_x:.2f} {_ARROW} {one.r2_y:.2f}")
    changed = most_changed(evidence.correctness)
    if changed is not None:
        found.append(f"{value_of_label(comparison.items.label, changed[0])}: {_change(changed[1], digits=0)}")
    if evidence.predictions is not None:
        found.append(f"predictions right {_change(evidence.predictions.overall)}")
    return found


def _change(one: PairedAccuracy, digits: int = 1) -> str:
    return f"{100 * one.x:.{digits}f} {_ARROW} {100 * one.y:.{digits}f} %"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
