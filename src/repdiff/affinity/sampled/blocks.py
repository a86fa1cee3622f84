"""The stored matrix in blocks of rows on the workers of a cluster, and the products of that matrix.

:class:`repdiff.affinity.sampled.kept.KeptPartners` gathers the vectors of a row's partners, and adds the row's own
vector to theirs. Here the second half is turned round: a block knows, for each of its rows, the rows that have it as a
partner, in order, and gathers their vectors. So each block computes its part of a product alone, from the whole of the
vectors, and nothing has to be summed over blocks. The sum of each element is taken in the same order as there, stripe
by stripe, so the bits are the same for any number of blocks and workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from repdiff.affinity.sampled.affinity import Tile, keep_tile
from repdiff.affinity.sampled.block_kernels import append_sources, multiply_block, sort_by_partner
from repdiff.affinity.sampled.kept import STRIPES, WIDTH, stripe_of_sums, stripes_of_products
from repdiff.affinity.sampled.list_kernels import add_partners
from repdiff.affinity.sampled.reader import FloatArray, Rows
from repdiff.affinity.sampled.shared import SharedSampler, in_pieces
from repdiff.core.cluster import Cluster, Future
from repdiff.core.progress import Progress, silent
from repdiff.core.shared_files import SharedArray, remove

_ROWS_OF_PIECE = 2048  # at most, which take some seconds
_BYTES_OF_BLOCK = 1 << 29
_BLOCKS_PER_THREAD = 2

Partners = npt.NDArray[np.int32]


@dataclass(frozen=True)
class BlockRows:
    """Rows of the stored matrix, as in :class:`repdiff.affinity.sampled.kept.KeptPartners`.

    Attributes
    ----------
    first : int
        Place of the first row.
    partners : ndarray of int32, (r, kept)
        Places of the partners of each row.
    scale : ndarray of float32, (r,)
        Half the weight of each partner.
    """

    first: int
    partners: Partners
    scale: FloatArray


@dataclass(frozen=True)
class Incoming:
    """For rows of one block, the rows of another that have them as partners.

    Attributes
    ----------
    counts : ndarray of int64, (r,)
        How many those of each row are.
    sources : ndarray of int32, (sum of counts,)
        Their places, row after row, ascending for each.
    """

    counts: npt.NDArray[np.int64]
    sources: Partners


@dataclass(frozen=True)
class Block:
    """A block of rows, and all rows that have them as partners."""

    rows: BlockRows
    incoming: Incoming


class ClusterPartners:
    """The stored matrix on the workers; see :class:`repdiff.affinity.sampled.kept.Stored`.

    Parameters
    ----------
    cluster : Cluster
        The workers.
    blocks : list of Future
        Its :class:`Block` s. They stay where they were made; Dask makes them again if a worker dies.
    borders : ndarray of int64, (blocks + 1,)
        Places at which the blocks begin and end.
    items : ndarray of int32, (n,)
        Item at each place.
    """

    def __init__(
        self, cluster: Cluster, blocks: list[Future], borders: npt.NDArray[np.int64], items: npt.NDArray[np.int32]
    ) -> None:
        self._cluster, self._blocks, self._borders, self.items = cluster, blocks, borders, items
        self._scale = cluster.put(np.concatenate(cluster.run(_scale_of, [(block,) for block in blocks])))

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k)."""
        out = np.empty(V.shape, np.float32)
        for first in range(0, V.shape[1], WIDTH):
            columns = V[:, first : first + WIDTH]
            padded = np.zeros((len(V), WIDTH), np.float32)
            padded[:, : columns.shape[1]] = columns[self.items]
            vectors = self._cluster.put(padded)
            parts = self._cluster.run(_multiply, [(block, vectors, self._scale) for block in self._blocks])
            remove(vectors)
            out[self.items, first : first + WIDTH] = np.concatenate(parts)[:, : columns.shape[1]]
        return out

    def rows(self, places: Rows) -> tuple[Partners, FloatArray]:
        """The partners, (r, kept), and scales, (r,), of the items at some places."""
        order = np.argsort(places, kind="stable")
        cuts = np.searchsorted(places[order], self._borders)
        wanted = [
            (block, places[order[start:stop]])
            for block, start, stop in zip(self._blocks, cuts[:-1], cuts[1:], strict=True)
            if stop > start
        ]
        found = self._cluster.run(_rows_of, wanted)
        back = np.argsort(order)
        return np.concatenate([one[0] for one in found])[back], np.concatenate([one[1] for one in found])[back]

    def sums_by_group(self, of_place: npt.NDArray[np.int32], k: int) -> npt.NDArray[np.float64]:
        """Sums of S over every two groups, in stripes, (stripes, k, k); a stripe goes from block to block in order."""
        groups = self._cluster.put(of_place)
        last = []
        for stripe in range(STRIPES):
            begin, end = stripe_of_sums(stripe, len(of_place))
            sums: Future = np.zeros((k, k))
            for block, start, stop in zip(self._blocks, self._borders[:-1], self._borders[1:], strict=True):
                here = max(begin, int(start)), min(end, int(stop))
                if here[0] < here[1]:
                    (sums,) = self._cluster.submit(_add_sums, [(block, *here, groups, sums)])
            last.append(sums)
        waiting = [sums for sums in last if not isinstance(sums, np.ndarray)]
        self._cluster.wait(waiting)
        found = iter(self._cluster.fetch(waiting))
        remove(groups)
        return np.stack([sums if isinstance(sums, np.ndarray) else next(found) for sums in last])


