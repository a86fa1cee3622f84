"""A comparison as the terminal and machines are told of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import planted
import pytest

import repdiff
from repdiff.cli.summary import print_summary, summary
from repdiff.report.wording.choice import why_so_many
from repdiff.report.wording.evidence import reasons, verdict


@pytest.fixture(scope="module")
def comparison() -> repdiff.Comparison:
    pair = planted.split_in_x(np.random.default_rng(4), n_groups=3, size=40, n_agreed=200)
    return repdiff.compare(pair.x, pair.y, names=("old", "new"), n_clusters="auto")


def test_machines_are_told_the_verdict_its_figures_and_why_so_many_clusters(comparison) -> None:
    told = json.loads(json.dumps(summary(comparison, Path("run"), Path("report.html")), allow_nan=False))
    assert told["evidence"] == {
        "verdict": verdict(comparison).plain,
        "code": "in_groups",
        "untested": None,
        "fdr": 0.05,
        "n_tested": comparison.evidence.n_tested,
        "n_significant": comparison.evidence.n_significant,
        "n_found_again": comparison.evidence.n_found_again,
        "n_holding": comparison.evidence.n_holding,
        "n_standing_out": comparison.evidence.n_standing_out,
    }
    for name, number in comparison.chosen.items():
        assert told["chosen"][name] == {"n": number.n, "code": "holds", "reason": why_so_many(number)}
    cluster, evidence = told["x_only"]["clusters"][-1], comparison.x_only.clusters[-1].evidence
    assert cluster["holds"] is evidence.holds
    assert cluster["p_value"] == evidence.p_value > 0
    assert [set(one["reason_codes"]) for one in told["x_only"]["clusters"]] == [
        set(one.evidence.reasons) for one in comparison.x_only.clusters
    ]
    for direction in (comparison.x_only, comparison.y_only):
        for one, cluster in zip(told[direction.name]["clusters"], direction.clusters, strict=True):
            assert one["reasons"] == reasons(comparison, direction.name, cluster.evidence)
            assert len(one["reasons"]) == len(one["reason_codes"])


def test_clusters_are_marked_in_the_terminal(comparison, capsys) -> None:
    print_summary(comparison, Path("run"), Path("report.html"))
    told = " ".join(capsys.readouterr().out.split())
    assert verdict(comparison).plain in told
    assert f"what old groups, in {comparison.chosen['x_only'].n}" in told
    assert told.count(" holds ") == comparison.evidence.n_holding
    assert repdiff.answer(comparison).text in told


def test_a_comparison_is_described_in_the_same_words(comparison, capsys) -> None:
    print_summary(comparison, Path("run"), Path("report.html"))
    told = " ".join(capsys.readouterr().out.split())
    lines = repdiff.describe(comparison).splitlines()
    assert len(lines) == 6  # the answer, both directions, both numbers of clusters, the verdict
    assert lines[0] == comparison.answer
    for line in lines:
        assert " ".join(line.split()) in told


def test_without_evidence_there_is_no_verdict(capsys) -> None:
    rng = np.random.default_rng(0)
    bare = repdiff.compare(rng.normal(size=(40, 3)), rng.normal(size=(40, 3)), n_clusters=3, evidence=False)
    assert "evidence" not in summary(bare, Path("run"), Path("report.html"))
    assert "holds" not in summary(bare, Path("run"), Path("report.html"))["x_only"]["clusters"][0]
    print_summary(bare, Path("run"), Path("report.html"))
    assert "verdict" not in capsys.readouterr().out
