"""The processes that open images.

A *fork server* process imports once what preparing an image needs, and starts workers by ``fork``. They share its
memory and start at once, so one that hangs or dies is soon replaced. The server has one thread, which makes forking
safe; the main process, whose model has threads, never forks. A worker that outlives the main process, or exceeds its
time for an image, ends itself.
"""

from __future__ import annotations

import fcntl
import gc
import hashlib
import os
import pickle
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

import numpy as np

from repdiff.core.errors import InputError
from repdiff.core.files import one_line
from repdiff.inputs.images import open_image

_MEMORY_PER_WORKER = 640 << 20
_LONGEST_REASON = 300
DIGEST_BYTES = 16

Outcome = Literal["array", "object", "unreadable", "unfit"]


@dataclass(frozen=True)
class ImageTask:
    """An image to prepare: its place in the list, its path, and its name in messages."""

    index: int
    path: str
    name: str


@dataclass(frozen=True)
class Reply:
    """The outcome of a task; the bytes of an ``array`` or ``object`` follow as a separate message.

    ``unreadable``: the file cannot be opened as an image. ``unfit``: the model's preparation failed on it.
    """

    index: int
    outcome: Outcome
    told: Any
    digest: str = ""


class _Gate:
    """Lets only one worker at a time hold a large image, so that memory does not grow with their number.

    The lock belongs to the process, so it is released when a worker is killed. A worker that waits too long goes on
    without it, so that an image is not lost because another one hangs.
    """

    def __init__(self, seconds: float) -> None:
        self._file, self._seconds = tempfile.TemporaryFile(), seconds  # noqa: SIM115  it is there as long as we are

    def enter(self) -> None:
        give_up = time.monotonic() + self._seconds
        while not self._is_ours() and time.monotonic() < give_up:
            time.sleep(0.02)

    def leave(self) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def _is_ours(self) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def run_fork_server(descriptor: int) -> None:
    """Import what is needed, report it, and start a worker for each socket received, until the main process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process handles Ctrl-C, and then closes the socket
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nothing waits for ended workers
    control = socket.socket(fileno=descriptor)
    prepare, seconds = _set_up(control)
    gate = _Gate(seconds / 3)
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, *_ = socket.recv_fds(control, 1, 1)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            _run_worker(Connection(descriptors[0]), prepare, seconds, gate)
            os._exit(0)
        os.close(descriptors[0])


def _set_up(control: socket.socket) -> tuple[Callable[[Any], Any], float]:
    connection = Connection(os.dup(control.fileno()))
    try:
        code, seconds = connection.recv()
        prepare = pickle.loads(code)
        connection.send("")
    except EOFError:
        os._exit(0)
    except Exception as error:
        connection.send(f"{type(error).__name__}: {one_line(error)}")
        os._exit(1)
    finally:
        connection.close()
    return prepare, seconds


def _run_worker(connection: Connection, prepare: Callable[[Any], Any], seconds: float, gate: _Gate) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    _limit_memory()
    try:
        connection.send(os.getpid())
        while True:
            task: ImageTask = connection.recv()
            signal.setitimer(signal.ITIMER_REAL, seconds)  # the signal ends this process, even inside a decoder
            reply, body = _prepared(task, prepare, gate)
            gate.leave()
            signal.setitimer(signal.ITIMER_REAL, 0)
            connection.send(reply)
            if body is not None:
                connection.send_bytes(body)
    except (EOFError, OSError):  # the main process is done, or gone
        return


def _prepared(task: ImageTask, prepare: Callable[[Any], Any], gate: _Gate) -> tuple[Reply, Any]:
    try:
        image = open_image(task.path, name=task.name, before_large=gate.enter)
        digest = _digest_of(task.path)
    except InputError as error:
        return Reply(task.index, "unreadable", str(error)), None
    try:
        sample = prepare(image)
        if isinstance(sample, np.ndarray) and sample.dtype != object:
            sample = np.ascontiguousarray(sample)
            return Reply(task.index, "array", (sample.dtype.str, sample.shape), digest), sample.reshape(-1).view(
                np.uint8
            )
        return Reply(task.index, "object", None, digest), pickle.dumps(sample, protocol=5)
    except MemoryError:
        return Reply(task.index, "unreadable", f"{task.name} needs too much memory to be prepared"), None
    except Exception as error:  # a user's transform may raise anything, as may an odd image in a good transform
        reason = f"{type(error).__name__}: {one_line(error)}"[:_LONGEST_REASON]
        return Reply(task.index, "unfit", f"{task.name} cannot be prepared for the model: {reason}"), None


def _digest_of(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=DIGEST_BYTES)).hexdigest()


def _limit_memory() -> None:
    """Limit how much more memory the worker can allocate, so that a huge image becomes a ``MemoryError``."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + _MEMORY_PER_WORKER
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, OSError, ValueError):  # not on this system
        return
