"""The data that the page's scripts read: one JSON document, each picture in it once."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.clusters import Direction
from repdiff.io import Items
from repdiff.io.images import Thumbnails
from repdiff.report.carried import Carried
from repdiff.report.matrix import means_between
from repdiff.report.palette import cluster_colours, no_change_colour
from repdiff.run import Run

LONGEST_TEXT = 280  # characters of an item's text that the page shows


def payload(run: Run, carried: Carried, maps: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the scripts need, as plain JSON values.

    Parameters
    ----------
    run : Run
        What to report on.
    carried : Carried
        Which items the page speaks of; every list of items below is in its order.
    maps : mapping
        The Bokeh document, from :func:`repdiff.report.maps.maps_document`.
    """
    comparison = run.comparison
    directions = (comparison.x_only, comparison.y_only)
    colours = cluster_colours(max(len(direction.clusters) for direction in directions))
    grey = no_change_colour()
    return {
        "names": list(comparison.names),
        "total": carried.n,
        "drawn": None if len(carried.drawn) == len(carried.rows) else _packed(carried.drawn, np.int32),
        "items": _items(comparison.items, carried),
        "directions": {direction.name: _direction(direction, carried) for direction in directions},
        "coordinates": {
            side: _packed(np.round(values[carried.rows], 6).ravel(), np.float32)
            for side, values in (("x", comparison.projection.x), ("y", comparison.projection.y))
        },
        "pictures": _pictures(run.thumbnails, carried),
        "palette": {
            "light": {"clusters": [colour.light for colour in colours], "noChange": grey.light},
            "dark": {"clusters": [colour.dark for colour in colours], "noChange": grey.dark},
        },
        "maps": dict(maps),
    }


def as_script_text(data: Any) -> str:
    """JSON that may stand inside a script element: no character of it can end the element or open a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def column_text(column: pd.Series) -> list[str]:
    """Each value as a person would write it; nothing for a missing one."""
    if pd.api.types.is_float_dtype(column.dtype):
        return ["" if np.isnan(value) else f"{value:g}" for value in column.to_numpy(np.float64)]
    return ["" if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]


def _items(items: Items, carried: Carried) -> dict[str, Any]:
    frame = items.frame if carried.holds_all else items.frame.iloc[carried.rows]

    def column(name: str | None) -> list[str] | None:
        return None if name is None else column_text(frame[name])

    texts = column(items.text)
    return {
        "ids": column_text(frame["id"]),
        "labels": column(items.label),
        "labelColumn": items.label,
        "texts": None if texts is None else [shortened(text) for text in texts],
        "predictions": {"x": column(items.prediction_x), "y": column(items.prediction_y)},
    }


def shortened(text: str) -> str:
    """The beginning of a text, its white space folded."""
    folded = " ".join(text.split())
    return folded if len(folded) <= LONGEST_TEXT else folded[: LONGEST_TEXT - 1].rstrip() + "…"


def _direction(direction: Direction, carried: Carried) -> dict[str, Any]:
    places = colour_places(direction)
    return {
        "labels": _packed(direction.labels[carried.rows], np.int32),
        "clusters": [
            {
                "index": cluster.index,
                "noChange": cluster.is_no_change,
                "colour": places[cluster.index],
                "size": cluster.size,
                "meanAffinity": cluster.mean_affinity,
            }
            for cluster in direction.clusters
        ],
        "means": [[float(f"{mean:.4g}") for mean in row] for row in means_between(direction).tolist()],
    }


def colour_places(direction: Direction) -> dict[int, int | None]:
    """Place in the palette of each cluster: 0 for the strongest difference, None for no change."""
    strongest_first = reversed(direction.difference_clusters)
    places: dict[int, int | None] = {cluster.index: None for cluster in direction.clusters}
    places.update({cluster.index: place for place, cluster in enumerate(strongest_first)})
    return places


def _pictures(thumbnails: Thumbnails, carried: Carried) -> dict[str, Any]:
    kept = np.isin(thumbnails.rows, carried.rows)
    return {
        "places": carried.places(thumbnails.rows[kept]).tolist(),
        "widths": thumbnails.widths[kept].tolist(),
        "heights": thumbnails.heights[kept].tolist(),
        "images": [_base64(thumbnails.images[place]) for place in np.flatnonzero(kept)],
    }


def _packed(values: npt.NDArray[Any], dtype: type[np.generic]) -> str:
    return _base64(np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<")).tobytes())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
