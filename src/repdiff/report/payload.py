"""The data that the page's scripts read: one JSON document, each picture in it once."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.inputs import Items
from repdiff.inputs.images import Thumbnails
from repdiff.report.closer import columns_payload, name_column, neighbors_payload
from repdiff.report.maps import axis_labels, limits
from repdiff.report.matrix import means_between
from repdiff.report.palette import cluster_colours, no_change_colour
from repdiff.report.shown_items import ShownItems
from repdiff.report.subject import Fate, Frame, Subject
from repdiff.report.wording.groups import numbers
from repdiff.report.wording.names import shown_name
from repdiff.results.clusters import Direction

LONGEST_TEXT = 280  # characters of an item's text that the page shows


def payload(subject: Subject, shown_items: ShownItems, maps: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the scripts need, as plain JSON values.

    Parameters
    ----------
    subject : Subject
        What to report on.
    shown_items : ShownItems
        Which items the page speaks of; every list of items below is in its order.
    maps : mapping
        The Bokeh document, from :func:`repdiff.report.maps.maps_document`.
    """
    first = subject.first
    colours = cluster_colours(subject.n_colours)
    grey = no_change_colour()
    return {
        "total": shown_items.n,
        "drawn": None if len(shown_items.drawn) == len(shown_items.rows) else packed(shown_items.drawn, np.int32),
        "items": _items(first.items, shown_items, predictions_of_y=len(subject.frames) == 1),
        # x is the same in every frame, and is stored once.
        "coordinates": _coordinates(first.projection.x, shown_items),
        "frames": [_frame(frame, shown_items, len(subject.frames)) for frame in subject.frames],
        "pictures": _pictures(subject.thumbnails, shown_items),
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


def _items(items: Items, shown_items: ShownItems, *, predictions_of_y: bool) -> dict[str, Any]:
    frame = items.frame if shown_items.holds_all else items.frame.iloc[shown_items.rows]

    def column(name: str | None) -> list[str] | None:
        return None if name is None else column_text(frame[name])

    texts = column(items.text)
    return {
        "ids": column_text(frame["id"]),
        "names": column(name_column(items)),
        "columns": columns_payload(items, shown_items),
        "labels": column(items.label),
        "labelColumn": items.label,
        "texts": None if texts is None else [shortened(text) for text in texts],
        "predictions": {
            "x": column(items.prediction_x),
            "y": column(items.prediction_y if predictions_of_y else None),
        },
    }


def shortened(text: str) -> str:
    """The beginning of a text, its white space folded."""
    folded = " ".join(text.split())
    return folded if len(folded) <= LONGEST_TEXT else folded[: LONGEST_TEXT - 1].rstrip() + "…"


def _frame(frame: Frame, shown_items: ShownItems, n_frames: int) -> dict[str, Any]:
    projection = frame.comparison.projection
    return {
        "names": list(frame.comparison.names),
        "directions": {direction.name: _direction(frame, direction, shown_items) for direction in frame.directions},
        "coordinates": _coordinates(projection.y, shown_items),
        "limits": [limits(axis) for axis in projection.y[shown_items.rows[shown_items.drawn]].T],
        "axes": axis_labels(projection.explained_y),
        "neighbors": neighbors_payload(frame.comparison, shown_items, n_frames),
    }


def _coordinates(values: npt.NDArray[np.float32], shown_items: ShownItems) -> str:
    return packed(np.round(values[shown_items.rows], 6).ravel(), np.float32)


def _direction(frame: Frame, direction: Direction, shown_items: ShownItems) -> dict[str, Any]:
    places = frame.places[direction.name]
    fates = frame.fates.get(direction.name, {})
    called = numbers(direction)
    return {
        "labels": labels_packed(direction.labels[shown_items.rows], len(direction.clusters)),
        "clusters": [
            {
                "index": cluster.index,
                "number": called[cluster.index],
                "called": shown_name(frame.comparison, direction.name, cluster),
                "noChange": cluster.is_no_change,
                "colour": places[cluster.index],
                "size": cluster.size,
                "meanAffinity": cluster.mean_affinity,
                **_fate(fates.get(cluster.index)),
            }
            for cluster in direction.clusters
        ],
        "means": [[float(f"{mean:.4g}") for mean in row] for row in means_between(direction).tolist()],
    }


def _fate(fate: Fate | None) -> dict[str, Any]:
    return {} if fate is None else {"track": fate.track, "letter": fate.letter}


def _pictures(thumbnails: Thumbnails, shown_items: ShownItems) -> dict[str, Any]:
    kept = np.isin(thumbnails.rows, shown_items.rows)
    return {
        "places": shown_items.places(thumbnails.rows[kept]).tolist(),
        "widths": thumbnails.widths[kept].tolist(),
        "heights": thumbnails.heights[kept].tolist(),
        "images": [_base64(thumbnails.images[place]) for place in np.flatnonzero(kept)],
    }


def labels_packed(labels: npt.NDArray[np.integer[Any]], count: int) -> dict[str, Any]:
    """Labels from 0 to count - 1, a byte each where they fit."""
    kind: type[np.generic] = np.uint8 if count <= 256 else np.int32
    return {"bytes": np.dtype(kind).itemsize, "data": packed(labels, kind)}


def packed(values: npt.NDArray[Any], dtype: type[np.generic]) -> str:
    """Numbers as base64 of their little-endian bytes."""
    return _base64(np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder("<")).tobytes())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
