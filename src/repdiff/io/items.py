"""The table of items: ids, images, text, labels, predictions and any metadata."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Items:
    """The items, and which of their columns mean what.

    Attributes
    ----------
    frame : DataFrame, n rows
        Row i is item i. The first column is ``id``: unique strings (row numbers where the source had none).
    image, text, label, prediction_x, prediction_y : str or None
        Column of that meaning.
    image_root : Path or None
        Folder that relative image paths start from.
    """

    frame: pd.DataFrame
    image: str | None = None
    text: str | None = None
    label: str | None = None
    prediction_x: str | None = None
    prediction_y: str | None = None
    image_root: Path | None = None


def as_items(data: Any, **roles: str | None) -> Items:
    """Items of a path or a pandas, polars or pyarrow table."""
    raise NotImplementedError


def read_items(path: str | Path, **roles: str | None) -> Items:
    """Items of a .csv or .parquet file."""
    raise NotImplementedError
