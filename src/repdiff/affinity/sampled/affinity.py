"""One direction, estimated from lists: products from stored partners, means and chosen pairs from new lists."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import GroupMeans
from repdiff.affinity.sampled.candidates import Sampler
from repdiff.affinity.sampled.cells import Cells
from repdiff.affinity.sampled.kept import KeptPartners, Stored
from repdiff.affinity.sampled.list_kernels import keep_partners
from repdiff.affinity.sampled.means import group_means
from repdiff.affinity.sampled.pairs import directed_pairs
from repdiff.affinity.sampled.reader import FloatArray, Rows
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress, silent

PURPOSE = 0  # of the random streams
_ROWS_AT_A_TIME = 64  # between checks for Ctrl-C
_ROWS_OF_DENSE = 1024


@dataclass(frozen=True)
class SampledAffinity:
    """One direction, as an ``Affinity``.

    Attributes
    ----------
    sampler : Sampler
        Draws lists and computes the affinities on them.
    stored : Stored
        The stored matrix, for products.
    n_jobs : int
        Threads.
    """

    sampler: Sampler
    stored: Stored
    n_jobs: int

    @property
    def n(self) -> int:
        """Number of items."""
        return int(self.sampler.n)

    def degree(self) -> npt.NDArray[np.float64]:
        """Estimated row sums, (n,)."""
        return self._degree.copy()

    @cached_property
    def _degree(self) -> npt.NDArray[np.float64]:
        return self.matmat(np.ones((self.n, 1), np.float32))[:, 0].astype(np.float64)

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k), of the stored matrix, which is symmetric."""
        return self.stored.matmat(V)

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Estimated means over every two groups, from lists other than those of the stored matrix."""
        return group_means(self.sampler, self.stored, labels, n_jobs=self.n_jobs)

    def block(self, rows: Rows, columns: Rows) -> FloatArray:
        """Estimated entries A[rows, columns], stacked."""
        there, back = self._both_ways(rows, columns)
        return np.asarray((there + back) / 2)

    def directed(self, rows: Rows, columns: Rows) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The weaker and the stronger of the two directed values of each pair, (..., r, c)."""
        there, back = self._both_ways(rows, columns)
        return np.minimum(there, back).astype(np.float64), np.maximum(there, back).astype(np.float64)

    def dense(self) -> FloatArray:
        """All estimated entries, (n, n): each row's lists are drawn once for all columns."""
        everything, tiles = np.arange(self.n), row_tiles(self.n, _ROWS_OF_DENSE)
        out = np.empty((self.n, self.n), np.float32)
        for rows in tiles:
            out[rows] = directed_pairs(self.sampler, everything[rows], everything, n_jobs=self.n_jobs)
        for place, rows in enumerate(tiles):
            for columns in tiles[place:]:
                mean = (out[rows, columns] + out[columns, rows].T) / 2
                out[rows, columns], out[columns, rows] = mean, mean.T
        return out

    def _both_ways(self, rows: Rows, columns: Rows) -> tuple[FloatArray, FloatArray]:
        """exp(-beta G) from the rows and from the columns, both (..., r, c)."""
        if rows.ndim > 1 or columns.ndim > 1:
            lead = np.broadcast_shapes(rows.shape[:-1], columns.shape[:-1])
            all_rows = np.broadcast_to(rows, (*lead, rows.shape[-1])).reshape(-1, rows.shape[-1])
            all_columns = np.broadcast_to(columns, (*lead, columns.shape[-1])).reshape(-1, columns.shape[-1])
            blocks = [self._both_ways(r, c) for r, c in zip(all_rows, all_columns, strict=True)]
            there, back = (
                np.stack(side).reshape(*lead, rows.shape[-1], columns.shape[-1]) for side in zip(*blocks, strict=True)
            )
            return there, back
        there = directed_pairs(self.sampler, rows, columns, n_jobs=self.n_jobs)
        if np.array_equal(rows, columns):
            return there, there.T
        return there, directed_pairs(self.sampler, columns, rows, n_jobs=self.n_jobs).T


def sample_affinity(
    sampler: Sampler, kept: int, *, n_jobs: int, stage: str = "", progress: Progress = silent
) -> SampledAffinity:
    """Visit every row, and keep some partners of each.

    Parameters
    ----------
    sampler : Sampler
        The direction.
    kept : int
        Partners of a row.
    n_jobs : int
        Threads; the result does not depend on them.
    stage, progress
        The progress to report.
    """
    cells, position = sampler.cells, positions(sampler.cells)
    partners = np.empty((sampler.n, kept), np.int32)
    scale = np.empty(sampler.n, np.float32)

    def visit(tile: Tile) -> None:
        keep_tile(sampler, tile, position, partners[tile.places], scale[tile.places])

    for_each_tile(visit, tiles_of(cells), n_jobs=n_jobs, stage=stage, progress=progress)
    return SampledAffinity(sampler, KeptPartners(partners, scale, cells.items, n_jobs), n_jobs)


def positions(cells: Cells) -> npt.NDArray[np.int32]:
    """The place of each item, cell by cell, (n,)."""
    position = np.empty(len(cells.items), np.int32)
    position[cells.items] = np.arange(len(position), dtype=np.int32)
    return position


@dataclass(frozen=True)
class Tile:
    """Neighbouring rows of a cell.

    Attributes
    ----------
    cell : int
        The cell.
    begin : int
        Where in the cell they begin.
    places : slice
        Where they are among all rows, cell by cell.
    """

    cell: int
    begin: int
    places: slice


def tiles_of(cells: Cells) -> list[Tile]:
    """All rows, some of a cell at a time, in the order of their places."""
    return [
        Tile(cell, first - start, slice(first, min(stop, first + _ROWS_AT_A_TIME)))
        for cell, (start, stop) in enumerate(pairwise(cells.start.tolist()))
        for first in range(start, stop, _ROWS_AT_A_TIME)
    ]


def keep_tile(
    sampler: Sampler,
    tile: Tile,
    position: npt.NDArray[np.int32],
    partners: npt.NDArray[np.int32],
    scale: FloatArray,
) -> None:
    """Visit the rows of a tile; write the places of their partners, (r, kept), and half the weight of each, (r,)."""
    place, first = tile.places.start, tile.places.start
    rows = sampler.cells.items[tile.places].astype(np.int64)
    for seen in sampler.visits(tile.cell, rows, PURPOSE, tile.begin):
        here = slice(place - first, place - first + len(seen.rows))
        offsets = sampler.uniform(len(seen.rows), PURPOSE, place)
        keep_partners(
            seen.candidates.items, seen.directed, seen.weights, seen.order, offsets, position,
            partners[here], scale[here],
        )  # fmt: skip
        place += len(seen.rows)
    scale *= np.float32(0.5)
