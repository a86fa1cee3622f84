"""Ids: what tells items apart, as text."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError

Ids = npt.NDArray[np.object_]


def as_ids(column: Any, source: str) -> Ids:
    """Ids as unique, non-empty text, (n,), of objects.

    Raises
    ------
    InputError
        Where one is missing or two are the same.
    """
    values = pd.Series(column).reset_index(drop=True)
    missing = values.isna().to_numpy(dtype=bool)
    ids = np.array([as_text(value) for value in values], dtype=object)
    missing = missing | (ids == "")
    if missing.any():
        raise InputError(
            f"{source}: row {int(missing.argmax())} has no id ({missing.sum():,} in all); give every row one"
        )
    repeated = pd.Series(ids, dtype=object).duplicated().to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        first = int(np.flatnonzero(ids == ids[row])[0])
        raise InputError(
            f"{source}: id {ids[row]!r} stands in rows {first} and {row} ({repeated.sum():,} repeated in all); "
            "ids must be unique"
        )
    return ids


def row_numbers(n: int) -> Ids:
    """The ids of rows that have none."""
    return np.array([str(row) for row in range(n)], dtype=object)


def as_text(value: Any) -> str:
    """An id as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # A column of whole numbers with a gap, or from MATLAB, is one of floats: 3.0 is still item 3.
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
