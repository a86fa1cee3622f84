"""The figures of the page as tables."""

from __future__ import annotations

from dataclasses import dataclass

from repdiff.report.matrix import means_between
from repdiff.report.wording import formatting as words
from repdiff.report.wording.groups import all_in_order, numbers
from repdiff.results.clusters import DifferenceCluster, Direction
from repdiff.results.comparison import Comparison

_MOST_LABELS = 40


@dataclass(frozen=True)
class Table:
    """A table to show.

    Attributes
    ----------
    title : str
        Its caption.
    columns : tuple of str
        Heads; the first column names the row.
    rows : tuple of tuple of str
        Cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def direction_tables(comparison: Comparison, direction: Direction) -> tuple[Table, ...]:
    """Cards, bars, matrix and label make-up of one direction as tables."""
    tables = [clusters_table(comparison, direction)]
    if comparison.items.label is not None:
        tables.append(labels_table(direction))
    return (*tables, affinity_table(direction), maps_table(comparison, direction))


def clusters_table(comparison: Comparison, direction: Direction) -> Table:
    """One row a cluster, in the order of the cards: size, mean affinity, make-up, accuracies, representatives."""
    x, y = comparison.names
    known = comparison.accuracy_x is not None, comparison.accuracy_y is not None
    accuracies = [f"accuracy of {name}" for name, is_known in zip((x, y), known, strict=True) if is_known]
    ids = comparison.items.frame["id"]

    def row(cluster: DifferenceCluster) -> tuple[str, ...]:
        shares = (cluster.accuracy_x, cluster.accuracy_y)
        return (
            cluster_name(direction, cluster),
            words.number(cluster.size),
            words.percent(cluster.size / len(direction.labels)),
            words.affinity(cluster.mean_affinity),
            "no change" if cluster.is_no_change else "difference",
            *(words.percent(share) for share, is_known in zip(shares, known, strict=True) if is_known),
            ", ".join(str(ids.iloc[row]) for row in cluster.representatives),
        )

    return Table(
        "Clusters: cards and bars",
        ("group", "items", "share", "mean affinity", "kind", *accuracies, "representatives"),
        tuple(row(cluster) for cluster in all_in_order(direction)),
    )


def labels_table(direction: Direction) -> Table:
    """Items of each label in each cluster; rare labels are summed up."""
    totals: dict[str, int] = {}
    for cluster in direction.clusters:
        for label, count in cluster.label_counts.items():
            totals[label] = totals.get(label, 0) + count
    ordered = sorted(totals, key=lambda label: (-totals[label], label))
    named, rest = ordered[:_MOST_LABELS], ordered[_MOST_LABELS:]
    strongest_first = all_in_order(direction)
    rows = [
        (label, *(words.number(cluster.label_counts.get(label, 0)) for cluster in strongest_first)) for label in named
    ]
    if rest:
        sums = (sum(cluster.label_counts.get(label, 0) for label in rest) for cluster in strongest_first)
        rows.append((f"{words.plural(len(rest), 'other label')}", *map(words.number, sums)))
    return Table(
        "Label make-up: items of each label in each cluster",
        ("label", *(cluster_name(direction, cluster) for cluster in strongest_first)),
        tuple(rows),
    )


def affinity_table(direction: Direction) -> Table:
    """Mean affinity between clusters: the matrix picture in numbers."""
    means = means_between(direction)
    strongest_first = all_in_order(direction)
    rows = (
        (
            cluster_name(direction, one),
            *(words.affinity(float(means[one.index, other.index])) for other in strongest_first),
        )
        for one in strongest_first
    )
    return Table(
        "Affinity matrix: means between clusters",
        ("group", *(cluster_name(direction, one) for one in strongest_first)),
        tuple(rows),
    )


def maps_table(comparison: Comparison, direction: Direction) -> Table:
    """Where each cluster lies on the two maps: mean and standard deviation of its coordinates."""
    projection = comparison.projection
    sides = tuple(zip(comparison.names, (projection.x, projection.y), strict=True))
    heads = tuple(f"{name}, component {axis + 1}" for name, _ in sides for axis in range(2))

    def row(cluster: DifferenceCluster) -> tuple[str, ...]:
        axes = (values[cluster.items, axis] for _, values in sides for axis in range(2))
        return (
            cluster_name(direction, cluster),
            *(f"{_figures(axis.mean(), 3)} ± {_figures(axis.std(), 2)}" for axis in axes),
        )

    rows = tuple(row(cluster) for cluster in all_in_order(direction))
    return Table("Maps: mean and spread of each cluster", ("group", *heads), rows)


def _figures(value: float, digits: int) -> str:
    """A number to so many figures, with a minus sign that is one: ``−1.40``."""
    return words.figures(value, digits).replace("-", "\N{MINUS SIGN}")


def cluster_name(direction: Direction, cluster: DifferenceCluster) -> str:
    """What a cluster is called in tables: the number of its card."""
    return f"{numbers(direction)[cluster.index]}"
