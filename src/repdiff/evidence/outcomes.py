"""Labels and predictions -> label make-up and accuracy of groups of items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.evidence.statistics import benjamini_hochberg, mcnemar, wilson_interval
from repdiff.inputs import Items
from repdiff.inputs.columns import as_text
from repdiff.results.evidence import Outcome


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
    counts = as_text(labels.iloc[items].dropna()).value_counts()
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return {str(label): int(count) for label, count in ordered}


def correctness(labels: pd.Series | None, predictions: pd.Series | None) -> npt.NDArray[np.float64] | None:
    """1 where the prediction equals the label, 0 where not, NaN where either is missing; None without both columns.

    Both are compared as text, so that a column read as numbers agrees with one read as words.
    """
    if labels is None or predictions is None:
        return None
    right = np.asarray(as_text(labels) == as_text(predictions), dtype=np.float64)
    right[(labels.isna() | predictions.isna()).to_numpy()] = np.nan
    return right


def accuracy(right: npt.NDArray[np.float64] | None, items: npt.NDArray[np.int64] | slice = slice(None)) -> float | None:
    """Share of right predictions among some items, or None where none of them is known."""
    if right is None:
        return None
    known = right[items][~np.isnan(right[items])]
    return float(known.mean()) if known.size else None


def outcomes(items: Items, groups: Sequence[npt.NDArray[np.int64]]) -> tuple[Outcome | None, ...]:
    """How the models fare on each group; None throughout where there are no predictions.

    Parameters
    ----------
    items : Items
        With the columns of predictions, and of labels where there are any.
    groups : sequence of ndarray of int64
        Rows of each group: the clusters of both directions.
    """

    def column(name: str | None) -> pd.Series | None:
        return None if name is None else items.frame[name]

    labels, predictions = column(items.label), (column(items.prediction_x), column(items.prediction_y))
    if all(prediction is None for prediction in predictions):
        return (None,) * len(groups)
    right_x, right_y = (correctness(labels, prediction) for prediction in predictions)
    apart = _apart(*predictions)
    found = [_outcome(right_x, right_y, apart, rows) for rows in groups]
    tested = {place: outcome.p_value for place, outcome in enumerate(found) if outcome.p_value is not None}
    rates = benjamini_hochberg(list(tested.values()))
    for place, rate in zip(tested, rates, strict=True):
        found[place] = replace(found[place], q_value=float(rate))
    return tuple(found)


def _outcome(
    right_x: npt.NDArray[np.float64] | None,
    right_y: npt.NDArray[np.float64] | None,
    apart: npt.NDArray[np.bool_],
    rows: npt.NDArray[np.int64],
) -> Outcome:
    n_known = only_x = only_y = 0
    if right_x is not None and right_y is not None:
        x, y = right_x[rows], right_y[rows]
        n_known = int((~np.isnan(x + y)).sum())
        only_x, only_y = int(((x == 1) & (y == 0)).sum()), int(((x == 0) & (y == 1)).sum())
    return Outcome(
        _interval(right_x, rows),
        _interval(right_y, rows),
        n_known,
        only_x,
        only_y,
        mcnemar(only_x, only_y) if n_known else None,
        None,
        tuple(int(row) for row in rows[apart[rows]]),
    )


def _interval(right: npt.NDArray[np.float64] | None, rows: npt.NDArray[np.int64]) -> tuple[float, float] | None:
    if right is None:
        return None
    known = right[rows][~np.isnan(right[rows])]
    return wilson_interval(int(known.sum()), known.size) if known.size else None


def _apart(x: pd.Series | None, y: pd.Series | None) -> npt.NDArray[np.bool_]:
    """Items for which both predict something, and not the same."""
    if x is None or y is None:
        rest = x if x is not None else y
        return np.zeros(0 if rest is None else len(rest), bool)
    return np.asarray((as_text(x) != as_text(y)) & x.notna() & y.notna(), dtype=bool)
