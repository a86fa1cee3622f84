"""The paper's Figure 1: how the lowest cluster, and the others, fare along a series (RDC, Figure 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from repdiff.report.alluvial import short_names
from repdiff.report.maps import with_ids_of_its_own
from repdiff.report.matrix import Scale
from repdiff.report.tables import Table
from repdiff.report.wording import formatting as words

_TICKS = 4
_LONGEST_TICK = 9  # characters
_GROUPS = ("lowest", "others")
_FORMATS = {"size": "0,0", "accuracy": "0 %"}  # of the numbers at the axis, as elsewhere on the page


@dataclass(frozen=True)
class Panel:
    """One of the panels: its name, what it shows, and which columns of the numbers it draws.

    ``measures`` are the lines: a column of the numbers, and whether it is drawn dashed.
    """

    name: str
    title: str
    measures: tuple[tuple[str, bool], ...]


def panels(growth: pd.DataFrame) -> tuple[Panel, ...]:
    """The panels that there are numbers for: mean affinity, size and, where predictions are known, accuracy."""
    accuracies = (("accuracy_y", False), ("accuracy_x", True))
    known = tuple((column, dashed) for column, dashed in accuracies if growth[column].notna().any())
    return (
        Panel("affinity", "Mean affinity", (("mean_affinity", False),)),
        Panel("size", "Items in a cluster", (("size", False),)),
        *((Panel("accuracy", "Accuracy", known),) if known else ()),
    )


def growth_data(growth: pd.DataFrame) -> dict[str, Any]:
    """The numbers for the scripts: by direction, group and column a list over checkpoints, None where unknown."""
    data: dict[str, Any] = {}
    steps = range(int(growth["step"].max()) + 1)
    columns = [
        f"{measure}{end}" for panel in panels(growth) for measure, _ in panel.measures for end in ("", "_min", "_max")
    ]
    for (direction, group), rows in growth.groupby(["direction", "group"]):
        of = rows.set_index("step").reindex(steps)
        lists = {column: [_known(value) for value in of[column].tolist()] for column in columns}
        lists["no_change_size"] = [_known(value) for value in of["no_change_size"].tolist()]
        lists["is_no_change"] = [value is True for value in of["is_no_change"].tolist()]
        data.setdefault(str(direction), {})[str(group)] = lists
    return data


def growth_document(growth: pd.DataFrame, checkpoints: Sequence[str], threshold: float) -> dict[str, Any]:
    """The Bokeh document of the panels, which share their horizontal axis; the page's script fills and colours them."""
    from bokeh.document import Document
    from bokeh.models import Range1d

    document, roots = Document(), {}
    across = Range1d(-0.4, len(checkpoints) - 0.6)
    for panel in panels(growth):
        figure = _figure(panel, growth, across, checkpoints, threshold)
        document.add_root(figure)
        roots[figure.id] = f"growth-{panel.name}"
    return with_ids_of_its_own({"document": document.to_json(deferred=False), "roots": roots})


def _figure(panel: Panel, growth: pd.DataFrame, across: Any, checkpoints: Sequence[str], threshold: float) -> Any:
    from bokeh.models import ColumnDataSource, FixedTicker, NumeralTickFormatter, Range1d, Span
    from bokeh.plotting import figure

    plot = figure(
        name=f"growth-{panel.name}", sizing_mode="stretch_both", toolbar_location=None, tools="", min_border=0,
        x_range=across, y_range=Range1d(*_limits(panel, growth, threshold)),
        y_axis_type="log" if panel.name == "affinity" else "linear",
        background_fill_color=None, border_fill_color=None, outline_line_color=None,
    )  # fmt: skip
    ticks = np.unique(np.round(np.linspace(0, len(checkpoints) - 1, min(len(checkpoints), _TICKS))).astype(int))
    plot.xaxis.ticker = FixedTicker(ticks=ticks.tolist())
    plot.xaxis.major_label_overrides = dict(enumerate(short_names(checkpoints, _LONGEST_TICK)))
    plot.xgrid.visible = False
    # Nothing is drawn before the script knows the theme and the layout its size; Bokeh would leave traces of it.
    plot.ygrid.grid_line_color = None
    for axis in plot.axis:
        axis.update(
            minor_tick_line_color=None, axis_line_color=None, major_tick_line_color=None,
            major_label_text_color=None, major_label_text_font_size="11px",
        )  # fmt: skip
    if panel.name in _FORMATS:
        plot.yaxis.formatter = NumeralTickFormatter(format=_FORMATS[panel.name])
    for measure, dashed in panel.measures:
        for group in reversed(_GROUPS):
            _line(plot, group, measure, "dashed" if dashed else "solid")
    if panel.name == "size":
        source = ColumnDataSource({"at": [], "value": []}, name="no change")
        plot.line("at", "value", source=source, line_width=1.8, line_dash="dotted", line_color=None, name="no change")
    if panel.name == "affinity":
        values = Scale(plot.y_range.start, plot.y_range.end).ticks
        plot.yaxis.ticker = FixedTicker(ticks=list(values))
        plot.yaxis.major_label_overrides = {value: f"{value:g}" for value in values}
        plot.add_layout(
            Span(location=threshold, dimension="width", line_dash="dashed", line_color=None, name="threshold")
        )
    for name in ("now", "pointed"):
        plot.add_layout(
            Span(location=0, dimension="height", line_color=None, name=name, visible=name == "now", level="underlay")
        )
    return plot


