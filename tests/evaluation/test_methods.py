"""Every method on planted data, and the parts that have a law of their own."""

from __future__ import annotations

import numpy as np
import planted
import pytest

from repdiff.core.errors import RepdiffError
from repdiff.evaluation.held_out import halves, stand_ins
from repdiff.evaluation.measures import Space, mean_success
from repdiff.evaluation.methods import CONTROLS, METHODS, choose_methods
from repdiff.evaluation.methods.base import k_means, largest_eigenvectors
from repdiff.evaluation.methods.controls import CentralItems, ChosenItems
from repdiff.evaluation.methods.factorisations import ConvexNMF, convex_nmf, nmf_activations
from repdiff.evaluation.methods.rdc import RDC
from repdiff.evaluation.methods.regression import ConceptRegression
from repdiff.evaluation.methods.simple import RandomGroups
from repdiff.evaluation.methods.sparse_autoencoder import SparseAutoencoder
from repdiff.evaluation.methods.spectral import DifferentialSpectral, KernelDifference

N_GROUPS, SIZE = 5, 9
EVERY = METHODS + CONTROLS
DIFFERENTIAL = choose_methods(["rdc", "spec", "disc", "rsvc", "hdbscan", "neighbours"])  # that look at y too


def success(method, pair: planted.Planted) -> float:
    groups = method.groups(pair.x, pair.y, N_GROUPS, SIZE, 0)
    return mean_success(Space(pair.x), Space(pair.y), [group.collage for group in groups])["rank"]


def names(methods) -> list[str]:
    return [method.name for method in methods]


@pytest.mark.parametrize("method", EVERY, ids=names(EVERY))
def test_groups_are_rows_and_the_same_for_the_same_seed(method, planted_pair):
    first, second = (method.groups(planted_pair.x, planted_pair.y, N_GROUPS, SIZE, 3) for _ in range(2))
    assert 1 <= len(first) <= N_GROUPS
    for group, again in zip(first, second, strict=True):
        assert 2 <= len(group.collage) <= SIZE
        assert len(set(group.collage.tolist())) == len(group.collage)
        assert set(np.concatenate([group.items, group.collage]).tolist()) <= set(range(len(planted_pair.x)))
        assert np.array_equal(group.collage, again.collage)
        assert np.array_equal(group.items, again.items)
    members = np.concatenate([group.items for group in first])
    assert len(np.unique(members)) == len(members)


@pytest.mark.parametrize("method", DIFFERENTIAL, ids=names(DIFFERENTIAL))
def test_methods_that_look_at_both_sides_beat_chance(method, planted_pair):
    assert success(method, planted_pair) > success(RandomGroups(), planted_pair) + 0.2


def test_difference_clusters_recover_the_planted_groups_best(planted_pair):
    groups = RDC().groups(planted_pair.x, planted_pair.y, N_GROUPS, SIZE, 0)
    shown = [planted_pair.group[group.collage] for group in groups]
    pure = {int(groups_shown[0]) for groups_shown in shown if len(set(groups_shown.tolist())) == 1}
    assert pure >= {0, 1, 2, 3}
    others = {method.name: success(method, planted_pair) for method in METHODS if method.name != "rdc"}
    assert success(RDC(), planted_pair) >= max(others.values())


def test_controls_change_what_is_shown_and_not_the_groups(planted_pair):
    def found(name: str) -> list:
        return choose_methods([name])[0].groups(planted_pair.x, planted_pair.y, N_GROUPS, SIZE, 0)

    for control, original in (("rdc-central", "rdc"), ("kmeans-chosen", "kmeans")):
        pairs = list(zip(found(control), found(original), strict=True))
        assert all(np.array_equal(one.items, other.items) for one, other in pairs)
        assert any(set(one.collage.tolist()) != set(other.collage.tolist()) for one, other in pairs)
        assert all(set(one.collage.tolist()) <= set(one.items.tolist()) for one, _ in pairs)


def test_controls_go_by_the_settings_they_are_given(planted_pair):
    def found(method) -> list:
        return [
            (group.items.tolist(), group.collage.tolist())
            for group in method.groups(planted_pair.x, planted_pair.y, N_GROUPS, SIZE, 0)
        ]

    own = RDC(gamma=0.02, beta=2.0, no_change_threshold=1.2, representatives="border")
    assert [items for items, _ in found(CentralItems(own))] == [items for items, _ in found(own)]
    assert found(CentralItems(own)) != found(CentralItems())
    assert found(ChosenItems(own)) != found(ChosenItems())
    assert found(RDC(no_change_threshold=1000.0)) == []
    by_name = {method.name: method for method in choose_methods(None, own=own)}
    assert by_name["rdc"] is by_name["rdc-central"].own is by_name["kmeans-chosen"].own is own
    assert list(by_name) == names(EVERY)


