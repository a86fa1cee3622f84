"""``repdiff assign``: the table, the summary, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pytest

import repdiff
from repdiff import cli


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("assign")
    truth = planted.split_in_x(np.random.default_rng(5), size=60)
    for name in "xy":
        np.save(folder / f"{name}.npy", getattr(truth, name)[::2])
        np.save(folder / f"new-{name}.npy", getattr(truth, name)[1::2])
    files = [str(folder / f"{name}.npy") for name in "xy"]
    for extra in ([], ["--no-keep-rows"]):
        output = folder / ("bare" if extra else "run")
        assert cli.run(["compare", *files, "--no-evidence", "-n", "5", "-o", str(output), *extra]) == 0
    return folder


def run(folder: Path, *arguments: str, of: str = "run", output: str = "found.csv") -> int:
    new = [str(folder / f"new-{name}.npy") for name in "xy"]
    return cli.run(["assign", str(folder / of), *new, "-o", str(folder / output), *arguments])


def test_both_formats_hold_what_python_gives(folder, capsys) -> None:
    expected = repdiff.load(folder / "run").assign(folder / "new-x.npy", folder / "new-y.npy").to_frame()
    assert run(folder) == 0
    told = capsys.readouterr().out
    assert f"{len(expected):,} new items among the clusters of {len(expected):,} items" in told
    assert "none" in told
    found = pd.read_csv(folder / "found.csv", dtype={"id": str})
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert run(folder, output="found.parquet") == 0
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "found.parquet"), expected)


def test_the_summary_as_json_counts_every_item(folder, capsys) -> None:
    assert run(folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    found = pd.read_csv(folder / "found.csv")
    for name in ("x_only", "y_only"):
        assert told[name]["none"] == found[f"{name}_no_change"].sum()
        assert told[name]["none"] + sum(told[name]["clusters"].values()) == told["n_items"] == len(found)


def test_a_run_without_rows_reads_the_files_it_was_made_from(folder, capsys) -> None:
    assert run(folder) == 0
    assert run(folder, of="bare", output="bare.csv") == 0
    assert (folder / "bare.csv").read_bytes() == (folder / "found.csv").read_bytes()
    assert run(folder, "--x", str(folder / "y.npy"), of="bare") == 2
    assert "the values differ from those" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("output", "message"), [("found.txt", "written as .csv or .parquet"), ("run", "written as .csv or .parquet")]
)
def test_a_table_of_another_kind_is_refused(folder, capsys, output, message) -> None:
    assert run(folder, output=output) == 2
    assert message in capsys.readouterr().err


def test_nothing_is_written_of_new_items_with_a_gap(folder, capsys) -> None:
    values = np.load(folder / "new-y.npy")
    values[17, 2] = np.inf
    np.save(folder / "gap.npy", values)
    code = cli.run(
        ["assign", *(str(folder / name) for name in ("run", "new-x.npy", "gap.npy")), "-o", str(folder / "gap.csv")]
    )
    assert code == 2
    assert "gap.npy: row 17, column 2 is infinite" in capsys.readouterr().err
    assert not list(folder.glob("*gap.csv*"))
