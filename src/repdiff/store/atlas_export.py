"""A comparison -> a table for Embedding Atlas: coordinates on both maps, neighbours, clusters, texts and pictures."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.inputs.images import Thumbnails
from repdiff.results.clusters import Direction
from repdiff.results.comparison import Comparison
from repdiff.results.neighbors import NeighborLists

PICTURE = "picture"


def atlas_table(comparison: Comparison, frame: pd.DataFrame, thumbnails: Thumbnails) -> pa.Table:
    """The columns of ``frame``, and those that Embedding Atlas shows; a row per item, in order.

    ``map_x_1`` and ``map_x_2`` are the coordinates on the map of x, ``map_y_1`` and ``map_y_2`` those of y. ``near_x``
    and ``near_y`` have the nearest neighbours as it asks for them, ``{"ids": [...], "distances": [...]}``: ids are rows
    from 0, and a distance is the place among the neighbours, from 1, since distances are not kept. They are left out
    where the run keeps neighbours of a sample only. ``picture`` is ``{"bytes": ...}``, where the run holds pictures.
    ``x_only_note`` and ``y_only_note`` are what people wrote about an item's cluster, where they wrote anything.

    Parameters
    ----------
    comparison : Comparison
        What to export.
    frame : DataFrame, n rows
        What is told of the items; a column of a name that is taken gets ``item_`` before it.
    thumbnails : Thumbnails
        The pictures that the run holds.
    """
    n = len(frame)
    own: dict[str, Any] = {}
    for side in "xy":
        places = getattr(comparison.projection, side)
        own |= {f"map_{side}_{axis + 1}": pa.array(np.ascontiguousarray(places[:, axis])) for axis in (0, 1)}
    lists = comparison.neighbors
    if lists is not None and lists.holds_all:
        own |= {f"near_{side}": _near(lists, side) for side in "xy"}
    if len(thumbnails.rows):
        own[PICTURE] = _pictures(thumbnails, n)
    if any(note.note for note in comparison.annotations.clusters):
        own |= {f"{one.name}_note": _notes(comparison, one) for one in (comparison.x_only, comparison.y_only)}
    renamed = frame.rename(columns={name: f"item_{name}" for name in frame.columns if name in own})
    table = pa.Table.from_pandas(renamed, preserve_index=False).replace_schema_metadata(None)
    for name, values in own.items():
        table = table.append_column(name, values)
    return table


def write_atlas(comparison: Comparison, frame: pd.DataFrame, thumbnails: Thumbnails, path: Path) -> None:
    """Write the table as Parquet."""
    pq.write_table(atlas_table(comparison, frame, thumbnails), path)


def advice(comparison: Comparison, path: Path, thumbnails: Thumbnails) -> str:
    """The command that opens the table on the map of x."""
    items, lists = comparison.items, comparison.neighbors
    parts = ["embedding-atlas", quote(str(path)), "--x map_x_1 --y map_x_2"]
    parts += ["--neighbors near_x"] if lists is not None and lists.holds_all else []
    parts += [f"--text {quote(items.text)}"] if items.text is not None else []
    parts += [f"--image {PICTURE}"] if len(thumbnails.rows) else []
    return " ".join(parts)


def _near(lists: NeighborLists, side: str) -> pa.Array:
    rows = getattr(lists, side)
    n, k = rows.shape
    offsets = pa.array(np.arange(n + 1, dtype=np.int32) * k)
    ids = pa.ListArray.from_arrays(offsets, pa.array(rows.ravel().astype(np.int64)))
    places = pa.ListArray.from_arrays(offsets, pa.array(np.tile(np.arange(1.0, k + 1), n)))
    return pa.StructArray.from_arrays([ids, places], ["ids", "distances"])


def _notes(comparison: Comparison, direction: Direction) -> pa.Array:
    """The note on each item's cluster, empty where there is none; each is held once, however many items it is on."""
    texts = [comparison.annotations.of(direction.name, cluster.index).note for cluster in direction.clusters]
    return pa.DictionaryArray.from_arrays(pa.array(direction.labels), pa.array(texts, pa.string()))


def _pictures(thumbnails: Thumbnails, n: int) -> pa.Array:
    images: list[dict[str, bytes] | None] = [None] * n
    for place, row in enumerate(thumbnails.rows.tolist()):
        images[row] = {"bytes": thumbnails.images[place]}
    return pa.array(images, pa.struct([("bytes", pa.binary())]))
