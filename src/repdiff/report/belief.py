"""The evidence of a comparison as the page shows it: on each card, and as a section with its figures explained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from repdiff.report.tables import Table, cluster_name
from repdiff.report.wording import formatting as words
from repdiff.report.wording.evidence import cluster_verdict, level_of, outcome_in_words, standing
from repdiff.report.wording.groups import fate_sentence, in_order
from repdiff.report.wording.meaning import lift, meaning, value_in_words
from repdiff.report.wording.replicates import again_on_card
from repdiff.results.clusters import DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ClusterEvidence
from repdiff.results.similarity import Score

_MOST_ENRICHED = 8  # values of a cluster in the table


@dataclass(frozen=True)
class Belief:
    """What a card says of its cluster beside its pictures.

    Attributes
    ----------
    became : str
        What the other side makes of it; empty where that was not looked at.
    meaning : str
        What it has more of than chance and who is right on it, in words; empty where there is nothing.
    outcome : str
        Whether the models fare differently on it; empty where it is unknown.
    standing : str
        Whether it is significant, stable and robust, in two words.
    words : str
        The same in words; empty where it was not tested.
    again : str
        Whether it is there in other seeds; empty where none were given.
    """

    became: str
    meaning: str
    outcome: str
    standing: str
    words: str
    again: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the table of evidence, and what it means in a sentence."""

    name: str
    meaning: str


COLUMNS = (
    Column("group", ""),
    Column(
        "verdict",
        "Holds: it is tighter than noise would make it, or its labels show a gain or a loss, and it is found again "
        "(stable and robust). No more than noise: it is found again, but no tighter than that. In doubt: it "
        "dissolves, depends on the settings, or is too small to be checked. Of one seed only: it is not there in "
        "other seeds of the two models. As elsewhere: in runs of version 0.1.",
    ),
    Column(
        "excess over noise",
        "Log of its mean affinity on unseen items above that of simulated neighbourhoods of its size, noise shaped: "
        "0.22 is 1.25 times, the least that counts.",
    ),
    Column(
        "false discovery rate",
        "If all groups with a figure no higher than this one are believed to be more than noise, at most this share of "
        "them is expected to be noise. A group counts as significant at {fdr} or less.",
    ),
    Column(
        "affinity on unseen items",
        "Some items are clustered without the others, which then join the group of their nearest neighbours. This is "
        "their mean affinity in there: the difference as it shows on items that had no part in choosing the group.",
    ),
    Column(
        "of random neighbourhoods",
        "The same for the nearest neighbours of an item picked at random, as many as joined the group. Where they have "
        "as much, the two differ as much elsewhere.",
    ),
    Column(
        "rate, against elsewhere",
        "The false discovery rate of having more of the difference than random neighbourhoods of the same pair.",
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


def belief(comparison: Comparison, direction: DirectionName, cluster: DifferenceCluster) -> Belief | None:
    """What the card of a cluster says; None without evidence."""
    evidence = cluster.evidence
    if evidence is None:
        return None
    return Belief(
        fate_sentence(comparison, direction, evidence),
        meaning(comparison, cluster),
        outcome_in_words(comparison, evidence.outcome),
        standing(evidence),
        cluster_verdict(comparison, direction, evidence),
        again_on_card(comparison, evidence),
    )


def explanations(comparison: Comparison) -> tuple[Column, ...]:
    """The columns that need a word, with it."""
    level = words.percent(level_of(comparison))
    return tuple(Column(column.name, column.meaning.format(fdr=level)) for column in COLUMNS if column.meaning)


def evidence_tables(comparison: Comparison, direction: Direction) -> tuple[Table, ...]:
    """The figures of each difference cluster, and what they consist of."""
    changed = [cluster for cluster in in_order(direction) if cluster.evidence is not None]
    if not changed:
        return ()
    names = tuple(column.name for column in COLUMNS)
    rows = tuple(_row(direction, cluster, cluster.evidence) for cluster in changed if cluster.evidence is not None)
    enriched = tuple(_enriched(comparison, direction))
    tables = [Table("Evidence for each cluster", names, rows)]
    if enriched:
        heads = ("group", "more than by chance", "items", "share", "expected", "lift", "false discovery rate")
        tables.append(Table("What the clusters have more of than chance", heads, enriched))
    return tuple(tables)


def _row(direction: Direction, cluster: DifferenceCluster, evidence: ClusterEvidence) -> tuple[str, ...]:
    excess = words.UNKNOWN if evidence.excess is None else f"{evidence.excess:.2f}"
    figures = (evidence.unseen_affinity, evidence.null_affinity)
    shares = (evidence.stability, evidence.robustness)
    return (
        cluster_name(direction, cluster),
        standing(evidence),
        excess,
        words.rate(evidence.excess_q),
        *(words.UNKNOWN if value is None else words.affinity(value) for value in figures),
        words.rate(evidence.q_value),
        *(words.UNKNOWN if value is None else f"{value:.2f}" for value in shares),
    )


def _enriched(comparison: Comparison, direction: Direction) -> Iterator[tuple[str, ...]]:
    for cluster in in_order(direction):
        for value in cluster.evidence.enriched[:_MOST_ENRICHED] if cluster.evidence else ():
            yield (
                cluster_name(direction, cluster),
                value_in_words(value, label=comparison.items.label),
                words.number(value.count),
                words.percent(value.share),
                words.percent(value.expected),
                lift(value),
                words.rate(value.q_value),
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
