from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import planted
import pytest
from sklearn.cluster import SpectralClustering

import repdiff
from repdiff import ClusterEvidence, Comparison, ComparisonEvidence, RepdiffError
from repdiff.core.plain import from_plain, to_plain
from repdiff.evidence.verdict import conclude, judge
from repdiff.report.wording import evidence as wording
from repdiff.report.wording.meaning import meaning


def verdict(comparison: Comparison) -> str:
    return wording.verdict(comparison).plain.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def pair() -> planted.Planted:
    return planted.split_in_x(np.random.default_rng(4), n_groups=4, size=60, n_agreed=500)


@pytest.fixture(scope="module")
def weighed(pair: planted.Planted) -> Comparison:
    kinds = np.array(["ant", "bee", "fly", "moth", "none"])[pair.group]
    kinds[pair.group < 0] = "none"
    items = pd.DataFrame({"label": kinds, "says x": kinds, "says y": np.where(pair.group == 1, "wasp", kinds)})
    return repdiff.compare(
        pair.x, pair.y, items=items, label="label", prediction_x="says x", prediction_y="says y", names=("old", "new"),
        n_clusters=5,
    )  # fmt: skip


def test_planted_groups_hold(weighed: Comparison, pair: planted.Planted) -> None:
    held = [cluster for cluster in weighed.x_only.clusters if cluster.evidence.holds]
    assert sorted({int(np.bincount(pair.group[cluster.items] + 1).argmax()) - 1 for cluster in held}) == [0, 1, 2, 3]
    assert all(not cluster.evidence.reasons for cluster in held)
    assert weighed.evidence.findings["x_only"].n_significant == 4
    assert weighed.evidence.n_holding >= 4


def test_of_no_change_nothing_is_claimed(weighed: Comparison) -> None:
    no_change = [cluster for cluster in weighed.x_only.clusters if cluster.is_no_change]
    assert no_change
    for cluster in no_change:
        assert (cluster.evidence.holds, cluster.evidence.p_value, cluster.evidence.reasons) == (None, None, ())
        assert cluster.evidence.outcome is not None


def test_a_cluster_is_told_in_words(weighed: Comparison, pair: planted.Planted) -> None:
    bees = next(c for c in weighed.x_only.clusters if not c.is_no_change and set(pair.group[c.items]) == {1})
    told = meaning(weighed, bees).replace("\N{NO-BREAK SPACE}", " ")
    assert told == "100 % bee (12 × expected); old right on 100 %, new on 0 %"
    assert bees.evidence.outcome.only_x_right == len(bees.evidence.outcome.disagreements) == 60


def test_no_significant_difference_is_an_answer() -> None:
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(300, 6))
    found = repdiff.compare(*(shared + rng.normal(size=shared.shape) for _ in range(2)), names=("a", "b"))
    assert not found.evidence.n_significant
    assert verdict(found).startswith("0 of 20 groups are tighter than noise of the same amount would make them")
    for cluster in found.x_only.difference_clusters:
        assert cluster.evidence.holds is False
        assert cluster.evidence.reasons[0] in ("no_more_than_noise", "few_unseen")


def test_what_differs_all_over_is_said_to() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 5)) + 8 * rng.normal(size=(5, 5))[np.arange(400) % 5], rng.normal(size=(400, 5))
    found = repdiff.compare(x, y, n_clusters=5)
    assert found.evidence.findings["x_only"].code == "throughout"
    assert (found.evidence.where, found.evidence.n_standing_out) == ("everywhere", 0)
    assert verdict(found).endswith("other places of this pair differ as much as the groups do.")


def one_cluster(**figures: object) -> ClusterEvidence:
    sound = ClusterEvidence(
        p_value=0.001, q_value=0.01, unseen_affinity=9.0, null_affinity=1.1, stability=0.9, robustness=0.8,
        excess=0.8, excess_affinity=9.0, excess_p=0.001, excess_q=0.01, is_significant=True,
    )  # fmt: skip
    return judge(replace(sound, **figures))


