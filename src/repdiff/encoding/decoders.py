"""Image paths -> prepared items, in order, by processes that may hang or die without harm."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from repdiff.core.errors import InputError, RepdiffError
from repdiff.core.files import one_line
from repdiff.encoding.worker import ImageTask, Reply
from repdiff.settings import EncodingSettings

_TASKS_PER_WORKER = 6
_LONGER = 5.0  # seconds after its time limit at which a worker ends itself, if the main process has not
_START = (
    "import sys; fd = int(sys.argv[1]); sys.path[:] = sys.argv[2:]; "
    "from repdiff.encoding.worker import run_fork_server; run_fork_server(fd)"
)


@dataclass(frozen=True)
class PreparedItem:
    """A prepared item: its place in the list, the output of the model's ``prepare``, and a hash of the item's bytes."""

    index: int
    value: Any
    digest: str


@dataclass(frozen=True)
class Skip:
    """An item that is left out: its place in the list, and why. ``unfit``: the model's preparation failed on it."""

    index: int
    reason: str
    unfit: bool = False


@dataclass
class _Worker:
    connection: Connection
    pid: int
    tasks: deque[ImageTask] = field(default_factory=deque)
    heard: float = field(default_factory=time.monotonic)


class Decoders:
    """Processes that open images and prepare them; see :mod:`repdiff.encoding.worker`.

    Parameters
    ----------
    prepare : callable
        One image -> one prepared value.
    n_workers : int
        Processes.
    seconds : float
        An image that takes longer is skipped.

    Raises
    ------
    InputError
        If ``prepare`` cannot be sent to another process.
    """

    def __init__(
        self, prepare: Callable[[Any], Any], *, n_workers: int, seconds: float = EncodingSettings.seconds_per_image
    ) -> None:
        self._seconds, self._workers, self._stopped = seconds, list[_Worker](), False
        code = portable(prepare)
        self._control, theirs = socket.socketpair()
        with theirs:
            self._fork_server = subprocess.Popen(
                [sys.executable, "-P", "-c", _START, str(theirs.fileno()), *sys.path],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # output of a decoder or a transform would break the progress bar
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
            )
        try:
            self._set_up(code)
            self._workers += [self._start_worker() for _ in range(n_workers)]
        except BaseException:
            self.close()
            raise

    def map(self, tasks: Iterable[ImageTask], *, window: int) -> Generator[PreparedItem | Skip]:
        """The outcome of each task, in order; at most ``window`` tasks are running or waiting to be consumed."""
        fresh, again = iter(tasks), deque[ImageTask]()
        order, done = deque[int](), dict[int, PreparedItem | Skip]()
        while True:
            self._hand_out(again, fresh, order, window)
            if not order:
                return
            if order[0] in done:
                yield done.pop(order.popleft())
            else:
                self._collect(done, again)

    def close(self) -> None:
        """End the processes. ``map`` must not be running; call :meth:`stop` first if it may be."""
        for worker in self._workers:
            worker.connection.close()
        self._control.close()
        with suppress(ProcessLookupError):
            os.killpg(self._fork_server.pid, signal.SIGKILL)  # the workers are in its group
        self._fork_server.wait()

    def stop(self) -> None:
        """Make ``map`` end soon; from any thread."""
        self._stopped = True

    def _set_up(self, code: bytes) -> None:
        connection = Connection(os.dup(self._control.fileno()))
        try:
            connection.send((code, self._seconds + _LONGER))
            told = connection.recv()
        except (EOFError, OSError):
            told = f"it ended with code {self._fork_server.wait()}"
        finally:
            connection.close()
        if told:
            raise RepdiffError(f"the process that prepares images cannot start: {told}")

    def _start_worker(self) -> _Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"+"], [theirs.fileno()])
        connection = Connection(ours.detach())
        try:
            return _Worker(connection, connection.recv())
        except (EOFError, OSError) as error:
            raise RepdiffError("the processes that prepare images cannot be started; is memory used up?") from error

    def _hand_out(self, again: deque[ImageTask], fresh: Iterator[ImageTask], order: deque[int], window: int) -> None:
        while free := [worker for worker in self._workers if len(worker.tasks) < _TASKS_PER_WORKER]:
            if again:
                task = again.popleft()
            elif len(order) < window and (found := next(fresh, None)) is not None:
                task = found
                order.append(task.index)
            else:
                return
            self._give(min(free, key=lambda worker: len(worker.tasks)), task)

    @staticmethod
    def _give(worker: _Worker, task: ImageTask) -> None:
        if not worker.tasks:
            worker.heard = time.monotonic()
        worker.tasks.append(task)
        try:
            worker.connection.send(task)
        except OSError:  # it died; ``_collect`` notices and gives its tasks to another worker
            return

    def _collect(self, done: dict[int, PreparedItem | Skip], again: deque[ImageTask]) -> None:
        """Wait for a reply, or for a worker to die or to run out of time."""
        busy = {worker.connection: worker for worker in self._workers if worker.tasks}
        for connection in wait(list(busy), timeout=0.2):
            worker = busy[connection]  # type: ignore[index]
            try:
                found = _receive(worker)
                done[found.index] = found
            except (EOFError, OSError):
                self._replace(worker, "made the decoder crash", done, again)
                del busy[connection]  # type: ignore[arg-type]
        if self._stopped:
            raise RepdiffError("stopped")
        for worker in busy.values():
            # A worker that has sent nothing since its last reply has spent that time on one image.
            if time.monotonic() - worker.heard > self._seconds and not worker.connection.poll():
                os.kill(worker.pid, signal.SIGKILL)
                self._replace(worker, f"took longer than {self._seconds:g} s to decode", done, again)

    def _replace(
        self, worker: _Worker, reason: str, done: dict[int, PreparedItem | Skip], again: deque[ImageTask]
    ) -> None:
        worker.connection.close()
        guilty, *innocent = worker.tasks
        done[guilty.index] = Skip(guilty.index, f"{guilty.name} {reason}")
        again.extendleft(reversed(innocent))
        self._workers.remove(worker)
        self._workers.append(self._start_worker())


def _receive(worker: _Worker) -> PreparedItem | Skip:
    reply: Reply = worker.connection.recv()
    body = worker.connection.recv_bytes() if reply.outcome in ("array", "object") else b""
    worker.tasks.popleft()
    worker.heard = time.monotonic()
    if reply.outcome == "array":
        dtype, shape = reply.told
        return PreparedItem(reply.index, np.frombuffer(body, dtype).reshape(shape), reply.digest)
    if reply.outcome == "object":
        return PreparedItem(reply.index, pickle.loads(body), reply.digest)
    return Skip(reply.index, reply.told, unfit=reply.outcome == "unfit")


def portable(prepare: Callable[[Any], Any]) -> bytes:
    """The function as bytes: by name if it has one, else (lambdas, notebooks) with its code."""
    try:
        import cloudpickle
    except ImportError:  # older versions of joblib, a dependency of scikit-learn, contain it
        from joblib.externals import cloudpickle
    try:
        code: bytes = cloudpickle.dumps(prepare)
    except Exception as error:
        raise InputError(
            f"the transform cannot be sent to the processes that prepare images: {one_line(error)}; "
            "define it at the top level of a module, without the model in it"
        ) from error
    return code
