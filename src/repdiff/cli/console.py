"""What every command uses: progress bars on standard error, results on standard output, and exit codes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from repdiff.cli.streams import print_data
from repdiff.core.progress import Progress, silent

USER_MISTAKE, DEFECT, INTERRUPTED, OUTPUT_CLOSED, TERMINATED = 2, 70, 130, 141, 143  # exit codes

_SECONDS_BETWEEN_LINES = 0.2


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Progress bars where standard error is a terminal, else nothing."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if not console.is_terminal:
        yield silent
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Stages(bars)


class ProgressLines:
    """Progress for another program: ``stage``, ``done`` and ``total`` as a line of JSON, a few lines a second."""

    def __init__(self) -> None:
        self._last, self._stage = 0.0, ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Print where the work is, unless that was said a moment ago."""
        now = time.monotonic()
        if not stage or (stage == self._stage and now - self._last < _SECONDS_BETWEEN_LINES and done < total):
            return
        self._last, self._stage = now, stage
        print(json.dumps({"stage": stage, "done": int(done), "total": int(total)}), file=sys.stderr, flush=True)


class _Stages:
    """One bar at a time: that of the running stage."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._stage: str | None = None
        self._task: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not stage:
            return
        if stage != self._stage:
            if self._task is not None:
                self._bars.remove_task(self._task)
            # What a resumed stage begins with was done earlier, so it must not count as speed.
            self._stage, self._task = stage, self._bars.add_task(stage, total=total, completed=done, rate="")
        self._bars.update(self._task, completed=done, total=total, rate=_rate(self._bars, self._task))


def _rate(bars: Any, task: Any) -> str:
    speed = next(one.speed for one in bars.tasks if one.id == task)
    return "" if not speed else f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s"


def print_json(facts: Any) -> None:
    """One JSON document on standard output."""
    print_data(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
