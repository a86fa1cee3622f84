"""``repdiff series`` and ``repdiff matrix``: what they write and print."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import repdiff
from repdiff import cli

N = 90


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    rng = np.random.default_rng(0)
    kind = np.repeat(np.arange(3), N // 3)
    corners = 6 * np.eye(3, 5)[kind]
    for name, stage in (("early", 0.2), ("late", 0.8), ("last", 1.0)):
        np.save(folder / f"{name}.npy", stage * corners + rng.normal(size=corners.shape))
    says = {f"says {name}": kind for name in ("early", "late", "last")}
    pd.DataFrame({"id": range(N), "kind": kind, **says}).to_csv(folder / "items.csv", index=False)
    return folder


def call(folder: Path, *arguments: str) -> int:
    inside = [
        str(folder / word) if word.endswith((".npy", ".csv")) or word in ("out", "pictures") else word
        for word in arguments
    ]
    return cli.run(inside)


def test_series_writes_runs_a_report_and_tables(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["series", "early.npy", "late.npy", "--reference", "last.npy", "--items", "items.csv", "--labels", "kind"]
    more = ["--predictions", "says {}", "-n", "3", "-o", "out", "--overwrite"]
    assert call(folder, *command, *more) == 0
    out, err = capsys.readouterr()
    assert "early" in out
    assert "never settle" in out
    assert f"report: {folder / 'out' / 'report.html'}" in out
    assert err == ""
    found = repdiff.load_series(folder / "out")
    assert (found.reference, found.checkpoints) == ("last", ("early", "late"))
    assert [comparison.accuracy_y for comparison in found.comparisons] == [1, 1]
    assert (folder / "out" / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    (folder / "out" / "report.html").unlink()
    assert call(folder, "report", "out") == 0
    assert (folder / "out" / "report.html").exists()


def test_series_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(folder, "series", "early.npy", "--reference", "last.npy", "-n", "3", "-o", "out", "--overwrite",
                "--json", "--name", "then", "--reference-name", "now") == 0  # fmt: skip
    facts = json.loads(capsys.readouterr().out)
    assert (facts["checkpoints"], facts["reference"], facts["n_items"]) == (["then"], "now", N)
    assert {row["checkpoint"] for row in facts["growth"]} == {"then"}
    assert len(facts["tracks"]) == sum(
        len(direction.difference_clusters)
        for comparison in repdiff.load_series(folder / "out").comparisons
        for direction in (comparison.x_only, comparison.y_only)
    )


def test_matrix_writes_a_report_for_every_pair_and_a_page_that_leads_to_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(folder, "matrix", "early.npy", "late.npy", "last.npy", "-n", "3", "-o", "out", "--overwrite") == 0
    assert "the row keeps items than the column" in " ".join(capsys.readouterr().out.split())
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    runs = sorted(path.name for path in (folder / "out" / "runs").iterdir())
    assert runs == ["000-early-and-late", "001-early-and-last", "002-late-and-last"]
    for name in runs:
        assert page.count(f'href="runs/{name}/report.html"') == 2
        assert (folder / "out" / "runs" / name / "report.html").exists()
    assert "<script" not in page
    found = repdiff.load_matrix(folder / "out")
    assert found.names == ("early", "late", "last")
    (folder / "out" / "report.html").unlink()
    assert call(folder, "report", "out") == 0
    assert (folder / "out" / "report.html").read_text(encoding="utf-8") == page


def test_matrix_for_machines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(folder, "matrix", "early.npy", "last.npy", "-n", "3", "-o", "out", "--overwrite", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert [(cell["knows"], cell["lacks"]) for cell in facts["cells"]] == [("early", "last"), ("last", "early")]
    assert (facts["n_items"], facts["warnings"]) == (N, [])


@pytest.mark.parametrize("command", [["series", "early.npy", "last.npy", "--reference", "late.npy"],
                                     ["matrix", "early.npy", "late.npy", "last.npy"]])  # fmt: skip
def test_options_of_compare_hold_for_several(folder: Path, capsys: pytest.CaptureFixture[str], command) -> None:
    options = ["-n", "auto", "--collage", "border", "--evidence", "--resamples", "2", "-o", "out", "--overwrite"]
    assert call(folder, *command, *options) == 0
    load = repdiff.load_series if command[0] == "series" else repdiff.load_matrix
    for comparison in load(folder / "out").comparisons:
        assert set(comparison.chosen) == {"x_only", "y_only"}
        assert comparison.provenance.parameters["representatives"] == "border"
        assert comparison.evidence is not None
        assert comparison.evidence.n_resamples == 2


def test_the_reference_may_be_distances(folder: Path) -> None:
    last = np.load(folder / "last.npy")
    np.save(folder / "apart.npy", np.linalg.norm(last[:, None] - last, axis=2))
    arguments = ["--reference", "apart.npy", "--reference-metric", "precomputed", "-n", "3", "-o", "out", "--overwrite"]
    assert call(folder, "series", "early.npy", *arguments, "--json") == 0
    comparison = repdiff.load_series(folder / "out").comparisons[0]
    assert comparison.provenance.parameters["metric"] == ["precomputed", "euclidean"]


def test_what_must_be_known_of_a_pair_is_told_with_its_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(folder / "again.npy", np.load(folder / "last.npy"))
    arguments = ["-n", "3", "-o", "out", "--overwrite"]
    assert call(folder, "matrix", "early.npy", "last.npy", "again.npy", *arguments) == 0
    assert "note: last and again: x and y hold the same values" in capsys.readouterr().out
    assert call(folder, "series", "early.npy", "last.npy", "--reference", "again.npy", *arguments, "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["warnings"] == ["again and last: x and y hold the same values"]
    assert facts["accuracy"] == [None, None]


@pytest.mark.parametrize(
    "command", [["series", "early.npy", "--reference", "last.npy"], ["matrix", "early.npy", "last.npy"]]
)
def test_images_that_cannot_be_shown_are_counted(folder: Path, capsys: pytest.CaptureFixture[str], command) -> None:
    (folder / "pictures").mkdir(exist_ok=True)
    for row in range(N):
        Image.new("L", (4, 4), row).save(folder / "pictures" / f"{row}.png")
    (folder / "pictures" / "3.png").write_bytes(b"no picture")
    pd.DataFrame({"image": [f"{row}.png" for row in range(N)]}).to_csv(folder / "shown.csv", index=False)
    images = ["--items", "shown.csv", "--images", "pictures", "-n", "3", "--no-evidence", "-o", "out", "--overwrite"]
    assert call(folder, *command, *images, "--json") == 0
    assert any("1 of" in warning and "image" in warning for warning in json.loads(capsys.readouterr().out)["warnings"])
    assert call(folder, *command, *images) == 0
    assert "image" in capsys.readouterr().out.split("note:", 1)[1]
