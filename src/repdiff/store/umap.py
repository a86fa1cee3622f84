"""``umap.parquet``: a layout of both maps that the explorer made of a run, kept for the next time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.core.errors import RepdiffError
from repdiff.core.files import written_whole
from repdiff.store.tables import open_table, read_columns

UMAP = "umap.parquet"
_NAMES = ("x_1", "x_2", "y_1", "y_2")
_SCHEMA = pa.schema([("row", pa.int64()), *((name, pa.float32()) for name in _NAMES)])
_KEY = b"repdiff"
Maps = npt.NDArray[np.float32]


def write_umap(folder: Path, rows: npt.NDArray[np.int64], maps: Maps, settings: Mapping[str, Any]) -> None:
    """Write the maps of some items, (2, m, 2), whole or not at all, with what they were made with.

    Raises
    ------
    RepdiffError
        Where the run cannot be written to.
    """
    columns = dict(zip(_NAMES, np.concatenate(list(maps), axis=1).T, strict=True))
    arrays = [pa.array(rows), *(pa.array(np.ascontiguousarray(columns[name])) for name in _NAMES)]
    table = pa.Table.from_arrays(arrays, schema=_SCHEMA.with_metadata({_KEY: json.dumps(settings).encode()}))
    with written_whole(folder / UMAP) as path:
        pq.write_table(table, path)


def read_umap(folder: Path, rows: npt.NDArray[np.int64], settings: Mapping[str, Any]) -> Maps | None:
    """The maps of these items that were made with these settings, (2, m, 2).

    None where there are none: they were never made, of other items or with other settings, or the file is damaged.
    Whatever is there can be made again, so nothing is refused.
    """
    path = folder / UMAP
    if not os.path.lexists(path):
        return None
    try:
        with open_table(path) as found:
            told = (found.schema_arrow.metadata or {}).get(_KEY, b"null")
        if json.loads(told) != dict(settings):
            return None
        table = read_columns(path, _SCHEMA, most=len(rows))
    except (RepdiffError, OSError, ValueError, TypeError, LookupError, RuntimeError, pa.ArrowException):
        return None
    if not np.array_equal(table["row"].to_numpy(), rows):
        return None
    x_1, x_2, y_1, y_2 = (table[name].to_numpy() for name in _NAMES)
    return np.stack([np.stack([x_1, x_2], axis=1), np.stack([y_1, y_2], axis=1)])