@pytest.mark.parametrize(
    ("found", "n_resamples", "told"),
    [
        ([], 5, "There is no difference between a and b to be tested."),
        ([one_cluster(p_value=None)], 0, "Whether the differences between a and b are chance cannot be told: the "
         "clusterer could not label a sample of the items."),
        ([one_cluster(q_value=0.2)] * 2, 5,
         "No significant difference between a and b: none of 2 groups of items stands out from neighbourhoods picked "
         "at random (false discovery rate 5 %)."),
        ([one_cluster(q_value=0.2, null_affinity=4.0)], 5,
         "No single difference between a and b stands out: the one group of items found does not differ more than "
         "neighbourhoods picked at random, which have a mean affinity of 4.00 (false discovery rate 5 %). Either the "
         "two differ all over, or in nothing but noise; the group is found again when items are left out and when "
         "settings change."),
        ([one_cluster(q_value=0.2, null_affinity=4.0, stability=s) for s in (0.9, 0.4, 0.8, 0.3)], 5,
         "No single difference between a and b stands out: none of 4 groups of items differs more than neighbourhoods "
         "picked at random, which have a mean affinity of 4.00 (false discovery rate 5 %). Either the two differ all "
         "over, or in nothing but noise; 2 of 4 groups are found again when items are left out and when settings "
         "change."),
        ([one_cluster()], 5,
         "1 of 1 difference between a and b is more than chance (false discovery rate 5 %); it is also stable and "
         "robust."),
        ([one_cluster(stability=0.1), one_cluster(q_value=0.2, is_significant=False)], 5,
         "1 of 2 differences between a and b is more than chance (false discovery rate 5 %); it is not stable, or not "
         "robust."),
        ([one_cluster()] * 3, 5,
         "3 of 3 differences between a and b are more than chance (false discovery rate 5 %); all of these are also "
         "stable and robust."),
        ([one_cluster(robustness=0.1)] * 2, 5,
         "2 of 2 differences between a and b are more than chance (false discovery rate 5 %); none of these is also "
         "stable and robust."),
        ([one_cluster(), one_cluster(robustness=0.1)], 5,
         "2 of 2 differences between a and b are more than chance (false discovery rate 5 %); 1 of these is also "
         "stable and robust."),
    ],
)  # fmt: skip
def test_every_verdict_is_a_sentence(found: list[ClusterEvidence], n_resamples: int, told: str) -> None:
    conclusion = conclude(
        found, n_resamples=n_resamples, n_seen=10, no_change_threshold=1.5, untested="clusterer_failed"
    )
    assert wording.verdict_sentence(conclusion, ("a", "b")).plain == told


@pytest.mark.parametrize(("threshold", "code"), [(1.5, "everywhere"), (2.5, "in_no_group")])
def test_what_counts_as_differing_everywhere_is_the_threshold_of_the_run(threshold: float, code: str) -> None:
    found = [one_cluster(q_value=0.2, null_affinity=affinity) for affinity in (1.4, 2.0, 3.0)]
    conclusion = conclude(found, n_resamples=5, n_seen=10, no_change_threshold=threshold)
    assert (conclusion.where, conclusion.null_affinity) == (code, 2.0)


