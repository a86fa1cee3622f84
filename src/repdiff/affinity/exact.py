"""The exact engine: computes every pair, a tile of rows at a time.

For each tile: two products give the distances, a radix pass turns them into ranks, one kernel turns the ranks into
directed affinities, and the tile is stored. When all rows are stored, pairs are symmetrised in place. One pass over the
ranks serves both directions, and both live in the memory of one n x n matrix (see :mod:`repdiff.affinity.packed`).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.compiled import TILE_ROWS, compile_for
from repdiff.affinity.difference import directed_affinity, leave_out_others
from repdiff.affinity.distances import RankedDistances
from repdiff.affinity.engine import Plan, spectral_bytes
from repdiff.affinity.kept_ranks import KeptRanks
from repdiff.affinity.nearest import read_off_ranks
from repdiff.affinity.packed import PRECISIONS, Codec, PackedAffinities, Precision
from repdiff.affinity.ranks import RankedEmbedding, RankScratch
from repdiff.affinity.representation import Representation
from repdiff.affinity.symmetric_products import SymmetricProducts
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import available_bytes, format_bytes, most_that_fit
from repdiff.core.parallel import for_each_tile, resolve_n_jobs, row_tiles
from repdiff.core.progress import Progress, silent
from repdiff.results.neighbors import NeighborLists, lists_bytes

_TILE_ROWS = 256
_SHARE_OF_AVAILABLE = 0.75
_BYTES_OF_COPIES = {"euclidean": 4, "cosine": 12, "precomputed": 0}  # for each input value
_LIBRARIES = 100 * 10**6  # memory of scikit-learn and the compiled kernels once loaded
# Of one thread, fitted to 4,000 to 14,000 items of 16 to 1,280 dimensions with AVX-512; a rough guide elsewhere.
_PRODUCTS_PER_SECOND = 4.7e10
_SECONDS_PER_PAIR = 2e-8


@dataclass(frozen=True)
class Exact:
    """Computes every pair, on the CPU.

    Attributes
    ----------
    bits : {32, 16, 8}, optional
        Bits of a stored affinity; by default the most that fit into memory.
    n_neighbors : int
        Nearest neighbours of each item to read off the ranks on the way; none by default.
    """

    bits: Precision | None = None
    n_neighbors: int = 0

    @property
    def name(self) -> str:
        """Exact."""
        return "exact"

    @property
    def runs_side_by_side(self) -> bool:
        """Comparisons share the cores."""
        return True

    def shared(self, representation: Representation) -> KeptRanks:
        """The neighbour ranks."""
        return KeptRanks(representation.n)

    def plan(
        self,
        x: Representation,
        y: Representation,
        *,
        memory_limit: int | None = None,
        n_jobs: int | None = None,
        held: int = 0,
        like: Plan | None = None,
    ) -> Plan:
        """The widest storage that fits beside the bytes already held, such as kept ranks.

        Raises
        ------
        MemoryLimitError
            If even the narrowest does not fit; the message gives the need and what would fit.
        """
        threads = resolve_n_jobs(n_jobs)
        limit = host_limit(memory_limit, held)
        chosen = self.bits if like is None else like.details["bits"]
        widths: list[Precision] = [chosen] if chosen else list(PRECISIONS)
        for width in widths:
            need = self._bytes_needed(x, y, x.n, threads, width)
            if need <= limit:
                return Plan(need, limit, _seconds(x, y, threads), threads, {"bits": width})
        raise MemoryLimitError(self._does_not_fit(x, y, threads, widths, limit))

    def _bytes_needed(self, x: Representation, y: Representation, n: int, threads: int, bits: Precision) -> int:
        """Bytes for n of the items."""
        beside = max(_tiles_bytes(n, threads, bits), spectral_bytes(n, threads))
        return ready_bytes(x, y, n) + lists_bytes(n, self.n_neighbors) + beside + n**2 * bits // 8

    def _does_not_fit(
        self, x: Representation, y: Representation, threads: int, widths: Sequence[Precision], limit: int
    ) -> str:
        def least(n: int) -> int:
            return min(self._bytes_needed(x, y, n, threads, width) for width in widths)

        fits = most_that_fit(least, limit, below=x.n)
        sample = f", or compare a random sample of at most {fits:,} items" if fits > 2 else ""
        return (
            f"the exact engine needs {format_bytes(least(x.n))} for {x.n:,} items even at {min(widths)} bits per pair, "
            f"but may use {format_bytes(limit)}; raise the memory limit{sample}"
        )

    def compute(
        self,
        x: Representation,
        y: Representation,
        *,
        gamma: float,
        beta: float,
        plan: Plan,
        groups: npt.NDArray[np.int32] | None = None,
        random_state: int | None = 0,
        progress: Progress = silent,
    ) -> Affinities:
        """Both affinities of a pair, from all pairs of items; see :class:`repdiff.affinity.engine.Engine`.

        ``progress`` receives the stages "compiling (first use only)", "ranks and affinity" and "symmetrising".
        Nothing is drawn at random, and the result does not depend on the number of threads.
        """
        codec = Codec.for_beta(beta, plan.details["bits"])
        scale = np.float32(gamma), np.float32(beta)

        def write(
            sides: Sequence[Representation], groups: Any, n_jobs: int, rows: int, progress: Progress
        ) -> Affinities:
            _make_ready(sides, n_jobs)
            n = sides[0].n
            packed = PackedAffinities(n, codec, n_jobs=n_jobs)
            lists = NeighborLists.empty(n, np.arange(n), self.n_neighbors) if self.n_neighbors else None
            _DirectedRows(sides, scale, groups, packed, rows, lists).write_all(progress)
            packed.symmetrise(progress=progress)
            return Affinities(packed.x_only, packed.y_only, self._engine(plan, codec), lists)

        def write_few(values: list[npt.NDArray[Any]]) -> Affinities:
            # NumPy sorts distances, so compiling for embeddings instead compiles no more than needed.
            metrics = ("euclidean" if side.metric == "precomputed" else side.metric for side in (x, y))
            few = [Representation(one, metric) for one, metric in zip(values, metrics, strict=True)]
            return write(few, np.arange(len(values[0]), dtype=np.int32) % 2, 1, TILE_ROWS, silent)

        how = f"{codec.bits} bits{', neighbours' if self.n_neighbors else ''}"
        compile_for((x.values, y.values), how, write_few, progress)
        return write((x, y), groups, plan.n_jobs, _TILE_ROWS, progress)

    def _engine(self, plan: Plan, codec: Codec) -> dict[str, Any]:
        return {
            "name": self.name,
            "device": "cpu",
            "bits": codec.bits,
            "relative_error": codec.relative_error,
            "n_jobs": plan.n_jobs,
            "memory_need": plan.need,
            "memory_limit": plan.limit,
            "estimated_seconds": None if plan.seconds is None else round(plan.seconds, 2),
        }


def host_limit(memory_limit: int | None, held: int) -> int:
    """Bytes of main memory that may be used: the limit less what is held already, or a share of what is free."""
    return int(_SHARE_OF_AVAILABLE * available_bytes()) if memory_limit is None else memory_limit - held


def ready_bytes(x: Representation, y: Representation, n: int | None = None) -> int:
    """Bytes of the inputs, of the data prepared from them, and of the libraries; for n of the items, or for all."""
    return sum(_side_bytes(side, side.n if n is None else n) for side in (x, y)) + _LIBRARIES


def _side_bytes(side: Representation, n: int) -> int:
    width = n if side.metric == "precomputed" else side.values.shape[1]
    return n * width * (side.values.itemsize + _BYTES_OF_COPIES[side.metric])


def _tiles_bytes(n: int, threads: int, bits: Precision) -> int:
    unpacked = 0 if bits == 32 else 4 * n * _TILE_ROWS
    return threads * (2 * RankedEmbedding.scratch_bytes(n, _TILE_ROWS) + unpacked)


def products_seconds(x: Representation, y: Representation) -> float:
    """Time of the products on one thread, three of eight of which are mirrored."""
    width: int = sum(side.values.shape[1] for side in (x, y) if side.metric != "precomputed")
    return float(x.n**2) * width * 5 / 8 / _PRODUCTS_PER_SECOND


def _seconds(x: Representation, y: Representation, threads: int) -> float:
    """Time of the products, and of ranks and exponentials of every pair."""
    return (products_seconds(x, y) + float(x.n**2) * _SECONDS_PER_PAIR) / threads


def _make_ready(sides: Sequence[Representation], n_jobs: int) -> None:
    """Prepare both representations, at the same time."""
    for_each_tile(Representation.prepare, sides, n_jobs=n_jobs)


class _DirectedRows:
    """Tiles of rows of the directed affinity: ranks of both sides, difference, exponential."""

    def __init__(
        self,
        sides: Sequence[Representation],
        scale: tuple[np.float32, np.float32],
        groups: npt.NDArray[np.int32] | None,
        packed: PackedAffinities,
        tile_rows: int,
        lists: NeighborLists | None,
    ) -> None:
        self._sides, self._scale, self._groups, self._packed = sides, scale, groups, packed
        self._lists = lists
        self._tile_rows = min(tile_rows, packed.n)
        self._kept = [side.shared if isinstance(side.shared, KeptRanks) else None for side in sides]
        self._embeddings = [
            side.ready
            for side, kept in zip(sides, self._kept, strict=True)
            if isinstance(side.ready, RankedEmbedding) and not (kept is not None and kept.complete)
        ]
        self._products = SymmetricProducts(self._embeddings, packed.spare, self._tile_rows)
        self._of_thread = threading.local()

    def write_all(self, progress: Progress) -> None:
        """Write every tile; kept ranks are complete afterwards."""
        tiles = row_tiles(self._packed.n, self._tile_rows)
        for_each_tile(self._write, tiles, n_jobs=self._packed.n_jobs, stage="ranks and affinity", progress=progress)
        for kept in self._kept:
            if kept is not None:
                kept.complete = True

    def _write(self, rows: slice) -> None:
        ranks_x, ranks_y = (self._ranks(side, kept, rows) for side, kept in zip(self._sides, self._kept, strict=True))
        if self._lists is not None:
            read_off_ranks(ranks_x, ranks_y, rows, self._lists)

        def write_tile(tile: npt.NDArray[np.float32]) -> None:
            directed_affinity(ranks_x, ranks_y, *self._scale, tile)
            if self._groups is not None:
                leave_out_others(self._groups[rows], self._groups, tile)

        self._packed.write_rows(rows, write_tile)

    def _ranks(self, side: Representation, kept: KeptRanks | None, rows: slice) -> npt.NDArray[np.int32]:
        if kept is not None and kept.complete:
            return kept.ranks(rows)
        if isinstance(side.ready, RankedDistances):
            ranks = side.ready.ranks(rows)
        else:
            ranks = self._ranks_by_products(side.ready, rows)
        if kept is not None:
            kept.write(rows, ranks)
        return ranks

    def _ranks_by_products(self, embedding: RankedEmbedding, rows: slice) -> npt.NDArray[np.int32]:
        place = self._embeddings.index(embedding)
        scratch = self._scratches()[place]
        tile = scratch.distances[: rows.stop - rows.start]
        self._products.write(place, rows, tile)
        return embedding.rank(rows, tile, scratch)

    def _scratches(self) -> list[RankScratch]:
        if not hasattr(self._of_thread, "scratches"):
            self._of_thread.scratches = [embedding.scratch(self._tile_rows) for embedding in self._embeddings]
        scratches: list[RankScratch] = self._of_thread.scratches
        return scratches
