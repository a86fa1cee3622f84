from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from repdiff.evidence.statistics import benjamini_hochberg, hypergeometric, mcnemar, rank_sum, wilson_interval


@pytest.mark.parametrize("seed", range(5))
def test_false_discovery_rates_are_scipys(seed):
    rng = np.random.default_rng(seed)
    p = np.round(rng.random(30) ** 3, 2)  # with ties
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))


def test_of_no_tests_there_are_no_rates():
    assert benjamini_hochberg([]).shape == (0,)


@pytest.mark.parametrize(("successes", "total"), [(0, 7), (3, 7), (7, 7), (98, 131)])
def test_the_interval_is_wilsons(successes, total):
    expected = stats.binomtest(successes, total).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(successes, total), (expected.low, expected.high), atol=1e-12)
    assert (wilson_interval(successes, total)[0] == 0) == (successes == 0)
    assert (wilson_interval(successes, total)[1] == 1) == (successes == total)


@pytest.mark.parametrize(("only_x", "only_y"), [(0, 0), (1, 0), (5, 5), (9, 2), (40, 71)])
def test_paired_outcomes_are_coins(only_x, only_y):
    n = only_x + only_y
    expected = stats.binomtest(only_x, n).pvalue if n else 1.0
    assert mcnemar(only_x, only_y) == pytest.approx(expected)


def test_too_many_of_a_kind_is_fishers_test():
    counts, totals, size, n_items = np.array([7, 2, 0]), np.array([10, 20, 20]), 9, 50
    expected = [
        stats.fisher_exact([[k, size - k], [total - k, n_items - size - total + k]], alternative="greater").pvalue
        for k, total in zip(counts, totals, strict=True)
    ]
    np.testing.assert_allclose(hypergeometric(counts, totals, size, n_items), expected)


def test_a_small_group_without_ties_is_counted_out():
    members = np.array([True] * 3 + [False] * 5)
    superiority, p_value = rank_sum(np.arange(8.0)[::-1], members)
    assert superiority == 1
    assert p_value == pytest.approx(2 / 56)  # one of the 56 ways to pick three of eight, and its mirror image


def test_a_small_group_among_many_is_not_counted_out():
    # Counting out takes half a minute here, and longer with the square of the number of items.
    members = np.zeros(20_000, bool)
    members[:4] = True
    values = np.random.default_rng(0).permutation(20_000).astype(float)
    expected = stats.mannwhitneyu(values[members], values[~members], method="asymptotic").pvalue
    assert rank_sum(values, members)[1] == pytest.approx(expected)


def test_large_groups_and_ties_take_the_normal_approximation():
    rng = np.random.default_rng(0)
    values = np.round(rng.normal(size=200), 1)
    members = rng.random(200) < 0.3
    superiority, p_value = rank_sum(values, members)
    expected = stats.mannwhitneyu(values[members], values[~members], method="asymptotic")
    assert p_value == pytest.approx(expected.pvalue)
    above = (values[members][:, None] > values[~members]).mean() + 0.5 * (
        values[members][:, None] == values[~members]
    ).mean()
    assert superiority == pytest.approx(above)
