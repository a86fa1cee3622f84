"""Each score against a direct computation, its invariances, its extremes, and whatever input is finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, pdist
from scipy.stats import ortho_group, spearmanr

from repdiff.core.errors import InputError, MemoryLimitError
from repdiff.similarities import cka, debiased_cka, jaccard, mutual_knn, points, procrustes, pwcca, rbf_cka, rsa, svcca
from repdiff.similarities.kernels import cka_of_unrelated, rbf_sums
from repdiff.similarities.neighbors import shared_neighbors
from repdiff.similarities.points import as_points, tied_ranks

SCORES: dict[str, Callable[..., float]] = {
    score.__name__: score for score in (cka, debiased_cka, rbf_cka, svcca, pwcca, procrustes, rsa, mutual_knn, jaccard)
}
LOW = {"debiased_cka": -1.0, "rsa": -1.0}


def centred(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    return x - x.mean(axis=0)


def centring(n: int) -> np.ndarray:
    return np.eye(n) - 1 / n


def naive_hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    h = centring(len(k))
    return np.trace(k @ h @ l @ h)


def naive_alignment(k: np.ndarray, l: np.ndarray, hsic: Callable[..., float] = naive_hsic) -> float:  # noqa: E741
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def naive_unbiased_hsic(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    """Song et al. (2012), equation 5, in loops over all distinct pairs."""
    n, k, l = len(k), k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    one = np.ones(n)
    first = np.trace(k @ l)
    second = (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    third = 2 / (n - 2) * (one @ k @ l @ one)
    return (first + second - third) / (n * (n - 3))


def naive_cka(x: np.ndarray, y: np.ndarray) -> float:
    return naive_alignment(x @ x.T, y @ y.T)


def naive_debiased_cka(x: np.ndarray, y: np.ndarray) -> float:
    return naive_alignment(x @ x.T, y @ y.T, naive_unbiased_hsic)


def gaussian(x: np.ndarray, bandwidth: float) -> np.ndarray:
    return np.exp(-(cdist(x, x) ** 2) / (2 * (bandwidth * np.median(pdist(x))) ** 2))


def naive_rbf_cka(x: np.ndarray, y: np.ndarray, bandwidth: float = 0.8) -> float:
    return naive_alignment(gaussian(x, bandwidth), gaussian(y, bandwidth))


def canonical(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Canonical variates of x and correlations, by whitening of the covariances."""
    x, y = centred(x), centred(y)
    root_x, root_y = (np.linalg.cholesky(np.linalg.inv(z.T @ z)) for z in (x, y))
    left, correlations, _ = np.linalg.svd(root_x.T @ x.T @ y @ root_y, full_matrices=False)
    return x @ root_x @ left, correlations


def naive_svcca(x: np.ndarray, y: np.ndarray, explained: float = 0.99) -> float:
    cut = []
    for z in (x, y):
        u, s, _ = np.linalg.svd(centred(z), full_matrices=False)
        share = np.cumsum(s**2) / (s**2).sum()
        k = next(i for i, held in enumerate(share) if held >= explained - 1e-12) + 1
        cut.append(u[:, :k] * s[:k])
    return canonical(*cut)[1].mean()


def naive_pwcca(x: np.ndarray, y: np.ndarray) -> float:
    if x.shape[1] > y.shape[1]:
        x, y = y, x
    variates, correlations = canonical(x, y)
    weights = np.array([sum(abs(h @ column) for column in centred(x).T) for h in variates.T])
    return (weights * correlations).sum() / weights.sum()


def naive_procrustes(x: np.ndarray, y: np.ndarray) -> float:
    x, y = (centred(z) / np.linalg.norm(centred(z)) for z in (x, y))
    return np.linalg.svd(x.T @ y, compute_uv=False).sum()


def naive_rsa(x: np.ndarray, y: np.ndarray) -> float:
    return spearmanr(pdist(x), pdist(y)).statistic


def naive_neighbours(x: np.ndarray, k: int) -> list[set[int]]:
    distances = cdist(x, x)
    return [set([j for j in np.argsort(row, kind="stable") if j != i][:k]) for i, row in enumerate(distances)]


