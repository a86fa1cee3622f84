"""What a worker of a cluster must know of a comparison: where the arrays lie, and a few numbers.

Each task opens what it needs, which maps files and reads nothing, so that workers keep nothing from task to task.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.sampled.affinity import Tile, positions
from repdiff.affinity.sampled.candidates import Sampler
from repdiff.affinity.sampled.cells import Cells
from repdiff.affinity.sampled.reader import (
    ROWS_ASSIGNED,
    ROWS_LOOKED_AT,
    FloatArray,
    Look,
    Reader,
    Rows,
    check_metric,
    look_at,
)
from repdiff.core.cluster import Cluster
from repdiff.core.metrics import Metric
from repdiff.core.parallel import row_tiles
from repdiff.core.progress import Progress, silent
from repdiff.core.shared_files import SharedArray, remove

_TILES_AT_A_TIME = 64  # of rows, for one task
_TASKS_PER_THREAD = 8  # at least, so that no thread waits long for another


@dataclass(frozen=True)
class SharedReader:
    """One representation, for workers."""

    values: SharedArray
    factors: SharedArray
    mean: SharedArray

    def open(self) -> Reader:
        """The reader."""
        return Reader.prepared(self.values.open(), self.factors.open(), self.mean.open())


@dataclass(frozen=True)
class SharedSampler:
    """One direction, for workers.

    Attributes
    ----------
    near, far : SharedReader
        Both representations.
    cells : tuple of SharedArray
        The fields of :class:`Cells`.
    position : SharedArray
        The place of each item.
    n_candidates, block, gamma, beta, key
        As in :class:`Sampler`.
    """

    near: SharedReader
    far: SharedReader
    cells: tuple[SharedArray, ...]
    position: SharedArray
    n_candidates: int
    block: int
    gamma: float
    beta: float
    key: tuple[int, ...]

    def open(self) -> Sampler:
        """The sampler."""
        return Sampler(
            self.near.open(), self.far.open(), Cells(*(one.open() for one in self.cells)),
            n_candidates=self.n_candidates, block=self.block, gamma=self.gamma, beta=self.beta, key=self.key,
        )  # fmt: skip


class ClusterReader(Reader):
    """One representation, whose rows the workers of a cluster read.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Finite; read where it lies if it is mapped from a file, else written to the shared folder.
    metric : {"euclidean", "cosine"}
        As in :class:`Reader`.
    cluster : Cluster
        The workers.

    Attributes
    ----------
    shared : SharedReader
        The same for workers.
    """

    def __init__(self, values: npt.NDArray[Any], metric: Metric, cluster: Cluster) -> None:
        check_metric(metric)
        self._cluster, place = cluster, cluster.share(values)
        tiles = row_tiles(len(values), ROWS_LOOKED_AT)
        calls = [(place, metric, some) for some in _split(tiles, cluster)]
        self._prepare(values, metric, [look for looks in cluster.run(_look, calls) for look in looks])
        self.shared = SharedReader(place, cluster.put(self.factors), cluster.put(self.mean))

    def nearest(
        self,
        items: Rows,
        means: FloatArray,
        centre: npt.NDArray[np.float64],
        *,
        n_jobs: int,
        stage: str = "",
        progress: Progress = silent,
    ) -> npt.NDArray[np.int32]:
        """The nearest of some means, (c, d), relative to a centre, for each of some items."""
        places = [self._cluster.put(one) for one in (means, centre)]
        calls = []
        for tiles in _split(row_tiles(len(items), ROWS_ASSIGNED), self._cluster):
            some = slice(tiles[0].start, tiles[-1].stop)
            calls.append((self.shared, some if len(items) == self.n else items[some], *places))
        found = self._cluster.run(_nearest, calls, stage=stage, progress=progress)
        for place in places:
            remove(place)
        return np.concatenate(found)


def share_sampler(sampler: Sampler, key: tuple[int, ...], cluster: Cluster) -> SharedSampler:
    """A direction whose readers are of a cluster, for its workers."""
    assert isinstance(sampler.near, ClusterReader)
    assert isinstance(sampler.far, ClusterReader)
    cells = sampler.cells
    return SharedSampler(
        sampler.near.shared, sampler.far.shared,
        tuple(cluster.put(one) for one in (cells.centres, cells.coordinates, cells.of_item, cells.items, cells.start)),
        cluster.put(positions(cells)), sampler.n_candidates, sampler.block, float(sampler.gamma), float(sampler.beta),
        key,
    )  # fmt: skip


def in_pieces(tiles: list[Tile], cluster: Cluster, most_rows: int) -> list[list[Tile]]:
    """Consecutive tiles of about the same number of rows: several times as many pieces as the cluster has threads."""
    n = tiles[-1].places.stop
    wanted = max(1, min(most_rows, n // (_TASKS_PER_THREAD * cluster.n_threads)))
    pieces: list[list[Tile]] = []
    for tile in tiles:
        if not pieces or pieces[-1][-1].places.stop - pieces[-1][0].places.start >= wanted:
            pieces.append([])
        pieces[-1].append(tile)
    return pieces


def _split(tiles: list[slice], cluster: Cluster) -> list[list[slice]]:
    size = max(1, min(_TILES_AT_A_TIME, len(tiles) // (_TASKS_PER_THREAD * cluster.n_threads)))
    return [tiles[start : start + size] for start in range(0, len(tiles), size)]


# What follows runs on workers.


def _look(place: SharedArray, metric: Metric, tiles: list[slice]) -> list[Look]:
    values = place.open()
    return [look_at(values[tile], metric) for tile in tiles]


def _nearest(side: SharedReader, items: slice | Rows, means: SharedArray, centre: SharedArray) -> npt.NDArray[np.int32]:
    rows = np.arange(items.start, items.stop) if isinstance(items, slice) else items
    return side.open().nearest(rows, means.open(), centre.open(), n_jobs=1)
