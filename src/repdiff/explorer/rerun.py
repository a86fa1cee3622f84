"""The full comparison with other settings: a child process that writes another run beside the one that is open.

The child is ``repdiff rerun`` with values that were checked here; nothing of its command line is text of a client.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from repdiff.core.errors import RepdiffError
from repdiff.core.unfinished import remove_left_behind
from repdiff.explorer.explored import Explored
from repdiff.explorer.trials import Changes
from repdiff.store.directory import check_target
from repdiff.workflows.recall import place_of

_PATIENCE = 10.0  # seconds that a child gets to delete what it has not finished
_LONGEST_LINE = 2_000  # characters of what it says
_MOST_NAMES = 100
_OPTIONS = {"gamma": "--gamma", "beta": "--beta", "threshold": "--threshold", "n_clusters": "--clusters"}
_LETTERS = {"gamma": "gamma", "beta": "beta", "threshold": "threshold", "n_clusters": "groups"}


@dataclass
class _Work:
    """A child process, and what is known of it."""

    process: subprocess.Popen[str]
    output: Path
    title: str
    progress: dict[str, Any] | None = None
    error: str = ""
    state: str = "running"  # running, done, failed, cancelled
    frame: int | None = None
    follower: threading.Thread = field(default_factory=threading.Thread)


class Rerun:
    """One full comparison at a time.

    Parameters
    ----------
    add : callable
        Called with title and folder of a run that was written; returns its number among the comparisons.
    beside : Path
        The directory that is open; new runs are written beside it.
    """

    def __init__(self, add: Callable[[str, Path], int], beside: Path) -> None:
        self._add, self._beside = add, beside
        self._lock = threading.Lock()
        self._work: _Work | None = None
        self._closed = False

    @property
    def state(self) -> dict[str, Any]:
        """What the page shows: how far it is, or how it ended."""
        with self._lock:
            work = self._work
            if work is None:
                return {"state": "idle"}
            return {
                "state": work.state, "output": work.output.name, "title": work.title, "progress": work.progress,
                "error": work.error, "frame": work.frame,
            }  # fmt: skip

    def start(self, explored: Explored, changes: Changes, what: str) -> None:
        """Start a comparison with these changes.

        Parameters
        ----------
        explored : Explored
            The comparison that is done again.
        changes : Changes
            Settings in place of its own.
        what : str
            What tells it from the others that are open, in a word; "" where there is only one.

        Raises
        ------
        RepdiffError
            Where one is running, nothing is changed, or the embeddings are not where the run says.
        """
        asked = {name: value for name, value in vars(changes).items() if value is not None}
        if not asked:
            raise RepdiffError("nothing is changed; change a setting first")
        inputs = explored.comparison.provenance.inputs
        for side in ("x", "y"):
            place_of(inputs[side], side, getattr(explored.given, side), explored.folder, explored.folder.name)
        with self._lock:
            if self._closed or (self._work is not None and self._work.state == "running"):
                raise RepdiffError("a comparison is running already; wait for it, or cancel it")
            output = self._free_name(asked, what)
            process = self._started(explored, asked, output)
            words = ", ".join(f"{_LETTERS[name]} {value:g}" for name, value in asked.items())
            work = _Work(process, output, f"{' and '.join(explored.comparison.names)}, {words}")
            work.follower = threading.Thread(target=self._follow, args=(work,), daemon=True, name="repdiff-rerun")
            self._work = work
            work.follower.start()

    def cancel(self) -> None:
        """Stop what is running, if anything is; it leaves nothing behind."""
        with self._lock:
            work = self._work if self._work is not None and self._work.state == "running" else None
            if work is not None:
                work.state = "cancelled"
        if work is not None:
            _end(work)
            work.follower.join(_PATIENCE)

    def close(self) -> None:
        """Stop, and start nothing any more."""
        with self._lock:
            self._closed = True
        self.cancel()

    def _free_name(self, asked: dict[str, float], what: str) -> Path:
        parts = [self._beside.name, *([what] if what else [])]
        stem = "-".join([*parts, *(f"{_LETTERS[name]}-{value:g}" for name, value in asked.items())])
        for number in range(1, _MOST_NAMES):
            output = self._beside.with_name(stem if number == 1 else f"{stem}-{number}")
            if not os.path.lexists(output):
                check_target(output)
                return output
        raise RepdiffError(f"there are {_MOST_NAMES} runs with these settings already; delete some")

    def _started(self, explored: Explored, asked: dict[str, float], output: Path) -> subprocess.Popen[str]:
        given = {name: value for name, value in vars(explored.given).items() if value is not None}
        command = [sys.executable, "-m", "repdiff", "rerun", "--as-child", "--output", str(output.resolve())]
        command += [part for name, value in asked.items() for part in (_OPTIONS[name], f"{value:g}")]
        command += [part for name, path in given.items() for part in (f"--{name}", str(path.resolve()))]
        return subprocess.Popen(
            [*command, "--", str(explored.folder)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace", start_new_session=True,
        )  # fmt: skip

    def _follow(self, work: _Work) -> None:
        assert work.process.stderr is not None
        with work.process:  # which closes its pipes
            said = _read(work.process.stderr, lambda told: setattr(work, "progress", told))
            code = work.process.wait()
        with self._lock:
            if code != 0:
                if work.state != "cancelled":
                    work.state, work.error = "failed", said or f"it ended with exit code {code}"
                return
        try:
            frame = self._add(work.title, work.output)
        except RepdiffError as error:
            work.error, work.state = str(error), "failed"
            return
        work.frame = frame
        work.state = "done"


def _read(lines: IO[str], tell: Callable[[dict[str, Any]], None]) -> str:
    """Progress is told as it comes; returns the last line that is an error."""
    said = ""
    while line := lines.readline(_LONGEST_LINE):
        with suppress(ValueError):
            told = json.loads(line)
            if isinstance(told, dict):
                tell(told)
                continue
        if line.startswith("repdiff: error: "):
            said = line.removeprefix("repdiff: error: ").strip()
    return said


def _end(work: _Work) -> None:
    """Ask a process to end and give it time to delete what is not finished; then end it, and delete that here."""
    work.process.terminate()
    try:
        work.process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        work.process.kill()
        work.process.wait()
        remove_left_behind(work.output)
