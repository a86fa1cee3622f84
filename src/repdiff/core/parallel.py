"""Tiles of work, and whole tasks, on several threads, with the same bits for any number of threads.

Workers are threads: the BLAS products and the compiled kernels both release the interpreter lock. While a pool runs,
BLAS and OpenMP are limited to one thread each, so that they do not compete with the workers for cores, and so that the
split of a product, and with it the rounding, does not depend on the number of cores.

A task with single-threaded parts leaves cores idle; several such tasks running at once do not.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from threadpoolctl import ThreadpoolController

from repdiff.core.errors import RepdiffError
from repdiff.core.progress import Progress, silent

Tile = TypeVar("Tile")
Result = TypeVar("Result")
_POLL_SECONDS = 0.1  # how often the waiting thread reports progress and checks for Ctrl-C
_EMPTY = object()
_of_thread = threading.local()  # "stops": the events that end the work of this thread


def resolve_n_jobs(n_jobs: int | None) -> int:
    """Number of worker threads: all cores this process may use for None or -1, as in scikit-learn.

    Raises
    ------
    RepdiffError
        For zero.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if n_jobs is None:
        return cores
    if n_jobs == 0:
        raise RepdiffError("n_jobs must be a positive number of threads, or -1 for all cores, but is 0")
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)


class _SingleThreadedLibraries:
    """Limits BLAS and OpenMP to one thread while any caller needs it.

    The limit applies to the whole process. Two threads that each saved and restored it could leave it at one for ever,
    so callers are counted: the first sets the limit, the last removes it. Looking for the libraries reads a list of all
    that the process has mapped, which takes milliseconds, and short tasks come by the thousand: so they are looked for
    once, and again when modules were imported since, which may have brought others.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._limits: Any = None
        self._libraries: Any = None
        self._found_at = -1  # modules imported when the libraries were looked for

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._limits = self._loaded().limit(limits=1)
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0 and self._limits is not None:
                    self._limits.restore_original_limits()
                    self._limits = None

    def _loaded(self) -> Any:
        """A controller of the libraries that are loaded."""
        if self._found_at != (imported := len(sys.modules)):
            self._libraries, self._found_at = ThreadpoolController(), imported
        return self._libraries


single_threaded_libraries = _SingleThreadedLibraries()


def for_each_tile(
    work: Callable[[Tile], None],
    tiles: Sequence[Tile],
    *,
    n_jobs: int,
    stage: str = "",
    progress: Progress = silent,
) -> None:
    """Call ``work(tile)`` for each tile on ``n_jobs`` threads; on the calling thread itself for one thread or tile.

    The calling thread reports progress and notices Ctrl-C. After an error or an interrupt no new tile starts, and the
    call returns once the running tiles have ended: those that take long ask :func:`end_if_stopped` between their steps,
    and a tile that calls this function again ends there.
    """
    end_if_stopped()
    if n_jobs == 1 or len(tiles) == 1:
        _one_after_another(work, tiles, stage, progress)
        return
    queue, lock, stop = iter(tiles), threading.Lock(), threading.Event()
    done, stops = 0, (*getattr(_of_thread, "stops", ()), stop)

    def work_until_empty() -> None:
        nonlocal done
        _of_thread.stops = stops
        while not stop.is_set():
            with lock:
                tile = next(queue, _EMPTY)
            if tile is _EMPTY:
                return
            work(cast(Tile, tile))
            with lock:
                done += 1

    progress(stage, 0, len(tiles))
    with single_threaded_libraries(), ThreadPoolExecutor(n_jobs, thread_name_prefix="repdiff") as pool:
        try:
            workers = [pool.submit(work_until_empty) for _ in range(min(n_jobs, len(tiles)))]
            while wait(workers, timeout=_POLL_SECONDS, return_when=FIRST_EXCEPTION).not_done:
                _raise_first_error(workers)
                end_if_stopped()
                progress(stage, done, len(tiles))
            _raise_first_error(workers)
        finally:
            stop.set()
    progress(stage, len(tiles), len(tiles))


def end_if_stopped() -> None:
    """End the tile or task that this thread works on, where nobody waits for it any more."""
    if any(stop.is_set() for stop in getattr(_of_thread, "stops", ())):
        raise _Stopped


def _one_after_another(work: Callable[[Tile], None], tiles: Sequence[Tile], stage: str, progress: Progress) -> None:
    with single_threaded_libraries():
        for done, tile in enumerate(tiles):
            end_if_stopped()
            progress(stage, done, len(tiles))
            work(tile)
    progress(stage, len(tiles), len(tiles))


@dataclass(frozen=True)
class Task(Generic[Result]):
    """A long piece of work, and the memory it needs.

    Attributes
    ----------
    work : callable
        Takes a :class:`Progress` to report to, which may also stop it.
    need : int
        Bytes it uses while it runs.
    """

    work: Callable[[Progress], Result]
    need: int


def run_side_by_side(
    tasks: Iterable[Task[Result]], *, n_at_once: int, budget: int, progress: Progress = silent
) -> list[Result]:
    """The result of each task, in order; tasks run on the calling thread if it is one at a time.

    A task is taken from ``tasks`` when a thread is free, and starts when there is memory for it beside the running
    ones, or when none runs. The calling thread reports the progress of the first running task and notices Ctrl-C. After
    an error or an interrupt no task starts, and running tasks end when they next report progress or begin a tile.

    Parameters
    ----------
    tasks : iterable of Task
        Taken on the calling thread.
    n_at_once : int
        Most tasks that run at the same time.
    budget : int
        Bytes that all running tasks may use together.
    progress : Progress, optional
        Receives the progress of the work.
    """
    if n_at_once == 1:
        return [task.work(progress) for task in tasks]
    stop = threading.Event()
    running: dict[Future[Result], tuple[_RelayedProgress, int]] = {}
    begun: list[Future[Result]] = []

    def work(task: Task[Result], heard: _RelayedProgress) -> Result:
        _of_thread.stops = (stop,)
        return task.work(heard)

    def wait_for_one() -> None:
        while not (ended := wait(running, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED).done):
            progress(*next(iter(running.values()))[0].latest)
        _raise_first_error([task for task in running if task in ended])
        for task in ended:
            del running[task]

    with single_threaded_libraries(), ThreadPoolExecutor(n_at_once, thread_name_prefix="repdiff-task") as pool:
        try:
            for task in tasks:
                while running and sum(need for _, need in running.values()) + task.need > budget:
                    wait_for_one()
                heard = _RelayedProgress(stop)
                begun.append(pool.submit(work, task, heard))
                running[begun[-1]] = heard, task.need
                if len(running) == n_at_once:
                    wait_for_one()
            while running:
                wait_for_one()
        finally:
            stop.set()
    return [task.result() for task in begun]


class _Stopped(Exception):  # noqa: N818 (no error: nobody sees it)
    """Ends a tile or task whose result is no longer needed."""


class _RelayedProgress:
    """The progress of a task on another thread: keeps the latest report, and ends the task once ``stop`` is set."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self.latest = ("", 0, 1)

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        self.latest = (stage, done, total)


def _raise_first_error(workers: Sequence[Future[Any]]) -> None:
    for worker in workers:
        if worker.done():
            worker.result()


def row_tiles(n: int, rows: int) -> list[slice]:
    """Slices of at most ``rows`` rows that cover 0 to n, in order."""
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]
