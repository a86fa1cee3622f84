"""Aligned representations: the best map of its kind, judged on items it has not seen, and what it changes."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy.stats import ortho_group

import repdiff
from repdiff.core.errors import InputError, RepdiffError
from repdiff.similarities import cka, debiased_cka

compare = functools.partial(repdiff.compare, evidence=False)  # but once, of y aligned
N = 300
METHODS = ["procrustes", "linear", "cka"]


@pytest.fixture(scope="module")
def x() -> np.ndarray:
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(5, 6)) * 3
    return centres[rng.integers(0, 5, N)] + rng.normal(size=(N, 6)) + 7


@pytest.fixture(scope="module")
def mixed(x) -> np.ndarray:
    """x times a random map, which is no rotation, with a little noise."""
    rng = np.random.default_rng(3)
    stretch = ortho_group.rvs(6, random_state=1) * np.geomspace(1, 20, 6)
    return x @ stretch @ rng.normal(size=(6, 9)) + 0.001 * rng.normal(size=(N, 9)) - 2


@pytest.fixture(scope="module")
def unrelated() -> tuple[np.ndarray, np.ndarray]:
    """As many dimensions as items to fit on, and nothing in common."""
    rng = np.random.default_rng(4)
    return rng.normal(size=(120, 55)), rng.normal(size=(120, 58))


@pytest.mark.parametrize("method", METHODS)
def test_a_rotated_scaled_and_shifted_copy_is_brought_back(x, method):
    y = 30 * x @ ortho_group.rvs(6, random_state=0) + 5
    found = repdiff.align(x, y, method=method)
    assert found.y == pytest.approx(x, abs=1e-6)
    assert (found.fit, found.held_out) == (pytest.approx(1), pytest.approx(1))
    assert found.n_fit + found.n_held_out == N


@pytest.mark.parametrize("method", ["linear", "cka"])
def test_a_linear_map_is_undone(x, mixed, method):
    found = repdiff.align(x, mixed, method=method)
    assert found.y == pytest.approx(x, abs=0.02)
    assert found.held_out == pytest.approx(1, abs=1e-4)
    assert repdiff.align(x, mixed, method="procrustes").held_out < 0.9


def fitted_rows(x: np.ndarray, y: np.ndarray, **options) -> np.ndarray:
    """The rows a map was fitted on: its fit stays what it is when the others are put out of order."""
    found = repdiff.align(x, y, **options)
    rows = np.random.default_rng(0).permutation(len(x))[found.n_held_out :]
    spoilt = x.copy()
    others = np.setdiff1d(np.arange(len(x)), rows)
    spoilt[others] = x[others[::-1]]
    again = repdiff.align(spoilt, y, **options)
    assert again.fit == pytest.approx(found.fit, abs=1e-12)
    assert again.held_out < found.held_out
    return rows


def test_linear_is_the_least_squares_of_the_fitted_half(x):
    y = x[:, :4] + np.random.default_rng(0).normal(size=(N, 4))
    found = repdiff.align(x, y, method="linear", ridge=0)
    rows = fitted_rows(x, y, method="linear", ridge=0)
    design = np.column_stack([y, np.ones(N)])
    weights, *_ = np.linalg.lstsq(design[rows], x[rows], rcond=None)
    assert found.y == pytest.approx(design @ weights, abs=1e-9)
    residual = ((x - design @ weights) ** 2)[rows].sum()
    assert found.fit == pytest.approx(1 - residual / ((x[rows] - x[rows].mean(axis=0)) ** 2).sum())


def test_the_ridge_is_the_penalty_of_its_definition(x):
    y = x[:, :4] + np.random.default_rng(0).normal(size=(N, 4))
    rows = fitted_rows(x, y, method="linear", ridge=0.5)
    mean = y[rows].mean(axis=0)
    moments = (y[rows] - mean).T @ (y[rows] - mean)
    penalty = 0.5 * np.trace(moments) / 4 * np.eye(4)
    weights = np.linalg.solve(moments + penalty, (y[rows] - mean).T @ x[rows])
    expected = x[rows].mean(axis=0) + (y - mean) @ weights
    assert repdiff.align(x, y, method="linear", ridge=0.5).y == pytest.approx(expected, abs=1e-9)


def test_no_linear_map_has_more_cka_than_the_one_found(x):
    rng = np.random.default_rng(0)
    y = np.tanh(x @ rng.normal(size=(6, 5)) / 5) + 0.3 * rng.normal(size=(N, 5))
    found = repdiff.align(x, y, method="cka", ridge=0)
    rows = fitted_rows(x, y, method="cka", ridge=0)
    best = cka(x[rows], found.y[rows])
    assert best > cka(x[rows], y[rows])
    source, image = (z[rows] - z[rows].mean(axis=0) for z in (y, found.y))
    weights, *_ = np.linalg.lstsq(source, image, rcond=None)
    for step in (1e-3, 1e-2, 0.1, 1.0):
        for _ in range(20):
            other = weights + step * np.abs(weights).max() * rng.normal(size=weights.shape)
            assert cka(x[rows], y[rows] @ other) <= best + 1e-12
    assert found.fit == pytest.approx(debiased_cka(x[rows], found.y[rows]))


@pytest.mark.parametrize("d_y", [3, 6, 10])
def test_procrustes_keeps_all_distances_within_y(x, d_y):
    y = np.random.default_rng(1).normal(size=(N, d_y)) + 0.3 * np.resize(x.T, (d_y, N)).T
    found = repdiff.align(x, y, method="procrustes")
    assert found.y.shape == (N, max(6, d_y))
    lengths, before = (np.linalg.norm(z[1:] - z[:-1], axis=1) for z in (found.y, y))
    assert lengths == pytest.approx(found.parameters["scale"] * before)


def test_no_rotation_and_scale_fit_better_than_those_found(x):
    rng = np.random.default_rng(0)
    y = x @ rng.normal(size=(6, 6))
    found = repdiff.align(x, y, method="procrustes")
    rows = fitted_rows(x, y, method="procrustes")
    target, best = (z[rows] - z[rows].mean(axis=0) for z in (x, found.y))
    least = np.linalg.norm(target - best)
    for seed in range(30):
        turn = np.linalg.qr(np.eye(6) + 0.1 * np.random.default_rng(seed).normal(size=(6, 6)))[0]
        assert np.linalg.norm(target - best @ turn) > least
    assert min(np.linalg.norm(target - scale * best) for scale in (0.9, 0.99, 1.01, 1.1)) > least


def test_an_overfitted_map_is_seen_on_the_other_half(unrelated):
    x, y = unrelated
    found = repdiff.align(x, y, method="linear", ridge=0)
    assert found.fit > 0.9
    assert found.held_out < -1
    assert found.is_overfitted
    chosen = repdiff.align(x, y, method="linear")
    assert abs(chosen.held_out) < 0.1  # the penalty that was chosen leaves next to nothing of the map


def test_the_fit_of_cka_does_not_rise_with_dimensions_alone(unrelated):
    found = repdiff.align(*unrelated, method="cka")
    assert abs(found.held_out) < 0.15


@pytest.mark.parametrize("method", METHODS)
def test_more_dimensions_than_items(method):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 200))
    y = np.hstack([x @ ortho_group.rvs(200, random_state=0), np.zeros((40, 60))])
    found = repdiff.align(x, y, method=method, test_share=0.25)
    assert np.isfinite(found.y).all()
    assert found.fit > 0.99


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-300, 1e303, 1e-3])
def test_any_scale_gives_the_same(x, mixed, method, scale):
    found, scaled = (repdiff.align(z, mixed * scale / 20, method=method) for z in (x, x * scale))
    assert scaled.held_out == pytest.approx(found.held_out, abs=1e-6)
    assert scaled.y / scale == pytest.approx(found.y, rel=1e-5, abs=1e-5)


def test_the_two_sides_may_differ_in_scale(x, mixed):
    for method in ("linear", "cka"):
        found, scaled = repdiff.align(x, mixed, method=method), repdiff.align(x * 1e300, mixed * 1e-300, method=method)
        assert scaled.y / 1e300 == pytest.approx(found.y, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("scale_x", "scale_y", "dtype", "method"),
    [
        (1e300, 1e-300, np.float64, "procrustes"),  # the scale itself
        (1e307, 1.0, np.float64, "linear"),
        (1e37, 1.0, np.float32, "linear"),
    ],
)
def test_what_no_float_holds_is_said(scale_x, scale_y, dtype, method):
    rng = np.random.default_rng(0)
    y = rng.standard_cauchy((80, 1))
    x = np.clip(y, -10, 10)  # which y, turned towards it, goes far beyond
    y[np.random.default_rng(0).permutation(80)[:5]] = 1e4  # held out
    with pytest.raises(InputError, match="y aligned with x is too large for float"):
        repdiff.align((x * scale_x).astype(dtype), (y * scale_y).astype(dtype), method=method)


@pytest.mark.parametrize("method", METHODS)
def test_a_y_of_which_nothing_is_left_is_said(x, method):
    fitted = np.random.default_rng(0).permutation(N)[N // 2 :]
    y = np.random.default_rng(1).normal(size=(N, 3))
    y[fitted] = 1
    if method == "procrustes":  # which loses nothing
        assert compare(x, y, n_clusters=2, align=method).x_only.labels.shape == (N,)
        return
    with pytest.raises(InputError, match=f"all rows of y are the same after align='{method}'"):
        compare(x, y, n_clusters=2, align=method)


@pytest.mark.parametrize("method", METHODS)
def test_a_half_without_spread_gives_numbers(method):
    x, y = np.zeros((40, 3)), np.zeros((40, 2))
    x[np.random.default_rng(0).permutation(40)[:2]] = 1, 2, 3  # both in the half that is held out
    y[np.random.default_rng(0).permutation(40)[:2]] = 5, 6
    found = repdiff.align(x, y, method=method)
    assert np.isfinite([found.fit, found.held_out]).all()
    assert np.isfinite(found.y).all()


def test_the_same_seed_gives_the_same_and_none_gives_y(x, mixed):
    first, again, other = (repdiff.align(x, mixed, random_state=seed) for seed in (1, 1, 2))
    assert (first.y == again.y).all()
    assert not (first.y == other.y).all()
    as_it_was = repdiff.align(x, mixed, method="none")
    assert (as_it_was.y == mixed).all()
    assert as_it_was.fit is None
    assert not as_it_was.is_overfitted


def test_narrow_floats_stay_narrow(x, mixed):
    assert repdiff.align(x.astype(np.float32), mixed.astype(np.float32)).y.dtype == np.float32


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "affine"}, "method must be one of none, procrustes, linear, cka, but is 'affine'"),
        ({"test_share": 1.0}, "test_share must be a positive number below 1, but is 1.0"),
        ({"ridge": -1.0}, "ridge must be a number of at least 0, or None, but is -1.0"),
        ({"random_state": -1}, "random_state must be an integer of at least 0"),
        ({"test_share": 0.01}, "too few to fit an alignment and test it on 1% of them"),
    ],
)
def test_what_cannot_be_meant_is_said(x, mixed, options, says):
    with pytest.raises(RepdiffError, match=says):
        repdiff.align(x, mixed, **options)


def test_after_alignment_nothing_differs_that_a_linear_map_explains(x, mixed):
    plain = compare(x, mixed, n_clusters=4)
    aligned = compare(x, mixed, n_clusters=4, align="linear", align_effect=True)
    assert plain.x_only.difference_clusters
    assert aligned.x_only.no_change.all()
    assert aligned.y_only.no_change.all()
    facts = aligned.provenance.parameters["alignment"]
    assert aligned.provenance.parameters["align"] == facts["method"] == "linear"
    assert facts["held_out"] > 0.999
    assert facts["effect"]["x_only"]["clusters_without"] == len(plain.x_only.difference_clusters)
    assert facts["effect"]["x_only"]["clusters_with"] == 0
    assert facts["effect"]["x_only"]["adjusted_rand"] < 0.5
    assert aligned.provenance.inputs == plain.provenance.inputs
    assert "align" not in plain.provenance.parameters


def test_a_real_difference_outlives_the_alignment(planted_pair):
    found = repdiff.compare(planted_pair.x, planted_pair.y, n_clusters=5, align="cka")
    strong = np.concatenate([cluster.items for cluster in found.x_only.clusters if cluster.mean_affinity > 10])
    assert (planted_pair.group[strong] >= 0).all()
    assert len(strong) > 100
    assert 0 < found.provenance.parameters["alignment"]["held_out"] < 0.99


def test_procrustes_changes_no_cluster(planted_pair):
    found = compare(planted_pair.x, planted_pair.y, n_clusters=5, align="procrustes", align_effect=True)
    effect = found.provenance.parameters["alignment"]["effect"]
    assert effect["x_only"]["adjusted_rand"] > 0.99
    assert effect["x_only"]["clusters_with"] == effect["x_only"]["clusters_without"]


def test_an_overfitted_alignment_is_told(unrelated):
    x, y = unrelated
    rng = np.random.default_rng(0)
    y = x @ rng.normal(size=(55, 58)) + 3 * rng.normal(size=y.shape)
    found = compare(x, y, n_clusters=2, align="linear")
    assert any("alignment is overfitted" in warning for warning in found.provenance.warnings)


def test_an_alignment_survives_saving(x, mixed, tmp_path):
    found = compare(x, mixed, n_clusters=2, align="cka", align_effect=True)
    found.save(tmp_path / "run")
    assert repdiff.load(tmp_path / "run").provenance.parameters == found.provenance.parameters


def test_distances_cannot_be_aligned(x):
    distances = np.abs(x[:, :1] - x[:, 0])
    with pytest.raises(InputError, match="one is a matrix of distances"):
        compare(distances, x, metric=("precomputed", "euclidean"), align="linear")
    with pytest.raises(RepdiffError, match="align is 'none'"):
        compare(x, x, align_effect=True)
