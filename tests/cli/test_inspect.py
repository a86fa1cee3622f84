"""What ``repdiff inspect`` says of files, and what every command says where nobody foresaw what went wrong."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import repdiff
from repdiff import cli
from repdiff.inputs import inspection

N = 10
IDS = [f"{row}.png" for row in range(N)]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 4))
    x[3], x[7] = x[2], 0
    np.savez("x.npz", embeddings=x, filenames=IDS)
    pd.DataFrame({"id": IDS[::-1], "e": list(rng.normal(size=(N, 3))), "kind": ["a"] * N}).to_parquet("y.parquet")
    pd.DataFrame({"image": IDS, "label": list("ab") * 5}).to_csv("items.csv", index=False)
    np.save("plain.npy", rng.normal(size=(N + 1, 2)))
    Path("pics").mkdir()
    Image.new("L", (4, 4)).save("pics/0.png")


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert cli.run(["inspect", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_files_are_described_and_matched(capsys) -> None:
    found = told(capsys, "x.npz", "y.parquet", "--items", "items.csv", "--images", "pics")
    x, y, items = found["files"]
    assert (x["taken_for"], x["rows"], x["dimensions"], x["dtype"]) == ("embeddings", N, 4, "float64")
    assert (x["ids"], x["may_be_ids"]) == (None, ["array 'filenames'"])
    assert [re.search(r"\d of 10 rows \w+", note)[0] for note in x["notes"]] == [
        "2 of 10 rows are",
        "1 of 10 rows holds",
    ]
    assert y["ids"] == "id: 9.png, 8.png, 7.png, ..."
    assert any("'e' is used, but not 'kind'" in note for note in y["notes"])
    assert (items["taken_for"], items["label"], items["labels"], items["images_found"]) == ("items", "label", 2, 1)
    assert found["matches"] == [
        {"first": "x.npz", "second": "y.parquet", "matched": "by array 'filenames' and id"},
        {"first": "x.npz", "second": "items.csv", "matched": "by column 'image'"},
    ]


def test_a_table_without_vectors_is_taken_for_items_and_what_does_not_match_is_said(capsys) -> None:
    found = told(capsys, "x.npz", "plain.npy", "items.csv")
    assert [one["taken_for"] for one in found["files"]] == ["embeddings", "embeddings", "items"]
    assert found["matches"][0]["matched"].startswith("not at all: x.npz has 10 rows and plain.npy 11")


def test_people_read_lines(capsys) -> None:
    assert cli.run(["inspect", "x.npz", "y.parquet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["x.npz: embeddings", "  rows: 10", "  dimensions: 4"]
    assert lines[-1] == "x.npz and y.parquet: rows are matched by array 'filenames' and id"


def test_a_file_that_cannot_be_used_is_an_error_after_the_others(capsys) -> None:
    assert cli.run(["inspect", "x.npz", "no.npy"]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("x.npz: embeddings")
    assert out.endswith("no.npy: cannot be used\n")
    assert err == "repdiff: error: no.npy: no such file of embeddings; check the path\n"


def test_the_match_that_is_asked_for_is_used(capsys) -> None:
    found = told(capsys, "x.npz", "y.parquet", "--match", "order")
    assert found["matches"][0]["matched"] == "by order"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def break_with(error: BaseException) -> None:
        def fail(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr(inspection, "inspect_files", fail)
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    return break_with


def test_what_nobody_foresaw_is_a_line_and_a_file(broken, capsys) -> None:
    broken(ZeroDivisionError("three\nlines\nof it"))
    assert cli.run(["inspect", "x.npz"]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    line = (
        r"repdiff: error: ZeroDivisionError: three lines of it; this is a defect of repdiff, .* details are in (\S+)\n"
    )
    found = re.fullmatch(line, err)
    assert found is not None
    details = Path(found[1]).read_text()
    assert "Traceback" in details
    assert "in fail" in details
    assert f"repdiff {repdiff.__version__}" in details


def test_a_full_disk_is_a_line(broken, capsys) -> None:
    broken(OSError(errno.ENOSPC, "No space left on device", "run"))
    assert cli.run(["inspect", "x.npz"]) == 2
    assert capsys.readouterr().err.startswith("repdiff: error: run: No space left on device; make room")