def test_nothing_differs_nothing_found(planted_pair):
    assert RDC().groups(planted_pair.x, planted_pair.x.copy(), N_GROUPS, SIZE, 0) == []


@pytest.mark.parametrize("method", EVERY, ids=names(EVERY))
@pytest.mark.parametrize("same", [True, False], ids=["x is y", "copies"])
def test_degenerate_input_is_survived(method, same):
    """Few items, most of them copies, one column, both sides the same."""
    x = np.repeat(np.arange(4.0), 5)[:, None]
    y = x if same else np.tile(np.arange(5.0), 4)[:, None] * np.ones(3)
    for group in method.groups(x, y, 6, 9, 0):
        assert 2 <= len(group.collage) <= 9
        assert group.items.max(initial=0) < 20


def test_convex_factors_come_closer_with_every_step():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 8)) + 4 * rng.integers(0, 3, (60, 1))
    x -= x.mean(axis=0)
    errors = []
    for steps in (0, 1, 5, 50):
        W, G = convex_nmf(x, 4, steps, 0)
        assert (W >= 0).all()
        assert (G >= 0).all()
        np.testing.assert_allclose(W.sum(axis=0), 1)
        errors.append(np.linalg.norm(x - G @ W.T @ x))
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.9 * errors[0]


def test_activations_of_factors_have_the_unit_of_x():
    """Items along one axis each, some of them short: each is as strong in the factor of its axis as it is long."""
    axis = np.arange(60) % 3
    length = np.array([2.0, 3.0, 4.0])[axis] * np.linspace(1, 2, 60)
    activations = nmf_activations(np.eye(3)[axis] * length[:, None], 3, 0)
    np.testing.assert_allclose(activations.max(axis=1), length, rtol=1e-3)
    assert all(len(set(activations[axis == one].argmax(axis=1).tolist())) == 1 for one in range(3))


@pytest.mark.parametrize("kernel", ["gaussian", "cosine"])
def test_kernel_differences_show_the_largest_entries_of_the_eigenvectors(kernel, pair_xy):
    x, y = pair_xy

    def naive(values: np.ndarray) -> np.ndarray:
        if kernel == "cosine":
            return np.array([[a @ b / np.sqrt((a @ a) * (b @ b)) for b in values] for a in values])
        squared = np.array([((values - one) ** 2).sum(axis=1) for one in values])
        return np.exp(-squared / (2 * (0.5 * np.sqrt(squared.mean())) ** 2))

    values, vectors = np.linalg.eigh(naive(x) - naive(y))
    groups = KernelDifference(kernel, width=0.5).groups(x, y, 3, 4, 0)
    assert len(groups) == 3
    for group, vector in zip(groups, vectors[:, np.argsort(-values)].T, strict=False):
        turned = vector * np.sign(vector[np.abs(vector).argmax()])
        assert group.collage.tolist() == np.argsort(-turned)[:4].tolist()


def test_what_y_groups_too_is_projected_out():
    """Four kinds in x, of which y knows the first two apart: only the others are told apart by what is left."""
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(4), 40)
    x = 10 * np.eye(4)[kind] + rng.normal(size=(160, 4))
    y = 10 * np.eye(4)[np.minimum(kind, 2)] + rng.normal(size=(160, 4))
    found = DifferentialSpectral().groups(x, y, 3, SIZE, 0)
    strongest = [set(kind[group.collage].tolist()) for group in found[:2]]
    assert sorted(strongest, key=min) == [{2}, {3}]


def test_concepts_that_y_predicts_are_no_groups():
    """Two independent kinds in x, of which y knows the first."""
    rng = np.random.default_rng(0)
    known, unknown = rng.integers(0, 3, 300), rng.integers(0, 3, 300)
    x = np.hstack([4 * np.eye(3)[known], 3 * np.eye(3)[unknown]]) + rng.uniform(0, 0.3, (300, 6))
    y = np.eye(3)[known] + rng.normal(size=(300, 3)) * 0.1
    groups = ConceptRegression().groups(x, y, 3, SIZE, 0)
    assert sorted(set(unknown[group.collage].tolist()).pop() for group in groups) == [0, 1, 2]
    assert all(len(set(unknown[group.collage].tolist())) == 1 for group in groups)
    # What is strongest in every item is its known kind, which is no group.
    assert sum(len(group.items) for group in groups) < 30


