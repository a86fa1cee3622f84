"""Which of two representations is right: by the labels of an item's nearest neighbours, and by predictions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.evidence.nearest import Nearest, Rows
from repdiff.evidence.statistics import benjamini_hochberg, mcnemar
from repdiff.inputs.columns import as_text
from repdiff.results.clusters import DirectionName
from repdiff.results.evidence import FDR
from repdiff.results.findings import Correctness, PairedAccuracy, Regression, Value

FloatArray = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
MOST_VALUES_OF_A_LABEL = 20  # whole numbers of more different values are numbers and no labels

_UNKNOWN = -1


def is_numeric_target(labels: pd.Series) -> bool:
    """Whether labels are numbers to be predicted and not names: fractions, or whole numbers of many values."""
    known = labels.dropna()
    if not pd.api.types.is_numeric_dtype(labels.dtype) or pd.api.types.is_bool_dtype(labels.dtype) or known.empty:
        return False
    values = known.to_numpy(np.float64)
    whole = bool(np.array_equal(values, np.rint(values)))
    return not whole or len(np.unique(values)) > max(MOST_VALUES_OF_A_LABEL, len(values) // 20)


def codes_of(labels: pd.Series) -> tuple[Labels, tuple[str, ...]]:
    """Number of each item's label, (n,), -1 where it is missing, and the labels by name."""
    known = labels.notna().to_numpy()
    names, codes = np.unique(as_text(labels[known]).to_numpy(dtype=str), return_inverse=True)
    numbers = np.full(len(labels), _UNKNOWN, np.int64)
    numbers[known] = codes
    return numbers, tuple(map(str, names))


def votes_right(nearest: Nearest, codes: Labels) -> tuple[FloatArray, FloatArray]:
    """Whether the majority of the nearest neighbours' labels is an item's own, (n,), on both sides.

    1 or 0; NaN for items that were not asked, or have no label, or no neighbour that has one. Of labels with equally
    many votes the one wins that comes nearer.
    """
    found = np.full((2, nearest.n), np.nan)
    truth = codes[nearest.asked]
    for side, near in zip(found, (nearest.x, nearest.y), strict=True):
        vote = _majority(codes[near])
        side[nearest.asked] = np.where((truth == _UNKNOWN) | (vote == _UNKNOWN), np.nan, vote == truth)
    return found[0], found[1]


def _majority(votes: Labels) -> Labels:
    """The label most frequent in each row, (q,); of equally frequent ones the first to come; -1 where none is known."""
    counts = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    counts[votes == _UNKNOWN] = 0
    return np.asarray(votes[np.arange(len(votes)), counts.argmax(axis=1)])


def correctness_of(right_x: FloatArray, right_y: FloatArray, codes: Labels, names: Sequence[str]) -> Correctness | None:
    """Over all and by label, from what each side is right on, (n,); None where nothing is known of both."""
    overall = paired(right_x, right_y)
    if overall is None:
        return None
    by_label = with_rates(paired(right_x, right_y, np.flatnonzero(codes == code)) for code in range(len(names)))
    return Correctness(overall, {name: one for name, one in zip(names, by_label, strict=True) if one is not None})


def paired(right_x: FloatArray, right_y: FloatArray, rows: Rows | slice = slice(None)) -> PairedAccuracy | None:
    """How often both are right on some of the items; None where that is not known of any."""
    x, y = right_x[rows], right_y[rows]
    known = ~np.isnan(x + y)
    if not known.any():
        return None
    x, y = x[known], y[known]
    only_x, only_y = int(((x == 1) & (y == 0)).sum()), int(((x == 0) & (y == 1)).sum())
    return PairedAccuracy(int(known.sum()), float(x.mean()), float(y.mean()), only_x, only_y, mcnemar(only_x, only_y))


def with_rates(found: Iterable[PairedAccuracy | None]) -> list[PairedAccuracy | None]:
    """The same with the false discovery rate over all of them."""
    listed = list(found)
    rates = iter(benjamini_hochberg([one.p_value for one in listed if one is not None]))
    return [None if one is None else replace(one, q_value=float(next(rates))) for one in listed]


def value_of(name: DirectionName, right: PairedAccuracy | None) -> Value | None:
    """Whether a group is a gain: the side that holds it is right more often on its members than the other."""
    if right is None or right.q_value is None:
        return None
    if right.q_value > FDR or right.only_x == right.only_y:
        return "neither"
    return "gain" if (right.only_x > right.only_y) == (name == "x_only") else "loss"


def regression_of(nearest: Nearest, numbers: FloatArray) -> Regression | None:
    """How well the mean of the nearest neighbours' numbers predicts an item's own; None for fewer than two known.

    Parameters
    ----------
    nearest : Nearest
        The neighbours of the items asked.
    numbers : ndarray of float64, (n,)
        NaN or infinite where unknown.
    """
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    truth = numbers[nearest.asked]
    means = [_mean_known(numbers[near]) for near in (nearest.x, nearest.y)]
    known = ~np.isnan(truth + means[0] + means[1])
    truth = truth[known]
    spread = float(np.square(truth - truth.mean()).sum()) if len(truth) > 1 else 0.0
    if spread == 0:
        return None
    errors = [np.square(mean[known] - truth) for mean in means]
    only_x, only_y = int((errors[0] < errors[1]).sum()), int((errors[1] < errors[0]).sum())
    r2 = [1 - float(error.sum()) / spread for error in errors]
    return Regression(len(truth), r2[0], r2[1], only_x, only_y, mcnemar(only_x, only_y))


def _mean_known(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan))
