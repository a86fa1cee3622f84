"""The exact engine on a torch device: the same steps as :mod:`repdiff.affinity.exact`, a tile of rows at a time.

Ranks come from a stable sort with the item itself put first. Near ties (see :mod:`repdiff.affinity.ranks`, whose
preparation of the rows is shared) are put in order by float64 distances as there, on devices that know float64. On
Apple's ("mps"), and where TF32 was asked for, they stay in the order of the device's own distances: neighbours nearer
to each other than a few float32 epsilons, or 2^-9 with TF32, of |a|^2 + |b|^2 may change places. Sums are taken in the
device's order, so that the last bits differ from device to device.

Where the n x n matrix does not fit beside the tiles, it is kept on the host, packed as the exact engine packs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities, FloatArray
from repdiff.affinity.device import Device
from repdiff.affinity.difference import affinity_formula, difference_formula
from repdiff.affinity.distances import KeptRanks, RankedDistances, ranked
from repdiff.affinity.exact import KeptSides, plan
from repdiff.affinity.packed import Codec, PackedAffinities
from repdiff.affinity.rank_kernels import REFINED_RANKS
from repdiff.affinity.ranks import NEAR_TIE, RankedEmbedding
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import format_bytes
from repdiff.core.metrics import Metric, Metrics, metrics_of
from repdiff.core.parallel import row_tiles
from repdiff.core.progress import Progress, silent
from repdiff.settings import Method

_SHARE_OF_FREE = 0.75
_MOST_TILE_ROWS = 1024
_FEWEST_TILE_ROWS = 16
_BYTES_PER_ENTRY = 80  # of a tile while it is sorted: distances, items, their sorted copies, the sort's own memory
_REFINING_BYTES = 2**28
_BLOCK_ROWS = 2048


def torch_affinities(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    device: str | None = None,
    gamma: float = Method.gamma,
    beta: float = Method.beta,
    metric: Metrics = "euclidean",
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    kept: KeptSides = (None, None),
    groups: npt.NDArray[np.int32] | None = None,
    progress: Progress = silent,
    tf32: bool = False,
) -> Affinities:
    """Both affinities of a pair of embeddings, from all pairs of items, computed on a torch device.

    Parameters
    ----------
    x, y : ndarray of float32 or float64, (n, d_x) and (n, d_y)
        Row i of both is the same item.
    device : str, optional
        "cuda", "mps" or "cpu"; by default the first of these that is there.
    gamma, beta : float
        Slope of the difference and sharpness of the affinity (RDC, equations 2 and 3).
    metric : {"euclidean", "cosine", "precomputed"}, or a pair of these
        Distance within each representation; a side that is "precomputed" holds distances, (n, n), and is ranked on the
        host.
    memory_limit : int, optional
        Bytes that the work may use on the device, and on the host where the matrix is kept there; three quarters of
        what is free by default.
    n_jobs : int, optional
        Threads for what runs on the host.
    kept : (KeptRanks or None, KeptRanks or None)
        Where ranks of x and of y are kept, on the host.
    groups : ndarray of int32, (n,), optional
        Only pairs of one group count; the affinity of all others is 1, no change.
    progress : Progress, optional
        Told about the stages "ranks and affinity" and "symmetrising".
    tf32 : bool
        Allow products in TF32, which is faster on some GPUs and keeps 10 bits of each factor.

    Raises
    ------
    MissingExtraError
        Where torch is not installed.
    RepdiffError
        Where there is no such device.
    MemoryLimitError
        Before any work, where nothing fits.
    """
    chosen = Device.named(device, tf32=tf32)
    limit = int(_SHARE_OF_FREE * chosen.free_bytes()) if memory_limit is None else memory_limit
    tile_rows, on_device = _fit(x, y, limit)
    engine = {
        "name": "torch", "device": chosen.title, "tf32": tf32, "near_ties_refined": chosen.refines,
        "matrix_on": "device" if on_device else "host", "memory_limit": limit,
    }  # fmt: skip
    held = sum(store.nbytes for store in kept if store is not None)
    host = None if on_device else plan(x, y, metric=metric, memory_limit=memory_limit, n_jobs=n_jobs, held=held)
    sides = [
        _on_device(values, name, store, chosen)
        for values, name, store in zip((x, y), metrics_of(metric), kept, strict=True)
    ]
    directed = _DirectedAffinity(sides, gamma, beta, None if groups is None else chosen.put(groups), chosen)
    with chosen.precision():
        if host is None:
            store = DeviceAffinities(len(x), chosen)
            _each_tile(row_tiles(len(x), tile_rows), store.write_rows, directed, chosen, progress)
            _completed(kept)
            store.symmetrise(progress=progress)
            return Affinities(store.x_only, store.y_only, {**engine, "bits": 32})
        packed = PackedAffinities(len(x), Codec.for_beta(beta, host.bits), n_jobs=host.n_jobs)
        _each_tile(row_tiles(len(x), tile_rows), _writer(packed), directed, chosen, progress)
        _completed(kept)
        packed.symmetrise(progress=progress)
        return Affinities(packed.x_only, packed.y_only, {**engine, "bits": host.bits})


def _fit(x: npt.NDArray[Any], y: npt.NDArray[Any], limit: int) -> tuple[int, bool]:
    """Rows of a tile, and whether the matrix fits beside it."""
    n = len(x)
    embeddings = sum(values.size * (values.dtype.itemsize + 4) for values in (x, y)) + _REFINING_BYTES
    row = _BYTES_PER_ENTRY * n
    for matrix, on_device in ((4 * n * n, True), (0, False)):
        rows = (limit - embeddings - matrix) // row
        if rows >= min(n, _FEWEST_TILE_ROWS):
            return min(n, rows, _MOST_TILE_ROWS), on_device
    need = embeddings + min(n, _FEWEST_TILE_ROWS) * row
    raise MemoryLimitError(
        f"the torch engine needs {format_bytes(need)} on its device for {n:,} items, "
        f'but may use {format_bytes(limit)}; raise the memory limit, or take engine="exact"'
    )


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


def _completed(kept: KeptSides) -> None:
    for store in kept:
        if store is not None:
            store.complete = True


def _on_device(values: npt.NDArray[Any], metric: Metric, store: KeptRanks | None, device: Device) -> _DeviceSide:
    """What gives the ranks of one side: the store where it is complete, else the side itself."""
    if store is not None and store.complete:
        return _FromHost(device, store)
    ready = ranked(values, metric=metric) if store is None else store.ready
    side = _FromHost(device, ready) if isinstance(ready, RankedDistances) else _DeviceEmbedding.of(ready, device)
    return side if store is None else _Keeping(side, store)


@dataclass(frozen=True)
class _FromHost:
    """Ranks that are kept, or computed from distances, on the host."""

    device: Device
    source: RankedDistances | KeptRanks

    def ranks(self, rows: slice) -> Any:
        """Neighbour ranks, (r, n), float32."""
        return self.device.put(self.source.ranks(rows).astype(np.float32))


@dataclass(frozen=True)
class _Keeping:
    """A side whose ranks are kept as they are computed."""

    side: _FromHost | _DeviceEmbedding
    store: KeptRanks

    def ranks(self, rows: slice) -> Any:
        """Neighbour ranks, (r, n), float32."""
        ranks = self.side.ranks(rows)
        self.store.write(rows, ranks.cpu().numpy())
        return ranks


@dataclass(frozen=True)
class _DeviceEmbedding:
    """A :class:`RankedEmbedding` on the device."""

    device: Device
    values: Any  # (n, d), the precision of the input
    coordinates: Any  # (n, d) float32
    squared_norms: Any  # (n,) float32
    originals: Any  # (n,) int64
    copies: Any  # int64
    refine: bool

    @classmethod
    def of(cls, embedding: RankedEmbedding, device: Device) -> _DeviceEmbedding:
        refine = device.refines and not embedding.exact
        coordinates = device.put(embedding.coordinates)
        return cls(
            device,
            device.put(embedding.values) if refine else coordinates,
            coordinates,
            device.put(embedding.squared_norms),
            device.put(embedding.originals.astype(np.int64)),
            device.put(embedding.copies.astype(np.int64)),
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


def _refine(side: _DeviceEmbedding, rows: slice, order: Any, distances: Any) -> None:
    """Put runs of near ties among the first ranks in the order of their float64 distances, then of their index."""
    last = min(order.shape[1], REFINED_RANKS)
    norms = side.squared_norms
    tolerance = NEAR_TIE * (norms[rows, None] + norms[order[:, 1 : last - 1]])
    tied_to_next = distances[:, 2:last] - distances[:, 1 : last - 1] <= tolerance
    pad = side.device.torch.nn.functional.pad
    begins = pad(tied_to_next, (0, 1)) & ~pad(tied_to_next, (1, 0))
    in_run = pad(tied_to_next, (0, 1)) | pad(tied_to_next, (1, 0))
    row, place = in_run.nonzero(as_tuple=True)
    run = begins.flatten().cumsum(0)[in_run.flatten()]
    items = order[row, place + 1]
    # The last of several stable sorts counts first: by run, within it by distance, within that by index.
    sorted_by = items.argsort()
    for key in (_exact_distances(side, row + rows.start, items), run):
        sorted_by = sorted_by[key[sorted_by].argsort(stable=True)]
    order[row, place + 1] = items[sorted_by]


def _exact_distances(side: _DeviceEmbedding, items: Any, others: Any) -> Any:
    """Squared float64 distances of pairs, (m,), as many at a time as fit."""
    torch, values = side.device.torch, side.values
    distances = torch.empty(len(items), dtype=torch.float64, device=side.device.name)
    for part in row_tiles(len(items), max(1, _REFINING_BYTES // (24 * values.shape[1]))):
        distances[part] = (values[items[part]].double() - values[others[part]].double()).square_().sum(dim=1)
    return distances


_DeviceSide: TypeAlias = _FromHost | _DeviceEmbedding | _Keeping


class _DirectedAffinity:
    """Rows -> exp(-beta G) of these rows, (r, n), on the device."""

    def __init__(self, sides: list[_DeviceSide], gamma: float, beta: float, groups: Any | None, device: Device) -> None:
        self._sides, self._gamma, self._beta, self._groups = sides, gamma, beta, groups
        self._difference = difference_formula(device.torch.tanh, device.torch.minimum)
        self._affinity = affinity_formula(device.torch.exp)

    def __call__(self, rows: slice) -> Any:
        ranks_x, ranks_y = (side.ranks(rows) for side in self._sides)
        directed = self._affinity(self._difference(ranks_x, ranks_y, self._gamma), self._beta)
        if self._groups is not None:
            directed.masked_fill_(self._groups[rows, None] != self._groups, 1.0)
        return directed


class DeviceAffinities:
    """Both directions in one n x n matrix on the device: x_only above the diagonal, y_only below it."""

    def __init__(self, n: int, device: Device) -> None:
        self.n = n
        self.device = device
        self.data = device.empty(n, n)

    @property
    def x_only(self) -> DeviceAffinity:
        """The affinity above the diagonal."""
        return DeviceAffinity(self, upper=True)

    @property
    def y_only(self) -> DeviceAffinity:
        """The affinity below the diagonal."""
        return DeviceAffinity(self, upper=False)

    def write_rows(self, rows: slice, directed: Any) -> None:
        """Store rows of the directed affinity."""
        self.data[rows] = directed

    def symmetrise(self, *, progress: Progress) -> None:
        """Turn directed values into affinities: (e + f) / 2 above the diagonal, (1/e + 1/f) / 2 below it."""
        tiles = row_tiles(self.n, _BLOCK_ROWS)
        for done, rows in enumerate(tiles):
            progress("symmetrising", done, len(tiles))
            for columns in tiles[done:]:
                above, below = self.data[rows, columns], self.data[columns, rows].T
                x_only, y_only = (above + below) / 2, (1 / above + 1 / below) / 2
                if rows == columns:
                    above.copy_(x_only.triu() + y_only.tril(-1))
                else:
                    above.copy_(x_only)
                    below.copy_(y_only)
            self.device.wait()
        progress("symmetrising", len(tiles), len(tiles))


@dataclass(frozen=True)
class DeviceAffinity:
    """One direction of :class:`DeviceAffinities`, as an ``Affinity``; arrays in, arrays out."""

    store: DeviceAffinities
    upper: bool

    @property
    def n(self) -> int:
        """Number of items."""
        return self.store.n

    def degree(self) -> npt.NDArray[np.float64]:
        """Row sums, (n,)."""
        return self.matmat(np.ones((self.n, 1), np.float32))[:, 0].astype(np.float64)

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, on the device."""
        with self.store.device.precision():
            return np.asarray(self._product(self.store.device.put(V.astype(np.float32, copy=False))).cpu().numpy())

    def block_means(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Mean of A over every pair of groups, (k, k), self-pairs included."""
        sizes = np.bincount(labels)
        members = np.equal.outer(labels, np.arange(len(sizes)))
        sums = members.T.astype(np.float64) @ self.matmat(members.astype(np.float32))
        return np.asarray((sums + sums.T) / (2 * np.outer(sizes, sizes)))

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns], stacked."""
        i, j = (self.store.device.put(indices) for indices in (rows[..., :, None], columns[..., None, :]))
        low, high = self.store.device.torch.minimum(i, j), self.store.device.torch.maximum(i, j)
        return np.asarray(self.store.data[(low, high) if self.upper else (high, low)].cpu().numpy())

    def _product(self, V: Any) -> Any:
        """Each stored block serves its own rows and, transposed, its columns."""
        data, out = self.store.data, V.new_zeros(V.shape)
        for rows in row_tiles(self.n, _BLOCK_ROWS):
            beside = slice(rows.stop, None) if self.upper else slice(None, rows.start)
            block = data[rows, beside]
            out[rows] += block @ V[beside]
            out[beside] += block.T @ V[rows]
            square = data[rows, rows]
            half = square.triu(1) if self.upper else square.tril(-1)
            out[rows] += (half + half.T) @ V[rows] + V[rows]
        return out
