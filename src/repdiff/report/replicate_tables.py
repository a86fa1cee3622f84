"""What other seeds of the same models say, in all its figures."""

from __future__ import annotations

import math
from collections.abc import Iterator

from repdiff.report.tables import Table, cluster_name
from repdiff.report.wording import formatting as words
from repdiff.report.wording.findings import holder_and_other
from repdiff.report.wording.groups import in_order
from repdiff.report.wording.replicates import CODES
from repdiff.results.clusters import Direction
from repdiff.results.comparison import Comparison
from repdiff.results.replicates import ClusterReplicates, DirectionReplicates, Replicates

_HEADS = (
    "only in", "group", "unseen members", "times as near", "effect (log rank)", "standard error", "p",
    "false discovery rate", "after training again",
)  # fmt: skip


def replicate_table(comparison: Comparison) -> Table | None:
    """A row for each group of both directions, and one for all of a direction; None without replicates."""
    found = None if comparison.evidence is None else comparison.evidence.replicates
    if found is None:
        return None
    rows = [row for direction in (comparison.x_only, comparison.y_only) for row in _rows(comparison, direction, found)]
    title = f"In other seeds: {found.n_x} of {comparison.names[0]}, {found.n_y} of {comparison.names[1]}"
    return Table(title, _HEADS, tuple(rows))


def _rows(comparison: Comparison, direction: Direction, found: Replicates) -> Iterator[tuple[str, ...]]:
    holder, _ = holder_and_other(comparison, direction.name)
    for cluster in in_order(direction):
        own = None if cluster.evidence is None else cluster.evidence.replicates
        if own is not None:
            verdict = {True: "there", False: "gone", None: words.UNKNOWN}[own.found]
            n = f"{own.n_unseen:.1f}"
            yield (holder, cluster_name(direction, cluster), n, *_figures(own), words.rate(own.q_value), verdict)
    told = found.directions[direction.name]
    yield (holder, "all", words.UNKNOWN, *_figures(told), words.UNKNOWN, _in_words(told))


def _figures(own: ClusterReplicates | DirectionReplicates) -> tuple[str, ...]:
    if own.effect is None:
        return (words.UNKNOWN,) * 4
    error = words.UNKNOWN if own.standard_error is None else f"{own.standard_error:.3f}"
    effect = f"{own.effect:.3f}".replace("-", "\N{MINUS SIGN}")
    return (f"{math.exp(own.effect):.2f}", effect, error, words.rate(own.p_value))


def _in_words(told: DirectionReplicates) -> str:
    if told.code in ("found", "not_found"):
        return f"{CODES[told.code]}: {told.n_found} of {told.n_tested}, {words.percent(told.share_found)} of items"
    return CODES[told.code]
