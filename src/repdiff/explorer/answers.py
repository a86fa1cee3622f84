"""Answers to what the page asks. Whatever a client sends is a number, a word or JSON, checked here; never a path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from repdiff.core.errors import RepdiffError
from repdiff.core.plain import from_plain, to_plain
from repdiff.explorer import colours, groups, items
from repdiff.explorer.beside import beside
from repdiff.explorer.explored import Explored, Rows, row_in
from repdiff.explorer.library import Library
from repdiff.explorer.search import search
from repdiff.explorer.trials import Changes
from repdiff.report.payload import labels_packed
from repdiff.results.annotations import Annotations
from repdiff.results.clusters import DIRECTIONS, DirectionName

if TYPE_CHECKING:
    from starlette.requests import Request

_MOST_TILES = 500
_FIRST = 120  # tiles that come with a list
_QUICK_RESTARTS = 2  # of k-means, for a cut that is shown until the whole one is there
_LONGEST_NUMBER = 9  # digits


def number_of(request: Request, name: str, default: int | None = None) -> int:
    """A whole number in the address; raises RepdiffError for anything else."""
    text = request.query_params.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        raise RepdiffError(f"{name} must be a whole number")
    return int(text)


def decimal_of(text: Any, name: str) -> float | None:
    """A positive number such as 0.25; None where there is none; raises RepdiffError for anything else."""
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise RepdiffError(f"{name} must be a number such as 0.25")
    return float(text)


def changes_of(given: Mapping[str, Any]) -> Changes:
    """Settings in place of the run's own, as text by their names; raises RepdiffError for others than can be."""
    clusters = given.get("clusters")
    if clusters is not None and not (isinstance(clusters, str) and re.fullmatch(r"[0-9]{1,4}", clusters)):
        raise RepdiffError("clusters must be a whole number")
    gamma, beta, threshold = (decimal_of(given.get(name), name) for name in ("gamma", "beta", "threshold"))
    return Changes(gamma, beta, threshold, None if clusters is None else int(clusters))


def place_of(library: Library, request: Request) -> int:
    """Which comparison is asked about; the first where none is named."""
    place = number_of(request, "frame", 0)
    if place >= len(library.shelves):
        raise RepdiffError(f"there is no comparison {place}; there are {len(library.shelves)}, counted from 0")
    return place


def explored_of(library: Library, request: Request) -> Explored:
    """The comparison that is asked about."""
    return library.shelves[place_of(library, request)].explored


def direction_of(text: str | None) -> DirectionName:
    """A direction's name; raises RepdiffError for anything else."""
    found: DirectionName | None = next((name for name in DIRECTIONS if name == text), None)
    if found is None:
        raise RepdiffError("direction must be x_only or y_only")
    return found


