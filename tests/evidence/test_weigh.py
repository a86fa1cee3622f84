from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import planted
import pytest
from sklearn.cluster import SpectralClustering

import repdiff
from repdiff import ClusterEvidence, Comparison, ComparisonEvidence, RepdiffError
from repdiff.report.meaning import meaning


def verdict(comparison: Comparison) -> str:
    return "".join(text for text, _ in comparison.evidence.verdict)


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
    assert "stand out more than chance between old and new" in verdict(weighed)
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
    assert not found.evidence.any_significant
    assert verdict(found).startswith("No significant difference between a and b")
    for cluster in found.x_only.difference_clusters:
        assert cluster.evidence.holds is False
        assert re.search("it does not stand out|too few unseen items", cluster.evidence.reasons[0])


def test_what_differs_all_over_is_said_to() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(400, 5)) + 8 * rng.normal(size=(5, 5))[np.arange(400) % 5], rng.normal(size=(400, 5))
    found = repdiff.compare(x, y, n_clusters=5)
    assert not found.evidence.any_significant
    assert "what differs, differs all over" in verdict(found)


def test_where_most_agrees_the_rest_is_not_all_over(weighed: Comparison) -> None:
    assert "all over" not in verdict(weighed)


def test_the_number_of_threads_changes_no_bit(pair: planted.Planted) -> None:
    one, two = (repdiff.compare(pair.x, pair.y, n_clusters=6, n_jobs=n_jobs) for n_jobs in (1, 2))
    assert one.evidence == two.evidence
    for mine, theirs in zip(one.y_only.clusters, two.y_only.clusters, strict=True):
        assert mine.evidence == theirs.evidence


def test_evidence_survives_json(weighed: Comparison) -> None:
    for cluster in (*weighed.x_only.clusters, *weighed.y_only.clusters):
        told = json.loads(json.dumps(cluster.evidence.to_plain()))
        assert ClusterEvidence.from_plain(told) == cluster.evidence
    assert ComparisonEvidence.from_plain(json.loads(json.dumps(weighed.evidence.to_plain()))) == weighed.evidence


def test_other_clusterers_are_asked_again(pair: planted.Planted) -> None:
    other = SpectralClustering(5, affinity="precomputed", random_state=0)
    found = repdiff.compare(pair.x, pair.y, clusterer=other, n_resamples=3)
    assert found.evidence.n_resamples == 3
    parameters = {one.parameter for one in found.x_only.clusters[-1].evidence.variations}
    assert parameters == {"gamma", "beta"}


def test_a_clusterer_that_knows_these_items_only_is_not_believed_or_doubted(pair: planted.Planted) -> None:
    labels = np.maximum(pair.group, 0)
    found = repdiff.compare(pair.x, pair.y, clusterer=lambda _: labels)
    assert found.evidence.n_resamples == 0
    assert "cannot be told" in verdict(found)
    cluster = found.x_only.difference_clusters[0]
    assert cluster.evidence.holds is None
    assert cluster.evidence.reasons == ("some of the items could not be clustered again",)


def test_few_items_are_said_to_be_few() -> None:
    rng = np.random.default_rng(0)
    found = repdiff.compare(rng.normal(size=(12, 3)), rng.normal(size=(12, 3)), n_clusters=4)
    assert found.evidence.n_resamples == 0


def test_pairs_of_one_group_only(pair: planted.Planted) -> None:
    items = pd.DataFrame({"half": np.arange(len(pair.x)) % 2})
    found = repdiff.compare(pair.x, pair.y, items=items, within="half", n_clusters=6)
    assert found.evidence.n_tested > 0


def test_distances_in_place_of_vectors(pair: planted.Planted) -> None:
    distances = np.linalg.norm(pair.x[:, None] - pair.x[None], axis=2)
    found = repdiff.compare(distances, pair.y, metric=("precomputed", "euclidean"), n_clusters=5)
    assert sum(cluster.evidence.holds is True for cluster in found.x_only.clusters) >= 4


def test_resamples_must_be_asked_for_in_a_number(pair: planted.Planted) -> None:
    with pytest.raises(RepdiffError, match="evidence=False leaves the evidence away"):
        repdiff.compare(pair.x, pair.y, n_resamples=0)
