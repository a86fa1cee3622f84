"""Tasks on the workers of a Dask cluster.

Tasks are pure functions of what they are given and of files that never change, and have names of their own. So Dask may
run any of them again, on any worker, if a worker dies, and the results are the same.
"""

from __future__ import annotations

import logging
import platform
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff import __version__
from repdiff.core.errors import MissingExtraError, RepdiffError
from repdiff.core.parallel import single_threaded_libraries
from repdiff.core.progress import Progress, silent
from repdiff.core.shared_files import ADVICE, SharedArray, SharedFolder
from repdiff.core.unfinished import unfinished_folder

Future: TypeAlias = Any

_FIRST_POLL, _LAST_POLL = 0.002, 0.05  # seconds between looks at what has ended
_CONNECT_SECONDS, _START_SECONDS = 10, 60
_ALONE_SECONDS = 60.0  # without any worker, after which the work is given up
_LOOK_SECONDS = 2.0  # between looks at which workers there are
_HERE = "127.0.0.1"
_COMPARED = ("repdiff", "numpy", "numba")  # whose versions must agree: the bits of the results depend on them


class Cluster:
    """A connection to a cluster, with a folder that all of its workers read.

    Parameters
    ----------
    client : distributed.Client
        The connection.
    address : str
        What to call the cluster in messages.
    folder : SharedFolder
        The folder.

    Attributes
    ----------
    n_workers, n_threads, memory : int
        Workers, their threads, and bytes of memory that they may use, at the start; 0 bytes if there is no limit.
    """

    def __init__(self, client: Any, address: str, folder: SharedFolder) -> None:
        self.client, self.address, self.folder = client, address, folder
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        self.n_workers, self.n_threads = len(workers), sum(one["nthreads"] for one in workers)
        limits = [one["memory_limit"] for one in workers]
        self.memory = sum(limits) if all(limits) else 0
        self._name, self._count = folder.path.name.strip("."), iter(range(1 << 62))
        self._placed: dict[SharedArray, None] = {}

    def put(self, values: npt.NDArray[Any]) -> SharedArray:
        """Write an array to the shared folder."""
        return self.folder.put(values)

    def share(self, values: npt.NDArray[Any]) -> SharedArray:
        """An array in a file that every worker can read: its own if it is mapped from one.

        Raises
        ------
        RepdiffError
            If a worker cannot read that file, or reads other values.
        """
        place = self.folder.share(values)
        self.check_read([place])
        return place

    def check_read(self, places: Sequence[SharedArray]) -> None:
        """Refuse arrays that some worker cannot read as this process does.

        Raises
        ------
        RepdiffError
            With the worker, the file and the reason.
        """
        own = [place.edges() for place in places]
        for worker, found in self.client.run(_edges, list(places)).items():
            for place, mine, theirs in zip(places, own, found, strict=True):
                if isinstance(theirs, str):
                    raise RepdiffError(f"worker {worker} cannot read {place.path} ({theirs}); {ADVICE}")
                if mine != theirs:
                    raise RepdiffError(
                        f"worker {worker} reads other values from {place.path} than this machine; {ADVICE}"
                    )

    def submit(self, function: Callable[..., Any], calls: Iterable[Sequence[Any]]) -> list[Future]:
        """Start one task for each set of arguments, among which may be futures of other tasks."""
        name = f"repdiff-{function.__name__.strip('_')}-{self._name}-{next(self._count)}"
        return [
            self.client.submit(_alone, function, *arguments, key=f"{name}-{number}")
            for number, arguments in enumerate(calls)
        ]

    def run(
        self,
        function: Callable[..., Any],
        calls: Iterable[Sequence[Any]],
        *,
        stage: str = "",
        progress: Progress = silent,
    ) -> list[Any]:
        """The results of one task for each set of arguments, in order."""
        futures = self.submit(function, calls)
        self.wait(futures, stage=stage, progress=progress)
        return self.fetch(futures)

    def fetch(self, futures: list[Future]) -> list[Any]:
        """The results of tasks that have ended."""
        try:
            found: list[Any] = self.client.gather(futures)
        except BaseException:
            self.cancel(futures)
            raise
        return found

    def wait(self, futures: Sequence[Future], *, stage: str = "", progress: Progress = silent) -> None:
        """Wait for tasks, and report how many have ended; after an error or Ctrl-C the others are cancelled.

        Raises
        ------
        RepdiffError
            If a task raised one, if workers die again and again, or if there are none any more.
        """
        try:
            left, alive, pause = list(futures), _Alive(self), _FIRST_POLL
            while left:
                for future in left:  # one that is lost died with its worker, and is computed again
                    if future.status in ("error", "cancelled"):
                        raise self._why(future)
                left = [future for future in left if future.status != "finished"]
                progress(stage, len(futures) - len(left), len(futures))
                if left:
                    alive.check()
                    time.sleep(pause)
                    pause = min(_LAST_POLL, 2 * pause)
        except BaseException:
            self.cancel(futures)
            raise

    def cancel(self, futures: Sequence[Future]) -> None:
        """Give up tasks; those that run end when they end."""
        with suppress(Exception):
            self.client.cancel(list(futures), force=True, asynchronous=False)

    def _why(self, future: Future) -> BaseException:
        if future.status != "error":
            return RepdiffError(
                f"the connection to the Dask scheduler at {self.address} was lost, and the work with it; start again"
            )
        error: BaseException = future.exception()
        if type(error).__name__ == "KilledWorker":
            return RepdiffError(
                f"workers of the cluster at {self.address} died again and again at the same part of the work, most "
                "often for want of memory; give each worker more, or use more of them"
            )
        return error


