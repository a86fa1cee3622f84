"""One direction of the sampled engine on a device; see :mod:`repdiff.affinity.sampled.affinity` and ``means``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import GroupMeans
from repdiff.affinity.sampled.affinity import SampledAffinity
from repdiff.affinity.sampled.device_kept import DevicePartners
from repdiff.affinity.sampled.device_lists import Block, DeviceLists, DeviceVisit
from repdiff.affinity.sampled.means import PURPOSE, group_means
from repdiff.affinity.sampled.reader import Rows
from repdiff.core.device import Device
from repdiff.core.parallel import for_each_tile

_ENTRIES_AT_A_TIME = 1 << 24

Sums = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class DeviceSampledAffinity(SampledAffinity):
    """One direction, as an ``Affinity`` whose products and means are computed on a device; chosen pairs on the host.

    Attributes
    ----------
    sampler, stored, n_jobs
        As in :class:`repdiff.affinity.sampled.affinity.SampledAffinity`.
    lists : DeviceLists
        Ranks lists of the sampler on the device.
    """

    lists: DeviceLists

    @property
    def device(self) -> Device:
        """The device."""
        return self.lists.device

    def product(self, V: Any) -> Any:
        """The product A V of a matrix on the device, there."""
        assert isinstance(self.stored, DevicePartners)
        return self.stored.product(V)

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Estimated means over every two groups, from lists other than those of the stored matrix."""
        return group_means(self.sampler, self.stored, labels, n_jobs=self.n_jobs, run_draws=self._run_draws)

    def _run_draws(self, rows: list[Rows], labels: npt.NDArray[np.int32], k: int) -> list[Sums]:
        """The sums of all draws; threads draw lists while the device ranks others."""
        found: list[Sums] = [(np.zeros((k, k)), np.zeros((k, k))) for _ in rows]
        groups, lock = self.device.put(labels.astype(np.int64)), Lock()
        at_once = max(1, _ENTRIES_AT_A_TIME // (self.sampler.n_candidates * k))

        def draw(number: int) -> None:
            blocks = list(self._blocks(rows[number], number))
            with lock:
                for visit in self.lists.visits(blocks, at_once):
                    for total, more in zip(found[number], self._sums(visit, groups, k), strict=True):
                        total += more

        for_each_tile(draw, range(len(rows)), n_jobs=self.n_jobs)
        return found

    def _blocks(self, rows: Rows, number: int) -> Iterator[Block]:
        """The rows of a draw in blocks of one cell each, with new lists."""
        cells = self.sampler.cells.of_item[rows]
        for of_cell in np.split(rows, np.flatnonzero(np.diff(cells)) + 1):
            if len(of_cell):
                yield from self.lists.draw(int(self.sampler.cells.of_item[of_cell[0]]), of_cell, PURPOSE, number)

    def _sums(self, visit: DeviceVisit, groups: Any, k: int) -> Sums:
        """Sums of the weighted affinities, and of the weights, for each pair of groups, both (k, k)."""
        device = self.device
        names = device.torch.arange(k, device=device.name)
        own, others = ((groups[items][..., None] == names).to(device.precise) for items in (visit.rows, visit.items))
        weights = visit.weights * device.put(visit.real)[..., None]
        sums, totals = (
            device.get(own.flatten(0, 1).T @ (values.to(device.precise) @ others).flatten(0, 1)).astype(np.float64)
            for values in (visit.directed * weights, weights)
        )
        return sums, totals
