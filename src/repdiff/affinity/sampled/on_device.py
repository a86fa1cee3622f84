"""The sampled engine on a torch device: the host draws the lists, the device computes all else that grows with them.

The same cells, lists and points as on the host, so the same estimates but for near ties, which the device orders by its
own distances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.compiled import ROWS, compile_for
from repdiff.affinity.engine import Plan, spectral_bytes
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.all_pairs import compute_all_pairs, is_of_all_pairs
from repdiff.affinity.sampled.device_affinity import DeviceSampledAffinity
from repdiff.affinity.sampled.device_kept import index_type, keep_on_device
from repdiff.affinity.sampled.device_lists import DeviceLists, block_bytes, coordinates_on
from repdiff.affinity.sampled.engine import DIRECTIONS, Sampled, Sides, as_sides, samplers_of
from repdiff.affinity.sampled.list_kernels import draw_items
from repdiff.affinity.torch import Torch
from repdiff.affinity.torch_plan import AT_ONCE, K_MEANS_BYTES, device_limit
from repdiff.core.device import Device
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import format_bytes, parse_bytes
from repdiff.core.progress import Progress, prefixed, silent

_MOST_BATCH_BYTES = 2**30
_TRANSPOSING_BYTES = 2**29  # at a time, and a few of each stored partner


@dataclass(frozen=True)
class SampledOnDevice:
    """Computes some thousand candidates of each item, on a torch device.

    If there are no more items than candidates, all pairs are computed there instead.

    Attributes
    ----------
    device : str, optional
        "cuda", "mps" or "cpu"; by default the first that is available.
    device_memory_limit : int or str, optional
        Memory of the device that may be used: bytes, or a size such as 8GB; by default three quarters of what is free.
    sampled : Sampled
        The engine of the host, with its numbers of candidates and partners.
    """

    device: str | None = None
    device_memory_limit: int | str | None = None
    sampled: Sampled = field(default_factory=Sampled)

    @property
    def name(self) -> str:
        """Sampled; the engine facts name the device."""
        return self.sampled.name

    @property
    def runs_side_by_side(self) -> bool:
        """False: all comparisons share one device."""
        return False

    def open_device(self) -> Device:
        """The device, for the steps after the affinities."""
        return Device.named(self.device, tf32=False)

    def shared(self, representation: Representation) -> None:
        """Nothing."""

    def plan(
        self,
        x: Representation,
        y: Representation,
        *,
        memory_limit: int | None = None,
        n_jobs: int | None = None,
        held: int = 0,
        like: Plan | None = None,
    ) -> Plan:
        """The memory needed on the host and on the device.

        Raises
        ------
        MissingExtraError
            If torch is not installed.
        RepdiffError
            If there is no such device, or for a matrix of distances.
        MemoryLimitError
            If it does not fit, on the device or the host.
        """
        device = self.open_device()
        found = self.sampled.plan(x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held, like=None)
        if is_of_all_pairs(found):
            return self._all_pairs.plan(x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held, like=like)
        own = None if self.device_memory_limit is None else parse_bytes(self.device_memory_limit)
        limit = device_limit(device, own, found.limit - found.need)
        need = _bytes_needed(x, y, found, device)
        if need > limit:
            raise MemoryLimitError(
                f"the sampled engine needs {format_bytes(need)} on its device for {x.n:,} items, but may use "
                f"{format_bytes(limit)} there; raise the device memory limit, or leave out the device"
            )
        on_host = found.need - 8 * x.n * found.details["kept"]  # the partners are stored on the device
        details = {**found.details, "device_memory_need": need, "device_memory_limit": limit}
        return replace(found, need=on_host, seconds=None, details=like.details if like else details)

    def compute(
        self,
        x: Representation,
        y: Representation,
        *,
        gamma: float,
        beta: float,
        plan: Plan,
        groups: npt.NDArray[np.int32] | None = None,
        random_state: int | None = 0,
        progress: Progress = silent,
    ) -> Affinities:
        """Both affinities of a pair, from lists; see :class:`repdiff.affinity.engine.Engine`.

        Raises
        ------
        RepdiffError
            For groups, since lists would hold too few pairs of one group.
        """
        if is_of_all_pairs(plan):
            return compute_all_pairs(
                self._all_pairs, x, y, name=self.name, gamma=gamma, beta=beta, plan=plan, groups=groups,
                random_state=random_state, progress=progress,
            )  # fmt: skip
        self.sampled.refuse_groups(groups)
        device = self.open_device()

        def sample(sides: Sides, sizes: tuple[int, int], kept: int, n_jobs: int, progress: Progress) -> Affinities:
            samplers = samplers_of(
                sides, sizes=sizes, gamma=gamma, beta=beta, random_state=random_state, n_jobs=n_jobs, progress=progress
            )
            on_device = [coordinates_on(side, device) for side in (samplers[0].near, samplers[0].far)]
            batch = _batch_bytes(x.n, sizes[0], sizes[1], on_device)
            both = []
            for name, sampler, (near, far) in zip(DIRECTIONS, samplers, (on_device, on_device[::-1]), strict=True):
                lists = DeviceLists(sampler, near, far, device, batch_bytes=batch)
                stored = keep_on_device(
                    lists, kept, n_jobs=n_jobs, stage="candidates", progress=prefixed(progress, name)
                )
                both.append(DeviceSampledAffinity(sampler, stored, n_jobs, lists))
            return Affinities(both[0], both[1], {})

        compile_for(
            (x.values, y.values), f"{self.name} on {device.name}",
            lambda few: sample(as_sides(few, (x, y)), (ROWS // 4, 2), 8, 1, silent),
            progress, kernel=draw_items,
        )  # fmt: skip
        sizes = plan.details["candidates"], plan.details["block"]
        both = sample((x, y), sizes, plan.details["kept"], plan.n_jobs, progress)
        memory = {name: plan.details[name] for name in ("device_memory_need", "device_memory_limit")}
        return replace(both, engine={**self.sampled.facts(plan, x.n), "device": device.title, **memory})

    @property
    def _all_pairs(self) -> Torch:
        return Torch(device=self.device, device_memory_limit=self.device_memory_limit)


def _batch_bytes(n: int, candidates: int, block: int, sides: Sequence[Any]) -> int:
    """Bytes for the blocks that are ranked at once: all of them, if they are few."""
    one = block_bytes(candidates, block, *sides)
    return max(one, min(_MOST_BATCH_BYTES, one * -(-n // block)))


def _bytes_needed(x: Representation, y: Representation, plan: Plan, device: Device) -> int:
    """On the device: rows of both sides, both stored matrices with their transposes, and what is computed at a time."""
    candidates, kept, block = (plan.details[name] for name in ("candidates", "kept", "block"))
    width: int = index_type(x.n, kept, device).itemsize
    stored: int = 2 * x.n * (2 * width * kept + width + 12)
    rows: int = sum(4 * side.values.size for side in (x, y))
    multiplying = max(3, width) * x.n * kept + _TRANSPOSING_BYTES  # torch writes down the bag of every partner
    projecting = (side.values.size * (side.values.itemsize + 4) for side in (x, y))
    at_a_time: int = max(
        _batch_bytes(x.n, candidates, block, (x.values, y.values)),
        AT_ONCE * max(spectral_bytes(x.n) + max(K_MEANS_BYTES, multiplying), *projecting),
    )
    return rows + stored + at_a_time
