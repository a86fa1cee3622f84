"""What version 0.1 wrote still loads, makes its report, and says what it said."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import repdiff
from repdiff.report.wording.choice import why_so_many
from repdiff.report.wording.evidence import reasons, verdict
from repdiff.store.version_01 import evidence_in_codes

LOADERS: dict[str, Callable[[Path], Any]] = {
    "run": repdiff.load,
    "series": repdiff.load_series,
    "matrix": repdiff.load_matrix,
}


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("v01")
    with zipfile.ZipFile(Path(__file__).parent / "v01" / "runs.zip") as archive:
        archive.extractall(folder)
    return folder


def test_they_are_of_the_versions_that_0_1_wrote(old: Path) -> None:
    written = {kind: json.loads((old / kind / "manifest.json").read_text())["schema_version"] for kind in LOADERS}
    assert written == {"run": 2, "series": 1, "matrix": 1}


@pytest.mark.parametrize("kind", LOADERS)
def test_a_report_can_be_made(old: Path, tmp_path: Path, kind: str) -> None:
    page = repdiff.write_report(old / kind, tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert LOADERS[kind](old / kind).report(tmp_path / "again.html").is_file()


@pytest.mark.parametrize("kind", LOADERS)
def test_saved_again_they_hold_the_same_and_are_of_today(old: Path, tmp_path: Path, kind: str) -> None:
    before = LOADERS[kind](old / kind)
    saved = before.save(tmp_path / "new")
    assert {json.loads(file.read_text())["schema_version"] for file in saved.rglob("manifest.json")} == {3}
    after = LOADERS[kind](saved)
    pd.testing.assert_frame_equal(after.to_frame(), before.to_frame())
    for one, other in zip(*(getattr(found, "comparisons", [found]) for found in (after, before)), strict=True):
        assert one.evidence == other.evidence
        assert one.similarity == other.similarity
        assert one.chosen == other.chosen
        assert one.thumbnails.images == other.thumbnails.images


@pytest.mark.parametrize("run", ["run", "series/runs/000-a", "series/runs/001-b"])
def test_what_it_said_in_sentences_is_said_from_codes(old: Path, run: str) -> None:
    told = json.loads((old / run / "evidence.json").read_text(encoding="utf-8"))
    comparison = repdiff.load(old / run)
    assert verdict(comparison).plain == "".join(text for text, _ in told["comparison"]["verdict"])
    for figure in ("n_holding", "n_tested", "fdr", "n_seen"):
        assert getattr(comparison.evidence, figure) == told["comparison"][figure]
    assert comparison.evidence.n_standing_out == told["comparison"]["n_significant"]
    assert not comparison.evidence.findings
    assert comparison.evidence.neighbours is None
    for name, number in told["chosen"].items():
        few = "fewer than 300 items cannot be compared with noise, so eigenvalues decide: "
        assert why_so_many(comparison.chosen[name]).removeprefix(few) == number["reason"]
    sentences = 0
    for direction in (comparison.x_only, comparison.y_only):
        for cluster, facts in zip(direction.clusters, told["clusters"][direction.name], strict=True):
            assert reasons(comparison, direction.name, cluster.evidence) == facts["reasons"]
            assert cluster.evidence.holds is facts["holds"]
            sentences += len(facts["reasons"])
    assert sentences > 5


@pytest.mark.parametrize("why", ["sample_too_small", "clusterer_failed"])
def test_what_was_not_tested_is_told_with_its_reason(why: str) -> None:
    sentence = {
        "sample_too_small": "a sample of the items is too small for so many clusters",
        "clusterer_failed": "the clusterer could not label a sample of the items",
    }[why]
    claimed = {"enriched": [], "outcome": None, "p_value": None, "holds": None, "reasons": [sentence]}
    told = {
        "comparison": {"fdr": 0.05, "n_resamples": 0, "n_seen": 0},
        "similarity": None,
        "chosen": {"x_only": {"n": 1, "candidates": [], "reason": "with 4 items there is no room for two clusters"}},
        "clusters": {"x_only": [{**claimed, "reasons": []}, claimed], "y_only": [None]},
    }
    found = evidence_in_codes(told, {"parameters": {"no_change_threshold": 1.5}, "n_items": 4})
    assert [entry["reasons"] for entry in found["clusters"]["x_only"]] == [[], [why]]
    assert found["clusters"]["y_only"] == [None]
    assert (found["comparison"]["where"], found["comparison"]["untested"]) == ("untested", why)
    assert found["chosen"]["x_only"] == {"n": 1, "candidates": [], "code": "too_few_items", "n_items": 4}
