"""``evaluation.csv``: how other methods do on the items of a run, as ``repdiff evaluate`` writes it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from repdiff.core.plain import field_types, from_plain
from repdiff.core.ranges import Count, NotNegative, Share
from repdiff.core.regular import read_regular
from repdiff.results.directions import DirectionName

EVALUATION = "evaluation.csv"
_MOST_BYTES = 16 << 20
_SHARES = ("success_rank", "success_euclidean", "success_local", "success_cosine", "members", "held_out", "redundancy")


@dataclass(frozen=True)
class _Row:
    """What reports read of a row; shares are empty where there is no group."""

    direction: DirectionName
    method: str
    title: str
    success: Share | None
    n_groups: Count
    items_per_group: NotNegative


def read_evaluation(file: Path) -> pd.DataFrame:
    """The table, checked.

    Raises
    ------
    OSError, LookupError, TypeError, ValueError
        Where it cannot be read, lacks a column, or a cell is not what it should be.
    """
    table: pd.DataFrame = pd.read_csv(io.BytesIO(read_regular(file, most=_MOST_BYTES)), encoding="utf-8")
    for name in field_types(_Row):
        if name not in table:
            raise LookupError(f"{file.name} has no column {name!r}")
    known = table.astype(object).where(table.notna(), None)
    for place, row in enumerate(known.to_dict("records")):
        where = f"{file.name}, row {place + 1}"
        from_plain(_Row, row, where)
        for name in _SHARES:
            from_plain(float | None, row.get(name), f"{where}.{name}")  # type: ignore[arg-type]
    return table
