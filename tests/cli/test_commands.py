"""What the commands write and print when all goes well."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stopped import stop

import repdiff
from repdiff import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, planted_pair) -> Path:
    folder = tmp_path_factory.mktemp("work")
    np.save(folder / "old.npy", planted_pair.x)
    np.save(folder / "new.npy", planted_pair.y)
    kind = planted_pair.group.astype(str)
    pd.DataFrame({"id": [f"i{k}" for k in range(len(kind))], "kind": kind, "says": kind}).to_csv(
        folder / "items.csv", index=False
    )
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    inputs = [str(folder / name) for name in ("old.npy", "new.npy")]
    options = ["--items", str(folder / "items.csv"), "--label", "kind", "--pred-x", "says", "--names", "one", "two"]
    assert cli.run(["compare", *inputs, *options, "-n", "5", "--seed", "3", "-o", str(folder / "run")]) == 0
    return folder / "run"


def test_compare_writes_the_run_and_its_report(run: Path) -> None:
    found = repdiff.load(run)
    assert found.names == ("one", "two")
    assert found.provenance.random_state == 3
    assert found.accuracy_x == 1
    assert len(found.x_only.clusters) == 5
    assert "<html" in (run / "report.html").read_text(encoding="utf-8")


def test_compare_says_what_was_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", str(folder / "old.npy"), str(folder / "new.npy"), "-o", str(folder / "said")]
    assert cli.run(arguments) == 0
    out, err = capsys.readouterr()
    assert "`old` keeps" in out
    assert f"report: {folder / 'said' / 'report.html'}" in out
    assert err == ""


def test_compare_for_machines_is_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = folder / "for-machines"
    inputs = [str(folder / "old.npy"), str(folder / "new.npy")]
    assert cli.run(["compare", *inputs, "--no-evidence", "-o", str(output), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    found = repdiff.load(output)
    assert facts["report"] == str(output / "report.html")
    assert facts["n_items"] == len(found.x_only.labels)
    assert [c["size"] for c in facts["y_only"]["clusters"]] == [c.size for c in found.y_only.clusters]
    assert facts["x_only"]["share_no_change"] == pytest.approx(found.x_only.no_change.mean())


def test_an_item_called_like_markup_is_printed_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pd.DataFrame({"kind": ["[red]x[/red]"] * 320}).to_csv(folder / "markup.csv", index=False)
    arguments = ["compare", str(folder / "old.npy"), str(folder / "new.npy"), "--items", str(folder / "markup.csv")]
    assert cli.run([*arguments, "--label", "kind", "--names", "[b]a", "b", "-o", str(folder / "markup")]) == 0
    out = capsys.readouterr().out
    assert "[red]x[/red]" in out
    assert "`[b]a` keeps" in out


def test_report_is_made_from_the_run_alone(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", str(run), "-o", str(tmp_path / "page.html")]) == 0
    assert f"report: {tmp_path / 'page.html'}" in capsys.readouterr().out
    assert (tmp_path / "page.html").read_text("utf-8") == (run / "report.html").read_text("utf-8")
    assert cli.run(["report", str(run), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"report": str(run / "report.html")}


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_exports_hold_every_item(form: str, run: Path, tmp_path: Path) -> None:
    assert cli.run(["export", str(run), "--to", form, "-o", str(tmp_path / "out")]) == 0
    expected = repdiff.load(run).to_frame()
    if form == "parquet":
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)
        return
    if form == "csv":
        found = pd.read_csv(tmp_path / "out")
    else:
        facts = json.loads((tmp_path / "out").read_text(encoding="utf-8"))
        found = pd.DataFrame(facts["items"])
        assert facts["names"] == ["one", "two"]
        assert len(facts["x_only"]["clusters"]) == 5
    assert found["id"].tolist() == expected["id"].tolist()
    assert found["x_only"].tolist() == expected["x_only"].tolist()
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_export_goes_to_standard_output(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", str(run)]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("id,x_only,y_only,")
    assert cli.run(["export", str(run), "--to", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["names"] == ["one", "two"]


def test_a_report_that_no_browser_opens_is_said(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    assert cli.run(["report", str(run), "-o", str(tmp_path / "page.html"), "--open"]) == 2
    assert f"no browser could be started; open {tmp_path / 'page.html'}" in capsys.readouterr().err
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize("arguments", [[], ["--help"], ["compare", "--help"], ["-h"]])
def test_help_is_printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(arguments) == 0
    assert "Usage: repdiff" in capsys.readouterr().out


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"repdiff {repdiff.__version__}\n"


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_ends_soon_and_leaves_nothing(sent: signal.Signals, code: int, tmp_path: Path) -> None:
    """Its whole work takes some fifteen seconds of processor time."""
    rng = np.random.default_rng(0)
    for name in ("x", "y"):
        np.save(tmp_path / f"{name}.npy", rng.normal(size=(12_000, 64)).astype(np.float32))
    before = sorted(tmp_path.iterdir())
    found = stop(
        [sys.executable, "-m", "repdiff", "compare", "x.npy", "y.npy", "-o", "run"], cwd=tmp_path, send=sent,
        once_it_says="ranks and affinity", env={**os.environ, "FORCE_COLOR": "1"},  # progress is told as on a terminal
    )  # fmt: skip
    assert found.code == code
    assert found.seconds < 4
    assert "Traceback" not in found.errors
    assert sorted(tmp_path.iterdir()) == before
