from __future__ import annotations

import numpy as np
import pytest

from repdiff.report.growth import growth_data, growth_document, growth_table, panels
from repdiff.report.wording import formatting as words
from repdiff.store.series import SeriesRun


def test_the_scripts_get_the_numbers_of_the_timeline(learning: SeriesRun) -> None:
    growth = learning.timeline.growth()
    data = growth_data(growth)
    for direction in ("x_only", "y_only"):
        for group in ("lowest", "others"):
            rows = growth[(growth["direction"] == direction) & (growth["group"] == group)]
            for column in ("mean_affinity", "mean_affinity_min", "size_max", "accuracy_x", "accuracy_y_min"):
                assert data[direction][group][column] == pytest.approx(rows[column].tolist())
            assert data[direction][group]["no_change_size"] == rows["no_change_size"].tolist()
            assert data[direction][group]["is_no_change"] == rows["is_no_change"].tolist()


def test_without_accuracies_there_is_no_panel_of_them(learning: SeriesRun) -> None:
    growth = learning.timeline.growth()
    unknown = growth.assign(**{column: np.nan for column in growth if column.startswith("accuracy")})
    assert [panel.name for panel in panels(growth)] == ["affinity", "size", "accuracy"]
    assert [panel.name for panel in panels(unknown)] == ["affinity", "size"]
    table = growth_table(unknown, "x_only", ("the checkpoint", "the reference"), learning.timeline.checkpoints)
    assert not [column for column in table.columns if "accuracy" in column]


def test_a_checkpoint_without_other_clusters_leaves_a_gap(learning: SeriesRun) -> None:
    growth = learning.timeline.growth()
    alone = growth[(growth["group"] == "lowest") | (growth["step"] != 1)]
    others = growth_data(alone)["x_only"]["others"]
    assert others["size"][1] is None
    assert None not in others["size"][2:]
    assert others["is_no_change"][1] is False
    table = growth_table(alone, "x_only", ("the checkpoint", "the reference"), learning.timeline.checkpoints)
    assert table.rows[1][-5:-1] == (words.UNKNOWN,) * 4


def test_the_table_says_what_the_timeline_says(learning: SeriesRun) -> None:
    timeline = learning.timeline
    table = growth_table(timeline.growth(), "x_only", ("the checkpoint", "the reference"), timeline.checkpoints)
    assert [row[0] for row in table.rows] == list(timeline.checkpoints)
    for row, direction in zip(table.rows, timeline.directions("x_only"), strict=True):
        lowest, *others = direction.clusters
        assert row[1:4] == ("no change", words.affinity(lowest.mean_affinity), words.number(lowest.size))
        sizes = [cluster.size for cluster in others]
        assert row[7] == f"{round(np.mean(sizes))} ({min(sizes)} to {max(sizes)})"
        assert row[-1] == words.number(int(direction.no_change.sum()))


def test_panels_share_their_horizontal_axis_and_hold_all_numbers(learning: SeriesRun) -> None:
    growth = learning.timeline.growth()
    document = growth_document(growth, learning.timeline.checkpoints, 2.5)
    assert sorted(document["roots"].values()) == ["growth-accuracy", "growth-affinity", "growth-size"]
    figures = [root["attributes"] for root in document["document"]["roots"]]
    assert len({figure["x_range"]["id"] for figure in figures}) == 1
    low, high = (figures[0]["y_range"]["attributes"][end] for end in ("start", "end"))
    assert low < growth["mean_affinity_min"].min()
    assert high > growth["mean_affinity_max"].max()
