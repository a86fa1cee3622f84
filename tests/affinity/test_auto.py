"""Which engine is chosen, and that it is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import cli
from repdiff.affinity.auto import Auto
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.engine import Sampled
from repdiff.core.errors import MemoryLimitError, RepdiffError


def empty(n: int, d: int = 4, metric: str = "euclidean") -> Representation:
    return Representation(np.broadcast_to(np.float32(0), (n, d)), metric)  # never looked at


def test_few_items_are_looked_at_exactly(pair_xy):
    found = compute_affinities(*pair_xy, engine="auto")
    assert (found.engine["name"], found.engine["chosen_by"]) == ("exact", "auto")
    assert "reason" not in found.engine


def test_what_takes_long_is_sampled():
    chosen = Auto().plan(empty(100_000, 768), empty(100_000, 768), memory_limit=10**12, n_jobs=2)
    assert chosen.details["engine"] == "sampled"
    assert chosen.details["reason"].startswith("the exact engine would take about")
    assert chosen.need == Sampled().plan(empty(100_000, 768), empty(100_000, 768), memory_limit=10**12, n_jobs=2).need


def test_what_does_not_fit_is_sampled():
    x = empty(30_000)
    assert Auto(longest=1e9).plan(x, x, memory_limit=10**10).details["engine"] == "exact"
    enough = Sampled().plan(x, x, memory_limit=10**10).need
    chosen = Auto(longest=1e9).plan(x, x, memory_limit=enough)
    assert chosen.details["engine"] == "sampled"
    assert chosen.details["reason"].startswith("the exact engine does not fit into ")
    with pytest.raises(MemoryLimitError, match="the sampled engine needs"):
        Auto().plan(x, x, memory_limit=10**8)


def test_what_only_lacks_memory_gets_exact_ranks():
    x = empty(50_000)
    chosen = Auto().plan(x, x, memory_limit=2 * 10**9, n_jobs=2)
    assert chosen.details["engine"] == "exact-ranks"
    assert chosen.details["reason"] == "the exact engine does not fit into 2.0 GB of memory"
    assert chosen.need <= 2 * 10**9
    assert Auto(longest=10.0).plan(x, x, memory_limit=2 * 10**9, n_jobs=2).details["engine"] == "sampled"


def test_a_second_plan_decides_as_the_first():
    x = empty(30_000)
    first = Auto(longest=1e9).plan(x, x, memory_limit=6 * 10**8)
    again = Auto(longest=1e9).plan(x, x, memory_limit=10**12, like=first)
    assert again.details == first.details


def test_distances_are_for_the_exact_engine_only():
    x = empty(30_000, 30_000, "precomputed")
    with pytest.raises(MemoryLimitError, match="the exact engine needs"):
        Auto().plan(x, x, memory_limit=6 * 10**8)


def test_the_choice_and_its_reason_are_told(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 400, 5))
    monkeypatch.setattr("repdiff.affinity.sampled.engine._FEW", (128, 32, 4))
    found = compute_affinities(x, y, engine=Auto(longest=0.0))
    assert (found.engine["name"], found.engine["chosen_by"]) == ("sampled", "auto")
    assert found.engine["reason"] == "the exact engine would take about 0 seconds"
    assert found.engine["candidates"] == 128


def test_ranks_are_shared_where_the_exact_engine_is_chosen():
    assert type(Auto().shared(empty(100))) is type(Exact().shared(empty(100)))
    assert Auto().shared(empty(3_000_000)) is None


def test_it_runs_on_the_cpu():
    with pytest.raises(RepdiffError, match="for device 'cuda' take engine=\"torch\""):
        compute_affinities(np.zeros((5, 2)), np.zeros((5, 2)), engine="auto", device="cuda")


def test_it_is_what_compares_unless_told_otherwise(pair_xy):
    found = repdiff.compare(*pair_xy, n_clusters=3, evidence=False).provenance
    assert (found.engine["name"], found.engine["chosen_by"]) == ("exact", "auto")
    assert not [line for line in found.warnings if "engine" in line]
    settled = repdiff.compare(*pair_xy, n_clusters=3, evidence=False, engine="exact").provenance
    assert "chosen_by" not in settled.engine


def test_a_sampled_result_says_so_wherever_it_is_shown(monkeypatch, tmp_path, capsys):
    x, y = np.random.default_rng(0).normal(size=(2, 500, 5))
    for name, side in (("x", x), ("y", y)):
        np.save(tmp_path / f"{name}.npy", side)
    monkeypatch.setattr("repdiff.affinity.sampled.engine._FEW", (128, 32, 4))
    monkeypatch.setattr("repdiff.affinity.auto.LONGEST_SECONDS", 0.0)
    files = [str(tmp_path / f"{name}.npy") for name in "xy"]
    assert cli.run(["compare", *files, "-n", "3", "-o", str(tmp_path / "run")]) == 0
    start = "the sampled engine was chosen, since the exact engine would take about"
    assert f"note: {start}" in " ".join(capsys.readouterr().out.split())
    run = repdiff.load(tmp_path / "run")
    assert [line for line in run.provenance.warnings if line.startswith(start) and "--engine exact" in line]
    assert start in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert run.provenance.engine["reason"].startswith("the exact engine")
    assert len(run.reference.rows) == 500
    assert run.evidence.findings["x_only"].code


@pytest.mark.parametrize("options", [{"within": "kind"}, {"clusterer": lambda affinity: np.arange(len(affinity)) % 2}])
def test_what_needs_every_pair_gets_every_pair(monkeypatch, options):
    x, y = np.random.default_rng(0).normal(size=(2, 500, 5))
    monkeypatch.setattr("repdiff.affinity.sampled.engine._FEW", (128, 32, 4))
    monkeypatch.setattr("repdiff.affinity.auto.LONGEST_SECONDS", 0.0)
    items = pd.DataFrame({"kind": ["a", "b"] * 250})
    found = repdiff.compare(x, y, items=items, n_clusters=3, evidence=False, **options)
    assert found.provenance.engine["name"] == "exact"
