"""The page and its data; data and scripts of the static report, where they are the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from repdiff.core.plain import to_plain
from repdiff.explorer.colours import choices
from repdiff.explorer.explored import Explored
from repdiff.explorer.findings import findings
from repdiff.explorer.library import Library
from repdiff.explorer.missing import missing
from repdiff.inputs import Items
from repdiff.report.maps import limits
from repdiff.report.page import asset, environment
from repdiff.report.palette import cluster_colours
from repdiff.report.payload import as_script_text, packed, payload
from repdiff.report.shown_items import ShownItems, choose_shown_items
from repdiff.report.subject import Frame, Subject, subject_of
from repdiff.report.wording.answer import answer
from repdiff.store.closer import most_clusters
from repdiff.store.lazy import put_off

MOST_DRAWN = 100_000  # items; of more, a sample
_N_COLOURS = 24  # of anything that is coloured by name
# In the order in which they are put together; later ones use what earlier ones define.
_SHARED = ("data", "theme")
_OWN = (
    "ask", "state", "address", "annotations", "tiles", "canvas", "maps", "layout", "colouring", "findings", "wall",
    "naming", "facts", "beside", "look", "inspector", "search", "recut", "trials", "rerun", "review", "main",
)  # fmt: skip


def page(library: Library, place: int) -> str:
    """The HTML of one comparison of a library; everything that comes from the run stands in it as data."""
    explored = library.shelves[place].explored
    names = explored.comparison.names
    template = environment().from_string(_own_asset("explorer.html.j2"))
    return template.render(
        data=as_script_text(page_data(library, place)), names=names, titles=library.titles, place=place
    )  # fmt: skip


def page_data(library: Library, place: int) -> dict[str, Any]:
    """What the scripts start from; everything else they ask for."""
    explored = library.shelves[place].explored
    subject = subject_of(explored.run)
    shown = _with_reference(choose_shown_items(subject, most_drawn=MOST_DRAWN, most_listed=MOST_DRAWN), explored)
    data = payload(_without_details(explored, subject), shown, {})
    found = answer(explored.comparison)
    colours = cluster_colours(max(_N_COLOURS, subject.n_colours))
    for theme in ("light", "dark"):
        data["palette"][theme]["clusters"] = [getattr(colour, theme) for colour in colours]
    return {
        **data,
        "frame": place,
        "rows": None if shown.holds_all else packed(shown.rows, np.int32),
        "findings": findings(explored),
        "headline": "" if found is None else found.headline.plain,
        "colourBy": choices(explored),
        "rightMeans": explored.right_means,
        "neighbours": None if explored.lists is None else explored.lists.k,
        "missing": missing(explored),
        "settings": _settings(explored),
        "mostClusters": most_clusters(explored.folder),
        "annotations": to_plain(explored.annotations()),
        "limitsOfX": _limits_of_x(explored, shown.rows[shown.drawn]),
    }


def _settings(explored: Explored) -> dict[str, Any]:
    """The run's settings that may be tried otherwise."""
    own = explored.comparison.provenance.parameters
    return {"gamma": own["gamma"], "beta": own["beta"], "threshold": own["no_change_threshold"]}


def _with_reference(shown: ShownItems, explored: Explored) -> ShownItems:
    """The same items and, of a sample, also those whose embeddings are kept, which a UMAP draws."""
    reference = None if shown.holds_all else explored.comparison.reference
    if reference is None or len(reference.rows) > MOST_DRAWN:
        return shown
    rows = np.union1d(shown.rows, reference.rows)
    return replace(shown, rows=rows, drawn=np.arange(len(rows)))


def _limits_of_x(explored: Explored, rows: Any) -> list[tuple[float, float]]:
    return [limits(axis) for axis in explored.comparison.projection.x[rows].T]


def _without_details(explored: Explored, subject: Subject) -> Subject:
    """The same subject with ids and labels only; columns, texts, neighbours and pictures are asked for one by one."""
    comparison, items = explored.comparison, explored.comparison.items
    held = items.frame[list(dict.fromkeys(["id", *filter(None, [items.label])]))]
    bare = Items(held, label=items.label, has_ids=items.has_ids)
    frame = Frame(put_off(comparison, items=lambda: bare, neighbors=lambda: None), subject.frames[0].places)
    few = replace(
        subject.thumbnails, rows=np.empty(0, np.int64), widths=np.empty(0, np.int32), heights=np.empty(0, np.int32),
        images=(),
    )  # fmt: skip
    return Subject((frame,), few)


@cache
def script() -> str:
    """All scripts of the page."""
    parts = [asset(f"js/{name}.js") for name in _SHARED] + [_own_asset(f"js/{name}.js") for name in _OWN]
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "\n})();\n"


@cache
def style() -> str:
    """The report's style and the explorer's own."""
    return asset("page.css") + _own_asset("explorer.css")


def _own_asset(name: str) -> str:
    return resources.files("repdiff.explorer").joinpath("assets").joinpath(name).read_text(encoding="utf-8")