@pytest.mark.usefixtures("without_matched_noise")
def test_the_sentence_goes_by_the_threshold_of_its_run(pair: planted.Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [one_cluster(q_value=0.2, null_affinity=4.0)]
    for threshold, told in ((1.5, "No single difference"), (3.9, "No single"), (4.1, "No significant difference")):
        conclusion = conclude(found, n_resamples=5, n_seen=10, no_change_threshold=threshold)
        assert wording.verdict_sentence(conclusion, ("a", "b")).plain.startswith(told)
    given = []

    def noted(*found: object, **facts: object) -> object:
        given.append(facts["no_change_threshold"])
        return conclude(*found, **facts)

    monkeypatch.setattr("repdiff.evidence.assess.conclude", noted)
    repdiff.compare(pair.x, pair.y, n_clusters=3, no_change_threshold=2.5, n_resamples=1)
    assert given == [2.5]


@pytest.mark.parametrize(
    ("figures", "code", "reason"),
    [
        ({"is_significant": False}, "no_more_than_noise", "it is no tighter than a group in noise of the same amount"),
        ({"is_significant": False, "excess": None}, "few_unseen", "too few unseen items fall into it"),
        ({"stability": 0.4}, "dissolves", "it dissolves when items are left out (stability 0.40)"),
        (
            {"robustness": 0.4},
            "depends_on_settings",
            "it depends on gamma, beta or the number of clusters (robust",
        ),
        ({"stability": None}, "few_sampled", "too few of its items are in a sample"),
        ({"robustness": None}, "few_sampled", "too few of its items are in a sample"),
    ],
)
def test_what_does_not_hold_says_why(weighed: Comparison, figures: dict[str, object], code: str, reason: str) -> None:
    found = one_cluster(**figures)
    assert (found.holds, found.reasons) == (False, (code,))
    (told,) = wording.reasons(weighed, "x_only", found)
    assert told.startswith(reason)
    assert one_cluster().holds is True


@pytest.mark.parametrize(("value", "reasons"), [("gain", ()), ("loss", ()), ("neither", ("no_more_than_noise",))])
def test_a_group_that_one_side_is_right_on_is_no_noise(value: str, reasons: tuple[str, ...]) -> None:
    found = judge(one_cluster(is_significant=False, excess_q=0.6, value=value))
    assert (found.holds, found.reasons) == (not reasons, reasons)


@pytest.mark.usefixtures("threaded_libraries")
def test_the_number_of_threads_changes_no_bit(pair: planted.Planted) -> None:
    one, two = (repdiff.compare(pair.x, pair.y, n_clusters=6, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert one.evidence == two.evidence
    for mine, theirs in zip(one.y_only.clusters, two.y_only.clusters, strict=True):
        assert mine.evidence == theirs.evidence


def test_evidence_survives_json(weighed: Comparison) -> None:
    for cluster in (*weighed.x_only.clusters, *weighed.y_only.clusters):
        assert from_plain(ClusterEvidence, json.loads(json.dumps(to_plain(cluster.evidence)))) == cluster.evidence
    assert from_plain(ComparisonEvidence, json.loads(json.dumps(to_plain(weighed.evidence)))) == weighed.evidence


def test_other_clusterers_are_asked_again(pair: planted.Planted) -> None:
    other = SpectralClustering(5, affinity="precomputed", random_state=0)
    found = repdiff.compare(pair.x, pair.y, clusterer=other, n_resamples=3)
    assert found.evidence.n_resamples == 3
    parameters = {one.parameter for one in found.x_only.clusters[-1].evidence.variations}
    assert parameters == {"gamma", "beta"}


@pytest.mark.parametrize("says", ["too many labels", "an error"])
def test_a_clusterer_that_knows_these_items_only_is_not_believed_or_doubted(pair: planted.Planted, says: str) -> None:
    labels, known = np.maximum(pair.group, 0), np.zeros((len(pair.group), len(pair.group)))
    clusterer = {
        "too many labels": lambda _: labels,
        "an error": lambda affinity: labels + int((affinity + known)[0, 0] * 0),
    }
    found = repdiff.compare(pair.x, pair.y, clusterer=clusterer[says])
    assert found.evidence.n_resamples == 0
    assert {one.code for one in found.evidence.findings.values()} == {"untested"}
    assert found.evidence.neighbours is not None
    assert "cannot be told: the clusterer could not label a sample of the items" in verdict(found)
    cluster = found.x_only.difference_clusters[0]
    assert cluster.evidence.holds is None
    assert cluster.evidence.reasons == (found.evidence.untested,) == ("clusterer_failed",)


def test_few_items_are_said_to_be_few() -> None:
    rng = np.random.default_rng(0)
    found = repdiff.compare(rng.normal(size=(12, 3)), rng.normal(size=(12, 3)), n_clusters=4)
    assert found.evidence.n_resamples == 0
    assert "cannot be told: a sample of the items is too small for so many clusters" in verdict(found)


@pytest.mark.parametrize("n", [2, 3, 5, 9, 12])
@pytest.mark.parametrize("n_clusters", [1, 2, "auto"])
def test_tiny_comparisons_have_evidence(n: int, n_clusters: int | str) -> None:
    rng = np.random.default_rng(n)
    found = repdiff.compare(rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), n_clusters=n_clusters)
    assert not found.evidence.n_significant
    assert json.dumps([to_plain(c.evidence) for c in found.x_only.clusters], allow_nan=False)


def test_of_the_same_twice_nothing_is_claimed(pair: planted.Planted) -> None:
    found = repdiff.compare(pair.x, pair.x)
    assert found.evidence.n_tested == 0
    assert verdict(found) == "There is no group to be tested."
    assert {one.code for one in found.evidence.findings.values()} == {"same"}


@pytest.mark.usefixtures("without_matched_noise")
def test_pairs_of_one_group_only(pair: planted.Planted) -> None:
    items = pd.DataFrame({"half": np.arange(len(pair.x)) % 2})
    found = repdiff.compare(pair.x, pair.y, items=items, within="half", n_clusters=6)
    significant = [cluster for cluster in found.x_only.clusters if cluster.evidence.stands_out()]
    assert len(significant) >= 4
    for cluster in significant:
        assert len(set((np.arange(len(pair.x)) % 2)[cluster.items])) == 1


def test_distances_in_place_of_vectors(pair: planted.Planted) -> None:
    distances = np.linalg.norm(pair.x[:, None] - pair.x[None], axis=2)
    found = repdiff.compare(distances, pair.y, metric=("precomputed", "euclidean"), n_clusters=5)
    assert sum(cluster.evidence.holds is True for cluster in found.x_only.clusters) >= 4


def test_resamples_must_be_asked_for_in_a_number(pair: planted.Planted) -> None:
    told = "n_resamples must be an integer of at least 1, but is 0; evidence=False turns all of it off"
    with pytest.raises(RepdiffError, match=told):
        repdiff.compare(pair.x, pair.y, n_resamples=0)
