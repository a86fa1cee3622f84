"""Mean affinity, size and accuracy at each checkpoint of a series (RDC, Figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.report.figures.style import SOFT, checked, drawing, plain
from repdiff.report.palette import cluster_colours
from repdiff.report.wording.formatting import number
from repdiff.results.clusters import DirectionName

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from repdiff.results.timeline import Timeline

_LONGEST_UPRIGHT, _LONGEST = 5, 18  # characters of a checkpoint's name


def plot_growth(
    timeline: Timeline, *, direction: DirectionName = "x_only", axis_label: str = "checkpoint", title: str | None = None
) -> Figure:
    """Mean affinity, size and accuracy of the lowest cluster and of the others at each checkpoint (RDC, Figure 1).

    The lowest cluster is drawn in colour, or in grey where it counts as no change; the others as their average, in a
    band from the least to the greatest. The numbers are those of :meth:`Timeline.growth`.

    Parameters
    ----------
    timeline : Timeline
        What :func:`repdiff.compare_series` gives.
    direction : {"x_only", "y_only"}
        What the reference alone groups, or what the checkpoints alone do.
    axis_label : str
        What the checkpoints are: "epoch", "layer".
    title : str, optional
        Over all panels.

    Raises
    ------
    MissingExtraError
        Without matplotlib.
    """
    growth = timeline.growth()
    rows = growth[growth["direction"] == checked(direction)]
    known = [measure for measure in ("accuracy_y", "accuracy_x") if rows[measure].notna().any()]
    with drawing("plot_growth") as new_figure:
        figure: Figure = new_figure((10.5 if known else 7.2, 3.6))
        panels: dict[str, Axes] = figure.subplot_mosaic(
            [["mean_affinity", "size", known[0]], ["mean_affinity", "size", known[-1]]] if known
            else [["mean_affinity", "size"]],
            sharex=True,
        )  # fmt: skip
        names = {"accuracy_x": timeline.reference, "accuracy_y": "each checkpoint"}
        for measure, axes in panels.items():
            _draw_growth(axes, rows, measure)
            _name_checkpoints(axes, timeline.checkpoints, axis_label if measure != "accuracy_y" else "")
            if measure in names:
                axes.set_title(plain(f"accuracy of {names[measure]}"))
        lowest = min((panels[measure].get_ylim()[0] for measure in known), default=0.0)
        for measure in known:
            panels[measure].set_ylim(lowest, 1 + (1 - lowest) / 25)
        threshold = timeline.comparisons[0].provenance.parameters.get("no_change_threshold")
        _finish_affinity(panels["mean_affinity"], threshold)
        _finish_size(panels["size"], rows)
        figure.legend(handles=_growth_legend(), loc="outside lower center", ncols=4 if known else 2)
        if title:
            figure.suptitle(plain(title), x=0.01, ha="left", fontsize=11)
    return figure


@dataclass(frozen=True)
class _Lines:
    """Colours of the lines of a growth figure: the lowest cluster, the same as no change, the others."""

    lowest: str
    no_change: str
    others: str


def _line_colours() -> _Lines:
    lowest, others = cluster_colours(2)
    return _Lines(lowest.light, "#8d8b85", others.light)


def _draw_growth(axes: Axes, rows: pd.DataFrame, measure: str) -> None:
    colours = _line_colours()
    others, lowest = rows[rows["group"] == "others"], rows[rows["group"] == "lowest"]
    band = others[[f"{measure}_min", f"{measure}_max"]].to_numpy(float).T
    axes.fill_between(others["step"], *band, color=colours.others, alpha=0.18, linewidth=0)
    axes.plot(others["step"], others[measure], color=colours.others, marker="s", markersize=3.5)
    axes.plot(lowest["step"], lowest[measure], color=colours.no_change, zorder=3)
    settled = lowest["is_no_change"].to_numpy(bool)
    steps, values = lowest["step"].to_numpy(float), lowest[measure].to_numpy(float)
    # A piece of the line is in colour where the cluster at its end is a difference.
    axes.plot(*_pieces(steps, values, ~settled[1:]), color=colours.lowest, zorder=3)
    for mask, colour in ((settled, colours.no_change), (~settled, colours.lowest)):
        axes.plot(steps[mask], values[mask], "o", color=colour, zorder=4)
    axes.set_title(measure.replace("_", " "))
    axes.set_xlim(-0.5, float(rows["step"].max()) + 0.5)


def _pieces(
    steps: npt.NDArray[np.float64], values: npt.NDArray[np.float64], kept: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Some of the segments between neighbouring points, with gaps (NaN) between them."""
    gap = np.full(int(kept.sum()), np.nan)
    across, up = (
        np.column_stack([line[:-1][kept], line[1:][kept], gap]).ravel() for line in (steps, values)
    )  # fmt: skip
    return across, up


def _name_checkpoints(axes: Axes, names: Sequence[str], axis_label: str) -> None:
    every = -(-len(names) // 9)
    places = list(range(0, len(names) - every + 1, every))
    # The last is the reference, or the nearest to it, and is always named.
    places = sorted({*(place for place in places if place <= len(names) - 1 - every), len(names) - 1})
    shortened = _without_common_start(names)
    labels = [plain(shortened[place]) for place in places]
    axes.set_xticks(places, labels)
    if max(map(len, labels)) > _LONGEST_UPRIGHT:
        for label in axes.get_xticklabels():
            label.set(rotation=35, ha="right", rotation_mode="anchor")
    axes.set_xlabel(axis_label)


def _without_common_start(names: Sequence[str]) -> list[str]:
    """Names such as "epoch 3" and "epoch 10" as their numbers, where all are one word and a number."""
    words = [name.rpartition(" ") for name in names]
    alike = len({start for start, _, _ in words}) == 1 and all(end.isdigit() for _, _, end in words)
    if alike:
        return [end for _, _, end in words]
    return [name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for name in names]


def _finish_affinity(axes: Axes, threshold: float | None) -> None:
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(bottom=min(axes.get_ylim()[0], 0.9))
    if threshold is not None:
        axes.axhline(threshold, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        axes.annotate(
            f"no change: below {threshold:g}", (1.0, threshold), xycoords=("axes fraction", "data"), ha="right",
            xytext=(-2, 3), textcoords="offset points", fontsize=7.5, color=SOFT, zorder=5,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip


def _finish_size(axes: Axes, rows: pd.DataFrame) -> None:
    from matplotlib.ticker import FuncFormatter

    totals = rows[rows["group"] == "lowest"]
    axes.plot(
        totals["step"], totals["no_change_size"], color=_line_colours().no_change, linestyle=(0, (1.2, 1.2)),
        linewidth=1.4, zorder=2,
    )  # fmt: skip
    axes.set_title("size, items")
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(round(value))))


def _growth_legend() -> list[Any]:
    from matplotlib.lines import Line2D

    colours = _line_colours()
    return [
        Line2D([], [], color=colours.lowest, marker="o", label="cluster of lowest affinity"),
        Line2D([], [], color=colours.no_change, marker="o", label="the same, as no change"),
        Line2D([], [], color=colours.no_change, linestyle=(0, (1.2, 1.2)), label="all items of no change"),
        Line2D([], [], color=colours.others, marker="s", markersize=3.5, label="other clusters: mean, least to most"),
    ]
