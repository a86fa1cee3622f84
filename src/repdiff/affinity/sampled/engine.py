"""The sampled engine: lists of candidates instead of all pairs; memory and time about linear in the number of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.compiled import ROWS, compile_for
from repdiff.affinity.engine import Plan, spectral_bytes
from repdiff.affinity.exact import Exact, host_limit
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.affinity import sample_affinity
from repdiff.affinity.sampled.all_pairs import compute_all_pairs, is_of_all_pairs
from repdiff.affinity.sampled.candidates import Sampler
from repdiff.affinity.sampled.cells import make_cells, number_of_cells
from repdiff.affinity.sampled.list_kernels import weighted_ranks
from repdiff.affinity.sampled.reader import Reader
from repdiff.core.errors import MemoryLimitError, RepdiffError
from repdiff.core.memory import format_bytes, is_mapped
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, prefixed, silent

Sides: TypeAlias = tuple[Representation, Representation]

DIRECTIONS = "x_only", "y_only"
_MANY_ITEMS = 200_000  # above this number, lists are shorter and more rows share one
_FEW, _MANY = (4096, 512, 4), (2048, 256, 8)  # candidates, kept, block
_LIBRARIES = 100 * 10**6
_BYTES_PER_ITEM = 60  # of cells, factors and orders
_BYTES_PER_CANDIDATE = 40  # of each row of a block
_ROWS_ASSIGNED = 1024  # to cells at a time
# Of one thread, measured with AVX-512; a rough guide on other machines.
_SECONDS_PER_COORDINATE, _SECONDS_PER_CANDIDATE = 1.2e-10, 6.5e-8
_PRODUCTS_PER_SECOND = 5e10
_EXPECTED_ERROR, _MEASURED_WITH = 0.01, 2048  # of a cluster's mean affinity, with lists of this many candidates


@dataclass(frozen=True)
class Sampled:
    """Computes some thousand candidates of each item, on the CPU.

    If there are no more items than candidates, the exact engine computes all pairs instead.

    Attributes
    ----------
    candidates : int, optional
        Length of a row's list; 4,096 for up to 200,000 items, 2,048 beyond.
    kept : int, optional
        Partners of an item that are stored; 512 for up to 200,000 items, 256 beyond.
    block : int, optional
        Rows that share a list; 4 for up to 200,000 items, 8 beyond.

    Raises
    ------
    RepdiffError
        If a number is too small.
    """

    candidates: int | None = None
    kept: int | None = None
    block: int | None = None

    def __post_init__(self) -> None:
        for option, least in (("candidates", 64), ("kept", 8), ("block", 1)):
            value = getattr(self, option)
            if value is not None and value < least:
                raise RepdiffError(f"{option} of the sampled engine must be at least {least}, but is {value}")

    @property
    def name(self) -> str:
        """Sampled."""
        return "sampled"

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
        without: int = 0,
    ) -> Plan:
        """The memory and time needed; memory-mapped inputs do not count, nor do ``without`` bytes that lie elsewhere.

        Raises
        ------
        RepdiffError
            For a matrix of distances.
        MemoryLimitError
            If it does not fit.
        """
        candidates, kept, block = self.sizes(x.n)
        if x.n <= candidates:
            return Exact().plan(x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held, like=like)
        for side in (x, y):
            if side.metric == "precomputed":
                raise RepdiffError(
                    "the sampled engine needs embeddings, not a matrix of distances (metric 'precomputed'); "
                    'use engine="exact"'
                )
        threads, limit = resolve_n_jobs(n_jobs), host_limit(memory_limit, held)
        need = _bytes_needed(x, y, candidates, kept, block, threads) - without
        if need > limit:
            raise MemoryLimitError(
                f"the sampled engine needs {format_bytes(need)} for {x.n:,} items, but may use {format_bytes(limit)}; "
                "raise the memory limit, give the embeddings as .npy files (which are not read as a whole), or keep "
                "fewer partners"
            )
        details = {"candidates": candidates, "kept": kept, "block": block}
        return Plan(need, limit, _seconds(x, y, candidates, threads), threads, details)

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
        """Both affinities of a pair, from lists; see :class:`repdiff.affinity.engine.Engine`.

        ``progress`` receives the stages "compiling (first use only)", and "cells" and "candidates" of each
        direction. The same seed gives the same bits on any number of threads.

        Raises
        ------
        RepdiffError
            For groups, since lists would hold too few pairs of one group.
        """
        if is_of_all_pairs(plan):
            return compute_all_pairs(
                Exact(), x, y, name=self.name, gamma=gamma, beta=beta, plan=plan, groups=groups,
                random_state=random_state, progress=progress,
            )  # fmt: skip
        self.refuse_groups(groups)

        def sample(sides: Sides, sizes: tuple[int, int], kept: int, n_jobs: int, progress: Progress) -> Affinities:
            samplers = samplers_of(
                sides, sizes=sizes, gamma=gamma, beta=beta, random_state=random_state, n_jobs=n_jobs, progress=progress
            )
            x_only, y_only = (
                sample_affinity(sampler, kept, n_jobs=n_jobs, stage="candidates", progress=prefixed(progress, name))
                for name, sampler in zip(DIRECTIONS, samplers, strict=True)
            )
            return Affinities(x_only, y_only, {})

        compile_for(
            (x.values, y.values), self.name,
            lambda few: sample(as_sides(few, (x, y)), (ROWS // 4, 2), 8, 1, silent),
            progress, kernel=weighted_ranks,
        )  # fmt: skip
        sizes = plan.details["candidates"], plan.details["block"]
        both = sample((x, y), sizes, plan.details["kept"], plan.n_jobs, progress)
        return replace(both, engine=self.facts(plan, x.n))

    def refuse_groups(self, groups: npt.NDArray[np.int32] | None) -> None:
        """Raise an error for groups."""
        if groups is not None:
            raise RepdiffError(
                "the sampled engine cannot compare within groups, since its lists hold too few pairs of one group; "
                'use engine="exact", or compare one group at a time'
            )

    def sizes(self, n: int) -> tuple[int, int, int]:
        """Candidates, kept partners and block size for n items."""
        defaults = _FEW if n <= _MANY_ITEMS else _MANY
        candidates, kept, block = (
            default if given is None else given
            for given, default in zip((self.candidates, self.kept, self.block), defaults, strict=True)
        )
        return candidates, kept, block

    def facts(self, plan: Plan, n: int) -> dict[str, Any]:
        """What the manifest says of the engine."""
        candidates = plan.details["candidates"]
        return {
            "name": self.name,
            "device": "cpu",
            **{option: plan.details[option] for option in ("candidates", "kept", "block")},
            "share_of_pairs": candidates / n,
            "expected_error": _EXPECTED_ERROR * max(1.0, float(np.sqrt(_MEASURED_WITH / candidates))),
            "n_jobs": plan.n_jobs,
            "memory_need": plan.need,
            "memory_limit": plan.limit,
        }


def as_sides(values: Sequence[npt.NDArray[Any]], sides: Sides) -> Sides:
    """A few items in place of both sides, with their distances, to compile for."""
    x, y = (Representation(one, side.metric) for one, side in zip(values, sides, strict=True))
    return x, y


def samplers_of(
    sides: Sides,
    *,
    sizes: tuple[int, int],
    gamma: float,
    beta: float,
    random_state: int | None,
    n_jobs: int,
    progress: Progress = silent,
) -> tuple[Sampler, Sampler]:
    """What draws the lists of both directions, x_only and y_only, of ``sizes`` (candidates, rows that share a list)."""
    x, y = (Reader(side.values, side.metric, n_jobs=n_jobs) for side in sides)
    return make_samplers(
        (x, y), sizes=sizes, gamma=gamma, beta=beta, seed=seed_of(random_state), n_jobs=n_jobs, progress=progress
    )


def make_samplers(
    readers: tuple[Reader, Reader],
    *,
    sizes: tuple[int, int],
    gamma: float,
    beta: float,
    seed: int,
    n_jobs: int,
    progress: Progress,
) -> tuple[Sampler, Sampler]:
    """The same for representations that are ready to be read."""
    x, y = readers
    candidates, block = sizes
    found = []
    for direction, (name, near, far) in enumerate(zip(DIRECTIONS, (x, y), (y, x), strict=True)):
        rng = np.random.default_rng([seed, direction])
        cells = make_cells(near, rng, n_jobs=n_jobs, stage="cells", progress=prefixed(progress, name))
        found.append(
            Sampler(
                near, far, cells, n_candidates=candidates, block=block, gamma=gamma, beta=beta, key=(seed, direction)
            )
        )
    return found[0], found[1]


def seed_of(random_state: int | None) -> int:
    """The seed of all random streams."""
    return int(np.random.SeedSequence(random_state).generate_state(1)[0])


def _bytes_needed(x: Representation, y: Representation, candidates: int, kept: int, block: int, threads: int) -> int:
    given: int = sum(side.values.nbytes for side in (x, y) if not is_mapped(side.values))
    copies: int = sum(4 * side.values.size for side in (x, y) if not side.reads_in_place)  # for representatives
    of_lists = bytes_of_lists(x, y, candidates, block, threads)
    return (
        given
        + copies
        + _LIBRARIES
        + _BYTES_PER_ITEM * 2 * x.n
        + bytes_stored(x.n, kept)
        + max(of_lists, spectral_bytes(x.n, threads))
    )


def bytes_stored(n: int, kept: int) -> int:
    """Bytes of the stored matrices of both directions."""
    return 8 * n * kept


def bytes_of_lists(x: Representation, y: Representation, candidates: int, block: int, threads: int) -> int:
    """Bytes that the cells take, and the lists that some threads work on."""
    cells = number_of_cells(x.n)
    of_cells: int = 16 * cells * sum(side.values.shape[1] for side in (x, y)) * 4
    return of_cells + threads * (_BYTES_PER_CANDIDATE * candidates * block + 4 * cells * _ROWS_ASSIGNED)


def _seconds(x: Representation, y: Representation, candidates: int, threads: int) -> float:
    width: int = sum(side.values.shape[1] for side in (x, y))
    row = 2 * candidates * (width * _SECONDS_PER_COORDINATE + _SECONDS_PER_CANDIDATE)
    assigned = number_of_cells(x.n) * width * 2 / _PRODUCTS_PER_SECOND
    return float(x.n) * (row + assigned) / threads
