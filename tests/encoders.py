"""What tests of encoding share: small pictures, small models, and whether their libraries are to be had."""

from __future__ import annotations

import importlib
import os
import pickle
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from repdiff.encoding.decoders import PreparedItem, Skip, portable
from repdiff.encoding.worker import ImageTask, _prepared

SRC = str(Path(__file__).parents[1] / "src")
REQUIRED = os.environ.get("REPDIFF_REQUIRE_TORCH") == "1"


def need(*packages: str) -> Any:
    """Skip the test where a package is missing, unless everything has to be there."""
    found = [importlib.import_module(name) if REQUIRED else pytest.importorskip(name) for name in packages]
    return found[0]


def write_pictures(folder: Path, n: int = 24, *, side: int = 20, names: tuple[str, str] = ("blue", "red")) -> Path:
    """A folder of n pictures in two subfolders, blue ones and red ones, each a little different."""
    rng = np.random.default_rng(0)
    for row in range(n):
        name = names[row % 2]
        values = rng.integers(0, 60, (side, side, 3), np.uint8)
        values[..., 0 if row % 2 else 2] += np.uint8(120)
        (folder / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(values).save(folder / name / f"{row:04d}.png")
    return folder


class OpenedHere:
    """Stands in for :class:`repdiff.encoding.decoders.Decoders`: prepares images in this process.

    For tests of what models give: a process of its own would import torch and transformers again, for seconds.
    """

    def __init__(self, prepare: Any, **_: Any) -> None:
        self._prepare = pickle.loads(portable(prepare))  # as the other process gets it

    def map(self, tasks: Iterable[ImageTask], **_: Any) -> Iterator[PreparedItem | Skip]:
        for task in tasks:
            reply, body = _prepared(task, self._prepare, self)
            if reply.outcome == "array":
                dtype, shape = reply.told
                yield PreparedItem(reply.index, np.frombuffer(bytes(body), dtype).reshape(shape), reply.digest)
            elif reply.outcome == "object":
                yield PreparedItem(reply.index, pickle.loads(body), reply.digest)
            else:
                yield Skip(reply.index, reply.told, unfit=reply.outcome == "unfit")

    def enter(self) -> None:
        """Nobody else holds a large image."""

    def close(self) -> None:
        """There is no process to end."""

    stop = close


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "repdiff", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([SRC, os.environ.get("PYTHONPATH", "")]), **more}


class Watched:
    """A command that was run to its end, and the most memory that its processes held together.

    Memory that processes share, as workers do with the one they were forked from, is counted once (PSS). What they hold
    together is looked up every few hundredths of a second; what one alone has held at any time, the system keeps.
    """

    def __init__(self, arguments: list[str], *, timeout: float, cwd: Path | None = None) -> None:
        self.peak = 0
        process = subprocess.Popen(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=cwd
        )
        watcher = threading.Thread(target=self._watch, args=(psutil.Process(process.pid),))
        watcher.start()
        try:
            self.out, self.err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            watcher.join()
        self.code = process.returncode

    def _watch(self, process: psutil.Process) -> None:
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            try:
                family = [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            self.peak = max(self.peak, sum(map(_held, family)), *map(_high_water, family))
            time.sleep(0.03)


def _held(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0) or process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
        return 0


def _high_water(process: psutil.Process) -> int:
    """The most bytes that a process has held so far; 0 where the system does not tell."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    except OSError:
        return 0
    return 1024 * int(found[1]) if found else 0


def values_of(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        return arrays["embeddings"]
