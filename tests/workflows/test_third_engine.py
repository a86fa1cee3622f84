"""An engine of a user's own that only estimates, through everything that is built on engines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pytest
from half_engine import HalfEngine

import repdiff
from repdiff import Comparison, MemoryLimitError
from repdiff.evaluation.measures import Space, mean_success
from repdiff.evaluation.methods.controls import CentralItems, ChosenItems
from repdiff.evaluation.methods.rdc import RDC
from repdiff.evidence import choice, resampling
from repdiff.report.wording.formatting import affinity
from repdiff.results.clusters import DifferenceCluster
from repdiff.workflows.direction import undecided

DIRECTIONS = ("x_only", "y_only")


@pytest.fixture(scope="module")
def truth() -> planted.Planted:
    return planted.split_in_x(np.random.default_rng(3), size=60, n_agreed=0)


@pytest.fixture(scope="module")
def found(truth: planted.Planted) -> Comparison:
    items = pd.DataFrame({"group": truth.group.astype(str)})
    return repdiff.compare(
        truth.x, truth.y, items=items, label="group", n_clusters=4, engine=HalfEngine(), n_resamples=10
    )


@pytest.fixture(scope="module")
def exact(truth: planted.Planted) -> Comparison:
    return repdiff.compare(truth.x, truth.y, n_clusters=4, n_resamples=10)


def test_planted_groups_are_found_and_shown(found: Comparison, truth: planted.Planted) -> None:
    clusters = {int(truth.group[cluster.representatives[0]]): cluster for cluster in found.x_only.difference_clusters}
    assert sorted(clusters) == [0, 1, 2, 3]
    for group, cluster in clusters.items():
        np.testing.assert_array_equal(cluster.items, np.flatnonzero(truth.group == group))
        assert set(truth.group[cluster.representatives]) == {group}


def test_items_that_both_see_alike_are_no_change() -> None:
    pair = planted.split_in_x(np.random.default_rng(3), n_agreed=400)
    unchanged = repdiff.compare(pair.x, pair.y, n_clusters=8, engine=HalfEngine(), evidence=False).x_only.no_change
    assert unchanged[pair.group < 0].mean() >= 0.99
    assert unchanged[pair.group >= 0].mean() <= 0.1


def test_means_are_those_of_the_exact_engine_within_their_error(found: Comparison, exact: Comparison) -> None:
    expected = {tuple(cluster.items): cluster.mean_affinity for cluster in exact.x_only.clusters}
    for cluster in found.x_only.clusters:
        assert 0 < cluster.mean_error < 0.05 * cluster.mean_affinity
        assert abs(cluster.mean_affinity - expected[tuple(cluster.items)]) < 5 * cluster.mean_error
    assert {cluster.mean_error for name in DIRECTIONS for cluster in getattr(exact, name).clusters} == {0.0}


def test_evidence_says_what_it_says_of_the_exact_engine(found: Comparison, exact: Comparison) -> None:
    of_items = {tuple(cluster.items): cluster.evidence for cluster in exact.x_only.clusters}
    for cluster in found.x_only.clusters:
        mine, other = cluster.evidence, of_items[tuple(cluster.items)]
        assert mine is not None
        assert mine.holds == other.holds
        assert mine.stability == pytest.approx(other.stability, abs=0.1)
        assert mine.robustness == pytest.approx(other.robustness, abs=0.1)
        assert mine.unseen_affinity == pytest.approx(other.unseen_affinity, rel=0.1)


def test_nothing_differs_from_itself(truth: planted.Planted) -> None:
    same = repdiff.compare(truth.x, truth.x.copy(), n_clusters=4, engine=HalfEngine(), evidence=False)
    for name in DIRECTIONS:
        assert getattr(same, name).no_change.all()
        np.testing.assert_allclose([cluster.mean_affinity for cluster in getattr(same, name).clusters], 1)


def test_swapping_x_and_y_swaps_the_directions(truth: planted.Planted) -> None:
    x, y = truth.x, truth.y
    one, other = (
        repdiff.compare(*pair, n_clusters=4, engine=HalfEngine(), evidence=False) for pair in ((x, y), (y, x))
    )
    np.testing.assert_array_equal(one.x_only.labels, other.y_only.labels)
    np.testing.assert_array_equal(one.y_only.labels, other.x_only.labels)


def test_save_then_load_keeps_the_errors(found: Comparison, tmp_path: Path) -> None:
    loaded = repdiff.load(found.save(tmp_path / "run"))
    assert loaded.provenance.engine == {"name": "half", "expected_error": found.provenance.engine["expected_error"]}
    for name in DIRECTIONS:
        for mine, stored in zip(getattr(found, name).clusters, getattr(loaded, name).clusters, strict=True):
            assert stored.mean_error == mine.mean_error > 0


def test_the_page_tells_the_errors(found: Comparison, tmp_path: Path) -> None:
    cluster = found.x_only.difference_clusters[-1]
    found.report(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert "standard error of a cluster&#39;s mean affinity" in page
    assert f"{affinity(cluster.mean_affinity)} ± {affinity(cluster.mean_error)}" in page


def test_a_cluster_near_the_threshold_is_warned_of(found: Comparison, truth: planted.Planted) -> None:
    cluster = found.x_only.difference_clusters[0]
    near = cluster.mean_affinity + cluster.mean_error
    again = repdiff.compare(
        truth.x, truth.y, n_clusters=4, engine=HalfEngine(), evidence=False, no_change_threshold=near
    )
    told = next(line for line in again.provenance.warnings if line.startswith("x_only: cluster "))
    assert told.startswith(f"x_only: cluster {cluster.index} has an estimated mean affinity of ")
    assert f"too near the no-change threshold of {near:g}" in told
    assert not [line for line in found.provenance.warnings if "threshold" in line]


def test_means_without_error_are_never_undecided() -> None:
    items = np.arange(3)
    at_threshold = DifferenceCluster(0, items, 1.5, False, items)
    assert undecided([at_threshold], 1.5) == []


@pytest.mark.parametrize("side_by_side", [True, False])
def test_a_series_shares_what_the_engine_shares(side_by_side: bool, truth: planted.Planted) -> None:
    x, y = truth.x, truth.y
    engine = HalfEngine(runs_side_by_side=side_by_side)
    checkpoints = [y, x + y, 2 * x + y]
    series = repdiff.compare_series(checkpoints, x, n_clusters=4, engine=engine, n_jobs=2)
    assert [kept.times_computed for kept in engine.kept] == [1]
    for checkpoint, comparison in zip(checkpoints, series.comparisons, strict=True):
        alone = repdiff.compare(x, checkpoint, n_clusters=4, engine=HalfEngine(), evidence=False)
        np.testing.assert_array_equal(comparison.x_only.labels, alone.x_only.labels)


def test_a_matrix_shares_what_the_engine_shares(truth: planted.Planted) -> None:
    x, y = truth.x, truth.y
    engine = HalfEngine()
    found = repdiff.compare_matrix({"x": x, "y": y, "both": x + y}, n_clusters=4, engine=engine, n_jobs=2)
    assert [kept.times_computed for kept in engine.kept] == [1, 1, 1]
    assert {comparison.provenance.engine["name"] for comparison in found.comparisons} == {"half"}


@pytest.mark.parametrize("method", [RDC(engine=HalfEngine()), CentralItems(RDC(engine=HalfEngine())),
                                    ChosenItems(RDC(engine=HalfEngine()))])  # fmt: skip
def test_the_evaluation_takes_it(method, truth: planted.Planted) -> None:
    groups = method.groups(truth.x, truth.y, 5, 9, 0)
    exact = replace(method, own=RDC()) if hasattr(method, "own") else RDC()
    collages = [[group.collage for group in groups], [g.collage for g in exact.groups(truth.x, truth.y, 5, 9, 0)]]
    mine, other = (mean_success(Space(truth.x), Space(truth.y), shown)["rank"] for shown in collages)
    assert mine > other - 0.05


def test_no_step_asks_for_blocks_that_grow_with_the_items(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 150
    monkeypatch.setattr(resampling, "LARGEST_SAMPLE", largest)
    monkeypatch.setattr(choice, "_SHARED", largest // 2)
    monkeypatch.setattr(choice, "_OWN", largest // 2)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(6 * largest, 4)), rng.normal(size=(6 * largest, 3))
    engine = HalfEngine()
    repdiff.compare(x, y, n_clusters="auto", engine=engine, n_resamples=1)
    (made,) = engine.made
    asked = made.x_only.asked[1:] + made.y_only.asked  # the engine itself has looked at all
    assert 0 < max(asked) <= largest**2


def test_what_does_not_fit_is_said_before_any_work(truth: planted.Planted) -> None:
    engine = HalfEngine()
    with pytest.raises(MemoryLimitError, match=r"the half engine needs 3\.7 MB for 240 items, but may use 2\.0 MB"):
        repdiff.compare(truth.x, truth.y, engine=engine, memory_limit="2MB")
    assert not engine.made
