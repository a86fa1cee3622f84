"""The evidence of a cluster in words: what it consists of, how the models fare on it, whether to believe it."""

from __future__ import annotations

from repdiff.clusters import DifferenceCluster
from repdiff.comparison import Comparison
from repdiff.evidence.enrichment import Enrichment
from repdiff.report.words import NBSP, percent

_MOST_VALUES = 2


def meaning(comparison: Comparison, cluster: DifferenceCluster) -> str:
    """What a cluster consists of and how the models fare on it; empty where there is no evidence of either.

    ``94 % Monarch (4.7 × expected); resnet18 right on 98 %, dinov2 on 71 %``
    """
    return "; ".join(part for part in (make_up(comparison, cluster), who_is_right(comparison, cluster)) if part)


def make_up(comparison: Comparison, cluster: DifferenceCluster) -> str:
    """The values that a cluster has more of than chance, the surest of each of at most two columns."""
    if cluster.evidence is None:
        return ""
    surest: dict[str, Enrichment] = {}
    for value in cluster.evidence.enriched:
        surest.setdefault(value.column, value)
    label = comparison.items.label
    ordered = sorted(surest.values(), key=lambda value: value.column != label)  # the label first, else as they were
    return ", ".join(enrichment_in_words(value, label=label) for value in ordered[:_MOST_VALUES])


def enrichment_in_words(value: Enrichment, *, label: str | None = None) -> str:
    """``94 % Monarch (4.7 × expected)``, ``61 % kind Symbols (3.1 × expected)`` or ``price higher than elsewhere``."""
    if value.of_numbers:
        return f"{value.column} {value.value}er than elsewhere (in {percent(value.share)} of pairs)"
    kind = value.value if value.column == label else f"{value.column} {value.value}"
    lift = f"{value.lift:.2g}" if value.lift < 100 else f"{value.lift:,.0f}"
    return f"{percent(value.share)} {kind} ({lift}{NBSP}×{NBSP}expected)"


def who_is_right(comparison: Comparison, cluster: DifferenceCluster) -> str:
    """``resnet18 right on 98 %, dinov2 on 71 %``; empty where neither is known."""
    shares = zip(comparison.names, (cluster.accuracy_x, cluster.accuracy_y), strict=True)
    known = [(name, share) for name, share in shares if share is not None]
    return ", ".join(
        f"{name} {'right on' if place == 0 else 'on'} {percent(share)}" for place, (name, share) in enumerate(known)
    )
