"""Items as the page shows them: small, in lists, and one of them whole, with its neighbours on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from repdiff.explorer.explored import Explored, Marks
from repdiff.report.payload import shortened
from repdiff.results.clusters import DIRECTIONS

_LONGEST_VALUE = 4_000  # characters of a column that the inspector shows


def tile(explored: Explored, row: int) -> dict[str, Any]:
    """What a list shows of an item."""
    items = explored.comparison.items
    place = explored.pictures.get(row)
    thumbnails = explored.run.thumbnails
    size = None if place is None else [int(thumbnails.widths[place]), int(thumbnails.heights[place])]
    text = "" if items.text is None else shortened(explored.columns[items.text][row])
    return {
        "row": row,
        "id": explored.columns["id"][row],
        "title": "" if explored.title is None else explored.title[row],
        "label": "" if items.label is None else explored.columns[items.label][row],
        "text": text,
        "picture": size,
    }


def tiles(explored: Explored, rows: Sequence[int]) -> list[dict[str, Any]]:
    """What a list shows of these items."""
    return [tile(explored, row) for row in rows]


def item(explored: Explored, row: int) -> dict[str, Any]:
    """All of an item: its columns, predictions, clusters, and ten neighbours on each side."""
    items = explored.comparison.items
    return {
        **tile(explored, row),
        "text": "" if items.text is None else explored.columns[items.text][row][:_LONGEST_VALUE],
        "columns": [[name, values[row][:_LONGEST_VALUE]] for name, values in explored.columns.items()],
        "predictions": {
            side: None if column is None else explored.columns[column][row]
            for side, column in (("x", items.prediction_x), ("y", items.prediction_y))
        },
        "right": {side: _mark(marks, row) for side, marks in zip("xy", explored.right, strict=True)},
        "clusters": {name: int(explored.direction(name).labels[row]) for name in DIRECTIONS},
        "kept": None if np.isnan(explored.kept[row]) else int(explored.kept[row]),
        "neighbours": _neighbours(explored, row),
    }


def _mark(marks: Marks | None, row: int) -> bool | None:
    return None if marks is None or np.isnan(marks[row]) else bool(marks[row])


def _neighbours(explored: Explored, row: int) -> dict[str, Any] | None:
    """The nearest on each side with their places there and on the other side; None where they are not known."""
    lists, place = explored.lists, int(explored.places[row])
    if lists is None or place < 0:
        return None
    sides = {"x": (lists.x, lists.x_in_y), "y": (lists.y, lists.y_in_x)}
    return {
        side: [
            {**tile(explored, near), "here": here, "there": there, "kept": there <= lists.k}
            for here, (near, there) in enumerate(zip(rows[place].tolist(), others[place].tolist(), strict=True), 1)
        ]
        for side, (rows, others) in sides.items()
    }
