"""The facts about any group of items: how far each side holds it together, what it consists of, and in what order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.explorer.explored import Explored, Marks, Rows
from repdiff.results.clusters import DIRECTIONS, DirectionName

SORTS = ("typical", "edge", "changed", "row")
_MOST_LABELS = 8


def group(explored: Explored, rows: Rows) -> dict[str, Any]:
    """The facts about these items: the same for a cluster and for whatever was picked out."""
    return {
        "count": len(rows),
        "cohesion": _cohesion(explored, rows),
        "kept": _mean(explored.kept, rows),
        "keptOfAll": _mean(explored.kept, slice(None)),
        "labels": _labels(explored, rows),
        "right": {
            side: {"here": _mean(marks, rows), "overall": _mean(marks, slice(None))}
            for side, marks in zip("xy", explored.right, strict=True)
        },
        "closest": {name: _closest(explored, rows, name) for name in DIRECTIONS},
    }


def sorted_rows(explored: Explored, rows: Rows, sort: str, direction: DirectionName) -> Rows:
    """The items of a group in this order.

    Parameters
    ----------
    explored : Explored
        The comparison.
    rows : ndarray of int64, (m,)
        The items.
    sort : {"typical", "edge", "changed", "row"}
        Those that belong most to the group first, or last; those that lost most neighbours first; or as they come.
    direction : {"x_only", "y_only"}
        In whose affinity they belong.

    Raises
    ------
    RepdiffError
        For another order.
    """
    if sort not in SORTS:
        raise RepdiffError(f"sort must be one of {', '.join(SORTS)}, but is {sort[:40]!r}")
    if sort == "row" or not len(rows):
        return rows
    if sort == "changed":
        return rows[np.argsort(np.nan_to_num(explored.kept[rows], nan=np.inf), kind="stable")]
    belonging = belonging_of(explored, rows, direction)
    return rows[np.argsort(-belonging if sort == "typical" else belonging, kind="stable")]


def belonging_of(explored: Explored, rows: Rows, direction: DirectionName) -> Marks:
    """How much each item belongs to the group, (m,).

    Its mean affinity to all of them, as far as the kept eigenvectors hold the affinity; without eigenvectors, how many
    of its neighbours on the side that holds the group are fellow members.
    """
    spectrum = explored.direction(direction).spectrum
    if spectrum is None:
        return np.asarray(np.nan_to_num(_fellows(explored, rows)[0 if direction == "x_only" else 1]))
    weighted = spectrum.vectors[rows] * spectrum.degree[rows, None]
    return np.asarray((weighted * spectrum.values) @ weighted.mean(axis=0))


def _fellows(explored: Explored, rows: Rows) -> npt.NDArray[np.float64]:
    """Fellow members among each item's ten neighbours in x and in y, (2, m); NaN where they are not known."""
    found = np.full((2, len(rows)), np.nan)
    if explored.lists is None:
        return found
    inside = np.zeros(explored.n, bool)
    inside[rows] = True
    places = explored.places[rows]
    known = places >= 0
    for side, lists in enumerate((explored.lists.x, explored.lists.y)):
        found[side, known] = inside[lists[places[known]]].sum(axis=1)
    return found


def _cohesion(explored: Explored, rows: Rows) -> dict[str, float] | None:
    """Mean number of fellow members among ten neighbours on both sides, and by chance; None where it is unknown."""
    fellows = _fellows(explored, rows)
    if explored.lists is None or np.isnan(fellows).all():
        return None
    of_x, of_y = np.nanmean(fellows, axis=1).tolist()
    return {"x": of_x, "y": of_y, "chance": explored.lists.k * (len(rows) - 1) / max(1, explored.n - 1)}


def _labels(explored: Explored, rows: Rows) -> list[dict[str, Any]]:
    column = explored.comparison.items.label
    if column is None:
        return []
    values = explored.columns[column]
    counts = Counter(filter(None, (values[row] for row in rows.tolist())))
    return [
        {"label": label, "count": count, "share": count / len(rows)}
        for label, count in counts.most_common(_MOST_LABELS)
    ]


def _closest(explored: Explored, rows: Rows, name: DirectionName) -> dict[str, Any] | None:
    """The difference cluster of a direction that shares most with the group, by the Jaccard index; None for none."""
    direction = explored.direction(name)
    shared = np.bincount(direction.labels[rows], minlength=len(direction.clusters))
    able = [cluster for cluster in direction.clusters if not cluster.is_no_change and shared[cluster.index]]
    if not able:
        return None
    best = max(able, key=lambda one: shared[one.index] / (len(rows) + one.size - shared[one.index]))
    return {"index": best.index, "shared": int(shared[best.index]), "size": best.size}


def _mean(marks: Marks | None, rows: Rows | slice) -> float | None:
    known = np.empty(0) if marks is None else marks[rows]
    known = known[~np.isnan(known)]
    return float(known.mean()) if len(known) else None
