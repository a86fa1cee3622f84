"""How other methods fare on the same items, as tables for the page."""

from __future__ import annotations

from math import isnan

import pandas as pd

from repdiff.clusters import DirectionName
from repdiff.report import words
from repdiff.report.tables import Table

_COLUMNS = {
    "success": "success",
    "success_rank": "by rank",
    "success_euclidean": "Euclidean",
    "success_local": "locally scaled",
    "success_cosine": "cosine",
    "members": "all members",
    "held_out": "unseen items",
}


def methods_table(evaluation: pd.DataFrame | None, direction: DirectionName) -> Table | None:
    """One row per method, the most successful first; None where nothing was evaluated."""
    if evaluation is None:
        return None
    rows = evaluation[evaluation["direction"] == direction].sort_values("success", ascending=False, kind="stable")
    if rows.empty:
        return None
    columns = {name: title for name, title in _COLUMNS.items() if name in rows}
    cells = tuple(
        (str(row["method"]), *(_share(row[name]) for name in columns), words.number(int(row["n_groups"])))
        for row in rows.to_dict("records")
    )
    return Table("Success of other methods on the same items", ("method", *columns.values(), "groups"), cells)


def _share(value: float) -> str:
    return words.UNKNOWN if isnan(value) else words.percent(float(value))
