"""The nearest neighbours of items: read off an engine's ranks, or looked up."""

from __future__ import annotations

import numpy as np
import pytest

from repdiff import neighbor_ranks
from repdiff.affinity.distances import ranked
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.nearest import look_up, rows_to_ask
from repdiff.affinity.representation import Representation
from repdiff.affinity.torch import Torch
from repdiff.results.neighbors import NeighborLists, lists_bytes, place_type


def by_hand(x, y, k):
    """Neighbours and their places from whole matrices of ranks."""
    ranks_x, ranks_y = neighbor_ranks(x), neighbor_ranks(y)
    near_x, near_y = (np.argsort(ranks, axis=1)[:, 1 : k + 1] for ranks in (ranks_x, ranks_y))
    places = (np.take_along_axis(ranks_y, near_x, 1) - 1, np.take_along_axis(ranks_x, near_y, 1) - 1)
    return near_x, near_y, *places


def assert_same(found: NeighborLists, expected):
    for mine, true in zip((found.x, found.y, found.x_in_y, found.y_in_x), expected, strict=True):
        np.testing.assert_array_equal(mine, true)


@pytest.mark.parametrize("engine", ["exact", "auto", Exact(bits=8), "torch"])
def test_an_engine_gives_the_lists_that_follow_from_the_ranks(engine, pair_xy):
    if engine == "torch":
        pytest.importorskip("torch")
        engine = Torch("cpu")
    found = compute_affinities(*pair_xy, engine=engine, n_neighbors=7).neighbors
    assert found.holds_all
    assert_same(found, by_hand(*pair_xy, 7))


def test_an_engine_that_is_not_asked_gives_none(pair_xy):
    assert compute_affinities(*pair_xy).neighbors is None


@pytest.mark.usefixtures("threaded_libraries")
def test_looking_up_gives_the_same_for_some_items_and_any_number_of_threads(pair_xy):
    rows = np.arange(1, 300, 3)
    expected = [part[rows] for part in by_hand(*pair_xy, 12)]
    for n_jobs in (1, 2):
        found = look_up(*(ranked(side, metric="euclidean") for side in pair_xy), rows, 12, n_jobs=n_jobs)
        assert not found.holds_all
        assert_same(found, expected)


def test_ties_and_copies_keep_index_order_in_both_ways():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 3, (200, 3)).astype(np.float32), rng.integers(0, 3, (200, 2)).astype(np.float32)
    expected = by_hand(x, y, 30)
    assert_same(compute_affinities(x, y, n_neighbors=30).neighbors, expected)
    assert_same(look_up(*(ranked(side, metric="euclidean") for side in (x, y)), np.arange(200), 30), expected)


def test_few_items_have_fewer_neighbours(pair_xy):
    few = [side[:5] for side in pair_xy]
    assert_same(compute_affinities(*few, n_neighbors=20).neighbors, by_hand(*few, 4))


def test_of_many_items_some_are_asked():
    assert len(rows_to_ask(20_000, 0)) == 20_000
    rows = rows_to_ask(1_000_000, 3)
    assert len(rows) == 2000
    assert (np.diff(rows) > 0).all()
    assert np.array_equal(rows, rows_to_ask(1_000_000, 3))


def test_the_plan_counts_the_lists(pair_xy):
    x, y = map(Representation, pair_xy)
    plans = [Exact(n_neighbors=k).plan(x, y, memory_limit=10**9) for k in (0, 20)]
    assert plans[1].need - plans[0].need == lists_bytes(300, 20) == 2 * 300 * 20 * (4 + 2)


def test_places_take_two_bytes_where_they_fit():
    assert place_type(65_536) is np.uint16
    assert place_type(65_537) is np.uint32
    assert lists_bytes(50_000, 20) == 12_000_000


def test_the_share_kept_counts_neighbours_of_both(pair_xy):
    found = compute_affinities(*pair_xy, n_neighbors=10).neighbors
    both = [len(set(x) & set(y)) for x, y in zip(found.x.tolist(), found.y.tolist(), strict=True)]
    assert found.kept.tolist() == both
    assert_same(found.first(4), by_hand(*pair_xy, 4))
