"""What other seeds say, in sentences, on the page, in the gate and through a run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from replicated import GROUP, N, seed_of, seeds

import repdiff
from repdiff import RepdiffError, cli
from repdiff.report.page import render
from repdiff.report.replicate_tables import replicate_table
from repdiff.report.wording.answer import MOST_WORDS, answer
from repdiff.report.wording.groups import in_order, numbers
from repdiff.report.wording.replicates import again, again_on_card
from repdiff.results.replicates import DirectionReplicates, Replicates
from repdiff.store.run import read_run, run_of

ITEMS = pd.DataFrame({"kind": np.where(GROUP, "in the group", "elsewhere")})


def compared(n_replicates: int, **options) -> repdiff.Comparison:
    return repdiff.compare(
        seed_of(0, grouping=True), seed_of(10, grouping=False), items=ITEMS, label="kind", names=("old", "new"),
        replicates_x=seeds(*range(1, 1 + n_replicates), grouping=True),
        replicates_y=seeds(*range(11, 11 + n_replicates)), n_clusters=2, n_resamples=2, n_jobs=1, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def found() -> repdiff.Comparison:
    return compared(3)


@pytest.fixture(scope="module")
def of_one_each() -> repdiff.Comparison:
    return compared(1)


def said(*directions: DirectionReplicates, n: int = 3) -> str | None:
    """The sentence of the first screen for these."""
    evidence = compared_once().evidence
    assert evidence is not None
    told = Replicates(n, n, 240, 4, dict(zip(("x_only", "y_only"), directions, strict=True)))
    sentence = again(replace(evidence, replicates=told))
    return None if sentence is None else sentence.plain


def compared_once(cache: list[repdiff.Comparison] = []) -> repdiff.Comparison:  # noqa: B006
    if not cache:
        cache.append(
            repdiff.compare(seed_of(0, grouping=True), seed_of(10, grouping=False), n_clusters=2, n_resamples=1)
        )
    return cache[0]


def test_the_first_screen_says_how_many_are_still_there():
    nothing = DirectionReplicates("nothing_to_test")
    some = DirectionReplicates("found", 6, 2, 0.3, 0.5, 0.1, 0.001)
    none = DirectionReplicates("not_found", 4, 0, 0.0, 0.1, 0.1, 0.4)
    assert said(some, none) == "After training again, 2 of 10 groups were still there."
    assert said(nothing, none) == "After training again, none of the 4 groups was still there."
    assert said(replace(some, n_tested=2), nothing) == "After training again, all 2 groups were still there."
    assert said(replace(some, n_found=1), none) == "After training again, 1 of 10 groups was still there."
    assert said(replace(some, n_tested=1, n_found=1), nothing) == (
        "After training again, the one group was still there."
    )
    assert said(replace(none, n_tested=1), nothing) == "After training again, the one group was no longer there."
    assert said(nothing, nothing) is None
    assert said(nothing, DirectionReplicates("too_few")) == "Too few items to look for the groups in other seeds."
    assert "clusterer" in (said(nothing, DirectionReplicates("untested")) or "")


def test_one_of_each_gets_a_figure_and_no_verdict(of_one_each):
    told = answer(of_one_each)
    assert told is not None
    assert told.again is not None
    assert told.again.plain.startswith("In one other seed of each, groups are ")
    assert told.again.plain.endswith("times as tight; bring one more of each for a test.")
    group = in_order(of_one_each.x_only)[0]
    assert "no test with one of a kind" in again_on_card(of_one_each, group.evidence)


def test_the_answer_is_short_and_ends_with_it(found, of_one_each):
    for comparison in (found, of_one_each):
        told = answer(comparison)
        assert told is not None
        assert told.n_words <= MOST_WORDS
        assert told.text.endswith(told.again.plain)
        assert told.text in repdiff.describe(comparison)
    assert "other seeds (3 of old, 3 of new): 1 of " in repdiff.describe(found)


def test_what_other_seeds_show_is_not_called_noise(found):
    """240 items are too few to compare with noise; other seeds tell all the same."""
    told = answer(found)
    assert told is not None
    assert {one.code for one in found.evidence.findings.values()} == {"too_few"}
    assert told.headline.plain.startswith("old and new differ in one group of items, weak in this pair but there in ")
    first = in_order(found.x_only)[0]
    assert first.evidence.found_in_replicates is True
    assert first.evidence.holds is True
    assert numbers(found.x_only)[first.index] == 1
    assert told.verdict.plain == "new is right less often; look at in the… first."


def test_the_table_has_all_figures(found, of_one_each):
    table = replicate_table(found)
    assert table.title == "In other seeds: 3 of old, 3 of new"
    tested = found.x_only.difference_clusters + found.y_only.difference_clusters
    assert len(table.rows) == len(tested) + 2
    assert [row[-1] for row in table.rows].count("there") == 1
    assert {len(row) for row in table.rows} == {len(table.columns)}
    assert {row[-1] for row in replicate_table(of_one_each).rows} == {"no test", "\N{EN DASH}"}
    assert replicate_table(compared_once()) is None


def test_the_page_shows_it(found):
    page = render(run_of(found))
    assert "Would it be there after training again?" in page
    assert "After training again, 1 of " in page
    assert "In other seeds: 3 of old, 3 of new" in page
    assert "replicates x · 1 · checksum (SHA-256)" in page
    assert "Would it be there after training again?" not in render(run_of(compared_once()))


def test_a_run_keeps_it(found, tmp_path: Path):
    found.save(tmp_path / "run")
    again = read_run(tmp_path / "run").comparison
    assert again.evidence.replicates == found.evidence.replicates
    for ours, theirs in ((found.x_only, again.x_only), (found.y_only, again.y_only)):
        told = [[one.evidence.replicates for one in direction.clusters] for direction in (ours, theirs)]
        assert told[0] == told[1]
    assert again.provenance.inputs["replicates_x"] == found.provenance.inputs["replicates_x"]
    assert answer(again) == answer(found)


def test_the_gate_has_figures_of_it(found, of_one_each):
    group = in_order(found.x_only)[0]
    assert group.evidence.fate == "lost"
    rules = ("lost after training again > 100 %", "groups after training again > 100")
    share, count = repdiff.check(found, rules).results
    assert share.figure == pytest.approx(group.size / N)
    assert share.words.endswith("3 other seeds of the old model, 3 of the new one")
    assert count.figure == found.evidence.replicates.n_found == 1
    assert repdiff.check(found, ["lost after training again > 5 %"]).passed is False
    for without in (of_one_each, compared_once()):
        with pytest.raises(RepdiffError, match="the run has no other seeds; compare again with --replicate-x"):
            repdiff.check(without, ["groups after training again > 0"])


def test_the_command_line_takes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, values in (
        ("x", seed_of(0, grouping=True)), ("y", seed_of(10, grouping=False)), ("x2", seed_of(1, grouping=True)),
        ("x3", seed_of(2, grouping=True)), ("y2", seed_of(11, grouping=False)), ("y3", seed_of(12, grouping=False)),
    ):  # fmt: skip
        np.save(f"{name}.npy", values)
    given = ["--replicate-x", "x2.npy", "--replicate-x", "x3.npy", "--replicate-y", "y2.npy", "--replicate-y", "y3.npy"]
    options = ["-n", "2", "--resamples", "1"]
    assert cli.run(["compare", "x.npy", "y.npy", *given, *options, "-o", "run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["replicates"]["directions"]["x_only"]["code"] == "found"
    assert told["answer"]["again"].startswith("After training again, 1 of ")
    assert [one["replicates"]["found"] for one in told["x_only"]["clusters"] if one["replicates"]].count(True) == 1
    manifest = json.loads((tmp_path / "run/manifest.json").read_text())
    assert [one["source"] for one in manifest["inputs"]["replicates_y"]] == ["y2.npy", "y3.npy"]
    assert cli.run(["compare", "x.npy", "y.npy", *given, *options, "-o", "other"]) == 0
    shown = capsys.readouterr().out
    assert "in other" in shown
    assert "there" in shown
