from __future__ import annotations

import numpy as np
import planted
import pytest

import repdiff
from repdiff import RepdiffError
from repdiff.affinity.base import DenseAffinity
from repdiff.evidence.choice import choose_number
from repdiff.report.wording.choice import why_so_many


@pytest.mark.parametrize(("n_groups", "size", "n_agreed"), [(3, 30, 100), (9, 20, 0)])
def test_of_few_items_eigenvalues_tell_the_planted_number(n_groups, size, n_agreed):
    pair = planted.split_in_x(np.random.default_rng(n_groups), n_groups=n_groups, size=size, n_agreed=n_agreed)
    found = repdiff.compare(pair.x, pair.y, n_clusters="auto", evidence=False)
    chosen = found.chosen["x_only"]
    # What both see alike is one group more where it is large enough to hold together.
    assert chosen.n in ((n_groups, n_groups + 1) if n_agreed else (n_groups,))
    assert len(found.x_only.clusters) == chosen.n
    assert (chosen.code, chosen.n_items, chosen.chosen.n) == ("gap", len(pair.x), chosen.n)
    assert f"after number {chosen.n}" in why_so_many(chosen)
    assert why_so_many(chosen).startswith("fewer than 300 items cannot be compared with noise, so eigenvalues decide: ")
    assert [candidate.n for candidate in chosen.candidates] == list(range(2, 17))
    best = next(candidate for candidate in chosen.candidates if candidate.n == chosen.n)
    assert best.stability > 0.8
    assert best.gap == max(candidate.gap for candidate in chosen.candidates)


def noisy(rng: np.random.Generator, items: np.ndarray) -> np.ndarray:
    return np.asarray(items + 0.3 * rng.normal(size=items.shape), np.float32)


@pytest.fixture(scope="module")
def four() -> tuple[repdiff.Comparison, np.ndarray, np.ndarray]:
    """Four groups of 36 items, the first ones, that x gathers and y leaves where they are; and both sides."""
    rng = np.random.default_rng(0)
    items = rng.normal(size=(600, 24)) * np.arange(1, 25) ** -0.3
    x = items.copy()
    for place in range(4):
        rows = np.arange(place * 36, (place + 1) * 36)
        x[rows] = items[590 + place] + 0.3 * rng.normal(size=(36, 24))
    x, y = noisy(rng, x), noisy(rng, items)
    return repdiff.compare(x, y, n_clusters="auto", evidence=False), x, y


def test_groups_that_hold_against_noise_decide(four):
    found = four[0]
    chosen = found.chosen["x_only"]
    assert (chosen.n, chosen.code, chosen.n_sampled, chosen.n_rounds) == (5, "holds", 600, 4)
    assert [one.n for one in chosen.tried] == [*range(2, 13), 15, 20]
    best = chosen.chosen
    assert best.n == 5
    assert best.gain == max(one.gain for one in chosen.tried)
    assert best.n_holding == pytest.approx(4, abs=0.5)
    assert best.n_rounds == 4
    of_groups = [np.bincount(found.x_only.labels[place * 36 : (place + 1) * 36], minlength=5) for place in range(4)]
    assert min(counts.max() for counts in of_groups) > 30
    assert len({int(counts.argmax()) for counts in of_groups}) == 4


def test_the_choice_is_said_with_its_figures(four):
    chosen = four[0].chosen["x_only"]
    told = why_so_many(chosen)
    assert "of them are tighter than matched noise, with " in told
    assert "(means of 4\N{NO-BREAK SPACE}samples of 600 items); fewer clusters lose " in told
    assert told.endswith("and more clusters, up to 20, add nothing")


def test_the_labels_are_those_of_the_number_given(four):
    chosen, x, y = four
    given = repdiff.compare(x, y, n_clusters=5, evidence=False)
    assert np.array_equal(chosen.x_only.labels, given.x_only.labels)


def test_of_noise_no_number_holds():
    rng = np.random.default_rng(1)
    items = rng.normal(size=(400, 16))
    found = repdiff.compare(noisy(rng, items), noisy(rng, items), n_clusters="auto", evidence=False)
    for number in found.chosen.values():
        assert (number.n, number.code) == (10, "nothing_holds")
        assert why_so_many(number).endswith("so there are as many as by default")
        assert max(one.n_rounds for one in number.tried) <= 2


def test_where_both_have_the_same_neighbours_eigenvalues_decide():
    x = np.random.default_rng(0).normal(size=(320, 5))
    found = repdiff.compare(x, 2 * x, n_clusters="auto", evidence=False)
    assert {number.code for number in found.chosen.values()} == {"nothing_apart"}


def test_where_nothing_differs_there_is_one_group():
    chosen = choose_number(DenseAffinity(np.ones((60, 60))))
    assert chosen.n == 1
    assert chosen.code == "nothing_apart"
    assert why_so_many(chosen) == "the affinity tells no groups apart (its second eigenvalue is 0.000)"


def test_few_items_leave_no_choice():
    chosen = choose_number(DenseAffinity(np.ones((7, 7))))
    assert (chosen.n, chosen.code) == (1, "too_few_items")
    assert why_so_many(chosen) == "with 7 items there is no room for two clusters"


def test_the_choice_is_that_of_the_seed(pair_xy):
    one, other = (repdiff.compare(*pair_xy, n_clusters="auto", evidence=False) for _ in range(2))
    assert one.chosen == other.chosen


def test_only_the_spectral_step_can_be_asked(pair_xy):
    with pytest.raises(RepdiffError, match="works with the spectral clusterer only; give a number of clusters"):
        repdiff.compare(*pair_xy, n_clusters="auto", clusterer=lambda affinity: np.zeros(len(affinity), int))
    with pytest.raises(RepdiffError, match="an integer of at least 1, or \"auto\", but is 'many'"):
        repdiff.compare(*pair_xy, n_clusters="many")
