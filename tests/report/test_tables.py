from __future__ import annotations

import pytest

from repdiff.report import tables
from repdiff.report.wording import formatting as words
from repdiff.report.wording.groups import all_in_order
from repdiff.store.run import Run


def cells(table: tables.Table, column: str) -> list[str]:
    place = table.columns.index(column)
    return [row[place] for row in table.rows]


def test_the_cluster_table_tells_what_the_cards_tell(hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    table = tables.clusters_table(comparison, comparison.x_only)
    strongest_first = all_in_order(comparison.x_only)
    assert cells(table, "group") == [str(number) for number in range(1, len(strongest_first) + 1)]
    assert cells(table, "items") == [words.number(cluster.size) for cluster in strongest_first]
    assert cells(table, "mean affinity") == [words.affinity(cluster.mean_affinity) for cluster in strongest_first]
    assert cells(table, "accuracy of <u>x") == [words.percent(1.0)] * len(strongest_first)
    assert cells(table, "accuracy of y & co") == [words.percent(cluster.accuracy_y) for cluster in strongest_first]
    first = [comparison.items.frame["id"].iloc[row] for row in strongest_first[0].representatives]
    assert cells(table, "representatives")[0] == ", ".join(first)


def test_accuracies_are_left_out_where_unknown(text_run: Run) -> None:
    table = tables.clusters_table(text_run.comparison, text_run.comparison.x_only)
    assert not [column for column in table.columns if column.startswith("accuracy")]
    titles = [table.title for table in tables.direction_tables(text_run.comparison, text_run.comparison.x_only)]
    assert not [title for title in titles if title.startswith("Label make-up")]


def test_label_counts_add_up_to_the_sizes_and_rare_labels_are_summed(
    hostile_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    direction = hostile_run.comparison.x_only
    whole = tables.labels_table(direction)
    monkeypatch.setattr(tables, "_MOST_LABELS", 2)
    short = tables.labels_table(direction)
    assert len(short.rows) == 3
    assert short.rows[-1][0].replace(words.NBSP, " ") == f"{len(whole.rows) - 2} other labels"
    for table in (whole, short):
        sums = [sum(int(row[place]) for row in table.rows) for place in range(1, len(table.columns))]
        assert sums == [cluster.size for cluster in all_in_order(direction)]


def test_the_affinity_table_has_the_means_on_its_diagonal(hostile_run: Run) -> None:
    direction = hostile_run.comparison.x_only
    table = tables.affinity_table(direction)
    diagonal = [float(row[place + 1]) for place, row in enumerate(table.rows)]
    means = [cluster.mean_affinity for cluster in all_in_order(direction)]
    assert all(abs(one - other) <= 0.01 * other for one, other in zip(diagonal, means, strict=True))
    assert len(table.columns) == len(direction.clusters) + 1


def test_the_maps_table_has_a_row_a_cluster(hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    table = tables.maps_table(comparison, comparison.x_only)
    cluster = all_in_order(comparison.x_only)[0]
    across = comparison.projection.x[cluster.items, 0]
    assert table.rows[0][1] == f"{across.mean():.3g} ± {across.std():.2g}"
