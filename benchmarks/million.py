"""``repdiff compare`` on a million memory-mapped items, as a user runs it: time, memory and Ctrl-C, step by step.

Every step is printed when it ends, so that a long run can be watched.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import data
from harness import ResultTable, Section

_MINUTES_BARS = {128: 20, 768: 40}
_MEMORY_BAR, _REPORT_BAR, _INTERRUPT_BAR = 10e9, 20e6, 2.0
_SAMPLE_SECONDS, _TICK_SECONDS = 0.05, 0.2
_COLUMNS = "step", "wall, s", "processor, s", "peak beside the maps, GB", "longest deaf to Ctrl-C, s"


def million(options: argparse.Namespace) -> Section:
    """Both directions with all evidence, the run and its report, and a second number of clusters."""
    n, d = options.n, options.d
    with tempfile.TemporaryDirectory(dir=options.scratch) as folder:
        print(f"writing 2 x {n:,} x {d} float32, {8 * n * d / 1e9:.1f} GB", flush=True)
        data.write_synthetic_pair(Path(folder), n, d)
        command = [sys.executable, str(Path(__file__)), folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            told = []
            for line in child.stdout:
                print(line, end="", flush=True)
                told.append(line.rstrip("\n"))
        if child.returncode:
            raise SystemExit(f"repdiff compare ended with exit code {child.returncode}")
    rows = [line.split(" | ") for line in told if line.count(" | ") == len(_COLUMNS) - 1]
    facts = [line for line in told if line.startswith("# ")]
    bar = f"Bars: {_MINUTES_BARS[d]} minutes, " if d in _MINUTES_BARS and n == 1_000_000 else "Bars: "
    bar += f"{_MEMORY_BAR / 1e9:.0f} GB, Ctrl-C within {_INTERRUPT_BAR:.0f} s, a report of {_REPORT_BAR / 1e6:.0f} MB."
    notes = [*(line.removeprefix("# ") for line in facts), bar]
    return Section(f"Sampled: {n:,} items, d = {d}", [ResultTable("", _COLUMNS, rows, notes)])


class _Meter:
    """Wall time, processor time, memory beside the maps, and how long the main thread did not hear a signal."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._peaks: dict[int, int] = {}
        self._deaf: dict[int, float] = {}
        self._number = 0
        self.highest, self.deafest = 0, 0.0
        self._last_tick = time.perf_counter()
        threading.Thread(target=self._watch, daemon=True).start()
        signal.signal(signal.SIGALRM, self._tick)
        signal.setitimer(signal.ITIMER_REAL, _TICK_SECONDS, _TICK_SECONDS)

    def _watch(self) -> None:
        while True:
            now = own_memory()
            with self._lock:
                self.highest = max(self.highest, now)
                for number in self._peaks:
                    self._peaks[number] = max(self._peaks[number], now)
            time.sleep(_SAMPLE_SECONDS)

    def _tick(self, *_: object) -> None:
        now = time.perf_counter()
        waited, self._last_tick = max(0.0, now - self._last_tick - _TICK_SECONDS), now
        self.deafest = max(self.deafest, waited)
        for number in self._deaf:
            self._deaf[number] = max(self._deaf[number], waited)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step and print it."""
        with self._lock:
            self._number += 1
            number = self._number
            self._peaks[number] = own_memory()
        self._deaf[number] = 0.0
        wall, processor = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            with self._lock:
                peak = self._peaks.pop(number)
            deaf = self._deaf.pop(number)
            print(f"{name} | {wall:.1f} | {processor:.1f} | {peak / 1e9:.2f} | {deaf:.1f}", flush=True)


def own_memory() -> int:
    """Resident bytes of this process that are not mapped files."""
    with Path("/proc/self/status").open() as status:
        kilobytes = {line.split(":")[0]: line.split()[1] for line in status if line.startswith("Rss")}
    return 1024 * (int(kilobytes["RssAnon"]) + int(kilobytes["RssShmem"]))


class _Stages:
    """Steps within steps, as far as progress tells them."""

    def __init__(self, meter: _Meter) -> None:
        self._meter, self._stage = meter, ""
        self._running = contextlib.ExitStack()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note where a stage ends and another begins."""
        if stage and stage != self._stage:
            self.end()
            self._stage = stage
            self._running.enter_context(self._meter.step(f"… {stage}"))

    def end(self) -> None:
        """End the last one."""
        self._running.close()
        self._stage = ""


def _measure(meter: _Meter) -> None:
    """Make the commands of this process report to a meter."""
    import repdiff.cli.console
    import repdiff.report
    import repdiff.store.run
    from repdiff.workflows.provenance import Clock

    stages = _Stages(meter)
    time_of_stage = Clock.time

    @contextmanager
    def timed(self: Clock, stage: str) -> Iterator[None]:
        with meter.step(stage), time_of_stage(self, stage):
            yield

    @contextmanager
    def progress_bars() -> Iterator[_Stages]:
        yield stages
        stages.end()

    def step(module: Any, name: str, told: str) -> None:
        call: Callable[..., Any] = getattr(module, name)

        def measured(*arguments: Any, **options: Any) -> Any:
            stages.end()
            with meter.step(told):
                return call(*arguments, **options)

        setattr(module, name, measured)

    Clock.time = timed  # type: ignore[method-assign, assignment]
    repdiff.cli.console.progress_bars = progress_bars  # type: ignore[assignment]
    step(repdiff.report, "render", "report")
    step(repdiff.store.run, "write_run", "writing the run")


def main(folder: Path) -> None:
    """Compare the two files of a folder; run in a child."""
    import repdiff
    from repdiff.cli import run
    from repdiff.store.run import REPORT

    meter = _Meter()
    _measure(meter)
    output = folder / "run"
    files = [str(folder / f"{name}.npy") for name in "xy"]
    with meter.step("repdiff compare in all"):
        code = run(["compare", *files, "--engine", "sampled", "-o", str(output)])
    if code:
        raise SystemExit(code)
    with meter.step("loading the run"):
        found = repdiff.load(output)
    with meter.step("cut into 14 clusters"):
        found.recut(14)
    run_bytes = sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    signal.setitimer(signal.ITIMER_REAL, 0)
    print(f"# Peak beside the maps {meter.highest / 1e9:.2f} GB; longest deaf to Ctrl-C {meter.deafest:.1f} s.")
    print(f"# Report {(output / REPORT).stat().st_size / 1e6:.1f} MB, the whole run {run_bytes / 1e6:.0f} MB.")


if __name__ == "__main__":
    os.chdir(Path(sys.argv[1]))
    main(Path(sys.argv[1]))
