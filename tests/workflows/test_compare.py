"""The laws of the whole: what must hold whatever the data."""

from __future__ import annotations

import dataclasses
import functools
import warnings

import numpy as np
import pandas as pd
import planted
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

import repdiff
from repdiff import Comparison, RepdiffError
from repdiff.affinity.base import to_dense
from repdiff.affinity.engines import compute_affinities

compare = functools.partial(repdiff.compare, evidence=False)  # which changes none of these laws, but takes its time
seeds = st.integers(0, 10_000)
DIRECTIONS = ("x_only", "y_only")


def labels(comparison: Comparison) -> list[np.ndarray]:
    return [getattr(comparison, name).labels for name in DIRECTIONS]


def some_pair(seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)), rng.normal(size=(n, 4))


@given(seeds, st.integers(2, 60), st.booleans())
@settings(max_examples=15)
def test_nothing_differs_from_itself(seed: int, n: int, duplicates: bool) -> None:
    x, _ = some_pair(seed, n)
    x = np.round(x) if duplicates else x
    x[0, 0] += 1  # never all the same
    affinities = compute_affinities(x, x, engine="exact")
    assert (to_dense(affinities.x_only) == 1).all()
    assert (to_dense(affinities.y_only) == 1).all()
    found = compare(x, x, n_clusters=min(n, 5))
    for direction in (found.x_only, found.y_only):
        assert direction.no_change.all()
        assert not direction.difference_clusters
        assert [cluster.mean_affinity for cluster in direction.clusters] == [1.0]


@given(seeds, st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
@settings(max_examples=10)
def test_rotating_scaling_or_shifting_changes_no_label(seed: int, scale: float, shift: float) -> None:
    x, y = some_pair(seed)
    rotation = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(5, 5)))[0]
    expected = labels(compare(x, y, n_clusters=4))
    for moved in (x @ rotation, x * scale, x + shift):
        for found, same in zip(labels(compare(moved, y, n_clusters=4)), expected, strict=True):
            np.testing.assert_array_equal(found, same)


@given(seeds)
@settings(max_examples=6)
def test_swapping_x_and_y_swaps_the_directions(seed: int) -> None:
    truth = planted.split_in_x(np.random.default_rng(seed), n_agreed=0)
    there, back = compare(truth.x, truth.y, n_clusters=4), compare(truth.y, truth.x, n_clusters=4)
    assert adjusted_rand_score(there.x_only.labels, back.y_only.labels) == 1
    np.testing.assert_allclose(
        [cluster.mean_affinity for cluster in there.x_only.clusters],
        [cluster.mean_affinity for cluster in back.y_only.clusters],
        rtol=1e-5,
    )


@given(seeds)
@settings(max_examples=6)
def test_permuting_the_items_permutes_the_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = planted.split_in_x(rng, n_agreed=0)
    order = rng.permutation(len(truth.x))
    straight, permuted = compare(truth.x, truth.y, n_clusters=4), compare(truth.x[order], truth.y[order], n_clusters=4)
    np.testing.assert_array_equal(permuted.x_only.labels, straight.x_only.labels[order])


@given(seeds, st.integers(2, 6))
@settings(max_examples=6)
def test_planted_groups_are_found(seed: int, n_groups: int) -> None:
    truth = planted.split_in_x(np.random.default_rng(seed), n_groups=n_groups, n_agreed=0)
    found = compare(truth.x, truth.y, n_clusters=n_groups).x_only
    for group in range(n_groups):
        members = set(np.flatnonzero(truth.group == group))
        best = max(found.difference_clusters, key=lambda cluster: len(members & set(cluster.items)))
        common = len(members & set(best.items))
        assert common / best.size >= 0.95, "precision"
        assert common / len(members) >= 0.95, "recall"


@given(seeds)
@settings(max_examples=4)
def test_items_that_both_see_alike_are_no_change(seed: int) -> None:
    truth = planted.split_in_x(np.random.default_rng(seed), n_agreed=400)
    unchanged = compare(truth.x, truth.y, n_clusters=8).x_only.no_change
    agreed = truth.group < 0
    assert unchanged[agreed].mean() >= 0.99
    assert unchanged[~agreed].mean() <= 0.05


@pytest.mark.usefixtures("threaded_libraries")
def test_the_same_seed_gives_the_same_bits_for_any_number_of_threads(pair_xy) -> None:
    one, two = (compare(*pair_xy, n_jobs=n_jobs, random_state=3) for n_jobs in (1, 2))
    for name in DIRECTIONS:
        a, b = getattr(one, name), getattr(two, name)
        np.testing.assert_array_equal(a.labels, b.labels)
        np.testing.assert_array_equal(a.affinity_map.means, b.affinity_map.means)
        assert [c.mean_affinity for c in a.clusters] == [c.mean_affinity for c in b.clusters]


