"""Cells of nearby items, and for each cell all others from near to far.

k-means with few iterations on a sample of the items. The cells need not be good clusters: they only set the
probabilities with which candidates are drawn, and these are known for any cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.sampled.reader import (
    ROWS_ASSIGNED,
    FloatArray,
    Reader,
    Rows,
    nearest_mean,
    squared_distances_from,
)
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress, silent

MOST_CELLS = 4096
_CELLS_PER_ROOT, _ITEMS_PER_CELL = 4, 8
_SAMPLED_PER_CELL, _ITERATIONS = 16, 2
_OVERSIZED = 4  # times the mean size


@dataclass(frozen=True)
class Cells:
    """A partition of the items.

    Attributes
    ----------
    centres : ndarray of float64, (c, d)
        Centre of each cell, in the unit of the multiplied rows.
    coordinates : ndarray of float32, (c, d)
        The same, relative to the mean of all rows.
    of_item : ndarray of int32, (n,)
        Cell of each item.
    items : ndarray of int32, (n,)
        Items cell by cell, in index order within each.
    start : ndarray of int64, (c + 1,)
        Where the items of each cell begin.
    """

    centres: npt.NDArray[np.float64]
    coordinates: FloatArray
    of_item: npt.NDArray[np.int32]
    items: npt.NDArray[np.int32]
    start: npt.NDArray[np.int64]

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Number of items of each cell."""
        return np.diff(self.start)

    def members(self, cell: int) -> Rows:
        """Items of a cell, in index order."""
        return self.items[self.start[cell] : self.start[cell + 1]].astype(np.int64)

    def from_near_to_far(self, cell: int) -> npt.NDArray[np.int64]:
        """All cells by distance of their centres from that of one, itself and those with the same centre first."""
        distances = squared_distances_from(self.coordinates, cell)
        distances[cell] = 0
        return np.argsort(distances, kind="stable")


def number_of_cells(n: int) -> int:
    """Number of cells for n items, before oversized ones are split."""
    return max(1, min(int(_CELLS_PER_ROOT * np.sqrt(n)), MOST_CELLS, n // _ITEMS_PER_CELL))


def make_cells(
    side: Reader, rng: np.random.Generator, *, n_jobs: int, stage: str = "", progress: Progress = silent
) -> Cells:
    """Cells of one representation.

    Parameters
    ----------
    side : Reader
        What to partition.
    rng : Generator
        Draws the sample for k-means.
    n_jobs : int
        Threads; the cells do not depend on it.
    stage, progress
        The progress to report while items are assigned to cells.
    """
    number = number_of_cells(side.n)
    everything = np.arange(side.n)
    means = _fitted_means(side, everything, number, rng, side.mean, n_jobs)
    nearest = side.nearest(everything, means, side.mean, n_jobs=n_jobs, stage=stage, progress=progress)
    centres, of_item = _without_empty(side.mean + means, nearest)
    largest = _OVERSIZED * -(-side.n // number)
    for cell in np.flatnonzero(np.bincount(of_item) > largest):
        centres, of_item = _split(side, centres, of_item, int(cell), number, rng, n_jobs)
    centres, of_item = _chunked(*_without_empty(centres, of_item), largest)
    start = np.concatenate([[0], np.cumsum(np.bincount(of_item, minlength=len(centres)))]).astype(np.int64)
    items = np.argsort(of_item, kind="stable").astype(np.int32)
    coordinates = (centres - side.mean).astype(np.float32)
    return Cells(centres, coordinates, of_item, items, start)


def _fitted_means(
    side: Reader, items: Rows, number: int, rng: np.random.Generator, centre: npt.NDArray[np.float64], n_jobs: int
) -> FloatArray:
    """Means of cells, (c, d), relative to a centre, from a sample of some items."""
    picked = rng.permutation(len(items))[: min(len(items), number * _SAMPLED_PER_CELL)]
    sample = side.read(items[np.sort(picked)], centre)
    means = sample[rng.permutation(len(sample))[:number]].copy()
    nearest = np.empty(len(sample), np.int32)

    def assign(rows: slice) -> None:
        nearest[rows] = nearest_mean(sample[rows], means)

    for _ in range(_ITERATIONS):
        for_each_tile(assign, row_tiles(len(sample), ROWS_ASSIGNED), n_jobs=n_jobs)
        sizes = np.bincount(nearest, minlength=number)
        order = np.argsort(nearest, kind="stable")
        filled = np.flatnonzero(sizes)
        begins = (np.cumsum(sizes) - sizes)[filled]
        means[filled] = np.add.reduceat(sample[order], begins, axis=0) / sizes[filled, None]
        empty = np.flatnonzero(sizes == 0)
        means[empty] = sample[rng.permutation(len(sample))[: len(empty)]]
    return means


def _split(
    side: Reader,
    centres: npt.NDArray[np.float64],
    of_item: npt.NDArray[np.int32],
    cell: int,
    number: int,
    rng: np.random.Generator,
    n_jobs: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Splits an oversized cell into parts of about the mean size; the first part keeps its number."""
    members = np.flatnonzero(of_item == cell)
    parts = max(2, len(members) * number // side.n)
    means = _fitted_means(side, members, parts, rng, centres[cell], n_jobs)
    nearest = side.nearest(members, means, centres[cell], n_jobs=n_jobs)
    new = np.concatenate([[cell], len(centres) + np.arange(parts - 1)]).astype(np.int32)
    parted = centres[cell] + means
    of_item[members] = new[nearest]
    return np.concatenate([centres[:cell], parted[:1], centres[cell + 1 :], parted[1:]]), of_item


def _without_empty(
    centres: npt.NDArray[np.float64], of_item: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    used, renamed = np.unique(of_item, return_inverse=True)
    return centres[used], renamed.astype(np.int32)


def _chunked(
    centres: npt.NDArray[np.float64], of_item: npt.NDArray[np.int32], largest: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Cells that are still oversized, as those of many equal rows are, in chunks by index.

    The chunks have one centre and follow each other in number, so that they come in index order from near to far, as
    equal distances do in the ranks.
    """
    sizes = np.bincount(of_item)
    chunks = -(-sizes // largest)
    if chunks.max() == 1:
        return centres, of_item
    first = np.cumsum(chunks) - chunks
    order = np.argsort(of_item, kind="stable")
    within = np.empty(len(of_item), np.int64)
    within[order] = np.arange(len(of_item)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chunk = within * chunks[of_item] // sizes[of_item]
    return np.repeat(centres, chunks, axis=0), (first[of_item] + chunk).astype(np.int32)