def naive_mutual_knn(x: np.ndarray, y: np.ndarray, k: int = 10) -> float:
    return np.mean([len(a & b) / k for a, b in zip(naive_neighbours(x, k), naive_neighbours(y, k), strict=True)])


def naive_jaccard(x: np.ndarray, y: np.ndarray, k: int = 10) -> float:
    pairs = zip(naive_neighbours(x, k), naive_neighbours(y, k), strict=True)
    return np.mean([len(a & b) / len(a | b) for a, b in pairs])


@pytest.fixture(scope="module", params=["more items", "fewer items"])
def pair(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Two related representations; the columns of unlike size, and far from zero."""
    n, d_x, d_y = {"more items": (80, 7, 5), "fewer items": (20, 40, 30)}[request.param]
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, d_x)) * np.geomspace(1, 0.05, d_x) + 3
    y = x @ rng.normal(size=(d_x, d_y)) + 0.4 * rng.normal(size=(n, d_y)) - 20
    return x, y


@pytest.mark.parametrize("name", ["cka", "debiased_cka", "rbf_cka", "procrustes", "rsa", "mutual_knn", "jaccard"])
def test_a_score_is_what_its_definition_says(name, pair):
    expected = globals()[f"naive_{name}"](*pair)
    assert LOW.get(name, 0) < expected < 0.999
    assert SCORES[name](*pair) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("name", ["svcca", "pwcca"])
@pytest.mark.parametrize("sides", [(0, 1), (1, 0), (0, 2)], ids=["wide first", "wide second", "as wide"])
def test_a_score_of_directions_is_what_its_definition_says(name, sides):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(80, 7)) * np.geomspace(1, 0.02, 7) + 3
    y = x @ rng.normal(size=(7, 5)) + 0.4 * rng.normal(size=(80, 5)) - 20
    of = x, y, np.hstack([y, x[:, :2] ** 2])
    first, second = (of[side] for side in sides)
    expected = globals()[f"naive_{name}"](first, second)
    assert 0.1 < expected < 0.99
    assert SCORES[name](first, second) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("bandwidth", [0.2, 0.4, 5.0])
def test_rbf_cka_of_other_bandwidths(pair, bandwidth):
    assert rbf_cka(*pair, bandwidth=bandwidth) == pytest.approx(naive_rbf_cka(*pair, bandwidth), abs=1e-8)


@pytest.mark.parametrize("explained", [0.5, 0.8, 0.95])
def test_svcca_of_another_share(explained):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(80, 7)) * np.geomspace(1, 0.05, 7)
    y = x @ rng.normal(size=(7, 5)) + 0.4 * rng.normal(size=(80, 5))
    assert svcca(x, y, explained=explained) == pytest.approx(naive_svcca(x, y, explained), abs=1e-10)


@pytest.mark.parametrize("far", [1e3, 1e5, 1e7])
@pytest.mark.parametrize("name", ["cka", "debiased_cka", "rbf_cka", "procrustes", "rsa"])
def test_an_item_far_from_all_others_costs_no_digits(name, far):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 200, 8))
    y += x
    alone = np.zeros((200, 8))
    alone[0] = far
    naive = by_distances if name == "debiased_cka" else globals()[f"naive_{name}"]
    close = 1e-4 if name == "rsa" else 1e-8  # what may tie grows with the distance from the centre
    for first, second in ((x + alone, y), (x + alone, y + alone)):
        assert SCORES[name](first, second) == pytest.approx(naive(first, second), abs=close)
    assert SCORES[name](x + alone, turned(x + alone)) == pytest.approx(1, abs=close)


def by_distances(x: np.ndarray, y: np.ndarray) -> float:
    """Debiased CKA of the kernel -distance^2 / 2: the criterion does not see what rows and columns add."""
    k, l = (without_sides(-(cdist(z, z) ** 2) / 2) for z in (x, y))  # noqa: E741
    return np.vdot(k, l) / np.sqrt(np.vdot(k, k) * np.vdot(l, l))


def without_sides(k: np.ndarray) -> np.ndarray:
    """The U-centred matrix of Székely & Rizzo (Annals of Statistics 2014, definition 2)."""
    n, sums = len(k), k.sum(axis=1)
    centred_twice = k - sums[:, None] / (n - 2) - sums / (n - 2) + sums.sum() / ((n - 1) * (n - 2))
    return centred_twice - np.diag(np.diag(centred_twice))


@pytest.mark.parametrize("name", ["rsa", "mutual_knn", "jaccard"])
def test_no_tie_is_broken_by_a_rotation(name):
    """Whether equal values lie on a line of a grid of rounded ones is chance: many draws, so that some do."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        x = rng.integers(0, 3, (400, 10)).astype(float)
        rotation = np.linalg.qr(rng.normal(size=(10, 10)))[0]
        assert SCORES[name](x, x @ rotation) == pytest.approx(1, abs=1e-12)


def test_what_rounding_tells_apart_ties():
    tie = 2.0**-40
    values = np.array([3.0, 1.0, 3 + tie, 0.0, 1 + 4 * tie, 3 + 1e-6, tie / 2])
    assert tied_ranks(values, 1.0).tolist() == [5.5, 3, 5.5, 1.5, 4, 7, 1.5]
    assert tied_ranks(values, 0.0).tolist() == [5.5, 3, 5.5, 1, 4, 7, 2]
    steps = np.arange(1000) * tie  # a chain: neighbours tie, its ends must not
    assert 100 < len(np.unique(tied_ranks(steps + 1, 1.0))) < 1000


@pytest.mark.parametrize("name", ["mutual_knn", "jaccard"])
@pytest.mark.parametrize("k", [1, 3, 19])
def test_neighbours_of_another_number(name, pair, k):
    assert SCORES[name](*pair, n_neighbors=k) == pytest.approx(globals()[f"naive_{name}"](*pair, k), abs=1e-12)


@pytest.mark.parametrize("n", [256, 600])
def test_blocks_make_no_difference(n):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(n, 6))
    y = x + rng.normal(size=x.shape)
    assert mutual_knn(x, y) == pytest.approx(naive_mutual_knn(x, y), abs=1e-12)
    assert rbf_cka(x, y) == pytest.approx(naive_rbf_cka(x, y), abs=1e-10)
    assert rsa(x, y) == pytest.approx(naive_rsa(x, y), abs=1e-10)


