from __future__ import annotations

import numpy as np
import planted
import pytest

import repdiff
from repdiff import RepdiffError
from repdiff.affinity.base import DenseAffinity
from repdiff.evidence.choice import choose_number
from repdiff.report.wording.choice import why_so_many


@pytest.mark.parametrize(("n_groups", "size", "n_agreed"), [(3, 30, 100), (6, 25, 300), (9, 20, 0), (12, 25, 150)])
def test_the_planted_number_is_found(n_groups, size, n_agreed):
    pair = planted.split_in_x(np.random.default_rng(n_groups), n_groups=n_groups, size=size, n_agreed=n_agreed)
    found = repdiff.compare(pair.x, pair.y, n_clusters="auto", evidence=False)
    chosen = found.chosen["x_only"]
    # What both see alike is one group more where it is large enough to hold together.
    assert chosen.n in ((n_groups, n_groups + 1) if n_agreed else (n_groups,))
    assert len(found.x_only.clusters) == chosen.n
    assert (chosen.code, chosen.n_items, chosen.chosen.n) == ("gap", len(pair.x), chosen.n)
    assert f"after number {chosen.n}" in why_so_many(chosen)
    assert [candidate.n for candidate in chosen.candidates] == list(range(2, 17))
    best = next(candidate for candidate in chosen.candidates if candidate.n == chosen.n)
    assert best.stability > 0.8
    assert best.gap == max(candidate.gap for candidate in chosen.candidates)


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
