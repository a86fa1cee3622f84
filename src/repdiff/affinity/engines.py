"""The engines by name, and a function that computes affinities with one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.engine import Engine, Plan
from repdiff.affinity.representation import Representation
from repdiff.core.cluster import Cluster
from repdiff.core.errors import RepdiffError
from repdiff.core.metrics import Metrics, metrics_of
from repdiff.core.progress import Progress, silent
from repdiff.settings import ENGINES, ComputingSettings, EngineLike, MethodSettings


def _auto() -> Engine:
    from repdiff.affinity.auto import Auto

    return Auto()


def _exact() -> Engine:
    from repdiff.affinity.exact import Exact

    return Exact()


def _sampled() -> Engine:
    from repdiff.affinity.sampled.engine import Sampled

    return Sampled()


def _exact_ranks() -> Engine:
    from repdiff.affinity.sampled.exact_ranks import ExactRanks

    return ExactRanks()


def _torch(device: str | None, device_memory_limit: int | None) -> Engine:
    from repdiff.affinity.torch import Torch

    return Torch(device=device, device_memory_limit=device_memory_limit)


def _sampled_on_device(device: str | None, device_memory_limit: int | None) -> Engine:
    from repdiff.affinity.sampled.on_device import SampledOnDevice

    return SampledOnDevice(device=device, device_memory_limit=device_memory_limit)


_ON_CPU: dict[str, Callable[[], Engine]] = {
    "auto": _auto,
    "exact": _exact,
    "exact-ranks": _exact_ranks,
    "sampled": _sampled,
}
_ON_DEVICE: dict[str, Callable[[str | None, int | None], Engine]] = {
    "sampled": _sampled_on_device,
    "torch": _torch,
}


def _named(name: str, device: str | None, device_memory_limit: int | None) -> Engine:
    if name in _ON_DEVICE and (name not in _ON_CPU or device not in (None, "cpu")):
        return _ON_DEVICE[name](device, device_memory_limit)
    if name not in _ON_CPU:
        raise RepdiffError(f"engine must be one of {', '.join(ENGINES)}, or an Engine, but is {name!r}")
    if device not in (None, "cpu"):
        where = 'engine="auto" chooses an engine of the CPU' if name == "auto" else f"the {name} engine runs on the CPU"
        raise RepdiffError(f'{where}; for device {device!r} take engine="torch"')
    if device_memory_limit is not None:
        raise RepdiffError(
            f'device_memory_limit is for an engine on a device (engine="torch", or "sampled" with a device); '
            f'engine="{name}" computes in main memory, whose limit is memory_limit'
        )
    return _ON_CPU[name]()


def engine_of(
    engine: str | EngineLike,
    device: str | None = None,
    *,
    device_memory_limit: int | None = None,
    n_neighbors: int = 0,
) -> Engine:
    """The engine of that name, or the given object.

    Parameters
    ----------
    engine : {"auto", "exact", "exact-ranks", "sampled", "torch"} or Engine
        See :mod:`repdiff.affinity.auto`, :mod:`repdiff.affinity.exact`, :mod:`repdiff.affinity.sampled.engine`,
        :mod:`repdiff.affinity.sampled.on_device`, :mod:`repdiff.affinity.torch` and :mod:`repdiff.affinity.engine`.
    device : str, optional
        Of the torch or sampled engine by name; the sampled one computes without torch on "cpu".
    device_memory_limit : int, optional
        Bytes of the device that these may use.
    n_neighbors : int
        Nearest neighbours of each item that an engine with ``n_neighbors`` is to read off its ranks; others give none.

    Raises
    ------
    RepdiffError
        For an unknown engine, an object that is not an engine, or a device or its memory for an engine without.
    """
    if isinstance(engine, str):
        return _with_neighbors(_named(engine, device, device_memory_limit), n_neighbors)
    if isinstance(engine, type) or not isinstance(engine, Engine):
        raise RepdiffError(
            f"engine must be one of {', '.join(ENGINES)}, or an object with the members of "
            f"repdiff.affinity.engine.Engine, but is {engine!r}"
        )
    for option, given in (("device", device), ("device_memory_limit", device_memory_limit)):
        if given is not None:
            raise RepdiffError(
                f'{option} is for engine="torch"; give the {engine.name} engine its {option} when you make it'
            )
    return _with_neighbors(engine, n_neighbors)


def _with_neighbors(engine: Engine, n_neighbors: int) -> Engine:
    if n_neighbors and is_dataclass(engine) and any(one.name == "n_neighbors" for one in fields(engine)):
        asked: Engine = replace(engine, n_neighbors=n_neighbors)
        return asked
    return engine


def engine_on(cluster: Cluster, engine: str | EngineLike) -> Engine:
    """The engine of that name, or the given object, with its work done by the workers of a cluster.

    Raises
    ------
    RepdiffError
        For an engine that runs on this machine only.
    """
    from repdiff.affinity.sampled.on_cluster import on_cluster

    return on_cluster(engine, cluster)


def drawing_as(facts: Mapping[str, Any]) -> Engine | None:
    """An engine of the host that draws as many pairs as one did, by what it said of itself; None if it drew none.

    All pairs are computed where there are no more items than candidates.
    """
    if not {"candidates", "kept", "block"} <= facts.keys():
        return None
    from repdiff.affinity.sampled.engine import Sampled
    from repdiff.affinity.sampled.exact_ranks import ExactRanks

    sampled = Sampled(facts["candidates"], facts["kept"], facts["block"])
    return ExactRanks(facts["kept"], sampled) if facts["name"] == "exact-ranks" else sampled


def compute_affinities(
    x: npt.NDArray[Any] | Representation,
    y: npt.NDArray[Any] | Representation,
    *,
    engine: str | EngineLike = ComputingSettings.engine,
    device: str | None = None,
    device_memory_limit: int | None = None,
    gamma: float = MethodSettings.gamma,
    beta: float = MethodSettings.beta,
    metric: Metrics = "euclidean",
    groups: npt.NDArray[np.int32] | None = None,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    plan: Plan | None = None,
    n_neighbors: int = 0,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> Affinities:
    """Both affinities of a pair: planned, then computed.

    Parameters
    ----------
    x, y : Representation, or ndarray of float32 or float64, (n, d_x) and (n, d_y)
        Row i of both is the same item.
    engine : {"auto", "exact", "exact-ranks", "sampled", "torch"} or Engine
        What computes them.
    device, device_memory_limit : str and int, optional
        Of the torch or sampled engine by name; see :func:`engine_of`.
    metric : {"euclidean", "cosine", "precomputed"}, or a pair of these
        Distance within each array; a :class:`Representation` has its own.
    plan : Plan, optional
        The engine's plan for this pair, if it was made before.
    n_neighbors : int
        Nearest neighbours of each item that are wanted, from an engine that has them at hand.
    gamma, beta, groups, memory_limit, n_jobs, random_state, progress
        See :class:`repdiff.affinity.engine.Engine`.

    Raises
    ------
    RepdiffError
        For an unknown engine, or a device for an engine that has none.
    MemoryLimitError
        If it does not fit, before any work.
    """
    chosen = engine_of(engine, device, device_memory_limit=device_memory_limit, n_neighbors=n_neighbors)
    x, y = (
        values if isinstance(values, Representation) else Representation(values, name)
        for values, name in zip((x, y), metrics_of(metric), strict=True)
    )
    if plan is None:
        held = x.shared_bytes + y.shared_bytes
        plan = chosen.plan(x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held)
    return chosen.compute(
        x, y, gamma=gamma, beta=beta, plan=plan, groups=groups, random_state=random_state, progress=progress
    )
