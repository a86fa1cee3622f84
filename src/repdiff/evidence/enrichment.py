"""Items and a clustering -> the labels and metadata values that a cluster has more of than it would by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.evidence.statistics import benjamini_hochberg, hypergeometric, rank_sum
from repdiff.inputs import Items
from repdiff.inputs.columns import as_text
from repdiff.results.evidence import Enrichment

HIGH, LOW = "high", "low"

_FEW_NUMBERS = 12  # a column of at most so many different numbers names kinds, as digits do
_FEWEST_OCCURRENCES = 3  # a value that is rarer can hardly be told from chance, and would only blunt the other tests
_MOST_DISTINCT = 0.5  # share of different values from which a column of text is taken for free text or names
_MOST_KEPT = 20


@dataclass(frozen=True)
class _Kinds:
    """A column that names kinds: codes of its values, -1 where unknown."""

    name: str
    values: list[str]
    codes: npt.NDArray[np.int64]

    def tests(self, members: npt.NDArray[np.int64]) -> Iterator[Enrichment]:
        """Every value that is frequent enough, in a group of items."""
        known = self.codes >= 0
        totals = np.bincount(self.codes[known], minlength=len(self.values))
        inside = self.codes[members]
        counts = np.bincount(inside[inside >= 0], minlength=len(self.values))
        size, n_items = int(counts.sum()), int(totals.sum())
        if not size or size == n_items:
            return
        tested = np.flatnonzero(totals >= _FEWEST_OCCURRENCES)
        p_values = hypergeometric(counts[tested], totals[tested], size, n_items)
        for value, p_value in zip(tested, p_values, strict=True):
            count, share, expected = int(counts[value]), counts[value] / size, totals[value] / n_items
            yield Enrichment(
                self.name, self.values[value], count, float(share), float(expected), float(share / expected),
                float(p_value), 1.0,
            )  # fmt: skip


@dataclass(frozen=True)
class _Numbers:
    """A column of numbers, NaN where unknown."""

    name: str
    values: npt.NDArray[np.float64]

    def tests(self, members: npt.NDArray[np.int64]) -> Iterator[Enrichment]:
        """Whether a group of items has higher or lower numbers."""
        known = np.isfinite(self.values)
        inside = np.zeros(len(self.values), bool)
        inside[members] = True
        inside = inside[known]
        if not inside.any() or inside.all():
            return
        higher, p_value = rank_sum(self.values[known], inside)
        value, share = (HIGH, higher) if higher >= 0.5 else (LOW, 1 - higher)
        yield Enrichment(self.name, value, int(inside.sum()), share, 0.5, share / 0.5, p_value, 1.0, of_numbers=True)


def enrichments(
    items: Items, groups: Sequence[npt.NDArray[np.int64]], *, level: float = 0.05
) -> tuple[tuple[Enrichment, ...], ...]:
    """For each group what it has more of than chance, the surest first; at most 20 values each.

    Parameters
    ----------
    items : Items
        Labels and metadata. Looked at are categorical, boolean and numeric columns; not ids, paths of images, texts,
        predictions, dates, and columns in which hardly any value comes twice.
    groups : sequence of ndarray of int64
        Rows of each group: the clusters of both directions, so that the false discovery rate is over all of them.
    level : float
        Largest false discovery rate of what is returned.
    """
    columns = list(_columns(items))
    tests = [(place, test) for place, rows in enumerate(groups) for column in columns for test in column.tests(rows)]
    rates = benjamini_hochberg([test.p_value for _, test in tests])
    found: list[list[Enrichment]] = [[] for _ in groups]
    for (place, test), rate in zip(tests, rates, strict=True):
        if rate <= level and test.lift > 1:
            found[place].append(replace(test, q_value=float(rate)))
    return tuple(tuple(sorted(of_group, key=_surest_first)[:_MOST_KEPT]) for of_group in found)


def _surest_first(test: Enrichment) -> tuple[float, float, str, str]:
    return test.p_value, -test.share, test.column, test.value


def _columns(items: Items) -> Iterator[_Kinds | _Numbers]:
    left_out = {"id", items.image, items.text, items.prediction_x, items.prediction_y} - {items.label}
    for name in items.frame:
        if name in left_out:
            continue
        column = items.frame[name]
        if name != items.label and _holds_numbers(column):
            yield _Numbers(str(name), column.to_numpy(np.float64, na_value=np.nan))
        elif name == items.label or _names_kinds(column):
            known = column.notna().to_numpy()
            codes, values = pd.factorize(as_text(column[known]), sort=True)
            everywhere = np.full(len(column), -1, np.int64)
            everywhere[known] = codes
            yield _Kinds(str(name), [str(value) for value in values], everywhere)


def _holds_numbers(column: pd.Series[Any]) -> bool:
    kinds = pd.api.types
    return (
        kinds.is_numeric_dtype(column.dtype)
        and not kinds.is_bool_dtype(column.dtype)
        and not kinds.is_complex_dtype(column.dtype)
        and column.nunique() > _FEW_NUMBERS
    )


def _names_kinds(column: pd.Series[Any]) -> bool:
    kinds = pd.api.types
    if kinds.is_datetime64_any_dtype(column.dtype) or kinds.is_timedelta64_dtype(column.dtype):
        return False
    try:
        distinct, known = column.nunique(), int(column.notna().sum())
    except TypeError:  # lists and the like, which have no order and no hash
        return False
    return 2 <= distinct <= max(2, _MOST_DISTINCT * known)
