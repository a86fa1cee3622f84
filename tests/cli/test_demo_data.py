"""The demo: what it says and leaves behind, and that what its comparisons find is what its networks were told."""

from __future__ import annotations

import io
import json
import shlex
from contextlib import redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import Comparison, cli
from repdiff.cli import demo_data as demo

TRAIN = demo._train  # anew, whatever others keep


class Shown(NamedTuple):
    """What the demo printed, and what became of the commands that it names."""

    output: Path
    said: str
    later: list[int]
    opened: list[str]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, demo_trained_once: None) -> Shown:
    """The demo, and the commands that it says to try next, run once."""
    output = tmp_path_factory.mktemp("demo") / "the demo"  # with a space, which commands must quote
    said, opened = io.StringIO(), []
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(said):
        patch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
        assert cli.run(["demo", "-o", str(output)]) == 0
        told = said.getvalue()
        after = told.partition("try next:\n")[2]
        commands = [shlex.split(line)[1:] for line in after.splitlines() if line.strip().startswith("repdiff")]
        later = [cli.run(one) for one in commands]
    return Shown(output, told, later, opened)


@pytest.fixture(scope="module")
def files(shown: Shown) -> demo.DemoFiles:
    data = shown.output / "data"
    return demo.DemoFiles(*(data / f"{name}.npy" for name in (*demo.NAMES, demo.SECOND_SEED)), data / "items.csv")


@pytest.fixture(scope="module")
def found(shown: Shown) -> Comparison:
    return repdiff.load(shown.output / "run")


@pytest.fixture(scope="module")
def seeds(shown: Shown) -> Comparison:
    return repdiff.load(shown.output / "seeds")


def test_it_tells_where_its_report_is(shown: Shown, found: Comparison) -> None:
    assert shown.said.partition("try next:\n")[0].endswith(f"report: {shown.output / 'run' / 'report.html'}\n\n")
    assert found.description


def test_the_command_that_it_prints_makes_the_same_run(shown: Shown, found: Comparison, tmp_path: Path) -> None:
    command = shlex.split(shown.said[shown.said.index("repdiff compare") :].splitlines()[0])[1:]
    command[-1] = str(tmp_path / "by-hand")
    assert cli.run([*command, "--no-evidence"]) == 0  # which has no part in the table
    pd.testing.assert_frame_equal(repdiff.load(tmp_path / "by-hand").to_frame(), found.to_frame())


def test_what_it_says_to_try_next_does_what_is_said_of_it(shown: Shown, seeds: Comparison) -> None:
    assert shown.later == [0, 0, 1]
    assert seeds.names == ("ten-digits", "ten-digits-again")
    assert shown.opened == [(shown.output / "run" / "report.html").resolve().as_uri()]


@pytest.mark.usefixtures("demo_trained_once")
def test_it_replaces_a_run_only_where_it_is_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    options = demo.options
    monkeypatch.setattr(demo, "options", lambda files: options(files) | {"evidence": False})
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 12, 3))
    repdiff.compare(x, y, n_clusters=2, evidence=False).save(tmp_path / "run")
    assert cli.run(["demo", "-o", str(tmp_path)]) == 2
    assert repdiff.load(tmp_path / "run").names == ("x", "y")
    capsys.readouterr()
    assert cli.run(["demo", "-o", str(tmp_path), "--overwrite", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["names"] == ["ten-digits", "merged"]


def test_the_digits_that_one_tells_apart_are_found_each_in_groups_of_its_own(found: Comparison) -> None:
    clusters = [cluster for cluster in found.x_only.difference_clusters if cluster.size < 300]
    assert {next(iter(cluster.label_counts)) for cluster in clusters} == set("3459")
    for cluster in clusters:
        assert max(cluster.label_counts.values()) / cluster.size >= 0.9
        assert cluster.evidence is not None
        assert cluster.evidence.fate in ("lost", "loosened")


def test_the_digits_that_are_the_same_to_the_other_are_found_together(found: Comparison) -> None:
    pairs = []
    for cluster in found.y_only.difference_clusters[-6:]:
        (first, n_first), (second, n_second) = list(cluster.label_counts.items())[:2]
        assert (n_first + n_second) / cluster.size >= 0.9
        assert min(n_first, n_second) / cluster.size >= 0.2
        assert cluster.evidence is not None
        assert cluster.evidence.value == "loss"
        pairs.append({first, second})
    assert {"3", "5"} in pairs
    assert {"4", "9"} in pairs
    assert all(pair in ({"3", "5"}, {"4", "9"}) for pair in pairs)


def test_more_than_noise_is_claimed_of_it_and_who_is_right(found: Comparison) -> None:
    evidence = found.evidence
    assert evidence is not None
    assert evidence.correctness is not None
    assert evidence.findings["y_only"].code in ("throughout", "local")  # x_only lies near the border to noise
    fallen = {label for label, one in evidence.correctness.by_label.items() if one.x - one.y > 0.05}
    assert fallen <= set("3459")
    assert {"3", "5"} & fallen
    assert {"4", "9"} & fallen


def test_between_two_seeds_no_more_than_noise_is_claimed(seeds: Comparison) -> None:
    evidence = seeds.evidence
    assert evidence is not None
    assert evidence.correctness is not None
    assert {finding.code for finding in evidence.findings.values()} == {"noise"}
    assert evidence.n_significant == 0
    assert all(abs(one.x - one.y) <= 0.03 for one in evidence.correctness.by_label.values())
    values = [one.evidence.value for side in (seeds.x_only, seeds.y_only) for one in side.clusters if one.evidence]
    assert set(values) == {"neither"}


def test_the_gate_fails_on_the_merger_and_passes_two_seeds(found: Comparison, seeds: Comparison) -> None:
    rules = ["label accuracy drop > 5 %", "worse groups > 10 %"]
    assert [one.status for one in repdiff.check(found, rules).results] == ["broken", "broken"]
    assert repdiff.check(seeds, rules).passed


def test_the_networks_learned_what_they_were_told(files: demo.DemoFiles, found: Comparison) -> None:
    assert found.accuracy_x is not None
    assert found.accuracy_x > 0.97
    frame = found.items.frame
    told = {3: "3 or 5", 5: "3 or 5", 4: "4 or 9", 9: "4 or 9"}
    expected = frame[demo.LABEL].map(lambda digit: told.get(digit, str(digit)))
    assert (frame[demo.PREDICTION_Y].astype(str) == expected).mean() > 0.97
    assert [np.load(file).shape for file in (files.x, files.y, files.x_again)] == [(1797, 10), (1797, 8), (1797, 10)]


def test_it_may_be_written_again(files: demo.DemoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {path.name: path.read_bytes() for path in files.x.parent.glob("*.*")}
    monkeypatch.setattr(demo, "_train", TRAIN)
    demo.write_demo_files(files.x.parent)
    assert {path.name: path.read_bytes() for path in files.x.parent.glob("*.*")} == first
