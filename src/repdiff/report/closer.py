"""What the page carries for a closer look at an item: its name, its columns, its neighbours on both sides."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.inputs import Items
from repdiff.report.shown_items import ShownItems
from repdiff.results.comparison import Comparison
from repdiff.results.neighbors import NeighborLists

NEIGHBORS_SHOWN = 10  # on either side
MOST_LOOKS = 20_000  # items times frames whose neighbours the page carries: some 160 bytes each
MOST_COLUMN_BYTES = 4_000_000  # of the texts of all columns together
MOST_COLUMNS = 24
LONGEST_VALUE = 120  # characters
_NAMES = ("name", "title")


def name_column(items: Items) -> str | None:
    """The column that says what an item is called: ``name`` or ``title``, unless it has another part to play."""
    taken = {items.label, items.text, items.image, items.prediction_x, items.prediction_y}
    for wanted in _NAMES:
        for column in items.frame:
            if str(column).lower() == wanted and column not in taken:
                return str(column)
    return None


def values_as_text(column: pd.Series) -> list[str]:
    """Each value as a person would write it, cut to a line; nothing for a missing one."""
    if pd.api.types.is_float_dtype(column.dtype):
        return ["" if np.isnan(value) else f"{value:g}" for value in column.to_numpy(np.float64)]
    return ["" if missing else _line(str(value)) for value, missing in zip(column, column.isna(), strict=True)]


def columns_payload(items: Items, shown_items: ShownItems) -> dict[str, Any]:
    """The items' own columns, and the names of those that the page has no room for.

    A column of few different values is stored as these and a code for each item.
    """
    shown_elsewhere = {"id", items.image, items.text, items.label, name_column(items)}
    frame = items.frame if shown_items.holds_all else items.frame.iloc[shown_items.rows]
    names = [column for column in frame if column not in shown_elsewhere]
    columns: list[dict[str, Any]] = []
    left_out: list[str] = []
    room = MOST_COLUMN_BYTES
    for name in names:
        texts = values_as_text(frame[name])
        values, codes = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
        few = len(values) <= 256
        size = len(texts) + sum(map(len, values.tolist())) if few else sum(map(len, texts)) + 3 * len(texts)
        if size > room or len(columns) == MOST_COLUMNS:
            left_out.append(str(name))
            continue
        room -= size
        held = {"values": values.tolist(), "codes": packed_small(codes, 256)} if few else {"texts": texts}
        columns.append({"name": str(name), **held})
    return {"held": columns, "leftOut": left_out}


def neighbors_payload(comparison: Comparison, shown_items: ShownItems, n_frames: int) -> dict[str, Any] | None:
    """The nearest neighbours of as many items as there is room for, as places on the page; None where a run has none.

    A neighbour that is not on the page has the place after the last.
    """
    lists = comparison.neighbors
    if lists is None:
        return None
    first, rows = lists.first(NEIGHBORS_SHOWN), _looked_at(comparison, shown_items, n_frames)
    at = np.searchsorted(first.rows, rows)
    at = at[(at < len(first.rows)) & (first.rows[np.minimum(at, len(first.rows) - 1)] == rows)]
    count = len(shown_items.rows)
    return {
        "k": first.k,
        "count": len(at),
        "of": packed_small(shown_items.places(first.rows[at]), count + 1),
        **dict(_packed_lists(first, at, shown_items)),
    }


def _looked_at(comparison: Comparison, shown_items: ShownItems, n_frames: int) -> npt.NDArray[np.int64]:
    """Rows of the items whose neighbours are on the page: all that are drawn, or representatives and a sample."""
    drawn = shown_items.rows[shown_items.drawn]
    most = MOST_LOOKS // n_frames
    if len(drawn) <= most:
        return drawn
    representatives = [
        cluster.representatives for one in (comparison.x_only, comparison.y_only) for cluster in one.clusters
    ]
    urgency = np.random.default_rng(shown_items.seed).random(len(drawn))
    urgency[np.isin(drawn, np.concatenate(representatives))] -= 1
    return np.sort(drawn[np.argsort(urgency, kind="stable")[:most]])


def _packed_lists(
    lists: NeighborLists, at: npt.NDArray[np.int64], shown_items: ShownItems
) -> Iterator[tuple[str, dict[str, Any]]]:
    count = len(shown_items.rows)
    for name, near, places in (("x", lists.x[at], lists.x_in_y[at]), ("y", lists.y[at], lists.y_in_x[at])):
        on_page = np.minimum(np.searchsorted(shown_items.rows, near), count - 1)
        there = shown_items.rows[on_page] == near
        yield name, packed_small(np.where(there, on_page, count), count + 1)
        yield f"{name}Elsewhere", packed_small(places, lists.n)


def packed_small(values: npt.NDArray[Any], count: int) -> dict[str, Any]:
    """Whole numbers from 0 to count - 1 in as few bytes each as hold them, little-endian, as base64."""
    kind = np.dtype("<u1" if count <= 2**8 else "<u2" if count <= 2**16 else "<u4")
    data = base64.b64encode(np.ascontiguousarray(values, dtype=kind).tobytes()).decode("ascii")
    return {"bytes": kind.itemsize, "data": data}


def _line(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= LONGEST_VALUE else folded[: LONGEST_VALUE - 1].rstrip() + "…"