def test_a_sparse_autoencoder_separates_directions():
    """Items along one of six axes each: every latent that is used belongs to one axis."""
    rng = np.random.default_rng(0)
    axis = np.arange(240) % 6
    x = np.eye(6, 12)[axis] * rng.uniform(5, 10, (240, 1)) + rng.normal(size=(240, 12)) * 0.1
    groups = SparseAutoencoder(latents_per_group=1, active=1).groups(x, x, 6, SIZE, 0)
    assert len({frozenset(axis[group.collage].tolist()) for group in groups}) >= 5
    assert np.mean([len(set(axis[group.collage].tolist())) == 1 for group in groups]) >= 0.8


def test_eigenvectors_are_the_largest_ones_on_both_paths():
    for n in (12, 200):
        half = np.random.default_rng(0).normal(size=(n, n))
        matrix = half + half.T
        values, vectors = largest_eigenvectors(matrix, 3, 0)
        np.testing.assert_allclose(values, np.linalg.eigvalsh(matrix)[::-1][:3], rtol=1e-6)
        np.testing.assert_allclose(matrix @ vectors, vectors * values, atol=1e-3)


def test_a_matrix_of_zeros_has_eigenvectors_too():
    values, vectors = largest_eigenvectors(np.zeros((200, 200)), 3, 0)
    assert values.tolist() == [0, 0, 0]
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-12)


def test_k_means_finds_separate_groups_far_from_the_origin():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(3), 30)
    points = 1e6 + 20 * np.eye(3, 5)[group] + rng.normal(size=(90, 5))
    labels, distance = k_means(points, 3, 0)
    assert len(set(zip(group.tolist(), labels.tolist(), strict=True))) == 3
    means = np.array([points[group == one].mean(axis=0) for one in range(3)])
    np.testing.assert_allclose(distance, np.linalg.norm(points - means[group], axis=1))


def test_k_means_makes_no_more_clusters_than_there_are_different_points():
    labels, distance = k_means(np.repeat(np.eye(2), 5, axis=0), 4, 0)
    assert sorted(set(labels.tolist())) == [0, 1]
    assert (distance == 0).all()
    assert k_means(np.ones((6, 2)), 3, 0)[0].tolist() == [0] * 6


def test_halves_are_disjoint_and_whole():
    first, second = halves(11, 0)
    assert (len(first), len(second)) == (6, 5)
    assert sorted([*first, *second]) == list(range(11))


def test_stand_ins_are_near_and_different():
    x = np.array([[0.0], [10.0], [20.0], [0.1], [9.0], [0.2], [21.0], [50.0]])
    held_out = np.array([3, 4, 5, 6, 7])
    assert held_out[stand_ins(np.array([2, 0, 1]), held_out, x)].tolist() == [6, 3, 4]
    assert len(set(stand_ins(np.array([0, 0, 0]), held_out, x).tolist())) == 3
    assert len(stand_ins(np.array([0, 1, 2]), held_out[:2], x)) == 2


def test_stand_ins_of_random_groups_score_like_random_groups(pair_xy):
    """What a rule that picks items close together in x would break."""
    x, y = pair_xy
    fit, rest = halves(len(x), 0)
    groups = RandomGroups().groups(x[fit], y[fit], 12, SIZE, 0)
    collages = [stand_ins(fit[group.collage], rest, x) for group in groups]
    assert mean_success(Space(x[rest]), Space(y[rest]), collages)["rank"] == pytest.approx(0.5, abs=0.08)


def test_methods_are_chosen_by_name_or_given():
    own = ConvexNMF(n_steps=3)
    assert choose_methods(["rdc", own]) == (METHODS[0], own)
    assert choose_methods(None) == METHODS + CONTROLS
    for wrong in (["nonsense"], [], ["rdc", "rdc"]):
        with pytest.raises(
            RepdiffError, match=r"there is no method 'nonsense'; choose from rdc|name at least one method"
        ):
            choose_methods(wrong)
