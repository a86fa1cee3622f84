"""A column of metadata -> one that a Parquet file can hold: unchanged where it can be written, else as text."""

from __future__ import annotations

import numpy as np
import pandas as pd

_KEPT = "biufM"  # kinds of NumPy types that can be written as they are


def storable(column: pd.Series) -> pd.Series:
    """The column; dense where it was sparse, and as text where its values cannot be written.

    Whether they can is found by trying: types of several libraries and nested values have too many forms to list.
    """
    if isinstance(column.dtype, pd.SparseDtype):
        column = pd.Series(np.asarray(column), name=column.name)
    if getattr(column.dtype, "kind", "O") in _KEPT and not hasattr(column.dtype, "freq"):
        return column
    if pd.api.types.infer_dtype(column, skipna=True) == "string" and _is_writable_text(column):
        return column
    return column if _can_be_written(column) else column.map(_as_text, na_action="ignore").astype(object)


def _is_writable_text(column: pd.Series) -> bool:
    try:
        "".join(column.dropna()).encode("utf-8")
    except (UnicodeEncodeError, TypeError):
        return False
    return True


def _can_be_written(column: pd.Series) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pa.Table.from_pandas(column.to_frame("column"), preserve_index=False)
        written = pa.BufferOutputStream()
        pq.write_table(table, written)
        pq.read_table(pa.BufferReader(written.getvalue())).to_pandas()
    except (pa.ArrowException, OverflowError, TypeError, ValueError, AttributeError, NotImplementedError, KeyError):
        return False
    return True


def _as_text(value: object) -> str:
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
