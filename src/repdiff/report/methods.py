"""How other methods fare on the same items, as tables for the page."""

from __future__ import annotations

import pandas as pd

from repdiff.report.tables import Table
from repdiff.report.wording import formatting as words
from repdiff.results.clusters import DirectionName

_COLUMNS = {
    "success": "success",
    "success_rank": "by rank",
    "success_euclidean": "Euclidean",
    "success_local": "locally scaled",
    "success_cosine": "cosine",
    "members": "all members",
    "held_out": "unseen items",
    "redundancy": "redundancy",
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
        (
            str(row["title"]),
            *(words.percent(float(row[name])) for name in columns),
            words.number(int(row["n_groups"])),
            words.number(round(row["items_per_group"])),
        )
        for row in rows.to_dict("records")
    )
    heads = ("method", *columns.values(), "groups", "items per group")
    return Table("Success of other methods on the same items", heads, cells)