def keep_on_cluster(
    shared: SharedSampler,
    tiles: list[Tile],
    kept: int,
    items: npt.NDArray[np.int32],
    cluster: Cluster,
    *,
    stage: str = "",
    progress: Progress = silent,
) -> ClusterPartners:
    """Visit every row and keep some partners of each, on the workers.

    Parameters
    ----------
    shared : SharedSampler
        The direction.
    tiles : list of Tile
        All rows, in the order of their places.
    kept : int
        Partners of a row.
    items : ndarray of int32, (n,)
        Item at each place.
    cluster : Cluster
        The workers.
    stage, progress
        The progress to report.
    """
    pieces = in_pieces(tiles, cluster, _ROWS_OF_PIECE)
    visited = cluster.submit(_visit, [(shared, piece, kept) for piece in pieces])
    bytes_of_all = 8 * len(items) * kept
    count = min(len(pieces), max(_BLOCKS_PER_THREAD * cluster.n_threads, -(-bytes_of_all // _BYTES_OF_BLOCK)))
    cuts = np.linspace(0, len(pieces), count + 1).astype(np.int64)
    borders = np.array([*(pieces[cut][0].places.start for cut in cuts[:-1]), len(items)])
    rows = cluster.submit(_join_rows, [(visited[start:stop],) for start, stop in pairwise(cuts)])
    turned = cluster.submit(_turn, [(one, borders) for one in rows])
    parts = [cluster.submit(_take, [(one, number) for one in turned]) for number in range(count)]
    blocks = cluster.submit(_block, [(one, own) for one, own in zip(rows, parts, strict=True)])
    try:
        cluster.wait(visited, stage=stage, progress=progress)
        cluster.wait(blocks)
    except BaseException:
        cluster.cancel([*visited, *rows, *turned, *(part for own in parts for part in own), *blocks])
        raise
    return ClusterPartners(cluster, blocks, borders, items)


# What follows runs on workers.


def _visit(shared: SharedSampler, tiles: list[Tile], kept: int) -> BlockRows:
    sampler, position = shared.open(), shared.position.open()
    first, stop = tiles[0].places.start, tiles[-1].places.stop
    partners, scale = np.empty((stop - first, kept), np.int32), np.empty(stop - first, np.float32)
    for tile in tiles:
        here = slice(tile.places.start - first, tile.places.stop - first)
        keep_tile(sampler, tile, position, partners[here], scale[here])
    return BlockRows(first, partners, scale)


def _join_rows(pieces: list[BlockRows]) -> BlockRows:
    partners, scale = (np.concatenate([getattr(one, name) for one in pieces]) for name in ("partners", "scale"))
    return BlockRows(pieces[0].first, partners, scale)


def _turn(rows: BlockRows, borders: npt.NDArray[np.int64]) -> list[Incoming]:
    """For each block, what these rows bring it."""
    begins = np.zeros(borders[-1] + 1, np.int64)
    sources = np.empty(rows.partners.size, np.int32)
    sort_by_partner(rows.partners, rows.first, begins, sources)
    return [
        Incoming(np.diff(begins[start : stop + 1]), sources[begins[start] : begins[stop]].copy())
        for start, stop in pairwise(borders)
    ]


def _take(parts: list[Incoming], number: int) -> Incoming:
    return parts[number]


def _block(rows: BlockRows, parts: Sequence[Incoming]) -> Block:
    """The block of these rows, from what the rows of every block bring it, in order."""
    counts = np.sum([part.counts for part in parts], axis=0)
    cursor = np.cumsum(counts) - counts
    sources = np.empty(int(counts.sum()), np.int32)
    for part in parts:
        append_sources(part.counts, part.sources, cursor, sources)
    return Block(rows, Incoming(counts, sources))


def _scale_of(block: Block) -> FloatArray:
    return block.rows.scale


def _rows_of(block: Block, places: Rows) -> tuple[Partners, FloatArray]:
    return block.rows.partners[places - block.rows.first], block.rows.scale[places - block.rows.first]


def _multiply(block: Block, vectors: SharedArray, scale: SharedArray) -> FloatArray:
    out = np.empty((len(block.rows.scale), WIDTH), np.float32)
    V = vectors.open()
    pieces = stripes_of_products(len(V))
    edges = np.concatenate([pieces[0][:1], *(piece[1:] for piece in pieces)])
    multiply_block(
        block.rows.partners.view(np.uint32), block.rows.first, block.incoming.counts,
        block.incoming.sources.view(np.uint32), scale.open(), V, edges, out,
    )  # fmt: skip
    return out


def _add_sums(
    block: Block, start: int, stop: int, groups: SharedArray, sums: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    of_place, found = groups.open(), sums.copy()
    rows = np.arange(start, stop) - block.rows.first
    add_partners(
        block.rows.partners, block.rows.scale, rows, of_place[start:stop], of_place, found, np.zeros_like(found)
    )  # fmt: skip
    return found
