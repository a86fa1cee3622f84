"""A comparison in a few lines, for a person or for a machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repdiff.results.clusters import DifferenceCluster, Direction
    from repdiff.results.comparison import Comparison


def print_summary(comparison: Comparison, run: Path, report: Path, warnings: tuple[str, ...] = ()) -> None:
    """Sentences, a table per direction, warnings, and where the results are."""
    from rich.console import Console

    from repdiff.report.wording.findings import finding
    from repdiff.report.wording.replicates import replicate_lines
    from repdiff.report.wording.summary import alignment_lines, answer_lines, chosen_lines, verdict_lines

    console = Console(highlight=False)
    for line in answer_lines(comparison):
        console.print(line, markup=False, style="bold")
    for direction in (comparison.x_only, comparison.y_only):
        console.print(finding(comparison, direction).text, markup=False)
        if direction.difference_clusters:
            console.print(_table(comparison, direction))
    lines = alignment_lines(comparison) + chosen_lines(comparison) + verdict_lines(comparison)
    for line in lines + replicate_lines(comparison):
        console.print(line, markup=False)
    for warning in (*comparison.provenance.warnings, *warnings):
        console.print(f"note: {warning}", markup=False)
    console.print(f"run:    {run}", markup=False, soft_wrap=True)
    console.print(f"report: {report}", markup=False, soft_wrap=True)


def _table(comparison: Comparison, direction: Direction) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    from repdiff.report.wording.evidence import standing
    from repdiff.report.wording.formatting import UNKNOWN, number, percent
    from repdiff.report.wording.groups import all_in_order, numbers
    from repdiff.report.wording.names import shown_name
    from repdiff.report.wording.replicates import again_in_short

    names = [escape(name) for name in comparison.names]
    table = Table(box=SIMPLE_HEAD)
    for title in ("group", "items", "mean affinity"):
        table.add_column(title, justify="right")
    table.add_column("what it is")
    accuracies = [
        (name, field)
        for name, field, overall in (
            (names[0], "accuracy_x", comparison.accuracy_x),
            (names[1], "accuracy_y", comparison.accuracy_y),
        )
        if overall is not None
    ]
    for name, _ in accuracies:
        table.add_column(f"{name} right", justify="right")
    if comparison.evidence is not None:
        table.add_column("verdict")
    has_replicates = comparison.evidence is not None and comparison.evidence.replicates is not None
    if has_replicates:
        table.add_column("in other seeds")
    called = numbers(direction)
    for cluster in all_in_order(direction):
        figures = [percent(getattr(cluster, field)) for _, field in accuracies]
        if cluster.evidence is not None:
            figures.append(UNKNOWN if cluster.is_no_change else standing(cluster.evidence))
            figures += [again_in_short(cluster.evidence)] * has_replicates
        label = escape(shown_name(comparison, direction.name, cluster)) or UNKNOWN
        name = "no change" if cluster.is_no_change else str(called[cluster.index])
        table.add_row(name, number(cluster.size), f"{cluster.mean_affinity:.2f}", label, *figures)
    return table


def summary(comparison: Comparison, run: Path, report: Path, warnings: tuple[str, ...] = ()) -> dict[str, Any]:
    """The same for machines: plain values that JSON holds, codes and the words for them."""
    from repdiff.report.wording.choice import why_so_many

    return {
        "run": str(run),
        "report": str(report),
        "names": list(comparison.names),
        **_answer(comparison),
        "n_items": len(comparison.items.frame),
        "accuracy_x": comparison.accuracy_x,
        "accuracy_y": comparison.accuracy_y,
        "x_only": direction_facts(comparison, comparison.x_only),
        "y_only": direction_facts(comparison, comparison.y_only),
        "alignment": comparison.provenance.parameters.get("alignment"),
        "chosen": {
            name: {"n": number.n, "code": number.code, "reason": why_so_many(number)}
            for name, number in comparison.chosen.items()
        },
        **_conclusion(comparison),
        "warnings": [*comparison.provenance.warnings, *warnings],
    }


def _answer(comparison: Comparison) -> dict[str, Any]:
    """The answer in sentences, and its codes and figures."""
    from repdiff.core.plain import to_plain
    from repdiff.report.wording.answer import answer

    told, found = answer(comparison), comparison.evidence
    if told is None or found is None:
        return {}
    facts = ("findings", "neighbours", "correctness", "predictions", "regression", "replicates")
    return {
        "answer": {
            "text": told.text,
            "headline": told.headline.plain,
            "figures": list(told.figures),
            "verdict": told.verdict.plain,
            "again": None if told.again is None else told.again.plain,
        },
        **{name: to_plain(getattr(found, name)) for name in facts},
    }


def _conclusion(comparison: Comparison) -> dict[str, Any]:
    from repdiff.report.wording.evidence import verdict

    found, told = comparison.evidence, verdict(comparison)
    if found is None or told is None:
        return {}
    figures = {
        name: getattr(found, name)
        for name in ("fdr", "n_tested", "n_significant", "n_found_again", "n_holding", "n_standing_out")
    }
    return {"evidence": {"verdict": told.plain, "code": found.where, "untested": found.untested, **figures}}


def direction_facts(comparison: Comparison, direction: Direction) -> dict[str, Any]:
    """One direction in plain values."""
    return {
        "n_difference_clusters": len(direction.difference_clusters),
        "share_no_change": float(direction.no_change.mean()),
        "clusters": [_cluster_facts(comparison, direction, cluster) for cluster in direction.clusters],
    }


def _cluster_facts(comparison: Comparison, direction: Direction, cluster: DifferenceCluster) -> dict[str, Any]:
    return {
        "index": cluster.index,
        "size": cluster.size,
        "mean_affinity": cluster.mean_affinity,
        "is_no_change": cluster.is_no_change,
        "representatives": cluster.representatives.tolist(),
        "label_counts": dict(cluster.label_counts),
        "accuracy_x": cluster.accuracy_x,
        "accuracy_y": cluster.accuracy_y,
        **_belief(comparison, direction, cluster),
    }


def _belief(comparison: Comparison, direction: Direction, cluster: DifferenceCluster) -> dict[str, Any]:
    from repdiff.core.plain import to_plain
    from repdiff.report.wording.evidence import reasons

    found = cluster.evidence
    if found is None:
        return {}
    figures = (
        "p_value", "q_value", "unseen_affinity", "null_affinity", "stability", "robustness", "excess", "excess_q",
        "is_significant", "borderline", "fate", "value", "cohesion_x", "cohesion_y", "cohesion_chance",
    )  # fmt: skip
    return {
        "holds": found.holds,
        "reasons": reasons(comparison, direction.name, found),
        "reason_codes": list(found.reasons),
        **{name: getattr(found, name) for name in figures},
        "replicates": to_plain(found.replicates),
    }
