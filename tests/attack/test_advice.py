"""What users are told to do works, absurd numbers are refused, and tables do no harm in a spreadsheet."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import MemoryLimitError, cli
from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.core.spreadsheets import csv_text
from repdiff.settings.computing import MOST_JOBS


def representation(n: int, width: int, metric: str = "euclidean") -> Representation:
    """One of which only the size is known: its values take no memory."""
    return Representation(np.broadcast_to(np.float32(0), (n, n if metric == "precomputed" else width)), metric)  # type: ignore[arg-type]


@pytest.mark.parametrize("gigabytes", [0.3, 1, 4, 32])
@pytest.mark.parametrize(
    ("width", "metric"), [(2, "euclidean"), (768, "cosine"), (4096, "euclidean"), (0, "precomputed")]
)
@pytest.mark.parametrize("n_jobs", [1, 16])
def test_as_many_items_as_are_advised_fit_and_not_many_more(
    gigabytes: float, width: int, metric: str, n_jobs: int
) -> None:
    limit = int(gigabytes * 1e9)

    def plan(n: int) -> int:
        sides = representation(n, width, metric), representation(n, width, metric)
        return Exact().plan(*sides, memory_limit=limit, n_jobs=n_jobs).need

    with pytest.raises(MemoryLimitError) as caught:
        plan(1_000_000)
    advised = re.search(r"a random sample of at most ([\d,]+) items", str(caught.value))
    if advised is None:
        with pytest.raises(MemoryLimitError):
            plan(100)
        return
    n = int(advised[1].replace(",", ""))
    assert plan(n) <= limit
    with pytest.raises(MemoryLimitError):
        plan(int(1.02 * n) + 1)


def test_some_advice_is_given() -> None:
    with pytest.raises(MemoryLimitError, match=r"at most 2\d,\d00 items"):
        Exact().plan(representation(10**6, 64), representation(10**6, 64), memory_limit=10**9, n_jobs=1)


@pytest.mark.parametrize(
    "arguments",
    [
        ["compare", "x.npy", "y.npy", "-o", "run", "--jobs", "1000000000000000000"],
        ["compare", "x.npy", "y.npy", "-o", "run", "--jobs", str(MOST_JOBS + 1)],
        ["compare", "x.npy", "y.npy", "-o", "run", "--jobs", "1e18"],
        ["encode", "-m", "pixels", "--items", "folder", "-o", "e.npz", "--workers", "99999"],
    ],
)
def test_numbers_of_threads_and_processes_that_no_machine_has_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    told = capsys.readouterr().err
    assert arguments[-2] in told
    assert told.count("\n") == 1


def test_neighbours_of_many_items_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    from repdiff.similarities import neighbors
    from repdiff.similarities.points import as_points

    rng = np.random.default_rng(0)
    x = as_points(rng.normal(size=(700, 5)))
    y = as_points(x.values + 0.3 * rng.normal(size=(700, 5)), "y")
    whole = neighbors.shared_neighbors(x, y, n_neighbors=10)
    monkeypatch.setattr(neighbors, "_MOST_DISTANCES", 700 * 3)
    np.testing.assert_array_equal(neighbors.shared_neighbors(x, y, n_neighbors=10).shared, whole.shared)
    everyone = neighbors.shared_neighbors(x, y, n_neighbors=10**9)
    assert (everyone.k, set(everyone.shared.tolist())) == (699, {699})


HARMFUL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]
HARMLESS = ["plain", "-5", "+3.5", "-1e-7", "", "a=b", "'=", "1-2"]


def test_text_that_a_spreadsheet_would_compute_gets_a_quote() -> None:
    cells = [*HARMFUL, *HARMLESS]
    table = pd.DataFrame(
        {
            "text": cells,
            "=HEAD()": cells,
            "kind": pd.Categorical(cells),
            "number": -np.arange(len(cells)) - 0.5,
            "when": pd.date_range("2020-01-01", periods=len(cells)),
        }
    )
    read = pd.read_csv(io.StringIO(csv_text(table)), keep_default_na=False, dtype=str)
    expected = [f"'{cell}" for cell in HARMFUL] + HARMLESS
    for name in ("text", "'=HEAD()", "kind"):
        assert list(read[name]) == [cell.replace("\r", "\n") for cell in expected]
    assert read["number"][0] == "-0.5"
    assert list(table["text"]) == cells


def test_an_exported_table_is_guarded_and_parquet_is_not(
    pair_xy: tuple[np.ndarray, np.ndarray], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = pd.DataFrame({"id": [f"={row}+1" for row in range(300)]})
    repdiff.compare(*pair_xy, items=items, evidence=False).save(tmp_path / "run")
    assert cli.run(["export", str(tmp_path / "run")]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("'=0+1,")
    assert cli.run(["export", str(tmp_path / "run"), "--to", "parquet", "-o", str(tmp_path / "t.parquet")]) == 0
    assert pd.read_parquet(tmp_path / "t.parquet")["id"][0] == "=0+1"