def test_the_global_random_state_is_left_alone(pair_xy) -> None:
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    compare(*pair_xy)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_labels_and_predictions_give_make_up_and_accuracy(planted_pair) -> None:
    truth = planted_pair
    kind = np.where(truth.group >= 0, truth.group, -1)
    items = pd.DataFrame({"kind": kind, "says_x": kind, "says_y": np.zeros_like(kind)})
    found = compare(
        truth.x, truth.y, items=items, label="kind", prediction_x="says_x", prediction_y="says_y", n_clusters=5
    )
    assert found.accuracy_x == 1
    assert found.accuracy_y == pytest.approx((kind == 0).mean())
    for cluster in found.x_only.difference_clusters:
        assert sum(cluster.label_counts.values()) == cluster.size
        assert cluster.accuracy_x == 1
        assert cluster.accuracy_y == pytest.approx((kind[cluster.items] == 0).mean())


def test_the_frame_holds_a_row_per_item_and_its_metadata(pair_xy) -> None:
    items = pd.DataFrame({"id": [f"i{k}" for k in range(300)], "note": range(300)})
    found = compare(*pair_xy, items=items)
    frame = found.to_frame()
    assert list(frame) == ["id", "x_only", "y_only", "x_only_no_change", "y_only_no_change", "note"]
    np.testing.assert_array_equal(frame["x_only"], found.x_only.labels)
    np.testing.assert_array_equal(frame["y_only_no_change"], found.y_only.no_change)
    assert frame["note"].tolist() == list(range(300))


def test_any_clusterer_may_stand_in(pair_xy) -> None:
    from sklearn.cluster import AgglomerativeClustering, SpectralClustering

    by_estimator = compare(*pair_xy, clusterer=SpectralClustering(4, affinity="precomputed"))
    assert len(by_estimator.x_only.clusters) == 4
    assert by_estimator.provenance.parameters["clusterer"] == "SpectralClustering"
    by_function = compare(*pair_xy, clusterer=lambda affinity: (np.arange(len(affinity)) % 3).astype(int))
    assert len(by_function.y_only.clusters) == 3
    with pytest.raises(RepdiffError, match="precomputed"):
        compare(*pair_xy, clusterer=AgglomerativeClustering(4))


def test_a_spectral_step_that_stops_short_is_said(pair_xy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repdiff.clustering.spectral.leading_eigenvectors, "__kwdefaults__", {
        **repdiff.clustering.spectral.leading_eigenvectors.__kwdefaults__, "max_products": 1,
    })  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = compare(*pair_xy)
    assert {warning.category for warning in caught} == {repdiff.NotConvergedWarning}
    assert [line.partition(":")[0] for line in found.provenance.warnings] == list(DIRECTIONS)


def test_results_are_frozen(pair_xy) -> None:
    found = compare(*pair_xy)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.names = ("a", "b")  # type: ignore[misc]


def test_progress_is_told(pair_xy) -> None:
    told: list[tuple[str, int, int]] = []
    compare(*pair_xy, progress=lambda *step: told.append(step))
    assert {"ranks and affinity", "symmetrising", "eigenvectors"} <= {stage for stage, _, _ in told}
    assert all(0 <= done <= total for _, done, total in told)


def test_the_kind_of_representatives_is_a_choice_and_noted(planted_pair: planted.Planted) -> None:
    x, y = planted_pair.x, planted_pair.y
    found = {kind: compare(x, y, n_clusters=4, representatives=kind) for kind in ("typical", "spread", "border")}
    shown = {kind: [c.representatives.tolist() for c in found[kind].x_only.clusters] for kind in found}
    assert shown["typical"] != shown["spread"] != shown["border"] != shown["typical"]
    assert compare(x, y, n_clusters=4).x_only.clusters[0].representatives.tolist() == shown["typical"][0]
    assert found["border"].provenance.parameters["representatives"] == "border"
    with pytest.raises(RepdiffError, match="representatives must be one of typical, spread, border, but is 'best'"):
        compare(x, y, n_clusters=4, representatives="best")


def test_a_negative_seed_is_refused(pair_xy) -> None:
    with pytest.raises(RepdiffError, match="random_state must be an integer of at least 0, or None, but is -1"):
        compare(*pair_xy, random_state=-1)


def test_distances_among_many_duplicates_have_a_map(monkeypatch) -> None:
    from scipy.sparse import linalg

    from repdiff.workflows.projection import project_side

    def gives_up(*_, **__):
        raise linalg.ArpackNoConvergence("no convergence", np.zeros(0), np.zeros((40, 0)))

    places = np.repeat([[0.0, 0.0], [3.0, 0.0], [0.0, 1.0]], [20, 15, 5], axis=0)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    expected = project_side(distances, metric="precomputed")
    monkeypatch.setattr(linalg, "eigsh", gives_up)
    found = project_side(distances, metric="precomputed")
    np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-4)
    np.testing.assert_allclose(found.explained, expected.explained, atol=1e-6)
