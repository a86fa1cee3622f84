"""What a group is called."""

from __future__ import annotations

import numpy as np

from repdiff.report.wording.names import name_of, short_name
from repdiff.results.clusters import DifferenceCluster
from repdiff.results.evidence import ClusterEvidence, Enrichment
from repdiff.results.findings import ClusterFinding


def value(of: str, share: float, expected: float, *, column: str = "kind", numbers: bool = False) -> Enrichment:
    return Enrichment(column, of, 10, share, expected, share / expected, 0.001, 0.001, of_numbers=numbers)


def cluster(
    *enriched: Enrichment, words: tuple[str, ...] = (), labels: dict[str, int] | None = None
) -> DifferenceCluster:
    finding = ClusterFinding(
        standard_error=None, borderline=False, excess=None, excess_affinity=None, excess_p=None, excess_q=None,
        is_significant=False, n_asked=0, cohesion_x=None, cohesion_y=None, cohesion_chance=0.0, fate=None, value=None,
        neighbours_right=None,
    )  # fmt: skip
    evidence = ClusterEvidence(**vars(finding), enriched=enriched, words=words)
    return DifferenceCluster(0, np.arange(10), 3.0, False, np.arange(3), labels or {}, evidence=evidence)


def test_a_group_is_called_by_its_most_telling_value_and_not_by_the_commonest():
    found = cluster(value("People & Body", 0.97, 0.6, column="category"), value("hand-fingers-open", 0.4, 0.03))
    assert name_of(found) == "hand-fingers-open, 13×"
    assert short_name(found) == "hand-fingers-open"


def test_two_values_of_one_column_that_tell_as_much_are_both_named():
    found = cluster(value("3", 0.5, 0.1, column="digit"), value("5", 0.48, 0.1, column="digit"))
    assert name_of(found, "digit") == "digit 3 and 5, 4.9×"
    assert short_name(found, "digit") == "3 and 5"
    assert short_name(found) == "digit 3 and 5"


def test_the_label_names_a_group_unless_another_column_tells_far_more():
    says, nine, four = (
        value("4 or 9", 1.0, 0.2, column="says"), value("9", 0.62, 0.1), value("4", 0.35, 0.1)
    )  # fmt: skip
    assert name_of(cluster(says, nine, four), "kind") == "4 and 9, 4.8×"
    assert name_of(cluster(says, nine, four)) == "says 4 or 9, 5.0×"
    tell = value("hand-fingers-open", 0.4, 0.03, column="subcategory")
    assert short_name(cluster(tell, value("People", 0.97, 0.6)), "kind") == "hand-fingers-open"


def test_words_name_a_group_of_texts_unless_a_value_tells_more():
    words = ("stock", "shares", "market", "bank")
    assert name_of(cluster(words=words)) == "stock, shares, market"
    assert name_of(cluster(value("business", 0.3, 0.22), words=words)) == "stock, shares, market"
    assert name_of(cluster(value("business", 0.9, 0.2), words=words)) == "business, 4.5×"


def test_without_anything_telling_the_label_make_up_stands():
    plain = cluster(value("price", 0.7, 0.5, numbers=True), labels={"a": 6, "b": 4})
    assert name_of(plain) == "mostly a"
    assert short_name(plain) == "a and b"
    assert name_of(cluster()) == short_name(cluster()) == ""
