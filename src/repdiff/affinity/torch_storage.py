"""Both directions of an affinity in the memory of one matrix on a torch device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import DirectedValues, FloatArray, GroupMeans
from repdiff.affinity.difference import directed_values
from repdiff.core.device import Device
from repdiff.core.parallel import row_tiles
from repdiff.core.progress import Progress

_BLOCK_ROWS = 2048


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

    def entries(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], *, upper: bool) -> FloatArray:
        """Entries of the affinity above or below the diagonal, stacked; the diagonal is 1 in both."""
        i, j = (self.device.put(indices) for indices in (rows[..., :, None], columns[..., None, :]))
        low, high = self.device.torch.minimum(i, j), self.device.torch.maximum(i, j)
        return np.asarray(self.data[(low, high) if upper else (high, low)].cpu().numpy())

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

    @property
    def device(self) -> Device:
        """Where it is stored."""
        return self.store.device

    def degree(self) -> npt.NDArray[np.float64]:
        """Row sums, (n,)."""
        return self.matmat(np.ones((self.n, 1), np.float32))[:, 0].astype(np.float64)

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V."""
        return self.device.get(self.product(self.device.put(V.astype(np.float32, copy=False))))

    def product(self, V: Any) -> Any:
        """The product A V of a matrix on the device, there."""
        with self.device.precision():
            return self._product(V)

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Means over every two groups, without error."""
        sizes, device = np.bincount(labels), self.device
        groups = device.torch.arange(len(sizes), dtype=device.torch.int32, device=device.name)
        members = device.put(labels.astype(np.int32))[:, None] == groups
        sums = device.get(members.T.to(device.precise) @ self.product(members.float()).to(device.precise))
        sums = sums.astype(np.float64)
        return GroupMeans.of_all_pairs((sums + sums.T) / (2 * np.outer(sizes, sizes)))

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns], stacked."""
        return self.store.entries(rows, columns, upper=self.upper)

    def directed(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> DirectedValues:
        """The weaker and the stronger directed value of each pair, from its entries in both directions."""
        return directed_values(self.block(rows, columns), self.store.entries(rows, columns, upper=not self.upper))

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
