"""Verdicts against matched noise, on small pairs of known truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff.affinity.distances import ranked
from repdiff.evidence.decision import Figures, borders_of, codes_of, decide, lies_in_groups
from repdiff.evidence.excess import Excess
from repdiff.evidence.findings import Columns, assess_findings

N = 320


def findings(x, y, *, metric="euclidean", n_jobs=1, seed=0, **options):
    if metric != "precomputed":
        x, y = np.asarray(x, np.float32), np.asarray(y, np.float32)
    c = repdiff.compare(x, y, n_clusters=5, metric=metric, evidence=False, random_state=seed, n_jobs=1)
    sides = [ranked(side, metric=metric) for side in (x, y)]
    directions = {"x_only": c.x_only, "y_only": c.y_only}
    return assess_findings(*sides, directions, n_jobs=n_jobs, random_state=seed, **options)


def codes(found):
    return found.directions["x_only"].code, found.directions["y_only"].code


@pytest.fixture(scope="module")
def noise():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(N, 16))
    return z + 0.5 * rng.normal(size=z.shape), z + 0.5 * rng.normal(size=z.shape)


@pytest.fixture(scope="module")
def kinds():
    rng = np.random.default_rng(1)
    kind = rng.integers(5, size=(2, N))
    x, y = ((6 * rng.normal(size=(5, 16)))[one] + rng.normal(size=(N, 16)) for one in kind)
    return x, y, kind


@pytest.fixture(scope="module")
def of_noise(noise):
    return findings(*noise)


@pytest.fixture(scope="module")
def of_kinds(kinds):
    labels = pd.Series(kinds[2][0])
    return findings(*kinds[:2], columns=Columns(labels, labels, labels.where(labels > 0, 1)))


def test_noise_is_noise(of_noise):
    assert codes(of_noise) == ("noise", "noise")
    for finding in of_noise.directions.values():
        assert finding.n_significant == 0
        assert finding.overlap_simulated == pytest.approx(finding.overlap, abs=0.02)
        assert 0.5 < finding.r2 < 0.8


def test_simulated_noise_has_the_neighbours_of_the_real(of_noise):
    neighbours = of_noise.neighbours
    assert neighbours.noise_x.shared == pytest.approx(neighbours.sampled.shared, abs=0.03)
    assert neighbours.noise_y.kept == pytest.approx(neighbours.sampled.kept, abs=0.08)


def test_independent_kinds_are_throughout_and_lost(of_kinds):
    assert codes(of_kinds) == ("throughout", "throughout")
    for name in ("x_only", "y_only"):
        assert of_kinds.directions[name].share_significant > 0.5
        assert {cluster.fate for cluster in of_kinds.clusters[name] if cluster.is_significant} == {"lost"}


def test_the_side_that_knows_the_labels_gains(of_kinds):
    assert of_kinds.correctness.overall.x > 0.95
    assert of_kinds.correctness.overall.y < 0.4
    assert {cluster.value for cluster in of_kinds.clusters["x_only"]} == {"gain"}
    assert "gain" not in {cluster.value for cluster in of_kinds.clusters["y_only"]}
    assert of_kinds.predictions.overall.x == 1
    assert of_kinds.predictions.by_label["0"].y == 0


def test_a_moved_group_is_local():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(700, 16))
    x = z.copy()
    x[:60] = 0.3 * rng.normal(size=(60, 16)) + z[0]
    x, y = (side + 0.3 * rng.normal(size=z.shape) for side in (x, z))
    found = findings(x, y)
    assert codes(found)[0] == "local"
    at = [index for index, cluster in enumerate(found.clusters["x_only"]) if cluster.is_significant]
    labels = repdiff.compare(np.float32(x), np.float32(y), n_clusters=5, evidence=False, n_jobs=1).x_only.labels
    assert np.isin(labels[:60], at).mean() > 0.9
    assert np.isin(labels[60:], at).mean() < 0.15
    assert all(found.clusters["x_only"][index].excess > 1 for index in at)
    assert found.neighbours.change_in_groups["x_only"] > 0.05
    assert found.directions["x_only"].excess_rest < 0.08


def test_a_merger_is_no_noise_though_a_linear_map_makes_it():
    rng = np.random.default_rng(5)
    centres = 2 * rng.normal(size=(8, 16))
    x = centres[rng.integers(8, size=600)] + 0.5 * rng.normal(size=(600, 16))
    apart = np.linalg.qr((centres[::2] - centres[1::2]).T)[0]
    found = findings(x, x - x @ apart @ apart.T)
    assert found.directions["y_only"].code == "throughout"
    assert found.directions["y_only"].excess > 1
    assert any(cluster.is_significant for cluster in found.clusters["y_only"])


def test_merged_kinds_among_others_are_local():
    rng = np.random.default_rng(8)
    kind, centres = rng.integers(10, size=600), 2 * rng.normal(size=(10, 16))
    told = np.where(kind < 4, kind // 2, kind)
    within = rng.normal(size=(600, 16))
    found = findings(*(centres[one] + within + 0.2 * rng.normal(size=within.shape) for one in (kind, told)))
    assert codes(found) == ("local", "local")
    assert found.directions["y_only"].excess > 0.5
    assert max(found.directions[name].excess_rest for name in ("x_only", "y_only")) < 0.08
    assert sum(cluster.is_significant for cluster in found.clusters["y_only"]) >= 2


def test_noise_within_groups_that_both_know_is_noise():
    rng = np.random.default_rng(4)
    groups = (6 * rng.normal(size=(8, 16)))[rng.integers(8, size=600)]
    found = findings(*(groups + rng.normal(size=groups.shape) for _ in range(2)))
    assert codes(found) == ("noise", "noise")
    weakest = min(found.directions.values(), key=lambda finding: finding.excess)
    assert weakest.excess <= -0.25  # so that it is asked
    assert weakest.excess_small < 0.25


def test_kinds_of_its_own_within_groups_that_both_know_are_no_noise():
    rng = np.random.default_rng(3)
    group, centres = rng.integers(8, size=600), 4 * rng.normal(size=(8, 16))
    sides = []
    for _ in range(2):
        kinds = 2 * rng.normal(size=(8, 5, 16))[group, rng.integers(5, size=600)]
        sides.append(centres[group] + kinds + 0.4 * rng.normal(size=kinds.shape))
    found = findings(*sides)
    assert codes(found) == ("throughout", "throughout")
    assert all(finding.excess <= -0.25 and finding.excess_small >= 0.25 for finding in found.directions.values())


def test_the_same_is_the_same(noise):
    x = noise[0].astype(np.float32)
    found = findings(x, 3 * x @ np.linalg.qr(np.random.default_rng(3).normal(size=(16, 16)))[0])
    assert codes(found) == ("same", "same")
    assert found.neighbours.all.shared > 0.99
    assert found.neighbours.noise_x is None


def test_few_items_are_too_few(noise):
    found = findings(*(side[:200] for side in noise))
    assert codes(found) == ("too_few", "too_few")
    assert found.directions["x_only"].excess is None
    assert found.neighbours.all.n == 200


def test_swapped_sides_swap_codes(kinds, of_kinds):
    swapped = findings(kinds[1], kinds[0])
    assert codes(swapped) == codes(of_kinds)[::-1]
    one, other = swapped.clusters["x_only"], of_kinds.clusters["y_only"]
    assert [cluster.n_asked for cluster in one] == [cluster.n_asked for cluster in other]
    assert [cluster.cohesion_x for cluster in one] == pytest.approx([cluster.cohesion_y for cluster in other])


def test_rotation_scale_and_order_change_no_code(kinds, noise, of_kinds, of_noise):
    rng = np.random.default_rng(4)
    turn, order = np.linalg.qr(rng.normal(size=(16, 16)))[0], rng.permutation(N)
    for (x, y), found in ((kinds[:2], of_kinds), (noise, of_noise)):
        changed = findings((5 * x @ turn)[order], (y + 3)[order])
        assert codes(changed) == codes(found)
        assert changed.neighbours.all.shared == pytest.approx(found.neighbours.all.shared, abs=1e-3)


@pytest.mark.usefixtures("threaded_libraries")
def test_same_bits_on_two_threads(noise, of_noise):
    assert findings(*noise, n_jobs=2) == of_noise


def test_cosine_says_the_same(noise):
    assert codes(findings(*noise, metric="cosine")) == ("noise", "noise")


def test_given_distances_say_the_same(kinds):
    far = [np.linalg.norm(side[:, None] - side[None], axis=2) for side in kinds[:2]]
    assert codes(findings(*far, metric="precomputed")) == ("throughout", "throughout")


def excess(of_direction, standard_error=0.0):
    nothing = np.zeros(0)
    return None if of_direction is None else Excess(of_direction, standard_error, nothing, nothing, nothing)


def test_neighbours_reordered_within_groups_are_not_local_though_some_groups_are_significant():
    one = Figures(excess(-0.4), small=excess(0.5), rest=excess(-0.2), any_group=True)
    assert set(codes_of({"x_only": one, "y_only": one}).values()) == {"throughout"}
    other = replace(one, small=excess(0.1))
    assert set(codes_of({"x_only": other, "y_only": other}).values()) == {"local"}


@pytest.mark.parametrize(
    ("found", "predicted", "isotropic", "small", "is_local", "own", "elsewhere", "code"),
    [
        (0.1, None, 0.1, None, False, False, False, "noise"),
        (0.1, None, 0.4, None, False, False, False, "directions"),
        (0.6, None, None, None, False, False, False, "throughout"),
        (0.3, 0.3, None, None, False, False, False, "throughout"),
        (0.3, 0.1, None, None, False, False, False, "directions"),
        (0.3, 0.1, None, None, False, False, True, "throughout"),
        (-0.4, None, None, 0.3, False, False, False, "throughout"),
        (-0.4, None, None, 0.1, False, False, False, "noise"),
        (0.6, None, None, None, False, True, True, "throughout"),
        (0.2, None, None, None, True, True, False, "local"),
        (0.2, None, None, None, False, True, False, "throughout"),
        (0.9, None, None, None, True, False, True, "local"),
        (0.3, 0.1, None, None, True, False, True, "local"),
        (0.1, None, 0.1, None, True, False, True, "noise"),
    ],
)
def test_codes_of_figures(found, predicted, isotropic, small, is_local, own, elsewhere, code):
    figures = Figures(*map(excess, (found, predicted, isotropic, small)), None, own)
    assert decide(figures, is_local=is_local, clear_elsewhere=elsewhere) == code


@pytest.mark.parametrize(
    ("x", "y", "codes", "borders"),
    [
        ((0.1, 0.01), (0.1, 0.01), ("noise", "noise"), (None, None)),
        ((0.22, 0.04), (0.1, 0.04), ("noise", "noise"), ("directions", None)),
        ((0.6, 0.05), (0.27, 0.03), ("throughout", "throughout"), (None, "noise")),
        ((0.52, 0.03), (0.1, 0.01), ("throughout", "noise"), ("directions", None)),
        ((0.52, 0.03), (0.52, 0.01), ("throughout", "throughout"), (None, None)),
    ],
)
def test_what_is_near_a_threshold_is_close_to_another_code(x, y, codes, borders):
    figures = dict(zip(("x_only", "y_only"), (Figures(excess(*one)) for one in (x, y)), strict=True))
    assert tuple(codes_of(figures).values()) == codes
    assert tuple(borders_of(figures).values()) == borders


@pytest.mark.parametrize(("rest", "code", "close_to"), [(0.09, "throughout", "local"), (0.07, "local", "throughout")])
def test_a_rest_near_its_threshold_is_close_to_the_other_code_in_both_directions(rest, code, close_to):
    one, other = Figures(excess(0.3), rest=excess(rest, 0.02)), Figures(excess(0.3), rest=excess(0.04, 0.02))
    figures = {"x_only": replace(one, any_group=True), "y_only": replace(other, any_group=True)}
    assert set(codes_of(figures).values()) == {code}
    assert set(borders_of(figures).values()) == {close_to}


@pytest.mark.parametrize(
    ("with_groups", "without", "is_local"),
    [
        ((0.6, 0.1), None, False),
        ((0.6, 0.1), (0.0, 0.07), True),
        ((0.6, 0.1), (0.0, 0.1), False),
        ((1.2, 0.1), (0.0, 0.14), True),
        ((0.1, 4.0), (0.3, 0.0), False),
        ((0.2, 0.1), (0.07, 0.07), True),
    ],
)
def test_a_difference_lies_in_groups_if_nothing_is_left_without_them(with_groups, without, is_local):
    both = [
        {} if one is None else dict(zip(("x_only", "y_only"), map(excess, one), strict=True))
        for one in (with_groups, without)
    ]
    assert lies_in_groups(*both) == is_local
