"""What the page says of the evidence: in words, with every figure explained."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import planted
import pytest

import repdiff
from repdiff.report import render
from repdiff.report.belief import belief, evidence_tables, explanations, similarity_table
from repdiff.report.wording.evidence import standing, verdict
from repdiff.report.wording.formatting import rate
from repdiff.results.evidence import ClusterEvidence
from repdiff.store.run import run_of


@pytest.fixture(scope="module")
def comparison() -> repdiff.Comparison:
    pair = planted.split_in_x(np.random.default_rng(4), n_groups=4, size=60, n_agreed=500)
    kind = np.array(["ant", "bee", "fly", "moth", "none"])[pair.group]
    says = np.where(kind == "bee", "wasp", kind)
    items = pd.DataFrame({"kind": kind, "x says": kind, "y says": says})
    return repdiff.compare(
        pair.x, pair.y, items=items, label="kind", prediction_x="x says", prediction_y="y says", names=("old", "new"),
        n_clusters=5,
    )  # fmt: skip


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_card_says_what_it_is_who_is_right_and_whether_it_holds(comparison) -> None:
    bees = next(c for c in comparison.x_only.difference_clusters if c.label_counts.get("bee") == c.size)
    told = belief(comparison, "x_only", bees)
    assert plain(told.meaning) == "100 % bee (12 × expected); old right on 100 %, new on 0 %"
    assert "60 only old gets right, 0 only new, so a difference (false discovery rate < 0.001)" in plain(told.outcome)
    assert plain(told.outcome).endswith("They disagree on 60 items: old says bee and new wasp")
    assert "confidence interval: old 94 % to 100 %, new 0 % to 6 %" in plain(told.outcome)
    assert told.standing == "holds"
    assert re.match(r"Holds: false discovery rate (< 0\.001|0\.00\d+), stability ", plain(told.words))


def test_models_that_are_right_on_the_same_items_are_said_to_be(comparison) -> None:
    ants = next(c for c in comparison.x_only.difference_clusters if c.label_counts.get("ant") == c.size)
    assert plain(belief(comparison, "x_only", ants).outcome).endswith("Both are right on the same items")


def test_what_models_disagree_over_most_often_is_told() -> None:
    rng = np.random.default_rng(0)
    kind = np.array(["ant", "bee", "fly"])[np.arange(60) % 3]
    says = np.array(["fly", "ant", "ant"])[np.arange(60) % 3]
    says[0] = "bee"
    items = pd.DataFrame({"kind": kind, "x says": kind, "y says": says, "size": np.arange(60) % 3})
    found = repdiff.compare(
        rng.normal(size=(60, 2)), rng.normal(size=(60, 2)), items=items, label="kind", prediction_x="x says",
        prediction_y="y says", clusterer=lambda affinity: np.arange(len(affinity)) % 3, no_change_threshold=1e-3,
    )  # fmt: skip
    ants = next(c for c in found.x_only.clusters if c.label_counts.get("ant"))
    assert plain(belief(found, "x_only", ants).outcome).endswith(
        "They disagree on 20 items: most often, 19 times, x says ant and y fly"
    )
    assert plain(
        belief(found, "x_only", ants).meaning
    ) == "100 % ant (3.0 × expected), 100 % size: 0 (3.0 × expected); " + ("x right on 100 %, y on 0 %")


def test_the_page_holds_the_verdict_the_table_and_the_scores(comparison) -> None:
    page = render(run_of(comparison))
    assert "are tighter than noise of the same amount would make them" in verdict(comparison).plain
    assert all(text in page for text, _ in verdict(comparison).parts)
    for word in ("Whether to believe it", "stability", "What each figure means", "mutual nearest neighbours"):
        assert word in page


def test_every_figure_of_the_table_is_explained(comparison) -> None:
    heads = set(evidence_tables(comparison, comparison.x_only)[0].columns) - {"group"}
    assert {column.name for column in explanations(comparison)} == heads


def test_a_page_without_evidence_has_no_such_section(comparison) -> None:
    bare = repdiff.compare(np.random.default_rng(0).normal(size=(40, 3)), np.eye(40), n_clusters=3, evidence=False)
    page = render(run_of(bare))
    assert "Whether to believe it" not in page
    assert similarity_table(bare) is None
    assert belief(bare, "x_only", bare.x_only.clusters[0]) is None


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"holds": True}, "holds"),
        ({"holds": None}, "not tested"),
        ({"holds": False}, "no more than noise"),
        ({"holds": False, "reasons": ("does_not_stand_out",)}, "as elsewhere"),
        ({"holds": False, "stability": 0.4}, "in doubt"),
        ({"holds": False, "robustness": 0.4}, "in doubt"),
        ({"holds": False, "stability": None}, "in doubt"),
    ],
)
def test_three_ways_not_to_hold_are_told_apart(changes, says: str) -> None:
    sound = ClusterEvidence(p_value=0.5, q_value=0.5, unseen_affinity=9, null_affinity=8, stability=0.9, robustness=0.9)
    assert standing(replace(sound, **changes)) == says


@pytest.mark.parametrize(("value", "told"), [(None, "–"), (0.0004, "< 0.001"), (0.0321, "0.032"), (1.0, "1")])
def test_rates_are_told_to_the_digits_that_matter(value, told: str) -> None:
    assert plain(rate(value)) == told