def _line(plot: Any, group: str, measure: str, dash: str) -> None:
    """A line over checkpoints, its dots, and, for the average of several clusters, the band from least to largest."""
    from bokeh.models import ColumnDataSource

    name = f"{group} {measure}"
    source = ColumnDataSource({"at": [], "value": [], "low": [], "high": [], "ink": []}, name=name)
    segments = ColumnDataSource({"at": [], "value": [], "next_at": [], "next_value": [], "ink": []}, name=name)
    if group == "others":
        plot.varea("at", "low", "high", source=source, fill_alpha=0.13, name=f"{name} band")
    width = 2.6 if group == "lowest" else 1.6
    plot.segment(
        "at", "value", "next_at", "next_value", source=segments, line_width=width, line_dash=dash, line_color="ink",
        name=f"{name} line",
    )  # fmt: skip
    size = 6.5 if group == "lowest" else 4.5
    plot.scatter("at", "value", source=source, size=size, fill_color="ink", line_color="ink", name=f"{name} dots")


def _limits(panel: Panel, growth: pd.DataFrame, threshold: float) -> tuple[float, float]:
    """The range of a panel: that of both directions, so that they can be compared."""
    columns = [f"{measure}{end}" for measure, _ in panel.measures for end in ("_min", "_max")]
    values = growth[columns].to_numpy(np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if panel.name == "affinity":
        return min(low, 1.0) * 0.85, max(high, threshold) * 1.15
    if panel.name == "size":
        return 0.0, max(high, float(growth["no_change_size"].max())) * 1.05
    return max(low - 0.05, -0.02), min(high + 0.05, 1.03)


def growth_table(growth: pd.DataFrame, direction: str, names: tuple[str, str], checkpoints: Sequence[str]) -> Table:
    """The numbers of the figure, one row a checkpoint; ``names`` are those of the checkpoint and of the reference."""
    own = growth[growth["direction"] == direction]
    accuracies = [
        (f"accuracy of {name}", column)
        for column, name in zip(("accuracy_y", "accuracy_x"), names, strict=True)
        if growth[column].notna().any()
    ]
    facts: dict[tuple[int, str], Mapping[Any, Any]] = {
        (entry["step"], entry["group"]): entry for entry in own.to_dict("records")
    }
    heads = ("mean affinity", "items", *(title for title, _ in accuracies))
    columns = (
        "checkpoint", "lowest cluster: kind", *heads, f"others: {heads[0]}", *heads[1:], "items of no change, in all",
    )  # fmt: skip
    measures = ("mean_affinity", "size", *(column for _, column in accuracies))
    rows = []
    for step, checkpoint in enumerate(checkpoints):
        lowest, others = facts[step, "lowest"], facts.get((step, "others"))
        kind = "no change" if lowest["is_no_change"] else "difference"
        cells = (_written(measure, lowest[measure]) for measure in measures)
        rest = (words.UNKNOWN if others is None else _spread(measure, others) for measure in measures)
        rows.append((checkpoint, kind, *cells, *rest, words.number(int(lowest["no_change_size"]))))
    return Table(
        "Checkpoint by checkpoint, in numbers; in brackets from the least to the largest", columns, tuple(rows)
    )


def _spread(measure: str, row: Mapping[Any, Any]) -> str:
    mean, least, largest = (_written(measure, row[f"{measure}{end}"]) for end in ("", "_min", "_max"))
    return mean if mean == words.UNKNOWN else f"{mean} ({least} to {largest})"


def _written(measure: str, value: float) -> str:
    if np.isnan(value):
        return words.UNKNOWN
    if measure == "mean_affinity":
        return words.affinity(value)
    return words.number(round(value)) if measure == "size" else words.percent(value)


def _known(value: Any) -> float | None:
    return None if value is None or np.isnan(value) else float(value)
