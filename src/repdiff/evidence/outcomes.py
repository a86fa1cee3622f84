"""Labels and predictions -> label make-up and accuracy of groups of items."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd


def count_labels(labels: pd.Series | None, items: npt.NDArray[np.int64]) -> Mapping[str, int]:
    """Label make-up of some items, most frequent first, equal counts by label; items without a label are left out.

    Parameters
    ----------
    labels : Series, n rows, or None
        Label of each item.
    items : ndarray of int64
        Rows to count.
    """
    if labels is None:
        return {}
    counts = _as_text(labels.iloc[items].dropna()).value_counts()
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return {str(label): int(count) for label, count in ordered}


def correctness(labels: pd.Series | None, predictions: pd.Series | None) -> npt.NDArray[np.float64] | None:
    """1 where the prediction equals the label, 0 where not, NaN where either is missing; None without both columns.

    Both are compared as text, so that a column read as numbers agrees with one read as words.
    """
    if labels is None or predictions is None:
        return None
    right = np.asarray(_as_text(labels) == _as_text(predictions), dtype=np.float64)
    right[(labels.isna() | predictions.isna()).to_numpy()] = np.nan
    return right


def accuracy(right: npt.NDArray[np.float64] | None, items: npt.NDArray[np.int64] | slice = slice(None)) -> float | None:
    """Share of right predictions among some items, or None where none of them is known."""
    if right is None:
        return None
    known = right[items][~np.isnan(right[items])]
    return float(known.mean()) if known.size else None


def _as_text(column: pd.Series) -> pd.Series:
    # A column of integers with a gap is read as floats; 3.0 must still equal "3".
    if pd.api.types.is_float_dtype(column.dtype):
        return column.map(lambda value: str(int(value)) if float(value).is_integer() else str(value))
    return column.astype(str)
