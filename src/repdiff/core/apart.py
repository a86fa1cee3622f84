"""Work done in a child process with limits, where a library may crash, hang or use up the memory on a damaged file.

The child runs a generator by name and sends what it yields. It ends itself when one step takes too much processor time
(a slow disk or network costs none) or memory, and the parent tells of it in one line. A child stays for the next call.
"""

from __future__ import annotations

import atexit
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from repdiff.core import errors
from repdiff.core.errors import InputError, RepdiffError

STEP_SECONDS = 2.0  # of processor time, for one step; more for more bytes
SPARE_BYTES = 2 << 30  # that the child may allocate beyond what it announces
_IDLE_SECONDS = 60
_START = (
    "import sys; fd = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; from repdiff.core.apart import serve; serve(fd)"
)
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def run_apart(module: str, function: str, *args: Any, source: str) -> Iterator[Any]:
    """What a generator function yields, run in a child process with limits on memory and on time per step.

    Parameters
    ----------
    module, function : str
        Where it is defined. It must be importable by name, and what it yields must be picklable.
    *args
        Its arguments.
    source : str
        What it works on, for messages.

    Raises
    ------
    InputError
        Where the child dies of it, by a crash or by one of its limits.
    RepdiffError
        Whatever of this kind it raises. Other exceptions come as ``RuntimeError`` with the same message, but for
        ``MemoryError``.
    """
    child = _take()
    try:
        yield from child.run(module, function, args, source)
    finally:
        if child.free:
            _give_back(child)
        else:
            child.close()


def step(*, seconds: float = STEP_SECONDS, spare_bytes: int | None = None) -> None:
    """Begin a step, in the child; does nothing elsewhere.

    Parameters
    ----------
    seconds : float
        Processor time it may take.
    spare_bytes : int, optional
        Bytes it may allocate.
    """
    if _limited:
        signal.setitimer(signal.ITIMER_PROF, seconds)  # its signal ends this process, even inside a library
        if spare_bytes is not None:
            _limit_memory(spare_bytes)


class _Child:
    """A process that answers calls one after the other."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(theirs.fileno()), *sys.path],
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches the parent only, which then ends this
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **_ONE_THREAD},
            )
        self._connection = Connection(ours.detach())
        self.free = True  # whether it waits for a call

    def run(self, module: str, function: str, args: tuple[Any, ...], source: str) -> Iterator[Any]:
        """What the function yields there."""
        self.free = False
        try:
            self._connection.send((_folder(), module, function, args))
            while True:
                kind, told = self._connection.recv()
                self.free = kind not in ("array", "item")
                if kind == "done":
                    return
                if kind == "array":
                    yield self._array(*told)
                elif kind == "item":
                    yield told
                else:
                    raise _error(kind, told)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise InputError(f"{source}: {self._why_dead()}") from None

    def _array(self, dtype: str, shape: tuple[int, ...]) -> Any:
        array = np.empty(shape, dtype)
        if array.nbytes:
            self._connection.recv_bytes_into(array.reshape(-1).view(np.uint8).data)
        return array

    def _why_dead(self) -> str:
        self._connection.close()
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = 0
        if code == -signal.SIGPROF:
            return "its library works on it without end, so the file is damaged; get it again"
        if code < 0:
            return f"its library crashed on it ({signal.Signals(-code).name}), so the file is damaged; get it again"
        return "the process that reads it ended early; is memory used up?"

    def is_alive(self) -> bool:
        """Whether it can take another call."""
        return self._process.poll() is None and not self._connection.closed and not self._connection.poll()

    def close(self) -> None:
        """End it."""
        self._connection.close()
        with suppress(OSError):
            self._process.kill()
        self._process.wait()


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # it was deleted
        return "/"


def _error(kind: str, told: str) -> Exception:
    if kind == "memory":
        return MemoryError(told)
    found = getattr(errors, kind, None)
    known = isinstance(found, type) and issubclass(found, RepdiffError) and found is not errors.MissingExtraError
    return found(told) if known else RuntimeError(told)  # type: ignore[misc]


_idle: list[tuple[int, _Child]] = []
_lock = threading.Lock()


def _take() -> _Child:
    """A child that waits, or a new one."""
    while True:
        with _lock:
            if not _idle:
                break
            owner, child = _idle.pop()
        if owner != os.getpid():  # of the process that this one was forked from
            continue
        if child.is_alive():
            return child
        child.close()
    return _Child()


def _give_back(child: _Child) -> None:
    with _lock:
        _idle.append((os.getpid(), child))


def close_idle() -> None:
    """End the children that wait for another call."""
    while _idle:
        owner, child = _idle.pop()
        if owner == os.getpid():
            child.close()


atexit.register(close_idle)

# What follows runs in the child.

_limited = False


def serve(descriptor: int) -> None:
    """Answer calls until the parent ends, or none has come for a while."""
    global _limited
    _limited = True
    _no_core_files()
    connection = Connection(descriptor)
    with suppress(EOFError, OSError):  # the parent is done, or gone
        while select.select([connection], [], [], _IDLE_SECONDS)[0]:
            folder, module, function, args = connection.recv()
            with suppress(OSError):
                os.chdir(folder)  # where relative paths start
            _answer(connection, module, function, args)
            signal.setitimer(signal.ITIMER_PROF, 0)
    os._exit(0)


def _answer(connection: Connection, module: str, function: str, args: tuple[Any, ...]) -> None:
    try:
        step(seconds=20 * STEP_SECONDS)  # importing libraries takes a while
        run = getattr(import_module(module), function)
        step(spare_bytes=SPARE_BYTES)
        items: Generator[Any] = run(*args)
        for item in items:
            _send(connection, item)
            step()
        connection.send(("done", None))
    except OSError as error:
        if isinstance(error, BrokenPipeError | ConnectionError):
            raise
        connection.send(("failed", f"{error.strerror or error}"))
    except MemoryError as error:
        connection.send(("memory", str(error)))
    except Exception as error:
        kind = type(error).__name__ if isinstance(error, RepdiffError) else "failed"
        connection.send((kind, str(error) or type(error).__name__))


def _send(connection: Connection, item: Any) -> None:
    if not isinstance(item, np.ndarray) or item.dtype.hasobject or item.dtype.names is not None:
        connection.send(("item", item))
        return
    connection.send(("array", (item.dtype.str, item.shape)))
    if item.nbytes:
        connection.send_bytes(np.ascontiguousarray(item).reshape(-1).view(np.uint8).data)


def _limit_memory(spare_bytes: int) -> None:
    """Let this process allocate so much more; a ``MemoryError`` is what comes of more than that."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + spare_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, OSError, ValueError):  # not on this system
        return


def _no_core_files() -> None:
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