def turned(x: np.ndarray, seed: int = 0) -> np.ndarray:
    return x @ ortho_group.rvs(x.shape[1], random_state=seed)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "rotation": turned,
    "scale": lambda x: -3e-5 * x,
    "shift": lambda x: x + np.arange(x.shape[1]),
    "more dimensions": lambda x: turned(np.hstack([x, np.zeros((len(x), 3))])),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", SCORES)
def test_rotation_scale_and_shift_change_nothing(name, change, pair):
    x, y = pair
    score = SCORES[name]
    assert score(x, CHANGES[change](x)) == pytest.approx(1, abs=1e-9)
    assert score(CHANGES[change](y), y) == pytest.approx(1, abs=1e-9)
    if name == "pwcca" and change in ("rotation", "more dimensions"):
        return  # the weights are those of columns: only the extreme is kept
    assert score(CHANGES[change](x), y) == pytest.approx(score(x, y), abs=1e-7)


@pytest.mark.parametrize("name", SCORES)
def test_the_order_of_items_and_of_sides_changes_nothing(name, pair):
    x, y = pair
    order = np.random.default_rng(0).permutation(len(x))
    score = SCORES[name]
    assert score(x[order], y[order]) == pytest.approx(score(x, y), abs=1e-9)
    assert score(y, x) == pytest.approx(score(x, y), abs=1e-9)


