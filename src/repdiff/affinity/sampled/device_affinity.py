"""One direction of the sampled engine on a device; see :mod:`repdiff.affinity.sampled.affinity` and ``means``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import GroupMeans
from repdiff.affinity.sampled.affinity import FromLists
from repdiff.affinity.sampled.device_kept import DevicePartners
from repdiff.affinity.sampled.device_lists import Block, DeviceLists
from repdiff.affinity.sampled.means import DRAWS, PURPOSE, Seen, deal, means_of
from repdiff.affinity.sampled.reader import FloatArray, Rows
from repdiff.core.device import Device
from repdiff.core.parallel import for_each_tile, row_tiles

_ENTRIES_AT_A_TIME = 1 << 24


@dataclass(frozen=True)
class DeviceSampledAffinity(FromLists):
    """One direction, as an ``Affinity`` whose products and means are computed on a device.

    Attributes
    ----------
    sampler, n_jobs
        As in :class:`repdiff.affinity.sampled.affinity.FromLists`; chosen pairs are computed on the host.
    lists : DeviceLists
        Ranks lists of the sampler on the device.
    stored : DevicePartners
        The stored matrix, for products.
    """

    lists: DeviceLists
    stored: DevicePartners

    @property
    def device(self) -> Device:
        """The device."""
        return self.stored.device

    def degree(self) -> npt.NDArray[np.float64]:
        """Estimated row sums, (n,)."""
        return self._degree.copy()

    @cached_property
    def _degree(self) -> npt.NDArray[np.float64]:
        return self.matmat(np.ones((self.n, 1), np.float32))[:, 0].astype(np.float64)

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k), of the stored matrix, which is symmetric."""
        return self.stored.matmat(V)

    def product(self, V: Any) -> Any:
        """The product A V of a matrix on the device, there."""
        return self.stored.product(V)

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Estimated means over every two groups, from lists other than those of the stored matrix."""
        return _Means(self, labels).found()


class _Means:
    """The draws of :func:`repdiff.affinity.sampled.means.group_means`, summed on the device."""

    def __init__(self, affinity: DeviceSampledAffinity, labels: npt.NDArray[np.int32]) -> None:
        self._lists, self._stored, self._n_jobs = affinity.lists, affinity.stored, affinity.n_jobs
        self._device, self._labels, self._sizes = affinity.device, labels, np.bincount(labels)
        self._k = len(self._sizes)
        self._of_place = labels[self._stored.items]
        self._groups, self._groups_of_place = (
            self._device.put(one.astype(np.int64)) for one in (labels, self._of_place)
        )
        self._seen = Seen.nothing(DRAWS, self._k)
        self._lock = Lock()

    def found(self) -> GroupMeans:
        """The means and their standard errors."""
        sampler = self._lists.sampler
        dealt = deal(self._of_place, self._sizes, sampler.block, sampler.stream(PURPOSE))
        for_each_tile(lambda number: self._draw(number, dealt[number]), range(DRAWS), n_jobs=self._n_jobs)
        stored = self._sums_of_stored(self._device.torch.arange(len(self._of_place), device=self._device.name))[0]
        return means_of(sampler, self._seen, stored / self._sizes[:, None], self._labels, n_jobs=self._n_jobs)

    def _draw(self, number: int, places: Rows) -> None:
        """One draw: its rows of the stored matrix, and new lists for them."""
        rows, seen = self._stored.items[places].astype(np.int64), self._seen
        blocks = list(self._blocks(rows, number))
        seen.rows[number] = np.bincount(self._of_place[places], minlength=self._k)
        with self._lock:
            seen.stored[number], seen.partners[number] = self._sums_of_stored(self._device.put(places))
            at_once = max(1, _ENTRIES_AT_A_TIME // (self._lists.sampler.n_candidates * self._k))
            for visit in self._lists.visits(blocks, at_once):
                weights = visit.weights * self._device.put(visit.real)[..., None]
                own, others = self._groups[visit.rows].flatten(), self._members(self._groups[visit.items])
                for sums, values in ((seen.sums, visit.directed * weights), (seen.totals, weights)):
                    by_other = (values.to(self._device.precise) @ others).flatten(0, 1)
                    sums[number] += self._device.get(self._members(own).T @ by_other)

    def _blocks(self, rows: Rows, number: int) -> Iterator[Block]:
        cells = self._lists.sampler.cells.of_item[rows]
        for of_cell in np.split(rows, np.flatnonzero(np.diff(cells)) + 1):
            if len(of_cell):
                cell = int(self._lists.sampler.cells.of_item[of_cell[0]])
                yield from self._lists.draw(cell, of_cell, PURPOSE, number)

    def _members(self, groups: Any) -> Any:
        """One column for each group: one where it is that, else zero."""
        names = self._device.torch.arange(self._k, device=self._device.name)
        return (groups[..., None] == names).to(self._device.precise)

    def _sums_of_stored(self, places: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Sums of the stored rows at some places, and numbers of their partners, for each pair of groups, (k, k)."""
        torch, stored, kept = self._device.torch, self._stored, self._stored.partners.shape[1]
        sums, counts = np.zeros((2, self._k, self._k))
        for part in row_tiles(len(places), max(1, _ENTRIES_AT_A_TIME // max(kept, self._k))):
            here = places[part]
            groups = self._groups_of_place[stored.partners[here].long()]
            by_other = torch.zeros((len(here), self._k), dtype=torch.int32, device=self._device.name)
            by_other.scatter_add_(1, groups, torch.ones_like(groups, dtype=torch.int32))  # whole numbers, in any order
            own, partners = self._members(self._groups_of_place[here]), by_other.to(self._device.precise)
            scale = 2 * stored.scale[here].to(self._device.precise)
            sums += self._device.get(own.T @ (partners * scale[:, None]))
            counts += self._device.get(own.T @ partners)
        return sums, counts
