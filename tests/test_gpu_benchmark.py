"""The script that measures on a GPU, in small on torch's CPU device, so that it works where there is one at last."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMALL = ["--device", "cpu", "--small", "--repeats", "1"]


@pytest.fixture
def gpu(monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(BENCHMARKS)
    import gpu

    yield gpu
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(BENCHMARKS)):
            del sys.modules[name]


def test_checks_and_figures_are_printed_at_once_and_as_tables(gpu, capsys):
    gpu.main([*SMALL, "--sections", "sampled-100k", "copies", "checks"])
    told, _, section = capsys.readouterr().out.partition("## GPU: the torch engine on torch's cpu device")
    assert told.index("# checks") < told.index("# copies")
    assert "copies floor" in told
    for name in ("engine", "steps", "seconds", "tile", "sampled", "stages"):
        assert gpu._TABLES[name][0] in section
    errors = [line.split(" | ")[3] for line in section.splitlines() if "| 200 |" in line]
    assert len(errors) == 5
    assert max(map(float, errors)) < 1e-5
    assert "| host |" in section
    assert "| the same labels twice | yes |" in section
    assert float(section.partition("| sampled: partners equal to the host's | ")[2][:6]) > 0.99
    assert section.count("100 x 64, 16% copies |") > 3


def test_no_section_is_begun_without_time(gpu, capsys):
    gpu.main([*SMALL, "--budget", "0"])
    told = capsys.readouterr().out
    assert told.count("left out") == 8
    assert told.count("not measured, for want of time") == 8
    assert "#" not in told.partition("## GPU")[0]
