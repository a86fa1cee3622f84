"""The evidence of a cluster in words: what it consists of, how the models fare on it, whether to believe it."""

from __future__ import annotations

from repdiff.report.wording.formatting import NBSP, percent
from repdiff.results.clusters import DifferenceCluster
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import Enrichment

_MOST_VALUES = 2
_LEAST_LIFT = 1.2  # of what is worth a word beside the label


def meaning(comparison: Comparison, cluster: DifferenceCluster) -> str:
    """What a cluster consists of and how the models fare on it; empty where there is no evidence of either.

    ``94 % Monarch (4.7 × expected); resnet18 right on 98 %, dinov2 on 71 %``
    """
    words = (
        "" if cluster.evidence is None or not cluster.evidence.words else f"words: {', '.join(cluster.evidence.words)}"
    )
    return "; ".join(part for part in (make_up(comparison, cluster), words, who_is_right(comparison, cluster)) if part)


def make_up(comparison: Comparison, cluster: DifferenceCluster) -> str:
    """The values that a cluster has more of than chance: of the label, then of other columns, the surest of two."""
    if cluster.evidence is None:
        return ""
    surest: dict[str, Enrichment] = {}
    label = comparison.items.label
    for value in cluster.evidence.enriched:
        if value.lift >= _LEAST_LIFT or value.column == label:
            surest.setdefault(value.column, value)
    ordered = sorted(surest.values(), key=lambda value: value.column != label)  # the label first, else as they were
    return ", ".join(enrichment_in_words(value, label=label) for value in ordered[:_MOST_VALUES])


def enrichment_in_words(value: Enrichment, *, label: str | None = None) -> str:
    """``94 % Monarch (4.7 × expected)``, ``61 % kind: Symbols (3.1 × expected)`` or ``price higher than elsewhere``."""
    what = value_in_words(value, label=label)
    if value.of_numbers:
        return f"{what} (in {percent(value.share)} of pairs with other items)"
    return f"{percent(value.share)} {what} ({lift(value)}{NBSP}×{NBSP}expected)"


def value_in_words(value: Enrichment, *, label: str | None = None) -> str:
    """What there is more of: ``Monarch``, ``kind: Symbols`` or ``price higher than elsewhere``."""
    if value.of_numbers:
        return f"{value.column} {value.value}er than elsewhere"
    return value.value if value.column == label else f"{value.column}: {value.value}"


def lift(value: Enrichment) -> str:
    """How many times its share is what is expected."""
    return times(value.lift)


def times(ratio: float) -> str:
    """A ratio to one or no decimal: ``4.7``, ``13``."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:,.0f}"


def who_is_right(comparison: Comparison, cluster: DifferenceCluster) -> str:
    """``resnet18 right on 98 %, dinov2 on 71 %``; empty where neither is known."""
    shares = zip(comparison.names, (cluster.accuracy_x, cluster.accuracy_y), strict=True)
    known = [(name, share) for name, share in shares if share is not None]
    return ", ".join(
        f"{name} {'right on' if place == 0 else 'on'} {percent(share)}" for place, (name, share) in enumerate(known)
    )
