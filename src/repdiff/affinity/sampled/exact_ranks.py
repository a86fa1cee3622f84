"""Exact ranks in the storage of the sampled engine: time grows with the square of the items, memory does not.

Between the two other engines: where all ranks can be waited for, but the matrix of all pairs does not fit. Each tile of
rows is ranked among all items, as by the exact engine; of each row, partners of equal weight are kept, as by the
sampled engine, so that the products of an affinity estimate those of the exact one. Means of clusters and chosen pairs
are estimated from lists.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.compiled import ROWS, compile_for
from repdiff.affinity.difference import directed_affinity
from repdiff.affinity.engine import Plan
from repdiff.affinity.exact import Exact, products_seconds
from repdiff.affinity.ranks import RankedEmbedding, RankScratch
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.affinity import SampledAffinity
from repdiff.affinity.sampled.all_pairs import compute_all_pairs, is_of_all_pairs
from repdiff.affinity.sampled.candidates import Sampler
from repdiff.affinity.sampled.engine import Sampled, Sides, as_sides, samplers_of
from repdiff.affinity.sampled.kept import KeptPartners
from repdiff.core.errors import MemoryLimitError, RepdiffError
from repdiff.core.kernels import kernel
from repdiff.core.memory import format_bytes
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress, silent

PURPOSE = 3  # of the random streams
KEPT = 512
_TILE_ROWS = 128
_RUN = 64  # entries of a row that are summed before the points are looked for among them
_SECONDS_PER_PAIR = 1.7e-8  # ranks and partners, without products: 20,000 items take 1.04 times as long as in exact


@dataclass(frozen=True)
class ExactRanks:
    """Ranks every pair and stores some partners of each item, on the CPU.

    Attributes
    ----------
    kept : int
        Partners of an item that are stored.
    sampled : Sampled
        The engine whose lists give the means of clusters, and the affinities of chosen pairs.
    """

    kept: int = KEPT
    sampled: Sampled = field(default_factory=Sampled)

    @property
    def name(self) -> str:
        """Exact ranks."""
        return "exact-ranks"

    @property
    def runs_side_by_side(self) -> bool:
        """Comparisons share the cores."""
        return True

    def shared(self, representation: Representation) -> None:
        """Nothing."""

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
        """The memory and time needed: those of the sampled engine, a tile of rows for each thread, and the ranks.

        Raises
        ------
        RepdiffError
            For a matrix of distances.
        MemoryLimitError
            If it does not fit.
        """
        engine = replace(self.sampled, kept=self.kept)
        found = engine.plan(x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held, like=like)
        if is_of_all_pairs(found):
            return found
        tile = 2 * RankedEmbedding.scratch_bytes(x.n, _TILE_ROWS) + 4 * x.n * _TILE_ROWS
        copies = sum(4 * side.values.size for side in (x, y) if side.reads_in_place)  # the sampled plan has the others
        need = found.need + copies + found.n_jobs * tile
        if need > found.limit:
            raise MemoryLimitError(
                f"the exact-ranks engine needs {format_bytes(need)} for {x.n:,} items, but may use "
                f'{format_bytes(found.limit)}; raise the memory limit, or take engine="sampled"'
            )
        products = 8 / 5 * products_seconds(x, y)  # none is mirrored
        seconds = products + float(x.n**2) * _SECONDS_PER_PAIR
        return replace(found, need=need, seconds=seconds / found.n_jobs)

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
        """Both affinities of a pair; see :class:`repdiff.affinity.engine.Engine`.

        Raises
        ------
        RepdiffError
            For groups, of which lists hold too few pairs.
        """
        if groups is not None:
            raise RepdiffError(
                "the exact-ranks engine cannot compare within groups, since lists hold too few pairs of one group; "
                'use engine="exact", or compare one group at a time'
            )
        if is_of_all_pairs(plan):
            return compute_all_pairs(
                Exact(), x, y, name=self.name, gamma=gamma, beta=beta, plan=plan, groups=groups,
                random_state=random_state, progress=progress,
            )  # fmt: skip
        sizes = plan.details["candidates"], plan.details["block"]

        def keep(sides: Sides, sizes: tuple[int, int], kept: int, n_jobs: int, progress: Progress) -> Affinities:
            samplers = samplers_of(
                sides, sizes=sizes, gamma=gamma, beta=beta, random_state=random_state, n_jobs=n_jobs, progress=progress
            )
            for_each_tile(Representation.prepare, sides, n_jobs=n_jobs)
            stored = _keep_all(sides, samplers, kept, n_jobs, progress)
            x_only, y_only = (SampledAffinity(*one, n_jobs) for one in zip(samplers, stored, strict=True))
            return Affinities(x_only, y_only, {})

        compile_for(
            (x.values, y.values), self.name,
            lambda few: keep(as_sides(few, (x, y)), (ROWS // 4, 2), 8, 1, silent),
            progress, kernel=keep_of_rows,
        )  # fmt: skip
        both = keep((x, y), sizes, self.kept, plan.n_jobs, progress)
        facts = self.sampled.facts(plan, x.n)
        return Affinities(both.x_only, both.y_only, {**facts, "name": self.name, "share_of_pairs": 1.0})


def _keep_all(
    sides: Sides,
    samplers: tuple[Sampler, Sampler],
    kept: int,
    n_jobs: int,
    progress: Progress,
) -> tuple[KeptPartners, KeptPartners]:
    """The partners of every item in both directions, from one pass over the ranks."""
    n, of_thread = sides[0].n, threading.local()
    stored, positions = [], []
    for sampler in samplers:
        items = sampler.cells.items
        positions.append(np.empty(n, np.int32))
        positions[-1][items] = np.arange(n, dtype=np.int32)
        stored.append(KeptPartners(np.empty((n, kept), np.int32), np.empty(n, np.float32), items, n_jobs))

    def visit(rows: slice) -> None:
        if not hasattr(of_thread, "scratches"):
            of_thread.scratches = [_embedding(side).scratch(_TILE_ROWS) for side in sides]
            of_thread.directed = np.empty((_TILE_ROWS, n), np.float32)
        scratches: list[RankScratch] = of_thread.scratches
        ranks = [_embedding(side).ranks(rows, own) for side, own in zip(sides, scratches, strict=True)]
        directed = of_thread.directed[: rows.stop - rows.start]
        for sampler, one, position, (near, far) in zip(samplers, stored, positions, (ranks, ranks[::-1]), strict=True):
            directed_affinity(near, far, sampler.gamma, sampler.beta, directed)
            offsets = sampler.uniform(len(directed), PURPOSE, rows.start)
            keep_of_rows(directed, rows.start, offsets, position, one.partners, one.scale)

    tiles = row_tiles(n, _TILE_ROWS)
    for_each_tile(visit, tiles, n_jobs=n_jobs, stage="ranks and partners", progress=progress)
    return stored[0], stored[1]


def _embedding(side: Representation) -> RankedEmbedding:
    assert isinstance(side.ready, RankedEmbedding)  # the plan refuses distances
    return side.ready


@kernel(nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _sum(values, start, stop):  # type: ignore[no-untyped-def]
    total = np.float32(0)
    for j in range(start, stop):
        total += values[j]
    return total


@kernel(nogil=True, error_model="numpy")
def keep_of_rows(directed, first, offsets, position, partners, scale):  # type: ignore[no-untyped-def]
    """Resample whole rows to partners of equal weight: systematic sampling in index order.

    Parameters
    ----------
    directed : ndarray of float32, (r, n)
        exp(-beta G) of some rows with all items; the entries of the items themselves are overwritten.
    first : int
        Index of the first of the rows.
    offsets : ndarray of float64 in [0, 1), (r,)
        Where the first point of each row lies in its interval.
    position : ndarray of int32, (n,)
        Place at which an item is stored.
    partners, scale : ndarray of int32, (n, kept), and of float32, (n,)
        Out, at the places of the rows; the scale is half the weight of each partner.
    """
    n, kept = directed.shape[1], partners.shape[1]
    n_runs = (n + _RUN - 1) // _RUN
    runs = np.empty(n_runs, np.float64)
    for r in range(directed.shape[0]):
        row, own = directed[r], position[first + r]
        row[first + r] = np.float32(0)
        total = 0.0
        for run in range(n_runs):
            runs[run] = _sum(row, run * _RUN, min(n, (run + 1) * _RUN))
            total += runs[run]
        step = total / kept
        point, reached, count, last = offsets[r] * step, 0.0, 0, 0
        for run in range(n_runs):
            after = reached + runs[run]
            if point < after:
                within = reached
                for j in range(run * _RUN, min(n, (run + 1) * _RUN)):
                    within += row[j]
                    while count < kept and point < within:
                        partners[own, count] = position[j]
                        count += 1
                        point += step
                last = min(n, (run + 1) * _RUN) - 1
                while count < kept and point < after:  # rounding put a point beyond the run
                    partners[own, count] = position[last]
                    count += 1
                    point += step
            reached = after
        while count < kept:  # rounding put the last point beyond the end
            partners[own, count] = partners[own, count - 1]
            count += 1
        scale[own] = np.float32(0.5 * step)
