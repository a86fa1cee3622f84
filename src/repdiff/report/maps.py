"""The two maps as one Bokeh document: same items, same order, so what is selected in one is selected in both."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.report.shown_items import ShownItems
from repdiff.report.wording.formatting import percent
from repdiff.results.projection import Projection

_MARGIN = 0.06  # of the span of the coordinates, left free on each side


def maps_document(projection: Projection, shown_items: ShownItems) -> dict[str, Any]:
    """The Bokeh document of both maps, and where its figures go on the page.

    Parameters
    ----------
    projection : Projection
        Coordinates of all items.
    shown_items : ShownItems
        Which of them to draw.

    Returns
    -------
    dict
        ``document``: JSON for ``Bokeh.embed.embed_items``; ``roots``: element by model id.
    """
    from bokeh.document import Document
    from bokeh.models import ColumnDataSource

    # The columns are filled by the page's script, which has the coordinates for its own use anyway.
    source = ColumnDataSource({"x1": [], "x2": [], "y1": [], "y2": [], "cluster": []})
    cursor = ColumnDataSource({"x1": [], "x2": [], "y1": [], "y2": []})
    rows = shown_items.rows[shown_items.drawn]
    sides = (
        ("x", projection.x[rows], projection.explained_x),
        ("y", projection.y[rows], projection.explained_y),
    )
    document = Document()
    roots = {}
    for side, values, explained in sides:
        figure = _figure(side, values, explained, source, cursor)
        document.add_root(figure)
        roots[figure.id] = f"map-{side}"
    return with_ids_of_its_own({"document": document.to_json(deferred=False), "roots": roots})


def with_ids_of_its_own(maps: dict[str, Any]) -> dict[str, Any]:
    """The same with models numbered in the order they are met: Bokeh counts all models of the process."""
    numbers: dict[str, str] = {}

    def renamed(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: number_of(value) if key == "id" else renamed(value) for key, value in node.items()}
        return [renamed(value) for value in node] if isinstance(node, list) else node

    def number_of(name: str) -> str:
        return numbers.setdefault(name, f"m{len(numbers)}")

    return {
        "document": renamed(maps["document"]),
        "roots": {number_of(name): place for name, place in maps["roots"].items()},
    }


def _figure(
    side: str, values: npt.NDArray[np.float32], explained: tuple[float, float], source: Any, cursor: Any
) -> Any:
    from bokeh.models import Range1d
    from bokeh.plotting import figure

    across, up = f"{side}1", f"{side}2"
    plot = figure(
        name=f"map-{side}",
        output_backend="webgl",
        sizing_mode="stretch_both",
        toolbar_location=None,
        tools="",
        x_range=Range1d(*limits(values[:, 0])),
        y_range=Range1d(*limits(values[:, 1])),
        x_axis_label=axis_labels(explained)[0],
        y_axis_label=axis_labels(explained)[1],
        min_border=0,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
    )
    _quiet_axes(plot)
    size = float(np.clip(160 / len(values) ** 0.42, 3, 9))
    groups = [_points(plot, group, across, up, source, size) for group in ("quiet", "loud")]
    plot.scatter(across, up, source=cursor, size=18, fill_color=None, line_width=2, name="cursor", level="overlay")
    _add_tools(plot, groups)
    return plot


def _points(plot: Any, group: str, across: str, up: str, source: Any, size: float) -> Any:
    """One of two layers over all items: the quiet one below, grey; the loud one above, coloured by cluster."""
    from bokeh.models import CDSView, IndexFilter, LinearColorMapper

    # The page's own script sets the palette, which depends on the theme and the direction.
    mapper = LinearColorMapper(palette=["#888888"], low=-0.5, high=0.5)
    renderer = plot.scatter(
        across, up, source=source, name=group, size=size, line_width=0.5,
        view=CDSView(filter=IndexFilter(indices=[])),
        fill_color={"field": "cluster", "transform": mapper} if group == "loud" else "#888888",
        fill_alpha=0.85 if group == "loud" else 0.45, line_alpha=0.7,
    )  # fmt: skip
    renderer.selection_glyph = renderer.glyph.clone(size=size + 1.5, fill_alpha=1, line_alpha=1, line_width=1)
    renderer.nonselection_glyph = renderer.glyph.clone(fill_alpha=0.1, line_alpha=0)
    renderer.muted_glyph = None
    return renderer


def _add_tools(plot: Any, renderers: list[Any]) -> None:
    from bokeh.models import BoxSelectTool, LassoSelectTool, PanTool, ResetTool, WheelZoomTool

    lasso = LassoSelectTool(renderers=renderers, name="lasso")
    box = BoxSelectTool(renderers=renderers, name="box")
    plot.add_tools(lasso, box, PanTool(name="pan"), WheelZoomTool(name="zoom"), ResetTool(name="reset"))
    plot.toolbar.active_drag = lasso
    plot.toolbar.active_scroll = None  # a page that scrolls must not be caught by a map under the pointer


def _quiet_axes(plot: Any) -> None:
    """Axes that name the components and their share of variance, without ticks: the units mean nothing."""
    from bokeh.models import FixedTicker

    plot.axis.ticker = FixedTicker(ticks=[])
    plot.grid.visible = False
    # Nothing is drawn before the script knows the theme and the layout its size; Bokeh would leave traces of it.
    plot.axis.axis_line_color = None
    plot.axis.axis_label_text_color = None
    plot.axis.axis_label_standoff = 6
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.axis_label_text_font_size = "11px"


def limits(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The range of an axis that shows all these coordinates."""
    low, high = float(values.min()), float(values.max())
    margin = _MARGIN * (high - low) or 1.0
    return low - margin, high + margin


def axis_labels(explained: tuple[float, float]) -> tuple[str, str]:
    """What the two axes of a map are called."""
    return (
        f"first component · {percent(explained[0])} of the variance",
        f"second component · {percent(explained[1])}",
    )
