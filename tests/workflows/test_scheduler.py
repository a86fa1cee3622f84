"""Comparisons side by side; that each gives what it gives alone is for test_series.py and test_matrix.py."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

import repdiff
from repdiff.affinity.exact import Exact
from repdiff.affinity.kept_ranks import KeptRanks
from repdiff.affinity.representation import Representation
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.settings import Settings
from repdiff.workflows import scheduler
from repdiff.workflows.representation import ShownRepresentation
from repdiff.workflows.scheduler import PairToCompare, compare_several

N, D = 300, 6
SETTINGS = Settings(n_clusters=3, evidence=False)  # evidence takes its time and changes nothing here


def some_pairs(count: int, *, widths: tuple[int, ...] = (D,)) -> list[PairToCompare]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, D)).astype(np.float32)
    shown_x = ShownRepresentation(x, "euclidean")
    shown_x.shared = Exact().shared(shown_x)
    pairs = []
    for place in range(count):
        y = rng.normal(size=(N, widths[place % len(widths)])).astype(np.float32)
        pair = make_pair(x, y, names=("x", f"y{place}"), n_clusters=3)
        pairs.append(PairToCompare(pair, (shown_x, ShownRepresentation(pair.y, "euclidean")), f"y{place}"))
    compare_several(pairs[:1], SETTINGS, count=1, shared=[shown_x])
    return pairs


def watched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int | None, int | None]]:
    """For each comparison the thread that it ran on, its threads, and the memory that was planned for it."""
    seen = []
    whole = scheduler.compare_pair

    def watch(pair, settings, *, plan, **rest):
        seen.append((threading.current_thread().name, settings.n_jobs, None if plan is None else plan.need))
        return whole(pair, settings, plan=plan, **rest)

    monkeypatch.setattr(scheduler, "compare_pair", watch)
    return seen


@pytest.mark.parametrize(("n_jobs", "at_once", "of_each"), [(2, 2, 1), (4, 4, 1), (8, 4, 2), (3, 3, 1)])
def test_threads_are_shared_out(n_jobs, at_once, of_each, monkeypatch):
    pairs = some_pairs(4)
    seen = watched(monkeypatch)
    compare_several(pairs, replace(SETTINGS, n_jobs=n_jobs), count=4, shared=[pairs[0].representations[0]])
    assert {jobs for _, jobs, _ in seen} == {of_each}
    assert len({name for name, _, _ in seen}) <= at_once
    assert all(name.startswith("repdiff-task") for name, _, _ in seen)


@pytest.mark.parametrize("settings", [
    {"n_jobs": 1}, {"n_jobs": 4, "clusterer": lambda affinity: (np.arange(len(affinity)) % 3).astype(int)},
])  # fmt: skip
def test_one_after_another_on_the_calling_thread(settings, monkeypatch):
    pairs = some_pairs(3)
    seen = watched(monkeypatch)
    compare_several(pairs, replace(SETTINGS, **settings), count=3, shared=[pairs[0].representations[0]])
    assert {name for name, _, _ in seen} == {threading.main_thread().name}
    assert {(jobs, need) for _, jobs, need in seen} == {(settings["n_jobs"], None)}


def need(pair: EmbeddingPair, n_jobs: int) -> int:
    engine = Exact(n_neighbors=SETTINGS.n_neighbors)
    return engine.plan(Representation(pair.x), Representation(pair.y), n_jobs=n_jobs, memory_limit=10**12).need


@pytest.mark.parametrize(("room_for", "at_once"), [(3, 3), (2, 2), (1, 1)])
def test_no_more_at_once_than_fit(room_for, at_once, monkeypatch):
    pairs = some_pairs(3)
    seen = watched(monkeypatch)
    fits = max(room_for * need(pairs[0].pair, 1), need(pairs[0].pair, 3))
    limit = KeptRanks(N).nbytes + fits
    compare_several(
        pairs, replace(SETTINGS, n_jobs=3, memory_limit=limit), count=3, shared=[pairs[0].representations[0]]
    )
    assert {jobs for _, jobs, _ in seen} == {3 // at_once}
    assert (seen[0][0] == threading.main_thread().name) == (at_once == 1)


def test_each_keeps_the_storage_that_it_has_alone():
    pairs = some_pairs(4, widths=(D, 20_000))
    found = compare_several(pairs, replace(SETTINGS, n_jobs=2), count=4, shared=[pairs[0].representations[0]])
    assert {one.provenance.engine["bits"] for one in found} == {32}
    for one, comparison in zip(pairs, found, strict=True):
        alone = repdiff.compare(one.pair.x, one.pair.y, n_clusters=3, evidence=False)
        np.testing.assert_array_equal(alone.x_only.labels, comparison.x_only.labels)
        np.testing.assert_array_equal(alone.y_only.affinity_map.means, comparison.y_only.affinity_map.means)


def test_warnings_are_those_of_each_comparison(monkeypatch):
    pairs = some_pairs(4)
    monkeypatch.setattr(repdiff.clustering.spectral.leading_eigenvectors, "__kwdefaults__", {
        **repdiff.clustering.spectral.leading_eigenvectors.__kwdefaults__, "max_products": 1,
    })  # fmt: skip
    with pytest.warns(repdiff.NotConvergedWarning):
        found = compare_several(pairs, replace(SETTINGS, n_jobs=4), count=4, shared=[pairs[0].representations[0]])
    for comparison in found:
        assert [line.partition(":")[0] for line in comparison.provenance.warnings] == ["x_only", "y_only"]


def test_none_is_none():
    assert compare_several([], Settings(), count=0, shared=[]) == []
