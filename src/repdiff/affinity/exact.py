"""The exact engine: every pair is looked at, a tile of rows at a time.

For each tile: two products give the distances, a radix pass turns them into ranks, one kernel turns the ranks into
directed affinities, and the tile is stored. When all rows are there, pairs are symmetrised in place. One pass over the
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
from repdiff.affinity.distances import KeptRanks, Ranked, RankedDistances, ranked
from repdiff.affinity.packed import PRECISIONS, Codec, PackedAffinities, Precision
from repdiff.affinity.ranks import RankedEmbedding, RankScratch
from repdiff.affinity.symmetric_products import MirroredProducts
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import available_bytes, format_bytes
from repdiff.core.metrics import Metric, Metrics, metrics_of
from repdiff.core.parallel import for_each_tile, resolve_n_jobs, row_tiles
from repdiff.core.progress import Progress, silent
from repdiff.settings import Method

_TILE_ROWS = 256
_SHARE_OF_AVAILABLE = 0.75
_BYTES_OF_COPIES = {"euclidean": 4, "cosine": 12, "precomputed": 0}  # for each value that was given
_LIBRARIES = 100 * 10**6  # what scikit-learn and the compiled kernels take when the work first loads them
KeptSides = tuple[KeptRanks | None, KeptRanks | None]
_SPECTRAL_COLUMNS = 900  # float32 columns of length n that the spectral step holds at most, partial sums included


@dataclass(frozen=True)
class Plan:
    """What the engine will use, known before it starts.

    Attributes
    ----------
    bits : {32, 16, 8}
        Width of a stored affinity.
    n_jobs : int
        Worker threads.
    need : int
        Bytes at the peak, the inputs and their working copies included, the interpreter not.
    limit : int
        Bytes that may be used.
    """

    bits: Precision
    n_jobs: int
    need: int
    limit: int


def plan(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    metric: Metrics = "euclidean",
    memory_limit: int | None = None,
    bits: Precision | None = None,
    n_jobs: int | None = None,
    held: int = 0,
) -> Plan:
    """The widest storage that fits beside the bytes that are held already, as kept ranks are.

    Raises
    ------
    MemoryLimitError
        Where even the narrowest does not fit, with the need and what would fit instead.
    """
    threads = resolve_n_jobs(n_jobs)
    limit = int(_SHARE_OF_AVAILABLE * available_bytes()) if memory_limit is None else memory_limit - held
    given = x.nbytes + y.nbytes + _LIBRARIES
    copies = sum(values.size * _BYTES_OF_COPIES[name] for values, name in zip((x, y), metrics_of(metric), strict=True))
    candidates = [bits] if bits else list(PRECISIONS)
    needs = {
        b: given + max(copies + _tiles_bytes(len(x), threads, b), _spectral_bytes(len(x))) + len(x) ** 2 * b // 8
        for b in candidates
    }
    for width, need in needs.items():
        if need <= limit:
            return Plan(width, threads, need, limit)
    raise MemoryLimitError(_does_not_fit(len(x), needs, limit))


def _tiles_bytes(n: int, threads: int, bits: Precision) -> int:
    unpacked = 0 if bits == 32 else 4 * n * _TILE_ROWS
    return threads * (2 * RankedEmbedding.scratch_bytes(n, _TILE_ROWS) + unpacked)


def _spectral_bytes(n: int) -> int:
    return 4 * n * _SPECTRAL_COLUMNS


def _does_not_fit(n: int, needs: dict[Precision, int], limit: int) -> str:
    width, need = min(needs.items())
    fits = int(np.sqrt(max(0, limit - _LIBRARIES) * 8 / width) * 0.9)
    sample = f", or compare a random sample of about {fits:,} items" if 2 < fits < n else ""
    return (
        f"the exact engine needs {format_bytes(need)} for {n:,} items even at {width} bits per pair, "
        f"but may use {format_bytes(limit)}; raise the memory limit{sample}"
    )


def exact_affinities(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    gamma: float = Method.gamma,
    beta: float = Method.beta,
    metric: Metrics = "euclidean",
    memory_limit: int | None = None,
    bits: Precision | None = None,
    n_jobs: int | None = None,
    kept: KeptSides = (None, None),
    groups: npt.NDArray[np.int32] | None = None,
    progress: Progress = silent,
) -> Affinities:
    """Both affinities of a pair of embeddings, from all pairs of items.

    Parameters
    ----------
    x, y : ndarray of float32 or float64, (n, d_x) and (n, d_y)
        Row i of both is the same item.
    gamma, beta : float
        Slope of the difference and sharpness of the affinity (RDC, equations 2 and 3).
    metric : {"euclidean", "cosine", "precomputed"}, or a pair of these
        Distance within each representation; a side that is "precomputed" holds distances, (n, n).
    memory_limit : int, optional
        Bytes that the work may use, inputs included; three quarters of what is free by default. The widest storage that
        fits is taken.
    bits : {32, 16, 8}, optional
        Take this storage.
    n_jobs : int, optional
        Threads; all cores by default. The result does not depend on it.
    kept : (KeptRanks or None, KeptRanks or None)
        Where ranks of x and of y are kept: read from there when they are complete, else computed and kept.
    groups : ndarray of int32, (n,), optional
        Only pairs of one group count; the affinity of all others is 1, no change.
    progress : Progress, optional
        Told about the stages "compiling (first use only)", "ranks and affinity" and "symmetrising".

    Raises
    ------
    MemoryLimitError
        Before any work, where nothing fits.
    """
    held = sum(side.nbytes for side in kept if side is not None)
    chosen = plan(x, y, metric=metric, memory_limit=memory_limit, bits=bits, n_jobs=n_jobs, held=held)
    codec = Codec.for_beta(beta, chosen.bits)
    engine = {
        "name": "exact",
        "device": "cpu",
        "bits": chosen.bits,
        "relative_error": codec.relative_error,
        "n_jobs": chosen.n_jobs,
        "memory_need": chosen.need,
        "memory_limit": chosen.limit,
    }

    scale = np.float32(gamma), np.float32(beta)

    def compute(sides: list[_Side], groups: Any, n_jobs: int, tile_rows: int, progress: Progress) -> Affinities:
        packed = PackedAffinities(sides[0].ready.n, codec, n_jobs=n_jobs)
        _DirectedRows(sides, scale, groups, packed, tile_rows).write_all(progress)
        packed.symmetrise(progress=progress)
        return Affinities(packed.x_only, packed.y_only, engine)

    def compute_few(values: list[npt.NDArray[Any]]) -> Affinities:
        # Distances are sorted by NumPy; compiling for embeddings in their place compiles no more than is needed later.
        few = _make_ready(values, ["euclidean" if name == "precomputed" else name for name in metrics], 1)
        return compute(few, np.arange(len(values[0]), dtype=np.int32) % 2, 1, TILE_ROWS, silent)

    metrics = metrics_of(metric)
    compile_for((x, y), chosen.bits, compute_few, progress)
    return compute(_make_ready((x, y), metrics, chosen.n_jobs, kept), groups, chosen.n_jobs, _TILE_ROWS, progress)


@dataclass(frozen=True)
class _Side:
    """One side made ready to give ranks, and where they are kept."""

    ready: Ranked
    kept: KeptRanks | None

    @property
    def is_complete(self) -> bool:
        """Whether all ranks are kept from an earlier comparison."""
        return self.kept is not None and self.kept.complete

    @property
    def multiplied(self) -> RankedEmbedding | None:
        """The embedding whose products are needed, where they are."""
        return self.ready if isinstance(self.ready, RankedEmbedding) and not self.is_complete else None


def _make_ready(
    values: Sequence[npt.NDArray[Any]], metrics: Sequence[Metric], n_jobs: int, kept: KeptSides = (None, None)
) -> list[_Side]:
    """Both sides made ready, at the same time."""
    ready: dict[int, Ranked] = {}

    def make_side_ready(side: int) -> None:
        store = kept[side]
        ready[side] = ranked(values[side], metric=metrics[side]) if store is None else store.ready

    for_each_tile(make_side_ready, (0, 1), n_jobs=n_jobs)
    return [_Side(ready[side], kept[side]) for side in (0, 1)]


class _DirectedRows:
    """Tiles of rows of the directed affinity: ranks of both sides, difference, exponential."""

    def __init__(
        self,
        sides: Sequence[_Side],
        scale: tuple[np.float32, np.float32],
        groups: npt.NDArray[np.int32] | None,
        packed: PackedAffinities,
        tile_rows: int,
    ) -> None:
        self._sides, self._scale, self._groups, self._packed = sides, scale, groups, packed
        self._tile_rows = min(tile_rows, packed.n)
        self._embeddings = [side.multiplied for side in sides if side.multiplied is not None]
        self._products = MirroredProducts(self._embeddings, packed.spare, self._tile_rows)
        self._of_thread = threading.local()

    def write_all(self, progress: Progress) -> None:
        """Write every tile; what is kept of the ranks is complete then."""
        tiles = row_tiles(self._packed.n, self._tile_rows)
        for_each_tile(self._write, tiles, n_jobs=self._packed.n_jobs, stage="ranks and affinity", progress=progress)
        for side in self._sides:
            if side.kept is not None:
                side.kept.complete = True

    def _write(self, rows: slice) -> None:
        ranks_x, ranks_y = (self._ranks(side, rows) for side in self._sides)

        def write_tile(tile: npt.NDArray[np.float32]) -> None:
            directed_affinity(ranks_x, ranks_y, *self._scale, tile)
            if self._groups is not None:
                leave_out_others(self._groups[rows], self._groups, tile)

        self._packed.write_rows(rows, write_tile)

    def _ranks(self, side: _Side, rows: slice) -> npt.NDArray[np.int32]:
        if side.kept is not None and side.is_complete:
            return side.kept.ranks(rows)
        if isinstance(side.ready, RankedDistances):
            ranks = side.ready.ranks(rows)
        else:
            ranks = self._ranks_by_products(side.ready, rows)
        if side.kept is not None:
            side.kept.write(rows, ranks)
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