def test_invertible_maps_change_no_canonical_correlation():
    rng = np.random.default_rng(3)
    x, shear = rng.normal(size=(100, 6)), np.eye(6) + 0.3 * rng.normal(size=(6, 6))
    y = x @ rng.normal(size=(6, 8)) + rng.normal(size=(100, 8))
    assert svcca(x, x @ shear, explained=1) == pytest.approx(1, abs=1e-9)
    assert pwcca(x, x @ shear) == pytest.approx(1, abs=1e-9)
    assert svcca(x @ shear, y, explained=1) == pytest.approx(svcca(x, y, explained=1), abs=1e-9)
    stretch = np.eye(8) + 0.3 * rng.normal(size=(8, 8))
    assert pwcca(x, y @ stretch) == pytest.approx(pwcca(x, y), abs=1e-9)
    assert min(score(x, x @ shear**3) for score in (cka, procrustes, rsa, mutual_knn)) < 0.95


@pytest.mark.parametrize("name", SCORES)
def test_ties_survive_a_rotation(name, digits):
    """Small integers have many equal distances, whose rounding differs once they are rotated."""
    x = np.concatenate([digits[:150], digits[:30]])[:, digits.any(axis=0)]
    assert SCORES[name](x, turned(x.astype(np.float64))) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", [name for name in SCORES if name not in ("svcca", "pwcca")])
def test_unrelated_sides_are_near_the_other_end(name):
    rng = np.random.default_rng(0)
    assert abs(SCORES[name](rng.normal(size=(400, 3)), rng.normal(size=(400, 4)))) < 0.1


def test_the_debiased_alignment_does_not_rise_with_the_dimensions():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 600)), rng.normal(size=(60, 500))
    assert cka(x, y) > 0.85
    assert abs(debiased_cka(x, y)) < 0.1


def test_what_chance_gives_is_the_mean_over_pairings(pair):
    x, y = pair
    rng = np.random.default_rng(0)
    orders = [rng.permutation(len(y)) for _ in range(400)]
    linear, gauss = ([score(x, y[order]) for order in orders] for score in (cka, rbf_cka))
    assert cka_of_unrelated(as_points(x), as_points(y)) == pytest.approx(np.mean(linear), abs=0.01)
    assert rbf_sums(as_points(x), as_points(y)).alignment_of_unrelated == pytest.approx(np.mean(gauss), abs=0.01)
    shared = shared_neighbors(as_points(x), as_points(y), n_neighbors=4)
    assert shared.mutual_of_unrelated == pytest.approx(
        np.mean([mutual_knn(x, y[order], n_neighbors=4) for order in orders]), abs=0.01
    )
    assert shared.jaccard_of_unrelated == pytest.approx(
        np.mean([jaccard(x, y[order], n_neighbors=4) for order in orders]), abs=0.01
    )


@pytest.mark.parametrize("name", SCORES)
def test_a_side_without_spread(name):
    rng = np.random.default_rng(0)
    x, constant, other = rng.normal(size=(30, 4)), np.full((30, 2), 0.1), np.full((30, 3), -7e200)
    assert SCORES[name](constant, other) == 1
    assert SCORES[name](x, constant) == SCORES[name](constant, x) == 0


def test_items_that_are_all_equally_far_apart():
    x, y = np.eye(12), np.random.default_rng(0).normal(size=(12, 3))
    for score in (debiased_cka, rsa):
        assert score(x, 2 * turned(x)) == 1
        assert score(x, y) == score(y, x) == 0


kinds = st.sampled_from(
    ["normal", "integers", "duplicates", "one differs", "low rank", "constant columns", "uneven", "far"]
)


