"""What every command prints with: progress bars on standard error, results on standard output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from repdiff.progress import Progress, silent


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars on a terminal, and silence where standard error is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
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
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Stages(bars)


class _Stages:
    """One bar at a time: that of the stage under way."""

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
            self._stage, self._task = stage, self._bars.add_task(stage, total=total)
        self._bars.update(self._task, completed=done, total=total)


def print_json(facts: Any) -> None:
    """One JSON document on standard output."""
    print(json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False))
