"""Two groups side by side: what they share, and how near each is to the other in x and in y."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.geometry import squared_distances, squared_norms, unit_rows
from repdiff.core.metrics import metrics_of
from repdiff.explorer import items
from repdiff.explorer.explored import Explored, Rows
from repdiff.explorer.groups import group, sorted_rows
from repdiff.results.clusters import DirectionName
from repdiff.results.reference import Reference

_SHOWN = 6  # typical items of each
_MOST_LABELS = 10
_MOST_SEEN_FROM = 200  # items of a group from which the other is looked at
Values = npt.NDArray[Any]


def beside(explored: Explored, first: tuple[Rows, DirectionName], second: tuple[Rows, DirectionName]) -> dict[str, Any]:
    """The facts about two groups, and about the two together.

    Parameters
    ----------
    explored : Explored
        The comparison.
    first, second : (ndarray of int64, (m,), {"x_only", "y_only"})
        Their items, and the direction in whose affinity they belong together.
    """
    rows, others = first[0], second[0]
    shared = len(np.intersect1d(rows, others))
    either = len(rows) + len(others) - shared
    apart = np.setdiff1d(rows, others), np.setdiff1d(others, rows)
    return {
        "groups": [_one(explored, *one) for one in (first, second)],
        "shared": shared,
        "jaccard": shared / either if either else 0.0,
        "labels": _labels(explored, rows, others),
        "neighbours": [_among_neighbours(explored, *apart), _among_neighbours(explored, *apart[::-1])],
        "places": _places(explored, *apart),
    }


def _one(explored: Explored, rows: Rows, direction: DirectionName) -> dict[str, Any]:
    typical = sorted_rows(explored, rows, "typical", direction)[:_SHOWN].tolist()
    return {"facts": group(explored, rows), "tiles": items.tiles(explored, typical)}


def _labels(explored: Explored, *groups_of: Rows) -> list[dict[str, Any]]:
    """The labels that are most frequent in either group, with their shares in both."""
    column = explored.comparison.items.label
    if column is None:
        return []
    values = explored.columns[column]
    counts = [Counter(values[row] for row in rows.tolist()) for rows in groups_of]
    shares = {
        label: [count[label] / max(1, len(rows)) for count, rows in zip(counts, groups_of, strict=True)]
        for label in {label for count in counts for label in count if label}
    }
    common = sorted(shares, key=lambda label: (-max(shares[label]), label))[:_MOST_LABELS]
    return [{"label": label, "shares": shares[label]} for label in common]


def _among_neighbours(explored: Explored, rows: Rows, others: Rows) -> dict[str, float] | None:
    """How many of ten neighbours of the ones are among the others, on both sides and by chance; None if unknown."""
    if explored.lists is None or not len(others):
        return None
    places = explored.places[rows]
    places = places[places >= 0]
    if not len(places):
        return None
    among = np.zeros(explored.n, bool)
    among[others] = True
    of_x, of_y = (
        float(among[lists[places]].sum(axis=1).mean()) for lists in (explored.lists.x, explored.lists.y)
    )  # fmt: skip
    return {"x": of_x, "y": of_y, "chance": explored.lists.k * len(others) / max(1, explored.n - 1)}


def _places(explored: Explored, rows: Rows, others: Rows) -> dict[str, float] | None:
    """Which share of all items is nearer to an item of one group than an item of the other is.

    The median over pairs, the mean of both ways; a half for groups drawn at random. Among the items whose embeddings
    the run keeps, weighted as they stand for the others; None where it keeps none, or none of a group.
    """
    kept = explored.comparison.reference
    if kept is None or kept.x is None or kept.y is None:
        return None
    ours, theirs = (np.flatnonzero(np.isin(kept.rows, part)) for part in (rows, others))
    if not len(ours) or not len(theirs):
        return None
    metrics = metrics_of(explored.comparison.provenance.parameters["metric"])
    found = {}
    for side, values, metric in zip("xy", (kept.x, kept.y), metrics, strict=True):
        ready = unit_rows(values) if metric == "cosine" else values - values.mean(axis=0)
        ways = ((ours, theirs), (theirs, ours))
        found[side] = float(np.mean([_median_place(ready, kept, *way) for way in ways]))
    return found


def _median_place(values: Values, kept: Reference, ours: Rows, theirs: Rows) -> float:
    ours = ours[np.linspace(0, len(ours) - 1, min(len(ours), _MOST_SEEN_FROM)).astype(np.int64)]
    norms = squared_norms(values).astype(values.dtype)
    distances = squared_distances(values[ours], values, norms[ours], norms)
    distances[np.arange(len(ours)), ours] = -1.0  # an item is the nearest to itself
    order = np.argsort(distances, axis=1, kind="stable")
    before = np.cumsum(kept.weights[order], axis=1) - kept.weights[order]
    shares = np.empty_like(before)
    np.put_along_axis(shares, order, before / kept.weights.sum(), axis=1)
    return float(np.median(shares[:, theirs]))
