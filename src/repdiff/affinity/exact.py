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
from repdiff.affinity.mirror import MirroredProducts
from repdiff.affinity.packed import PRECISIONS, Codec, PackedAffinities, Precision
from repdiff.difference import BETA, GAMMA, directed_affinity
from repdiff.distances import Ranked, RankedDistances, ranked
from repdiff.errors import MemoryLimitError
from repdiff.memory import available_bytes, format_bytes
from repdiff.metrics import Metric, Metrics, metrics_of
from repdiff.parallel import for_each_tile, resolve_n_jobs, row_tiles
from repdiff.progress import Progress, silent
from repdiff.ranks import RankedEmbedding, RankScratch

_TILE_ROWS = 256
_SHARE_OF_AVAILABLE = 0.75
_BYTES_OF_COPIES = {"euclidean": 4, "cosine": 12, "precomputed": 0}  # for each value that was given
_LIBRARIES = 100 * 10**6  # what scikit-learn and the compiled kernels take when the work first loads them
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
) -> Plan:
    """The widest storage that fits.

    Raises
    ------
    MemoryLimitError
        Where even the narrowest does not fit, with the need and what would fit instead.
    """
    threads = resolve_n_jobs(n_jobs)
    limit = int(_SHARE_OF_AVAILABLE * available_bytes()) if memory_limit is None else memory_limit
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
    gamma: float = GAMMA,
    beta: float = BETA,
    metric: Metrics = "euclidean",
    memory_limit: int | None = None,
    bits: Precision | None = None,
    n_jobs: int | None = None,
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
    progress : Progress, optional
        Told about the stages "compiling (first use only)", "ranks and affinity" and "symmetrising".

    Raises
    ------
    MemoryLimitError
        Before any work, where nothing fits.
    """
    chosen = plan(x, y, metric=metric, memory_limit=memory_limit, bits=bits, n_jobs=n_jobs)
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

    def compute(
        values: Sequence[npt.NDArray[Any]], metrics: Sequence[Metric], n_jobs: int, tile_rows: int, progress: Progress
    ) -> Affinities:
        packed = PackedAffinities(len(values[0]), codec, n_jobs=n_jobs)
        sides = _make_ready(values, metrics, n_jobs)
        _write_directed(packed, sides, np.float32(gamma), np.float32(beta), tile_rows, progress)
        packed.symmetrise(progress=progress)
        return Affinities(packed.x_only, packed.y_only, engine)

    # Distances are sorted by NumPy; compiling for embeddings in their place compiles no more than is needed later.
    metrics = metrics_of(metric)
    compiled: list[Metric] = ["euclidean" if name == "precomputed" else name for name in metrics]
    compile_for((x, y), chosen.bits, lambda few: compute(few, compiled, 1, TILE_ROWS, silent), progress)
    return compute((x, y), metrics, chosen.n_jobs, _TILE_ROWS, progress)


def _make_ready(values: Sequence[npt.NDArray[Any]], metrics: Sequence[Metric], n_jobs: int) -> list[Ranked]:
    """Both sides made ready, at the same time."""
    ready: dict[int, Ranked] = {}

    def make_side_ready(side: int) -> None:
        ready[side] = ranked(values[side], metric=metrics[side])

    for_each_tile(make_side_ready, (0, 1), n_jobs=n_jobs)
    return [ready[0], ready[1]]


def _write_directed(
    packed: PackedAffinities,
    sides: list[Ranked],
    gamma: np.float32,
    beta: np.float32,
    tile_rows: int,
    progress: Progress,
) -> None:
    """Ranks, difference and directed affinity, tile by tile."""
    tile_rows = min(tile_rows, packed.n)
    of_thread = threading.local()

    def scratches() -> list[RankScratch]:
        if not hasattr(of_thread, "scratches"):
            of_thread.scratches = [embedding.scratch(tile_rows) for embedding in embeddings]
        mine: list[RankScratch] = of_thread.scratches
        return mine

    embeddings = [side for side in sides if isinstance(side, RankedEmbedding)]
    products = MirroredProducts(embeddings, packed.spare, tile_rows)

    def ranks_of(side: Ranked, rows: slice) -> npt.NDArray[np.int32]:
        if isinstance(side, RankedDistances):
            return side.ranks(rows)
        place = embeddings.index(side)
        scratch = scratches()[place]
        tile = scratch.distances[: rows.stop - rows.start]
        products.write(place, rows, tile)
        return side.rank(rows, tile, scratch)

    def write_tile(rows: slice) -> None:
        ranks_x, ranks_y = ranks_of(sides[0], rows), ranks_of(sides[1], rows)
        packed.write_rows(rows, lambda tile: directed_affinity(ranks_x, ranks_y, gamma, beta, tile))

    tiles = row_tiles(packed.n, tile_rows)
    for_each_tile(write_tile, tiles, n_jobs=packed.n_jobs, stage="ranks and affinity", progress=progress)
