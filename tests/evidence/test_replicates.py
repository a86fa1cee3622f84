"""Other seeds of the same models, on pairs of known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from replicated import GROUP, SIZE, N, seed_of, seeds
from scipy.spatial.distance import cdist
from scipy.stats import ttest_ind

import repdiff
from repdiff.evidence.replicates import LEAST_EFFECT, _mean_log_ranks, deal_rounds
from repdiff.evidence.statistics import difference_of_means
from repdiff.results.replicates import Replicates

pytestmark = pytest.mark.usefixtures("without_matched_noise")
OPTIONS = {"n_clusters": 2, "n_resamples": 1, "n_jobs": 1}
X, Y = seed_of(0, grouping=True), seed_of(10, grouping=False)


def compare(x=X, y=Y, *, replicates_x=(), replicates_y=(), **options) -> repdiff.Comparison:
    return repdiff.compare(
        x, y, replicates_x=list(replicates_x), replicates_y=list(replicates_y), **{**OPTIONS, **options}
    )


@pytest.fixture(scope="module")
def of_the_models() -> dict[str, list[np.ndarray]]:
    return {"replicates_x": seeds(1, 2, 3, grouping=True), "replicates_y": seeds(11, 12, 13)}


@pytest.fixture(scope="module")
def of_one_seed() -> dict[str, list[np.ndarray]]:
    return {"replicates_x": seeds(1, 2, 3), "replicates_y": seeds(11, 12, 13)}


def replicates_of(found: repdiff.Comparison) -> Replicates:
    assert found.evidence is not None
    assert found.evidence.replicates is not None
    return found.evidence.replicates


def the_group(found: repdiff.Comparison):
    """The cluster that is the group."""
    (one,) = [cluster for cluster in found.x_only.difference_clusters if GROUP[cluster.items].mean() > 0.9]
    return one


def test_a_group_that_all_seeds_have_is_found(of_the_models):
    found = compare(**of_the_models)
    group, told = the_group(found), replicates_of(found)
    assert group.evidence.found_in_replicates is True
    assert group.evidence.replicates.effect > 1
    assert group.evidence.replicates.q_value < 0.01
    assert len(group.evidence.replicates.log_ranks_x) == len(group.evidence.replicates.log_ranks_y) == 3
    assert told.directions["x_only"].code == "found"
    assert (told.n_x, told.n_y, told.is_tested) == (3, 3, True)
    assert told.directions["x_only"].share_found == pytest.approx(group.size / N)
    assert group.evidence.holds is True  # though the noise test was left out


def test_only_that_group_is_found_though_it_pushes_others_down_the_lists(of_the_models):
    found = compare(**of_the_models)
    others = [one for one in found.x_only.difference_clusters if not GROUP[one.items].any()]
    assert others
    assert not any(one.evidence.found_in_replicates for one in others)
    assert all(one.evidence.replicates.effect < LEAST_EFFECT for one in others)
    assert replicates_of(found).n_found == 1


def test_what_one_seed_alone_groups_is_not_found_and_does_not_hold(of_one_seed):
    found = compare(**of_one_seed)
    group = the_group(found)
    assert group.evidence.found_in_replicates is False
    assert abs(group.evidence.replicates.effect) < LEAST_EFFECT
    assert group.evidence.holds is False
    assert "not_in_other_seeds" in group.evidence.reasons
    assert {one.code for one in replicates_of(found).directions.values()} == {"not_found"}


def test_swapping_x_and_y_swaps_what_replicates_say(of_the_models):
    found = compare(**of_the_models)
    mirror = compare(Y, X, replicates_x=of_the_models["replicates_y"], replicates_y=of_the_models["replicates_x"])
    ours, theirs = replicates_of(found).directions["x_only"], replicates_of(mirror).directions["y_only"]
    assert theirs.code == ours.code == "found"
    assert theirs.effect == pytest.approx(ours.effect)


def test_one_of_each_gives_an_effect_and_no_test(of_the_models):
    found = compare(**{name: given[:1] for name, given in of_the_models.items()})
    own = the_group(found).evidence
    assert own.replicates.effect > 1
    assert (own.replicates.standard_error, own.replicates.p_value, own.replicates.q_value) == (None, None, None)
    assert own.found_in_replicates is None
    assert replicates_of(found).directions["x_only"].code == "no_test"
    assert not replicates_of(found).is_tested


def test_one_on_one_side_and_several_on_the_other_is_no_test(of_the_models):
    found = compare(replicates_x=of_the_models["replicates_x"], replicates_y=of_the_models["replicates_y"][:1])
    assert replicates_of(found).directions["x_only"].code == "no_test"
    assert the_group(found).evidence.replicates.p_value is None


def test_too_few_items_to_keep_some_unseen(of_the_models):
    rows = np.r_[0:10, SIZE : SIZE + 20]
    few = {name: [one[rows] for one in given] for name, given in of_the_models.items()}
    found = compare(X[rows], Y[rows], **few, n_clusters=5)
    for name, direction in (("x_only", found.x_only), ("y_only", found.y_only)):
        code = "too_few" if direction.difference_clusters else "nothing_to_test"
        assert replicates_of(found).directions[name].code == code
    assert replicates_of(found).n_tested == 0


def test_two_that_agree_have_nothing_to_test(of_the_models):
    found = compare(X, X.copy(), replicates_x=seeds(1, 2, grouping=True), replicates_y=seeds(3, 4, grouping=True))
    assert {one.code for one in replicates_of(found).directions.values()} == {"nothing_to_test"}


def test_a_clusterer_that_fails_on_a_sample_is_told(of_the_models):
    def only_all(affinity):
        if len(affinity) < N:
            raise RuntimeError("only all of them")
        return GROUP.astype(int)

    found = compare(**of_the_models, clusterer=only_all)
    assert replicates_of(found).directions["x_only"].code == "untested"


def test_without_replicates_there_is_nothing():
    found = repdiff.compare(X, Y, **OPTIONS)
    assert found.evidence is not None
    assert found.evidence.replicates is None
    assert all(one.evidence.replicates is None for one in found.x_only.clusters)
    assert not any(name.startswith("replicates") for name in found.provenance.inputs)


@pytest.mark.usefixtures("threaded_libraries")
def test_threads_change_nothing(of_the_models):
    one, two = (compare(**of_the_models, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert replicates_of(one) == replicates_of(two)
    told = [[cluster.evidence.replicates for cluster in found.x_only.clusters] for found in (one, two)]
    assert told[0] == told[1]


def test_distances_do_as_well_as_embeddings(of_the_models):
    found = compare(**of_the_models)
    judged = {name: [cdist(one, one) for one in given] for name, given in of_the_models.items()}
    of_distances = compare(cdist(X, X), cdist(Y, Y), metric="precomputed", **judged)
    assert the_group(of_distances).evidence.found_in_replicates is True
    effects = [replicates_of(one).directions["x_only"].effect for one in (found, of_distances)]
    assert effects[0] == pytest.approx(effects[1], rel=0.05)


def test_the_metric_of_a_side_is_that_of_its_replicates():
    # Lengths say nothing under cosine: a replicate with other lengths is the same replicate.
    lengths = np.random.default_rng(5).uniform(1, 9, size=(N, 1))
    plain = {"replicates_x": seeds(1, 2, grouping=True), "replicates_y": seeds(11, 12)}
    scaled = {name: [one * lengths for one in given] for name, given in plain.items()}
    told = [replicates_of(compare(**given, metric="cosine")).directions["x_only"] for given in (plain, scaled)]
    assert told[0].effect == pytest.approx(told[1].effect, rel=1e-3)


def test_replicates_of_y_are_aligned_as_y_is(of_the_models):
    # y knows what x knows, beside two wide columns of nothing. The map to x leaves these out, of each replicate, too.
    nothing = 1000 * np.random.default_rng(6).normal(size=(4, N, 2))
    y, *replicates_y = (
        np.hstack([one, more]) for one, more in zip(seeds(4, 5, 6, 7, grouping=True), nothing, strict=True)
    )
    given = {"replicates_x": of_the_models["replicates_x"], "replicates_y": replicates_y}
    plain, aligned = (replicates_of(compare(X, y, **given, align=how)) for how in ("none", "linear"))
    assert plain.directions["x_only"].effect > 0.3
    assert abs(aligned.directions["x_only"].effect) < 0.1


def test_only_pairs_within_a_group_count(of_the_models):
    items = pd.DataFrame({"half": np.where(np.arange(N) % 2, "odd", "even")})
    found = compare(**of_the_models, items=items, within="half")
    clusters = [one for one in found.x_only.difference_clusters if one.evidence.replicates.effect is not None]
    best = max(clusters, key=lambda one: one.evidence.replicates.effect)
    assert GROUP[best.items].mean() > 0.5
    assert best.evidence.found_in_replicates is True


def test_log_ranks_are_means_over_pairs_of_different_members():
    rng = np.random.default_rng(8)
    ranks = np.argsort(np.argsort(cdist(*[rng.normal(size=(30, 3))] * 2))).astype(np.int32) + 1
    members = np.stack([np.arange(30) < 12, np.arange(30) >= 27], axis=1)
    half = np.arange(30) % 2
    for inside in (None, half[:, None] == half):
        pairs = [(i, j) for i in range(12) for j in range(12) if i != j and (inside is None or inside[i, j])]
        found = _mean_log_ranks(ranks, members, inside)
        assert found[0] == pytest.approx(np.mean([np.log(ranks[pair]) for pair in pairs]))
        assert np.isnan(found[1])  # of three members


def test_rounds_split_the_items_in_halves():
    for n, m in ((240, 240), (5001, 1000)):
        deals = deal_rounds(n, random_state=3)
        assert len({tuple(deal.rows[deal.seen]) for deal in deals}) == len(deals) == 4
        for deal in deals:
            assert len(deal.rows) == m
            assert np.array_equal(np.sort(np.r_[deal.seen, deal.unseen]), np.arange(m))
            assert np.all(np.diff(deal.rows) > 0)
            assert deal.rows.max() < n


@pytest.mark.parametrize(("a", "b"), [(2, 2), (3, 3), (2, 5)])
def test_the_test_is_students(a, b):
    rng = np.random.default_rng(a + b)
    higher, lower = rng.normal(size=a) + 1, rng.normal(size=b)
    difference, error, p_value = difference_of_means(higher, lower)
    expected = ttest_ind(higher, lower, alternative="greater")
    assert difference == pytest.approx(higher.mean() - lower.mean())
    assert difference / error == pytest.approx(expected.statistic)
    assert p_value == pytest.approx(expected.pvalue)


def test_samples_without_spread_are_told_apart_or_the_same():
    same, more = np.ones(2), np.full(2, 2.0)
    assert difference_of_means(more, same) == (1.0, 0.0, 0.0)
    assert difference_of_means(same, same) == (0.0, 0.0, 1.0)
    assert difference_of_means(more[:1], same) == (1.0, None, None)
