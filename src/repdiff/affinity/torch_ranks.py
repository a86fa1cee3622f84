"""Ranks of the rows of a representation, computed on a torch device or copied to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from repdiff.affinity.distances import RankedDistances
from repdiff.affinity.kept_ranks import KeptRanks
from repdiff.affinity.rank_kernels import REFINED_RANKS
from repdiff.affinity.ranks import NEAR_TIE, RankedEmbedding
from repdiff.affinity.representation import Representation
from repdiff.affinity.torch_ready import ReadyRows, ready_rows
from repdiff.core.device import Device
from repdiff.core.parallel import row_tiles

REFINING_BYTES = 2**28


def on_device(representation: Representation, device: Device) -> DeviceRanks:
    """The source of the ranks: the kept ranks if they are complete, else the representation itself."""
    kept = representation.shared if isinstance(representation.shared, KeptRanks) else None
    if kept is not None and kept.complete:
        return HostRanks(device, kept)
    side = _source(representation, device)
    return side if kept is None else KeepingRanks(side, kept)


def _source(representation: Representation, device: Device) -> HostRanks | DeviceEmbedding:
    if representation.metric != "precomputed" and device.knows_float64:
        return DeviceEmbedding.of(ready_rows(representation.values, representation.metric, device), device)
    representation.prepare()
    ready = representation.ready
    return HostRanks(device, ready) if isinstance(ready, RankedDistances) else DeviceEmbedding.of(ready, device)


@dataclass(frozen=True)
class HostRanks:
    """Ranks that are kept, or computed from distances, on the host."""

    device: Device
    source: RankedDistances | KeptRanks

    def ranks(self, rows: slice) -> Any:
        """Neighbour ranks, (r, n), float32."""
        return self.device.put(self.source.ranks(rows).astype(np.float32))


@dataclass(frozen=True)
class KeepingRanks:
    """A side whose ranks are kept as they are computed."""

    side: HostRanks | DeviceEmbedding
    store: KeptRanks

    def ranks(self, rows: slice) -> Any:
        """Neighbour ranks, (r, n), float32."""
        ranks = self.side.ranks(rows)
        self.store.write(rows, ranks.cpu().numpy())
        return ranks


@dataclass(frozen=True)
class DeviceEmbedding:
    """A :class:`RankedEmbedding` on the device."""

    device: Device
    values: Any  # (n, d), the precision of the input
    coordinates: Any  # (n, d) float32
    squared_norms: Any  # (n,) float32
    originals: Any  # (n,) int64
    copies: Any  # int64
    refine: bool

    @classmethod
    def of(cls, embedding: RankedEmbedding | ReadyRows, device: Device) -> DeviceEmbedding:
        """The embedding, prepared on the device or copied to it."""
        refine = device.refines and not embedding.exact
        if isinstance(embedding, RankedEmbedding):
            embedding = _copied(embedding, refine, device)
        return cls(
            device,
            embedding.values if refine else embedding.coordinates,
            embedding.coordinates,
            embedding.squared_norms,
            embedding.originals,
            embedding.copies,
            refine,
        )

    def ranks(self, rows: slice) -> Any:
        """Neighbour ranks, (r, n), float32 (whole numbers, exact up to 2**24)."""
        torch, norms = self.device.torch, self.squared_norms
        distances = self.coordinates[rows] @ self.coordinates.T
        distances.mul_(-2).add_(norms).add_(norms[rows, None]).clamp_(min=0)
        distances.scatter_(1, self.originals[rows, None], 0)
        distances[:, self.copies] = distances[:, self.originals[self.copies]]
        distances.scatter_(1, torch.arange(rows.start, rows.stop, device=self.device.name)[:, None], -1)
        nearest_first = torch.sort(distances, dim=1, stable=True)
        order = nearest_first.indices
        if self.refine:
            _refine(self, rows, order, nearest_first.values)
        places = torch.arange(1, len(norms) + 1, dtype=torch.float32, device=self.device.name)
        return distances.scatter_(1, order, places.expand_as(order))


def _copied(embedding: RankedEmbedding, with_values: bool, device: Device) -> ReadyRows:
    coordinates = device.put(embedding.coordinates[:])
    return ReadyRows(
        device.put(embedding.values) if with_values else coordinates,
        embedding.exact,
        coordinates,
        device.put(embedding.squared_norms),
        device.put(embedding.originals.astype(np.int64)),
        device.put(embedding.copies.astype(np.int64)),
    )


def _refine(side: DeviceEmbedding, rows: slice, order: Any, distances: Any) -> None:
    """Order runs of near ties among the first ranks by float64 distance, then by index.

    Copies of one row tie exactly and keep index order, so a run of nothing else is in order already, and copies that
    follow each other in a run have one distance: they cost nothing.
    """
    last = min(order.shape[1], REFINED_RANKS)
    norms = side.squared_norms
    tolerance = NEAR_TIE * (norms[rows, None] + norms[order[:, 1 : last - 1]])
    tied_to_next = distances[:, 2:last] - distances[:, 1 : last - 1] <= tolerance
    pad = side.device.torch.nn.functional.pad
    begins = pad(tied_to_next, (0, 1)) & ~pad(tied_to_next, (1, 0))
    in_run = pad(tied_to_next, (0, 1)) | pad(tied_to_next, (1, 0))
    run = begins.flatten().cumsum(0)
    if len(side.copies):
        in_run &= _holds_several(side, order[:, 1:last], tied_to_next, run)
    row, place = in_run.nonzero(as_tuple=True)
    run = run[in_run.flatten()]
    items = order[row, place + 1]
    # The last of several stable sorts counts first: by run, within it by distance, within that by index.
    sorted_by = items.argsort()
    for key in (_exact_distances(side, row + rows.start, items, run), run):
        sorted_by = sorted_by[key[sorted_by].argsort(stable=True)]
    order[row, place + 1] = items[sorted_by]


def _holds_several(side: DeviceEmbedding, order: Any, tied_to_next: Any, run: Any) -> Any:
    """Whether the run of each place, (r, p), holds items that are no copies of each other."""
    originals = side.originals[order]
    apart = side.device.torch.nn.functional.pad(tied_to_next & (originals[:, 1:] != originals[:, :-1]), (0, 1))
    several = apart.new_zeros(run.numel() + 1)
    several[run[apart.flatten()]] = True
    return several[run].view(order.shape)


def _exact_distances(side: DeviceEmbedding, items: Any, others: Any, run: Any) -> Any:
    """Squared float64 distances of pairs, (m,); those of copies that follow each other in a run are computed once."""
    if not len(side.copies) or not len(run):
        return _float64_distances(side, items, others)
    originals = side.originals[others]
    fresh = originals.new_ones(len(run), dtype=side.device.torch.bool)
    fresh[1:] = (originals[1:] != originals[:-1]) | (run[1:] != run[:-1])
    return _float64_distances(side, items[fresh], others[fresh])[fresh.cumsum(0) - 1]


def _float64_distances(side: DeviceEmbedding, items: Any, others: Any) -> Any:
    """Squared float64 distances of pairs, (m,), computed in parts that fit into memory."""
    torch, values = side.device.torch, side.values
    distances = torch.empty(len(items), dtype=torch.float64, device=side.device.name)
    for part in row_tiles(len(items), max(1, REFINING_BYTES // (24 * values.shape[1]))):
        distances[part] = (values[items[part]].double() - values[others[part]].double()).square_().sum(dim=1)
    return distances


DeviceRanks: TypeAlias = HostRanks | DeviceEmbedding | KeepingRanks
