"""The evidence of a comparison as the page shows it: on each card, and as a section with its figures explained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from repdiff.evidence.outcomes import as_text
from repdiff.evidence.verdict import is_found_again
from repdiff.report import formatting as words
from repdiff.report.meaning import lift, meaning, value_in_words
from repdiff.report.tables import Table, cluster_name
from repdiff.results.clusters import DifferenceCluster, Direction
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import FDR, ClusterEvidence
from repdiff.results.similarity import Score

_MOST_ENRICHED = 8  # values of a cluster in the table


@dataclass(frozen=True)
class Belief:
    """What a card says of its cluster beside its pictures.

    Attributes
    ----------
    meaning : str
        What it has more of than chance and who is right on it, in words; empty where there is nothing.
    outcome : str
        Whether the models fare differently on it; empty where it is unknown.
    standing : str
        Whether it is significant, stable and robust, in two words.
    words : str
        The same in words; empty where it was not tested.
    """

    meaning: str
    outcome: str
    standing: str
    words: str


@dataclass(frozen=True)
class Column:
    """A column of the table of evidence, and what it means in a sentence."""

    name: str
    meaning: str


COLUMNS = (
    Column("cluster", ""),
    Column(
        "verdict",
        "Holds: it stands out, and is stable and robust. As elsewhere: it is found again, but the items around it "
        "differ as much. In doubt: it dissolves, depends on the settings, or is too small to be checked.",
    ),
    Column(
        "false discovery rate",
        "If all clusters with a figure no higher than this one are believed, at most this share of them is expected to "
        "be chance. A cluster counts as significant at {fdr} or less.",
    ),
    Column(
        "affinity on unseen items",
        "Some items are clustered without the others, which then join the cluster of their nearest neighbours. This is "
        "their mean affinity in there: the difference as it shows on items that had no part in choosing the cluster.",
    ),
    Column(
        "of random neighbourhoods",
        "The same for the nearest neighbours of an item picked at random, as many as joined the cluster. They are "
        "close by choice, which lifts their affinity above 1 even in noise; a cluster must have clearly more.",
    ),
    Column(
        "stability",
        "How much of the cluster is found again when items are left out: the shared items as a share of all in either "
        "(Jaccard index). 1 is all of it; below 0.5 the cluster dissolves.",
    ),
    Column(
        "robustness",
        "The same when gamma, beta or the number of clusters is changed. Below 0.5 it depends on the settings.",
    ),
)


def belief(comparison: Comparison, cluster: DifferenceCluster) -> Belief | None:
    """What the card of a cluster says; None without evidence."""
    evidence = cluster.evidence
    if evidence is None:
        return None
    return Belief(meaning(comparison, cluster), _outcome(comparison, evidence), standing(evidence), _verdict(evidence))


def _verdict(evidence: ClusterEvidence) -> str:
    if evidence.holds is None:
        return "Not tested: " + "; ".join(evidence.reasons) if evidence.reasons else ""
    if not evidence.holds:
        return f"{standing(evidence).capitalize()}: {'; '.join(evidence.reasons)}"
    parts = [f"false discovery rate {rate(evidence.q_value)}"]
    parts += [
        f"{name} {value:.2f}"
        for name, value in (("stability", evidence.stability), ("robustness", evidence.robustness))
        if value is not None
    ]
    return "Holds: " + ", ".join(parts)


def standing(evidence: ClusterEvidence) -> str:
    """``holds``, ``as elsewhere`` (found again, but all around differs as much), ``in doubt`` or ``not tested``."""
    if evidence.holds is None:
        return "not tested"
    if evidence.holds:
        return "holds"
    return "as elsewhere" if is_found_again(evidence) and evidence.null_affinity is not None else "in doubt"


def _outcome(comparison: Comparison, evidence: ClusterEvidence) -> str:
    """Confidence intervals and the test of both models on the same items."""
    outcome = evidence.outcome
    if outcome is None:
        return ""
    intervals = [
        f"{name} {words.percent(interval[0])} to {words.percent(interval[1])}"
        for name, interval in zip(comparison.names, (outcome.interval_x, outcome.interval_y), strict=True)
        if interval is not None
    ]
    parts = [f"95{words.NBSP}% confidence interval: {', '.join(intervals)}"] if intervals else []
    if outcome.q_value is not None and outcome.n_known:
        x, y = comparison.names
        if outcome.only_x_right or outcome.only_y_right:
            only_x, only_y = words.number(outcome.only_x_right), words.number(outcome.only_y_right)
            sure = "so a difference" if outcome.q_value <= comparison_level(comparison) else "which may be chance"
            alone = f"{only_x} only {x} gets right, {only_y} only {y}"
            parts.append(f"{alone}, {sure} (false discovery rate {rate(outcome.q_value)})")
        else:
            parts.append("Both are right on the same items")
    if outcome.disagreements:
        parts.append(_disagreement(comparison, outcome.disagreements))
    return ". ".join(parts)


def _disagreement(comparison: Comparison, rows: tuple[int, ...]) -> str:
    """On how many items the models disagree, and over what most often."""
    items, (x, y) = comparison.items, comparison.names
    told = f"They disagree on {words.plural(len(rows), 'item')}"
    if items.prediction_x is None or items.prediction_y is None:
        return told
    said = (as_text(items.frame[column].iloc[list(rows)]) for column in (items.prediction_x, items.prediction_y))
    (by_x, by_y), count = Counter(zip(*said, strict=True)).most_common(1)[0]
    if count == 1 < len(rows):
        return told
    often = "" if count == len(rows) else f"most often, {words.number(count)} times, "
    return f"{told}: {often}{x} says {by_x} and {y} {by_y}"


def comparison_level(comparison: Comparison) -> float:
    """The false discovery rate at which the comparison calls a cluster significant."""
    return FDR if comparison.evidence is None else comparison.evidence.fdr


def rate(value: float | None) -> str:
    """A false discovery rate or p-value to the digits that matter: ``0.03``, ``< 0.001``."""
    if value is None:
        return words.UNKNOWN
    return f"<{words.NBSP}0.001" if value < 0.001 else f"{value:.2g}"


def explanations(comparison: Comparison) -> tuple[Column, ...]:
    """The columns that need a word, with it."""
    level = words.percent(comparison_level(comparison))
    return tuple(Column(column.name, column.meaning.format(fdr=level)) for column in COLUMNS if column.meaning)


def evidence_tables(comparison: Comparison, direction: Direction) -> tuple[Table, ...]:
    """The figures of each difference cluster, and what they consist of."""
    changed = [cluster for cluster in reversed(direction.difference_clusters) if cluster.evidence is not None]
    if not changed:
        return ()
    names = tuple(column.name for column in COLUMNS)
    rows = tuple(_row(cluster, cluster.evidence) for cluster in changed if cluster.evidence is not None)
    enriched = tuple(_enriched(comparison, direction))
    tables = [Table("Evidence for each cluster", names, rows)]
    if enriched:
        heads = ("cluster", "more than by chance", "items", "share", "expected", "lift", "false discovery rate")
        tables.append(Table("What the clusters have more of than chance", heads, enriched))
    return tuple(tables)


def _row(cluster: DifferenceCluster, evidence: ClusterEvidence) -> tuple[str, ...]:
    figures = (evidence.unseen_affinity, evidence.null_affinity)
    shares = (evidence.stability, evidence.robustness)
    return (
        cluster_name(cluster),
        standing(evidence),
        rate(evidence.q_value),
        *(words.UNKNOWN if value is None else words.affinity(value) for value in figures),
        *(words.UNKNOWN if value is None else f"{value:.2f}" for value in shares),
    )


def _enriched(comparison: Comparison, direction: Direction) -> Iterator[tuple[str, ...]]:
    for cluster in reversed(direction.clusters):
        for value in cluster.evidence.enriched[:_MOST_ENRICHED] if cluster.evidence else ():
            yield (
                cluster_name(cluster),
                value_in_words(value, label=comparison.items.label),
                words.number(value.count),
                words.percent(value.share),
                words.percent(value.expected),
                lift(value),
                rate(value.q_value),
            )


def similarity_table(comparison: Comparison) -> Table | None:
    """How alike the two are as a whole."""
    found = comparison.similarity
    if found is None or not found.scores:
        return None
    sampled = found.scores[0].n_items
    of = f"of all {words.number(sampled)} items" if sampled == found.n_items else (
        f"of a random sample of {words.number(sampled)} items"
    )  # fmt: skip
    heads = ("score", "value", "same", "by chance", "what it says")
    return Table(f"How alike they are as a whole, {of}", heads, tuple(map(_score, found.scores)))


def _score(score: Score) -> tuple[str, ...]:
    return (score.title, f"{score.value:.3f}", f"{score.same:g}", f"{score.chance:.3f}", score.meaning)