class _Alive:
    """Raises an error once there has been no worker for a while."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._looked = self._seen = time.monotonic()

    def check(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        with suppress(Exception):
            if self._cluster.client.nthreads():
                self._seen = now
        if now - self._seen > _ALONE_SECONDS:
            raise RepdiffError(
                f"the cluster at {self._cluster.address} has had no worker for {_ALONE_SECONDS:.0f} s; start workers, "
                "and start again"
            )


@contextmanager
def open_cluster(dask: Any, folder: str | Path | None = None) -> Iterator[Cluster]:
    """A cluster, checked: it answers, has workers with the same versions, and they read the shared folder.

    Parameters
    ----------
    dask : int, str, or object
        Number of workers to start on this machine, address of a scheduler, or a Client or cluster of Dask.
    folder : path, optional
        Folder that this process and all workers share; the system's folder for temporary files by default.

    Raises
    ------
    MissingExtraError
        If dask.distributed is not installed.
    RepdiffError
        If the cluster cannot be used; the message says why.
    """
    distributed = _library()
    parent = Path(folder or tempfile.gettempdir())
    with ExitStack() as stack:
        try:
            path = stack.enter_context(unfinished_folder(parent.absolute() / "repdiff"))
        except OSError as error:
            raise RepdiffError(
                f"{parent}: cannot be written to ({error.strerror}); name another folder with dask_folder=, or "
                "--dask-folder"
            ) from error
        if isinstance(dask, int):
            client = stack.enter_context(_local(distributed, dask, path))
            address = "this machine"
        else:
            client = stack.enter_context(_connected(distributed, dask))
            address = str(client.scheduler.address)
        _check_workers(client, address)
        cluster = Cluster(client, address, SharedFolder(path))
        cluster.check_read([cluster.put(np.frombuffer(path.name.encode(), np.uint8))])
        yield cluster


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise MissingExtraError("dask.distributed", "dask", "running on a Dask cluster") from error
    return distributed


@contextmanager
def _local(distributed: Any, n_workers: int, folder: Path) -> Iterator[Any]:
    """A client of new workers, one thread each, on this machine."""
    import dask

    quiet = {"distributed.comm.timeouts.connect": "60s", "distributed.admin.large-graph-warning-threshold": "1GiB"}
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(quiet))
        cluster = distributed.LocalCluster(
            n_workers=n_workers, threads_per_worker=1, processes=True, host=_HERE, dashboard_address=f"{_HERE}:0",
            worker_dashboard_address=f"{_HERE}:0", scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL, local_directory=str(folder),
        )  # fmt: skip
        stack.callback(_close, cluster)
        client = distributed.Client(cluster, set_as_default=False)
        stack.callback(client.close)
        yield client


def _close(cluster: Any) -> None:
    """End the workers at once: what they compute is no longer needed, and a kernel cannot be asked to stop."""
    for nanny in list(cluster.workers.values()):
        process: Any = getattr(getattr(nanny, "process", None), "process", None)
        with suppress(Exception):
            nanny.auto_restart = False
            process._process.kill()
    with suppress(Exception):
        cluster.close(timeout=5)


@contextmanager
def _connected(distributed: Any, dask: Any) -> Iterator[Any]:
    """A client of somebody's cluster; it is closed afterwards unless it was given."""
    if isinstance(dask, distributed.Client):
        if dask.asynchronous:
            raise RepdiffError("dask: an asynchronous Client cannot be used; make it with asynchronous=False")
        yield dask
        return
    try:
        client = distributed.Client(dask, timeout=f"{_CONNECT_SECONDS}s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise RepdiffError(
            f"no Dask scheduler answers at {dask} within {_CONNECT_SECONDS} s; start one (docs/scale.md), check the "
            "address, or give a number of workers to start on this machine"
        ) from error
    try:
        yield client
    finally:
        client.close()


def _check_workers(client: Any, address: str) -> None:
    """Refuse a cluster without workers, and one whose workers have other versions."""
    try:
        client.wait_for_workers(1, timeout=_START_SECONDS)
    except TimeoutError as error:
        raise RepdiffError(
            f"the cluster at {address} has no workers, and none came within {_START_SECONDS} s; start some "
            "(docs/scale.md)"
        ) from error
    found = client.get_versions(packages=list(_COMPARED))
    own = _short(found["client"]["packages"])
    for worker, facts in found["workers"].items():
        theirs = _short(facts["packages"])
        if own["repdiff"] and not theirs["repdiff"]:
            raise RepdiffError(f'worker {worker} has no repdiff; run there: pip install "repdiff[dask]=={__version__}"')
        for name, version in own.items():
            if theirs[name] != version:
                raise RepdiffError(
                    f"worker {worker} has {name} {theirs[name]}, but this process {version}; install the same "
                    "versions, since the results depend on them"
                )


def _short(packages: dict[str, str | None]) -> dict[str, str | None]:
    python = ".".join(str(packages["python"]).split(".")[:2])
    return {"python": python, **{name: packages.get(name) for name in _COMPARED}}


def _edges(places: list[SharedArray]) -> list[bytes | str]:
    """On a worker: the edges of each array, or why it cannot be read."""
    found: list[bytes | str] = []
    for place in places:
        try:
            found.append(place.edges())
        except OSError as error:
            found.append(f"{error.strerror} on {platform.node()}")
    return found


def _alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """On a worker: the result of a task, computed with one thread, so that sums are rounded alike everywhere."""
    with single_threaded_libraries():
        return function(*arguments)
