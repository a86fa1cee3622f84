"""Figures of a comparison against rules, and how they are told."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import RepdiffError
from repdiff.gate.check import DEFAULT_RULES
from repdiff.gate.figures import FIGURES
from repdiff.gate.formats import as_junit, as_markdown, as_text, rules_table
from repdiff.gate.rules import parse_rule
from repdiff.results.findings import Correctness, PairedAccuracy, Regression

PAGE = Path(__file__).parents[2] / "docs/gate.md"


@pytest.fixture(scope="module")
def found() -> repdiff.Comparison:
    """y tells kinds 2 and 3 no longer apart, and knows the other two as x does."""
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(4), 40)
    corners = 8 * np.eye(4, 6)
    x = corners[kind] + rng.normal(size=(160, 6))
    y = corners[np.minimum(kind, 2)] + rng.normal(size=(160, 6))
    items = pd.DataFrame({"kind": [f"kind {one}" for one in kind], "x says": kind, "y says": np.minimum(kind, 2)})
    items[["x says", "y says"]] = "kind " + items[["x says", "y says"]].astype(str)
    return repdiff.compare(
        x, y, items=items, label="kind", prediction_x="x says", prediction_y="y says", n_clusters=4,
        names=("old", "new <&|>"), n_resamples=2, random_state=0,
    )  # fmt: skip


def figure_of(comparison: repdiff.Comparison, name: str) -> object:
    figure = FIGURES[name]
    rule = f"{name} = noise" if figure.kind == "code" else f"{name} > 1"
    return repdiff.check(comparison, [rule], allow_unknown=True).results[0].figure


def test_figures_are_those_of_the_comparison(found):
    evidence = found.evidence
    assert figure_of(found, "accuracy") == evidence.correctness.overall.y
    assert figure_of(found, "accuracy drop") == evidence.correctness.overall.x - evidence.correctness.overall.y > 0.1
    assert figure_of(found, "prediction accuracy") == 0.75
    assert figure_of(found, "prediction accuracy drop") == 0.25
    assert figure_of(found, "label prediction accuracy drop") == 1
    falls = {name: one.x - one.y for name, one in evidence.correctness.by_label.items()}
    assert figure_of(found, "label accuracy drop") == max(falls.values())
    one = repdiff.check(found, ["label 'kind 0' accuracy drop > 5 %"]).results[0]
    assert one.figure == falls["kind 0"]
    assert one.words.startswith("'kind 0': ")
    shares = evidence.neighbours.all
    for part in ("shared", "kept", "reordered", "lost"):
        assert figure_of(found, f"neighbours {part}") == getattr(shares, part)
    assert figure_of(found, "finding") == tuple(evidence.findings[name].code for name in ("x_only", "y_only"))
    assert figure_of(found, "x_only finding") == (evidence.findings["x_only"].code,)
    assert figure_of(found, "significant groups") == evidence.n_significant


def with_fates(found, x_only, y_only):
    """The same with other evidence of its difference clusters, in their order."""
    changed = {}
    for name, told in (("x_only", x_only), ("y_only", y_only)):
        direction = getattr(found, name)
        facts = iter(told)
        clusters = tuple(
            cluster if cluster.is_no_change else replace(cluster, evidence=replace(cluster.evidence, **next(facts)))
            for cluster in direction.clusters
        )
        changed[name] = replace(direction, clusters=clusters)
    return replace(found, **changed)


def test_groups_count_by_their_fate_and_value(found):
    x, y = found.x_only.difference_clusters, found.y_only.difference_clusters
    facts_x = [{"fate": fate, "value": "gain"} for fate in ("lost", "loosened", "reordered", "lost")[: len(x)]]
    facts_y = [{"fate": "lost", "value": "gain"} for _ in y]
    changed = with_fates(found, facts_x, facts_y)
    n = len(found.items.frame)
    for fate in ("lost", "loosened", "reordered"):  # of what y alone groups nothing is lost
        expected = sum(one.size for one, facts in zip(x, facts_x, strict=True) if facts["fate"] == fate) / n
        assert figure_of(changed, fate) == pytest.approx(expected)
    assert figure_of(changed, "worse groups") == pytest.approx(sum(one.size for one in x) / n)
    assert figure_of(changed, "better groups") == pytest.approx(sum(one.size for one in y) / n)


def test_labels_of_few_items_do_not_count_but_by_name(found):
    few = PairedAccuracy(19, 1.0, 0.0, 19, 0, 1e-5)
    many = PairedAccuracy(20, 1.0, 0.9, 2, 0, 0.5)
    overall = found.evidence.correctness.overall
    evidence = replace(found.evidence, correctness=Correctness(overall, {"rare": few, "common": many}))
    changed = replace(found, evidence=evidence)
    assert figure_of(changed, "label accuracy drop") == pytest.approx(0.1)
    assert repdiff.check(changed, ["label 'rare' accuracy drop > 50 %"]).results[0].status == "broken"
    only_few = replace(found, evidence=replace(evidence, correctness=Correctness(overall, {"rare": few})))
    with pytest.raises(RepdiffError, match="no label has 20 items"):
        repdiff.check(only_few, ["label accuracy drop > 5 %"])


def test_numbers_have_a_rule_of_their_own(found):
    evidence = replace(found.evidence, correctness=None, regression=Regression(160, 0.9, 0.7, 80, 20, 0.001))
    changed = replace(found, evidence=evidence)
    assert figure_of(changed, "r2 drop") == pytest.approx(0.2)
    assert "r2 drop > 0.02" in [one.rule.text for one in repdiff.check(changed).results]


def test_default_rules_are_those_that_can_be_told(found):
    result = repdiff.check(found)
    assert result.by_default
    assert [one.rule.text for one in result.results] == [rule for rule in DEFAULT_RULES if not rule.startswith("r2")]
    assert not result.passed
    without = replace(found, evidence=replace(found.evidence, correctness=None, predictions=None))
    assert [one.rule.text for one in repdiff.check(without).results] == ["lost > 5 %"]
    with pytest.raises(RepdiffError, match="compare again without --no-evidence"):
        repdiff.check(replace(found, evidence=None))


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_what_a_run_cannot_tell_is_a_mistake_unless_allowed(name, found):
    rule = f"{name} = noise" if FIGURES[name].kind == "code" else f"{name} > 0.5"
    bare = replace(found, evidence=None)
    with pytest.raises(RepdiffError, match="cannot be told: the run has no evidence"):
        repdiff.check(bare, [rule])
    result = repdiff.check(bare, [rule], allow_unknown=True)
    assert [one.status for one in result.results] == ["unknown"]
    assert result.passed


@pytest.mark.parametrize(
    "rule", ["label 'kind 9' accuracy drop > 5 %", "label 'kind 9' prediction accuracy drop > 5 %"]
)
def test_a_label_that_is_not_there_is_named(rule, found):
    with pytest.raises(RepdiffError, match="the run has no label 'kind 9'; it has 'kind 0'"):
        repdiff.check(found, [rule])


def test_one_text_in_place_of_a_list_is_refused(found):
    with pytest.raises(RepdiffError, match="rules are a list of texts"):
        repdiff.check(found, "lost > 2 %")


def test_a_run_says_the_same_as_its_comparison_and_a_series_is_refused(found, tmp_path):
    rules = ["accuracy drop > 1 %", "neighbours lost > 50 %", "finding = local"]
    run = found.save(tmp_path / "run")
    expected = repdiff.check(found, rules).to_plain()
    assert repdiff.check(run, rules).to_plain() == expected
    assert repdiff.check(str(run), rules).to_plain() == expected
    rng = np.random.default_rng(0)
    sides = [rng.normal(size=(40, 3)) for _ in range(3)]
    series = repdiff.compare_series(sides[:2], reference=sides[2], n_clusters=2, evidence=False)
    with pytest.raises(RepdiffError, match="holds several comparisons"):
        repdiff.check(repdiff.save(series, tmp_path / "series"), rules)
    with pytest.raises(RepdiffError, match="holds several comparisons"):
        repdiff.check(series, rules)


def result_of_all_kinds(found):
    without = replace(found, evidence=replace(found.evidence, regression=None))
    rules = ["accuracy drop > 1 %", "neighbours shared < 1 %", "r2 drop > 0.1", "label 'kind 3' accuracy drop > 5 %"]
    return repdiff.check(without, rules, allow_unknown=True)


def test_junit_holds_a_test_for_each_rule_and_escapes(found):
    result = result_of_all_kinds(found)
    suite = ElementTree.fromstring(as_junit(result).encode()).find("testsuite")
    assert suite.get("name") == "repdiff check: new <&|> against old"
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == ["4", "2", "0", "1"]
    kinds = [[child.tag for child in case] for case in suite]
    assert kinds == [["failure"], ["system-out"], ["skipped"], ["failure"]]
    assert [case.get("name") for case in suite] == [one.rule.text for one in result.results]
    bad = replace(result, results=(replace(result.results[0], words="a\x00b\x1b<]]>&\ud800"),))
    told = ElementTree.fromstring(as_junit(bad).encode()).find("testsuite/testcase/failure").text
    assert told.endswith("a\ufffdb\ufffd<]]>&\ufffd")


def test_markdown_shows_names_as_they_are(found):
    lines = as_markdown(result_of_all_kinds(found)).splitlines()
    assert lines[0] == r"### repdiff: new \<&\|\> (new) against old (old): 2 of 4 rules are broken"
    assert len(lines) == 2 + 2 + 4
    assert all(line.startswith("| ") and line.replace(r"\|", "").count("|") == 5 for line in lines[4:])
    assert [word in line for line, word in zip(lines[4:], ("**fail**", "pass", "cannot tell", "**fail**"), strict=True)]


def test_text_says_each_rule_with_its_figure(found):
    result = result_of_all_kinds(found)
    *rules, last = as_text(result).splitlines()
    assert [line.split("  ")[0] for line in rules] == ["FAIL", "pass", "cannot tell", "FAIL"]
    assert f"{result.results[0].figure * 100:.1f} %" in rules[0]
    assert "only the old one gets right" in rules[0]
    assert last == "new <&|> (new) against old (old): 2 of 4 rules are broken"
    assert as_text(repdiff.check(found)).endswith("(default rules)")
    assert as_text(repdiff.check(found, ["lost > 100 %"])).endswith("1 rule, none broken")


def test_plain_is_what_json_holds(found):
    plain = result_of_all_kinds(found).to_plain()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert [one["status"] for one in plain["rules"]] == ["broken", "passed", "unknown", "broken"]
    assert math.isfinite(plain["rules"][0]["figure"])


def test_default_rules_are_rules():
    assert [parse_rule(rule).text for rule in DEFAULT_RULES] == list(DEFAULT_RULES)


def test_the_page_holds_the_table_and_the_default_rules():
    page = PAGE.read_text(encoding="utf-8")
    assert rules_table() in page
    assert [rule for rule in DEFAULT_RULES if f"`{rule}`" not in page] == []