@st.composite
def representation(draw: Callable[..., Any], n: int) -> np.ndarray:
    """Whatever is finite: of any scale and shift, with duplicates, of low rank, with columns of unlike size."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    d, kind = draw(st.sampled_from([1, 2, 3, 9])), draw(kinds)
    x = rng.normal(size=(n, d))
    if kind == "integers":
        x = rng.integers(0, 2, (n, d)).astype(float)
    elif kind == "duplicates":
        x = x[rng.integers(0, 2, n)]
    elif kind == "one differs":
        x[1:] = x[0]
        x[-1, 0] += 1
    elif kind == "low rank":
        x = x[:, :1] @ np.ones((1, d)) + 1e-9 * x
    elif kind == "constant columns":
        x[:, : (d + 1) // 2] = 0.1
    elif kind == "far":
        x[0] += 1e6
    elif kind == "uneven":
        x *= 10.0 ** rng.integers(-12, 12, d)
    scale = draw(st.sampled_from([1.0, 1e-300, 5e-324, 1e290, 1e-30, 1e30]))
    return x * scale + draw(st.sampled_from([0.0, 0.0, 1e6, -1e300]))


@pytest.mark.parametrize("name", SCORES)
@given(data=st.data(), n=st.sampled_from([2, 3, 4, 5, 17]))
def test_finite_input_gives_a_number_in_the_range(name, data, n):
    x, y = data.draw(representation(n)), data.draw(representation(n))
    score = SCORES[name]
    assert LOW.get(name, 0) <= score(x, y) <= 1
    assert score(x, x) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("name", SCORES)
def test_narrow_and_whole_numbers_are_taken(name, digits):
    x = digits[:100, 20:30]
    exact = SCORES[name](x.astype(np.float64), x[:, ::2].astype(np.float64))
    for dtype in (np.float32, np.int8, np.uint16):
        assert SCORES[name](x.astype(dtype), x[:, ::2].astype(dtype)) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize(
    ("x", "y", "says"),
    [
        (np.ones((3, 2)), np.ones((4, 2)), "x has 3 rows and y 4"),
        (np.array([[1.0, np.nan], [0, 1]]), np.ones((2, 2)), "x holds NaN or infinity"),
        (np.ones((3, 2)), np.ones(3), "y must be a numeric matrix"),
        (np.ones((1, 2)), np.ones((1, 2)), "at least two rows"),
        (np.array([["a"], ["b"]]), np.ones((2, 1)), "numeric"),
        (np.array([[np.longdouble("1e400")], [0]]), np.ones((2, 1)), "x holds NaN or infinity"),
    ],
)
def test_what_is_no_pair_of_matrices_is_said(x, y, says):
    for score in SCORES.values():
        with pytest.raises(InputError, match=says):
            score(x, y)


def test_options_out_of_range_are_said(pair):
    for bandwidth in (float("nan"), float("inf"), 1e200, 1e-200, 0.0, -1.0):
        with pytest.raises(InputError, match=r"bandwidth must be from 1e-06 to 1e\+06, but is"):
            rbf_cka(*pair, bandwidth=bandwidth)
    with pytest.raises(InputError, match="explained must be a share"):
        svcca(*pair, explained=0)
    with pytest.raises(InputError, match="n_neighbors must be at least 1"):
        mutual_knn(*pair, n_neighbors=0)


@pytest.mark.parametrize("bandwidth", [1e-6, 1e6])
def test_the_narrowest_and_the_widest_kernel(bandwidth):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 50, 3))
    assert 0 <= rbf_cka(x, y, bandwidth=bandwidth) <= 1
    if bandwidth > 1:  # then only the squared distances are left of the kernels
        expected = naive_alignment(cdist(x, x) ** 2, cdist(y, y) ** 2)
        assert rbf_cka(x, y, bandwidth=bandwidth) == pytest.approx(expected, abs=1e-6)
    else:  # and here nothing but the items themselves
        assert rbf_cka(x, y, bandwidth=bandwidth) == pytest.approx(1)


@pytest.mark.parametrize("score", [rsa, rbf_cka])
def test_more_pairs_than_memory_holds_are_said_before_the_work(monkeypatch, pair, score):
    monkeypatch.setattr(points, "available_bytes", lambda: 1000)
    with pytest.raises(MemoryLimitError, match="give a sample"):
        score(*pair)


def test_distances_that_are_there_need_no_more_memory(monkeypatch, pair):
    x, y = map(as_points, pair)
    n_pairs = x.n * (x.n - 1) // 2
    monkeypatch.setattr(points, "available_bytes", lambda: 30 * n_pairs)
    rbf_cka(x, y)
    rsa(x, y)
