"""Columns of items as text, so that labels and predictions of several kinds agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def as_text(column: pd.Series) -> pd.Series:
    """Values as text, whole numbers without a point."""
    # A column of integers with a gap is read as floats; 3.0 must still equal "3".
    kinds = pd.api.types
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(object)
    if not (kinds.is_float_dtype(column.dtype) or kinds.is_object_dtype(column.dtype)):
        return column.astype(str)
    return pd.Series([_value_as_text(value) for value in column.to_numpy()], column.index, dtype=object)


def _value_as_text(value: Any) -> str:
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)
