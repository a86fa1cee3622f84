"""What every benchmark needs: clocks, memory, child processes, and stored results."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).parent
RESULTS = HERE / "results"  # one JSON file a section; not in the repository
_SAMPLE_SECONDS = 0.003


@dataclass(frozen=True)
class ResultTable:
    """One table of RESULTS.md."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """The results of one benchmark, and the machine they were measured on."""

    title: str
    tables: Sequence[ResultTable]
    machine: str = ""
    versions: str = ""
    date: str = ""
    notes: Sequence[str] = field(default_factory=tuple)

    def save(self, name: str) -> None:
        """Store it for the report."""
        RESULTS.mkdir(exist_ok=True)
        told = asdict(self) | {"machine": machine(), "versions": versions(), "date": time.strftime("%Y-%m-%d")}
        (RESULTS / f"{name}.json").write_text(json.dumps(told, indent=1))

    @classmethod
    def load(cls, name: str) -> Section | None:
        """The section as it was last measured, or None."""
        path = RESULTS / f"{name}.json"
        if not path.exists():
            return None
        told = json.loads(path.read_text())
        return cls(**told | {"tables": [ResultTable(**table) for table in told["tables"]]})


def as_text(section: Section) -> str:
    """The text of the section in RESULTS.md."""
    lines = [f"## {section.title}", ""]
    if section.machine:
        lines += [f"{section.machine}; {section.versions}; {section.date}.", ""]
    for note in section.notes:
        lines += [note, ""]
    for table in section.tables:
        lines += _table_lines(table)
    return "\n".join(lines)


def _table_lines(table: ResultTable) -> list[str]:
    lines = [f"{table.caption}", ""] if table.caption else []
    lines += [_row(table.columns), _row(["---"] * len(table.columns)), *map(_row, table.rows), ""]
    for note in table.notes:
        lines += [note, ""]
    return lines


def _row(cells: object) -> str:
    assert isinstance(cells, (list, tuple))
    return "| " + " | ".join(cells) + " |"


def interleaved(work: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each, all run in turn ``repeats`` times, so that a slow phase of the machine affects all."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(repeats):
        for name, call in work.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


@dataclass
class Peak:
    """Resident bytes before a piece of work, and the most during it."""

    before: int
    highest: int

    @property
    def above(self) -> int:
        """Bytes the work added at its peak."""
        return self.highest - self.before


@contextmanager
def resident_peak() -> Iterator[Peak]:
    """Watch this process's resident memory while the block runs."""
    process = psutil.Process()
    now = process.memory_info().rss
    peak, stop = Peak(now, now), threading.Event()

    def watch() -> None:
        while not stop.wait(_SAMPLE_SECONDS):
            peak.highest = max(peak.highest, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        stop.set()
        watcher.join()


def in_child(function: str, module: str = "exact", **arguments: Any) -> dict[str, Any]:
    """Call ``module.function(**arguments)`` in a fresh process and return what it returns."""
    call = f"import {module}, json, sys; print(json.dumps({module}.{function}(**json.loads(sys.argv[1]))))"
    command = [sys.executable, "-c", call, json.dumps(arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(path).resolve()) for path in sys.path if path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{function}({arguments}) failed:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def machine() -> str:
    """Processor, cores, memory."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        name = models[0] if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, {platform.system()}"


def versions() -> str:
    """Of Python and the libraries that the figures depend on."""
    packages = ("numpy", "scipy", "scikit-learn", "numba", "torch")
    told = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            told.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            told.append(f"{package} not installed")
    return ", ".join(told)
