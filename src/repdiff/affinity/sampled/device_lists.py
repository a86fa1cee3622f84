"""Lists drawn on the host, their ranks and affinities computed on a device: ``candidates`` for many blocks at once.

The lists are those of the host: the same streams, cells and probabilities. Distances are sums of squared differences of
the same float32 rows (of float64 rows: less their mean), so that equal rows get equal distances there too; they are
sorted as they are, not by their leading bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.difference import affinity_formula, difference_formula
from repdiff.affinity.sampled.candidates import CandidateList, Sampler
from repdiff.affinity.sampled.reader import Reader, Rows
from repdiff.core.device import Device
from repdiff.core.parallel import row_tiles

_ROWS_AT_A_TIME = 1 << 16
_BYTES_PER_CANDIDATE = 80  # of each row of a block: distances, orders, ranks, running sums

Block = tuple[Rows, CandidateList]


def coordinates_on(side: Reader, device: Device) -> Any:
    """The rows that are compared, (n, d) float32, on the device."""
    out = device.empty(side.n, side.d)
    for rows in row_tiles(side.n, _ROWS_AT_A_TIME):
        own = side.values[rows] * side.factors[rows, None]
        if own.dtype == np.float64:  # in float32 a common offset would cost digits
            own = (own - side.mean).astype(np.float32)
        out[rows] = device.put(own)
    return out


@dataclass(frozen=True)
class DeviceVisit:
    """Some blocks of rows with their lists, on the device.

    Attributes
    ----------
    rows : int64, (c, b)
        Items; a short block repeats its first row.
    real : ndarray of bool, (c, b)
        Whether a row is none of these repetitions; on the host.
    items : int64, (c, m)
        Candidates in index order.
    directed, weights : float32, (c, b, m)
        As in :class:`repdiff.affinity.sampled.candidates.Visit`.
    order : int64, (c, b, m)
        Places in the list from near to far, in the near representation.
    """

    rows: Any
    real: npt.NDArray[np.bool_]
    items: Any
    directed: Any
    weights: Any
    order: Any


class DeviceLists:
    """One direction: the lists of a sampler, ranked on a device.

    Parameters
    ----------
    sampler : Sampler
        Draws the lists.
    near, far : tensor of float32, (n, d)
        Coordinates of both representations on the device.
    device : Device
        The device.
    batch_bytes : int
        Bytes there for the blocks that are ranked at once.
    """

    def __init__(self, sampler: Sampler, near: Any, far: Any, device: Device, *, batch_bytes: int) -> None:
        self.sampler, self.device = sampler, device
        self._sides = near, far
        self.blocks_at_once = max(1, batch_bytes // block_bytes(sampler.n_candidates, sampler.block, near, far))
        self._difference = difference_formula(device.torch.tanh, device.torch.minimum)
        self._affinity = affinity_formula(device.torch.exp)

    def draw(self, cell: int, rows: Rows, *purpose: int) -> list[Block]:
        """Rows of a cell in blocks, each with its own list; on the host."""
        step = self.sampler.block
        blocks = [rows[start : start + step] for start in range(0, len(rows), step)]
        return list(zip(blocks, self.sampler.lists(cell, len(blocks), *purpose), strict=True))

    def visits(self, blocks: Sequence[Block], at_once: int | None = None) -> Iterator[DeviceVisit]:
        """The blocks, as many at once as there is room for, or fewer."""
        for part in row_tiles(len(blocks), min(at_once or self.blocks_at_once, self.blocks_at_once)):
            yield self._visit(blocks[part])

    def _visit(self, blocks: Sequence[Block]) -> DeviceVisit:
        device, torch = self.device, self.device.torch
        padded = np.stack([np.resize(rows, self.sampler.block) for rows, _ in blocks])
        real = np.arange(self.sampler.block) < np.array([len(rows) for rows, _ in blocks])[:, None]
        padded = np.where(real, padded, padded[:, :1])
        rows, items = device.put(padded), device.put(np.stack([one.items for _, one in blocks]))
        listed = device.put(np.stack([one.weights for _, one in blocks]).astype(np.float32))
        others = items[:, None] != rows[..., None]
        weights = listed[:, None] * others
        scale = (self.sampler.n - 1) / weights.sum(-1, dtype=device.precise)
        weights *= scale.to(torch.float32)[..., None]
        order, near = self._ranks(self._sides[0], rows, items, weights, others)
        _, far = self._ranks(self._sides[1], rows, items, weights, others)
        gamma, beta = float(self.sampler.gamma), float(self.sampler.beta)
        directed = self._affinity(self._difference(near, far, gamma), beta)
        return DeviceVisit(rows, real, items, directed, weights, order)

    def _ranks(self, points: Any, rows: Any, items: Any, weights: Any, others: Any) -> tuple[Any, Any]:
        """Places from near to far, and estimated ranks of the candidates, both (c, b, m); 1 for the row itself."""
        torch, precise = self.device.torch, self.device.precise
        exactly = "donot_use_mm_for_euclid_dist"
        order = torch.cdist(points[rows], points[items], compute_mode=exactly).sort(dim=-1, stable=True).indices
        ahead = weights.gather(-1, order).to(precise)
        middle = (ahead.cumsum(-1) + (1.5 - 0.5 * ahead)).clamp_(min=2)  # 1 + those before + (own + 1) / 2
        ranks = torch.empty_like(weights).scatter_(-1, order, middle.to(torch.float32))
        return order, ranks.masked_fill_(~others, 1.0)


def block_bytes(n_candidates: int, block: int, *sides: Any) -> int:
    """Bytes on the device for a block of rows that share a list; ``sides`` have a shape, (n, d)."""
    width: int = sum(side.shape[1] for side in sides)
    return n_candidates * (4 * width + _BYTES_PER_CANDIDATE * block)
