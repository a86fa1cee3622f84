"""Tables as CSV that a spreadsheet may open: text that it would take for a formula stays text."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

_FORMULA = re.compile(r"[=+\-@\t\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)


def csv_text(table: pd.DataFrame, *, header: bool = True) -> str:
    """A table as CSV; text and heads that begin with =, +, -, @, a tab or a new line get a quote in front.

    Numbers, also as text, are left alone. A carriage return becomes a new line: pandas does not put it into quotes, and
    a spreadsheet would begin another row there.
    """
    safe = table.copy(deep=False)
    for place, kind in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_datetime64_any_dtype(kind):
            cells = table.iloc[:, place].astype(object).map(_guarded, na_action="ignore")
            safe.isetitem(place, cells.to_numpy(dtype=object))
    safe.columns = pd.Index([_guarded(name) for name in table.columns])
    return str(safe.to_csv(index=False, header=header, lineterminator="\n"))


def _guarded(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text
