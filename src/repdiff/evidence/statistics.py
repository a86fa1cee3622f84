"""The tests and intervals that the evidence rests on: SciPy's, with what it leaves open decided."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_EXACT_UP_TO = 8  # members of the smaller group up to which a rank-sum without ties is counted out
_EXACT_AMONG = 500  # items up to which counting out is quick; among 10,000 it takes half a minute

FloatArray = npt.NDArray[np.float64]


def benjamini_hochberg(p_values: npt.ArrayLike) -> FloatArray:
    """False discovery rate at which each test is called, (m,) (Benjamini & Hochberg 1995).

    Parameters
    ----------
    p_values : array_like, (m,)
        In [0, 1].

    Returns
    -------
    ndarray of float64, (m,)
        q-values: calling all tests with q <= r keeps the expected share of false ones among them at r.
    """
    from scipy.stats import false_discovery_control

    p = np.asarray(p_values, dtype=np.float64)
    return np.asarray(false_discovery_control(p), dtype=np.float64) if p.size else p


def wilson_interval(successes: int, total: int) -> tuple[float, float]:
    """95 % confidence interval of a share, from its number of successes (Wilson 1927).

    Parameters
    ----------
    successes, total : int
        ``total`` is at least 1.
    """
    from scipy.stats import binomtest

    # The interval does not depend on the chance that is tested; for this one SciPy need not search for a p-value.
    found = binomtest(successes, total, successes / total).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def mcnemar(only_x: int, only_y: int) -> float:
    """Exact two-sided p-value that two models, right on the same items, are right equally often (McNemar 1947).

    Parameters
    ----------
    only_x, only_y : int
        Items that x alone, and y alone, is right on. Without a difference each such item is a fair coin.
    """
    from scipy.stats import binomtest

    return float(binomtest(only_x, only_x + only_y).pvalue) if only_x + only_y else 1.0


def hypergeometric(counts: npt.NDArray[np.int64], totals: npt.NDArray[np.int64], size: int, n_items: int) -> FloatArray:
    """Chance of at least so many of each kind in a group drawn at random without replacement (Fisher's exact test).

    Parameters
    ----------
    counts, totals : ndarray of int64, (v,)
        Items of each kind in the group, and altogether.
    size, n_items : int
        Items in the group, and altogether.
    """
    from scipy.stats import hypergeom

    return np.asarray(hypergeom.sf(counts - 1, n_items, totals, size), dtype=np.float64)


def rank_sum(values: FloatArray, members: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Whether a group has larger or smaller values than the rest (Mann & Whitney 1947).

    Parameters
    ----------
    values : ndarray of float64, (n,)
        Finite.
    members : ndarray of bool, (n,)
        The group; neither it nor the rest is empty.

    Returns
    -------
    superiority : float
        Chance that a member's value is larger than another item's, ties counting half; 0.5 without a difference.
    p_value : float
        Two-sided: exact for up to 8 of at most 500 items without ties, else from the normal approximation with ties
        and continuity corrected, which is too large rather than too small for so few.
    """
    from scipy.stats import mannwhitneyu

    inside, outside = values[members], values[~members]
    few = min(len(inside), len(outside)) <= _EXACT_UP_TO and len(values) <= _EXACT_AMONG
    exact = few and len(np.unique(values)) == len(values)
    found = mannwhitneyu(inside, outside, alternative="two-sided", method="exact" if exact else "asymptotic")
    return float(found.statistic / (len(inside) * len(outside))), float(min(1.0, found.pvalue))


def difference_of_means(higher: FloatArray, lower: FloatArray) -> tuple[float, float | None, float | None]:
    """How much higher the mean of one sample is, its standard error, and a one-sided p-value (Student 1908).

    Parameters
    ----------
    higher, lower : ndarray of float64, (a,) and (b,)
        Samples whose spread is taken to be the same.

    Returns
    -------
    difference : float
        Mean of ``higher`` less that of ``lower``.
    standard_error, p_value : float or None
        None where a sample has one value only.
    """
    from scipy.stats import t

    difference, a, b = float(higher.mean() - lower.mean()), len(higher), len(lower)
    if min(a, b) < 2:
        return difference, None, None
    squares = float(np.square(higher - higher.mean()).sum() + np.square(lower - lower.mean()).sum())
    error = float(np.sqrt(squares / (a + b - 2) * (1 / a + 1 / b)))
    if error == 0:
        return difference, error, 0.0 if difference > 0 else 1.0
    return difference, error, float(t.sf(difference / error, a + b - 2))
