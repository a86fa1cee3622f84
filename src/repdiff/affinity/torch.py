"""The exact engine on a torch device: the same steps as :mod:`repdiff.affinity.exact`, a tile of rows at a time.

Ranks come from a stable sort with the item itself put first. Near ties (see :mod:`repdiff.affinity.ranks`, whose
preparation of the rows is shared) are put in order by float64 distances as there, on devices that know float64. On
Apple's ("mps"), and with TF32, they stay in the order of the device's own distances: neighbours whose distances differ
by less than a few float32 epsilons, or 2^-9 with TF32, of |a|^2 + |b|^2 may change places. Sums are taken in the
device's order, so that the last bits differ from device to device.

If the n x n matrix does not fit beside the tiles, it is kept on the host, packed as in the exact engine.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities, FloatArray
from repdiff.affinity.difference import affinity_formula, difference_formula
from repdiff.affinity.engine import Plan
from repdiff.affinity.kept_ranks import KeptRanks
from repdiff.affinity.packed import Codec, PackedAffinities
from repdiff.affinity.representation import Representation
from repdiff.affinity.torch_plan import plan_memory
from repdiff.affinity.torch_ranks import DeviceRanks, on_device
from repdiff.affinity.torch_storage import DeviceAffinities
from repdiff.core.device import Device
from repdiff.core.memory import parse_bytes
from repdiff.core.parallel import row_tiles
from repdiff.core.progress import Progress, silent
from repdiff.results.neighbors import NeighborLists


@dataclass(frozen=True)
class Torch:
    """Computes every pair, on a torch device.

    Attributes
    ----------
    device : str, optional
        "cuda", "mps" or "cpu"; by default the first that is available.
    tf32 : bool
        Allow products in TF32, which is faster on some GPUs and keeps 10 bits of each factor.
    n_neighbors : int
        Nearest neighbours of each item to read off the ranks on the way; none by default.
    device_memory_limit : int or str, optional
        Memory of the device that may be used: bytes, or a size such as 8GB; by default three quarters of what is free.
    """

    device: str | None = None
    tf32: bool = False
    n_neighbors: int = 0
    device_memory_limit: int | str | None = None

    @property
    def name(self) -> str:
        """Torch."""
        return "torch"

    @property
    def runs_side_by_side(self) -> bool:
        """False: all comparisons share one device."""
        return False

    def open_device(self) -> Device:
        """The device, for the steps after the affinities."""
        return Device.named(self.device, tf32=self.tf32)

    def shared(self, representation: Representation) -> KeptRanks:
        """The neighbour ranks, on the host."""
        return KeptRanks(representation.n)

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
        """Whether the matrix is stored on the device or the host, and how many rows a tile has.

        ``memory_limit`` is that of main memory; the device has its own.

        Raises
        ------
        MissingExtraError
            If torch is not installed.
        RepdiffError
            If there is no such device, or its limit is not a size.
        MemoryLimitError
            If it does not fit, on the device or the host.
        """
        own = None if self.device_memory_limit is None else parse_bytes(self.device_memory_limit)
        return plan_memory(
            x, y, self.open_device(), memory_limit=memory_limit, device_memory_limit=own,
            n_neighbors=self.n_neighbors, n_jobs=n_jobs, held=held, like=like,
        )  # fmt: skip

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
        """Both affinities of a pair, from all pairs of items; see :class:`repdiff.affinity.engine.Engine`.

        A "precomputed" side is ranked on the host. ``progress`` receives the stages "ranks and affinity" and
        "symmetrising". Nothing is drawn at random.
        """
        device = self.open_device()
        sides = [on_device(side, device) for side in (x, y)]
        if device.kind != "cpu":
            _prepare_meanwhile((x, y))
        lists = NeighborLists.empty(x.n, np.arange(x.n), self.n_neighbors) if self.n_neighbors else None
        on_groups = None if groups is None else device.put(groups)
        directed = _DirectedAffinity(sides, gamma, beta, on_groups, device, lists)
        tiles = row_tiles(x.n, plan.details["tile_rows"])
        store: DeviceAffinities | PackedAffinities
        with device.precision():
            if plan.details["matrix_on"] == "device":
                store = DeviceAffinities(x.n, device)
                _each_tile(tiles, store.write_rows, directed, device, progress)
            else:
                store = PackedAffinities(x.n, Codec.for_beta(beta, plan.details["bits"]), n_jobs=plan.n_jobs)
                _each_tile(tiles, _writer(store), directed, device, progress)
            for side in (x, y):
                if isinstance(side.shared, KeptRanks):
                    side.shared.complete = True
            store.symmetrise(progress=progress)
        return Affinities(store.x_only, store.y_only, self._engine(plan, device), lists)

    def _engine(self, plan: Plan, device: Device) -> dict[str, Any]:
        return {
            "name": self.name,
            "device": device.title,
            "tf32": self.tf32,
            "near_ties_refined": device.refines,
            "matrix_on": plan.details["matrix_on"],
            "bits": plan.details["bits"],
            "memory_need": plan.need,
            "memory_limit": plan.limit,
            "device_memory_need": plan.details["device_memory_need"],
            "device_memory_limit": plan.details["device_memory_limit"],
        }


def _prepare_meanwhile(sides: tuple[Representation, Representation]) -> list[Thread]:
    """Threads that prepare both sides on the host, for the steps after the affinities, while the device computes.

    An error is raised where the side is used, which tries again.
    """

    def prepare(side: Representation) -> None:
        with suppress(Exception):
            _ = side.ready

    threads = [Thread(target=prepare, args=(side,), name="repdiff-prepare", daemon=True) for side in sides]
    for thread in threads:
        thread.start()
    return threads


def _each_tile(
    tiles: list[slice],
    write: Callable[[slice, Any], None],
    directed: _DirectedAffinity,
    device: Device,
    progress: Progress,
) -> None:
    for done, rows in enumerate(tiles):
        progress("ranks and affinity", done, len(tiles))
        write(rows, directed(rows))
        device.wait()
    progress("ranks and affinity", len(tiles), len(tiles))


def _writer(packed: PackedAffinities) -> Callable[[slice, Any], None]:
    """Rows on the device -> packed rows on the host."""

    def write(rows: slice, directed: Any) -> None:
        def fill(tile: FloatArray) -> None:
            tile[...] = directed.cpu().numpy()

        packed.write_rows(rows, fill)

    return write


class _DirectedAffinity:
    """Rows -> exp(-beta G) of these rows, (r, n), on the device."""

    def __init__(
        self,
        sides: list[DeviceRanks],
        gamma: float,
        beta: float,
        groups: Any | None,
        device: Device,
        lists: NeighborLists | None,
    ) -> None:
        self._sides, self._gamma, self._beta, self._groups, self._lists = sides, gamma, beta, groups, lists
        self._difference = difference_formula(device.torch.tanh, device.torch.minimum)
        self._affinity = affinity_formula(device.torch.exp)

    def __call__(self, rows: slice) -> Any:
        ranks_x, ranks_y = (side.ranks(rows) for side in self._sides)
        if self._lists is not None:
            lists = self._lists
            lists.x[rows], lists.x_in_y[rows] = _first_of(ranks_x, ranks_y, lists.k)
            lists.y[rows], lists.y_in_x[rows] = _first_of(ranks_y, ranks_x, lists.k)
        directed = self._affinity(self._difference(ranks_x, ranks_y, self._gamma), self._beta)
        if self._groups is not None:
            directed.masked_fill_(self._groups[rows, None] != self._groups, 1.0)
        return directed


def _first_of(ranks: Any, others: Any, k: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Items of ranks 2 to k + 1 of each row, and their ranks in the other, less one."""
    row, item = (ranks <= k + 1).nonzero(as_tuple=True)
    nearest = item.new_empty((len(ranks), k + 1))
    nearest[row, ranks[row, item].long() - 1] = item
    nearest = nearest[:, 1:]
    return nearest.cpu().numpy(), (others.gather(1, nearest) - 1).cpu().numpy()
