"""``repdiff check``: exit codes, and what is printed and written."""

from __future__ import annotations

import json
import re
import shlex
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer.main
import yaml

from repdiff import cli
from repdiff.cli.app import app
from repdiff.gate.formats import rules_table

PAGE = Path(__file__).parents[2] / "docs/gate.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(4), 30)
    for name, known in (("old", kind), ("new", np.minimum(kind, 2))):
        np.save(folder / f"{name}.npy", 8 * np.eye(4, 6)[known] + rng.normal(size=(120, 6)))
    pd.DataFrame({"kind": kind}).to_csv(folder / "items.csv", index=False)
    sides = [str(folder / "old.npy"), str(folder / "new.npy"), "-n", "4", "--resamples", "2"]
    assert (
        cli.run(["compare", *sides, "--items", str(folder / "items.csv"), "--label", "kind", "-o", str(folder / "run")])
        == 0
    )
    assert cli.run(["compare", *sides, "--no-evidence", "-o", str(folder / "bare")]) == 0
    return folder


def check(folder: Path, *arguments: str, run: str = "run") -> int:
    return cli.run(["check", str(folder / run), *arguments])


def test_no_rule_broken_is_0(folder, capsys):
    assert check(folder, "--fail-on", "accuracy drop > 90 %", "--fail-on", "neighbours shared < 1 %") == 0
    assert "2 rules, none broken" in capsys.readouterr().out


def test_a_broken_rule_is_1_and_all_are_printed(folder, capsys):
    assert check(folder, "--fail-on", "accuracy drop > 1 %", "--fail-on", "neighbours shared < 1 %") == 1
    out, err = capsys.readouterr()
    assert out.startswith("FAIL")
    assert "pass" in out
    assert "1 of 2 rules is broken" in out
    assert err == ""


def test_default_rules_are_named_as_such(folder, capsys):
    assert check(folder) == 1
    assert "(default rules)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--fail-on", "lsot > 2 %"], "did you mean 'lost'?"),
        (["run", "--fail-on", "r2 drop > 0.1"], "no labels that are numbers"),
        (["bare", "--fail-on", "lost > 2 %"], "compare again without --no-evidence"),
        (["bare"], "compare again without --no-evidence"),
        (["nothing"], "nothing"),
        (["run", "--json", "--markdown"], "exclude each other"),
    ],
)
def test_a_mistake_is_2_and_a_line(arguments, said, folder, capsys):
    assert check(folder, *arguments[1:], run=arguments[0]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_no_run_is_a_mistake_and_the_table_needs_none(capsys):
    assert cli.run(["check"]) == 2
    assert "repdiff check RUN" in capsys.readouterr().err
    assert cli.run(["check", "--rules"]) == 0
    assert capsys.readouterr().out == rules_table() + "\n"


def test_what_cannot_be_told_may_be_allowed(folder, capsys):
    assert check(folder, "--fail-on", "lost > 2 %", "--allow-unknown", run="bare") == 0
    assert "cannot tell" in capsys.readouterr().out


def test_json_markdown_and_junit(folder, tmp_path, capsys):
    rules = ["--fail-on", "accuracy drop > 1 %", "--junit", str(tmp_path / "gate.xml")]
    assert check(folder, *rules, "--json") == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["run"] == str(folder / "run")
    assert facts["passed"] is False
    assert facts["rules"][0]["status"] == "broken"
    assert ElementTree.parse(tmp_path / "gate.xml").getroot().get("failures") == "1"
    assert check(folder, *rules, "--markdown") == 1
    assert capsys.readouterr().out.startswith("### repdiff: new (new) against old (old): 1 of 1 rule is broken")


def test_the_workflow_on_the_page_is_one_and_its_commands_parse():
    (text,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    workflow = yaml.safe_load(text)
    steps = workflow["jobs"]["gate"]["steps"]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    lines = [line for step in steps for line in step.get("run", "").splitlines() if line.startswith("repdiff ")]
    assert [line.split()[1] for line in lines] == ["compare", "check"]
    group = typer.main.get_command(app)
    for line in lines:
        arguments = shlex.split(line.partition(" > gate.md")[0])[1:]
        with group.make_context("repdiff", arguments) as context:
            _, chosen, rest = group.resolve_command(context, arguments)
            chosen.make_context(chosen.name, list(rest), parent=context).close()