def plain_of(body: bytes) -> Any:
    """What the JSON of a body says; raises RepdiffError where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RepdiffError("the request is not JSON") from error


def picture(library: Library, request: Request) -> bytes:
    """The picture of an item as the run holds it."""
    explored = explored_of(library, request)
    place = explored.pictures.get(number_of(request, "row"))
    if place is None:
        raise RepdiffError("this item has no picture")
    return explored.run.thumbnails.images[place]


def _item(library: Library, request: Request) -> Any:
    explored = explored_of(library, request)
    return items.item(explored, row_in(explored, number_of(request, "row")))


def _large(library: Library, request: Request) -> Any:
    """The picture of an item, larger than the run holds it; or why there is none."""
    explored = explored_of(library, request)
    return explored.originals.larger(row_in(explored, number_of(request, "row")))


def _tiles(library: Library, request: Request) -> Any:
    explored = explored_of(library, request)
    parts = request.query_params.get("rows", "").split(",")
    if len(parts) > _MOST_TILES or not all(part.isascii() and part.isdecimal() and len(part) <= 9 for part in parts):
        raise RepdiffError(f"rows must be at most {_MOST_TILES} whole numbers, with commas between them")
    return items.tiles(explored, [row_in(explored, int(part)) for part in parts])


def _cluster(library: Library, request: Request) -> Any:
    explored = explored_of(library, request)
    name = direction_of(request.query_params.get("direction"))
    rows = cluster_rows(explored, name, number_of(request, "index"))
    return _listed(explored, rows, request.query_params.get("sort", "typical"), name, facts=True)


def _search(library: Library, request: Request) -> Any:
    explored = explored_of(library, request)
    name = direction_of(request.query_params.get("direction", "x_only"))
    found = search(explored, request.query_params.get("q", ""))
    return _listed(explored, found, request.query_params.get("sort", "row"), name, facts=False)


def _selection(library: Library, request: Request) -> Any:
    """The items of a selection that was kept, by its name."""
    explored = explored_of(library, request)
    name = direction_of(request.query_params.get("direction", "x_only"))
    asked = request.query_params.get("name", "")
    kept = next((one for one in explored.annotations().selections if one.name == asked), None)
    if kept is None:
        raise RepdiffError(f"there is no selection {asked[:40]!r}")
    rows = np.flatnonzero(explored.comparison.items.frame["id"].isin(kept.items).to_numpy())
    return _listed(explored, rows, request.query_params.get("sort", "typical"), name, facts=True)


def _colours(library: Library, request: Request) -> Any:
    return colours.colours(explored_of(library, request), request.query_params.get("by", ""))


def _annotations(library: Library, request: Request) -> Any:
    return to_plain(explored_of(library, request).annotations())


def _recut(library: Library, request: Request) -> Any:
    explored = explored_of(library, request)
    quick = {"restarts": _QUICK_RESTARTS} if number_of(request, "quick", 0) else {}
    found = explored.comparison.recut(number_of(request, "k"), **quick)
    return {
        one.name: {
            "labels": labels_packed(one.labels, len(one.sizes)),
            "means": one.mean_affinity.tolist(),
            "noChange": one.is_no_change.tolist(),
            "sizes": one.sizes.tolist(),
        }
        for one in (found.x_only, found.y_only)
    }


def _trial(library: Library, request: Request) -> Any:
    """Which groups survive other settings, on a sample."""
    return explored_of(library, request).trials.tried(changes_of(request.query_params))


def _umap(library: Library, request: Request) -> Any:
    return explored_of(library, request).umap.told()


def _order_umap(library: Library, request: Request, given: Any) -> Any:
    """Start or cancel the UMAP: ``{"do": "start"}`` or ``{"do": "cancel"}``."""
    job = explored_of(library, request).umap
    orders = {"start": job.start, "cancel": job.cancel}
    order = orders.get(str(given.get("do"))) if isinstance(given, Mapping) else None
    if order is None:
        raise RepdiffError(f"do must be one of {', '.join(orders)}")
    order()
    return job.told()


def _group(library: Library, request: Request, given: Any) -> Any:
    """The facts about any items: ``{"rows": [...], "sort": ..., "direction": ...}``."""
    explored = explored_of(library, request)
    rows, name = _group_of(explored, given)
    sort = given.get("sort", "typical")
    if not isinstance(sort, str):
        raise RepdiffError("sort must be text")
    return _listed(explored, rows, sort, name, facts=True)


def _group_of(explored: Explored, given: Any) -> tuple[Rows, DirectionName]:
    """Items by their rows, or as a cluster by its index, and the direction that is looked at."""
    if not isinstance(given, Mapping):
        raise RepdiffError("the request must be an object with rows")
    name = direction_of(given.get("direction"))
    if "index" in given:
        return cluster_rows(explored, name, given["index"]), name
    rows = given.get("rows")
    if not isinstance(rows, list) or not all(type(row) is int for row in rows) or len(rows) > explored.n:
        raise RepdiffError("rows must be a list of whole numbers, none twice")
    if rows and not 0 <= min(rows) <= max(rows) < explored.n:
        raise RepdiffError(f"rows must be from 0 to {explored.n - 1}")
    return np.unique(np.array(rows, np.int64)), name


def cluster_rows(explored: Explored, name: DirectionName, index: Any) -> Rows:
    """The members of a cluster; raises RepdiffError where there is none of that index."""
    clusters = explored.direction(name).clusters
    if type(index) is not int or not 0 <= index < len(clusters):
        raise RepdiffError(f"there is no cluster {str(index)[:20]} of {name}; there are {len(clusters)}, from 0")
    return clusters[index].items


def _beside(library: Library, request: Request, given: Any) -> Any:
    """Two groups: ``{"first": {"direction": ..., "index": ...}, "second": {"direction": ..., "rows": [...]}}``."""
    explored = explored_of(library, request)
    if not isinstance(given, Mapping):
        raise RepdiffError("the request must be an object with first and second")
    return beside(explored, *(_group_of(explored, given.get(place)) for place in ("first", "second")))


def _annotate(library: Library, request: Request, given: Any) -> Any:
    """Write the annotations, whole, with the version that they were made from."""
    if not isinstance(given, Mapping) or "version" not in given:
        raise RepdiffError("annotations must name the version that they were made from")
    try:
        annotations = from_plain(Annotations, given, "annotations")
    except (TypeError, LookupError, RecursionError) as error:
        raise RepdiffError(str(error)) from error
    return to_plain(explored_of(library, request).annotate(annotations))


def _start(library: Library, request: Request, given: Any) -> Any:
    """Start the full comparison with other settings: ``{"gamma": "0.2", "clusters": "12", ...}``."""
    if not isinstance(given, Mapping):
        raise RepdiffError("the request must be an object with settings")
    library.compare_again(place_of(library, request), changes_of(given))
    return library.rerun.state


def _cancel(library: Library, request: Request, given: Any) -> Any:
    library.rerun.cancel()
    return library.rerun.state


def _listed(explored: Explored, rows: Rows, sort: str, direction: DirectionName, *, facts: bool) -> dict[str, Any]:
    """Items in order, the first of them as tiles, and the facts about all."""
    ordered = groups.sorted_rows(explored, rows, sort, direction).tolist()
    found = {"rows": ordered, "tiles": items.tiles(explored, ordered[:_FIRST])}
    return {**found, "facts": groups.group(explored, rows)} if facts else found


ASKED: Mapping[str, Callable[[Library, Request], Any]] = {
    "item": _item,
    "large": _large,
    "tiles": _tiles,
    "cluster": _cluster,
    "search": _search,
    "selection": _selection,
    "colours": _colours,
    "annotations": _annotations,
    "recut": _recut,
    "trial": _trial,
    "rerun": lambda library, request: library.rerun.state,
    "umap": _umap,
}
GIVEN: Mapping[tuple[str, str], Callable[[Library, Request, Any], Any]] = {
    ("POST", "group"): _group,
    ("POST", "beside"): _beside,
    ("POST", "start"): _start,
    ("POST", "cancel"): _cancel,
    ("POST", "umap"): _order_umap,
    ("PUT", "annotations"): _annotate,
}
