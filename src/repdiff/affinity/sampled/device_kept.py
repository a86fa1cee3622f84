"""The stored part of an affinity on a device, and its products; see :mod:`repdiff.affinity.sampled.kept`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.sampled.affinity import PURPOSE, Tile, positions, tiles_of
from repdiff.affinity.sampled.device_lists import Block, DeviceLists, DeviceVisit
from repdiff.affinity.sampled.reader import FloatArray, Rows
from repdiff.core.device import Device
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress, silent

_ENTRIES_AT_A_TIME = 1 << 24  # of the transpose
_LARGEST_INT32 = 2**31 - 1


@dataclass(frozen=True)
class DevicePartners:
    """The stored matrix S and its transpose: a row of either is a list of rows to add, in a fixed order.

    Attributes
    ----------
    device : Device
        The device.
    partners : integers, (n, kept)
        Places of the partners of the item at each place.
    scale : float32, (n,)
        Half the weight of each partner.
    listed_by : integers, (n * kept,)
        For each place, one after another, the places that have it as a partner.
    start : integers, (n + 1,)
        Where those of each place begin.
    items : ndarray of int32, (n,)
        Item at each place; on the host.
    placed : int64, (n,)
        The same on the device.
    """

    device: Device
    partners: Any
    scale: Any
    listed_by: Any
    start: Any
    items: npt.NDArray[np.int32]
    placed: Any

    @classmethod
    def of(cls, partners: Any, scale: Any, items: npt.NDArray[np.int32], device: Device) -> DevicePartners:
        """With the transpose, which is made from a few places at a time."""
        torch, (n, kept) = device.torch, partners.shape
        index = index_type(n, kept, device)
        partners, flat = partners.to(index), partners.reshape(-1)
        start = torch.zeros(n + 1, dtype=index, device=device.name)
        start[1:] = torch.bincount(flat, minlength=n).cumsum(0).to(index)
        listed_by = torch.empty(n * kept, dtype=index, device=device.name)
        for places in row_tiles(n, max(1, _ENTRIES_AT_A_TIME // kept)):
            first, last = places.start, places.stop
            where = ((flat >= first) & (flat < last)).nonzero()[:, 0]
            in_order = where[flat[where].sort(stable=True).indices]
            listed_by[int(start[first]) : int(start[last])] = (in_order // kept).to(index)
        return cls(device, partners, scale, listed_by, start, items, device.put(items.astype(np.int64)))

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k), of arrays on the host."""
        return self.device.get(self.product(self.device.put(V.astype(np.float32, copy=False))))

    def rows(self, places: Rows) -> tuple[npt.NDArray[np.int32], FloatArray]:
        """The partners, (r, kept), and scales, (r,), of the items at some places."""
        where = self.device.put(places)
        partners, scale = self.device.get(self.partners[where]), self.device.get(self.scale[where])
        return partners.astype(np.int32, copy=False), scale

    def sums_by_group(self, of_place: npt.NDArray[np.int32], k: int) -> npt.NDArray[np.float64]:
        """Sums of S over every two groups, (1, k, k), from the group of the item at each place."""
        device, torch, groups = self.device, self.device.torch, self.device.put(of_place.astype(np.int64))
        names, sums = torch.arange(k, device=device.name), np.zeros((1, k, k))
        for here in row_tiles(len(of_place), max(1, _ENTRIES_AT_A_TIME // max(self.partners.shape[1], k))):
            others = groups[self.partners[here].long()]
            counts = torch.zeros((len(others), k), dtype=torch.int32, device=device.name)
            counts.scatter_add_(1, others, torch.ones_like(others, dtype=torch.int32))  # whole numbers, in any order
            own = (groups[here, None] == names).to(device.precise)
            sums[0] += device.get(own.T @ (counts * (2 * self.scale[here, None].to(device.precise))))
        return sums

    def product(self, V: Any) -> Any:
        """The product A V, (n, k), on the device."""
        add = self.device.torch.nn.functional.embedding_bag
        own = V[self.placed].contiguous()
        scaled = own * self.scale[:, None]
        total = add(self.partners, own, mode="sum").mul_(self.scale[:, None])
        total += add(self.listed_by, scaled, self.start, mode="sum", include_last_offset=True)
        out = self.device.torch.empty_like(own)
        out[self.placed] = total.add_(own)
        return out


def index_type(n: int, kept: int, device: Device) -> Any:
    """The type of places and of where lists begin."""
    return device.torch.int32 if n * kept <= _LARGEST_INT32 else device.torch.int64


def keep_on_device(
    lists: DeviceLists, kept: int, *, n_jobs: int, stage: str = "", progress: Progress = silent
) -> DevicePartners:
    """Visit every row, and keep some partners of each; threads draw lists while the device ranks others.

    Parameters
    ----------
    lists : DeviceLists
        The direction.
    kept : int
        Partners of a row.
    n_jobs : int
        Threads; the result does not depend on them.
    stage, progress
        The progress to report.
    """
    device, cells, n = lists.device, lists.sampler.cells, lists.sampler.n
    on_device = device.put(positions(cells).astype(np.int64))
    partners = device.torch.empty((n, kept), dtype=index_type(n, kept, device), device=device.name)
    scale = device.torch.empty(n, dtype=device.torch.float32, device=device.name)
    lock = Lock()

    def work(tiles: Sequence[Tile]) -> None:
        blocks, offsets = _drawn(lists, tiles)
        seen = 0
        with lock:
            for visit in lists.visits(blocks):
                here = slice(seen, seen + len(visit.real))
                seen = here.stop
                chosen, step = _resampled(visit, kept, device.put(offsets[here]), device)
                real = device.put(visit.real)
                where = on_device[visit.rows[real]]
                partners[where], scale[where] = on_device[chosen[real]].to(partners.dtype), step[real]
            device.wait()

    for_each_tile(work, list(_groups(lists)), n_jobs=n_jobs, stage=stage, progress=progress)
    return DevicePartners.of(partners, scale, cells.items, device)


def _groups(lists: DeviceLists) -> Iterator[list[Tile]]:
    """Tiles of rows, as many together as the device ranks at once."""
    group: list[Tile] = []
    blocks = 0
    for tile in tiles_of(lists.sampler.cells):
        group.append(tile)
        blocks += -(-(tile.places.stop - tile.places.start) // lists.sampler.block)
        if blocks >= lists.blocks_at_once:
            yield group
            group, blocks = [], 0
    if group:
        yield group


def _drawn(lists: DeviceLists, tiles: Sequence[Tile]) -> tuple[list[Block], npt.NDArray[np.float64]]:
    """The blocks of some tiles, and where the first point of each row lies in its interval, (c, b)."""
    sampler = lists.sampler
    blocks: list[Block] = []
    offsets: list[npt.NDArray[np.float64]] = []
    for tile in tiles:
        place = tile.places.start
        rows = sampler.cells.items[tile.places].astype(np.int64)
        for block in lists.draw(tile.cell, rows, PURPOSE, tile.begin):
            own = np.zeros(sampler.block)
            own[: len(block[0])] = sampler.uniform(len(block[0]), PURPOSE, place)
            place += len(block[0])
            blocks.append(block)
            offsets.append(own)
    return blocks, np.stack(offsets)


def _resampled(visit: DeviceVisit, kept: int, offsets: Any, device: Device) -> tuple[Any, Any]:
    """Partners of equal weight of each row, (c, b, kept), and half their weight: systematic sampling, near to far."""
    torch, precise = device.torch, device.precise
    reached = (visit.directed * visit.weights).gather(-1, visit.order).to(precise).cumsum(-1)
    total = reached[..., -1:].contiguous()
    step = total / kept
    points = (offsets[..., None].to(precise) + torch.arange(kept, device=device.name)) * step
    places = torch.searchsorted(reached, points, right=True)
    places = torch.minimum(places, torch.searchsorted(reached, total))  # rounding may put the last point beyond the end
    items = visit.items[:, None].expand(visit.order.shape)
    return items.gather(-1, visit.order.gather(-1, places)), (0.5 * step[..., 0]).to(torch.float32)
