"""Several comparisons that share representations, as many at a time as there are threads and memory for.

One comparison has parts that a single thread does: k-means, representatives, the small steps of the eigenvectors.
Several side by side keep all cores busy. Each of them gives the same bits as when it runs alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from repdiff.affinity.engine import Engine, Plan
from repdiff.core.parallel import Task, resolve_n_jobs, run_side_by_side
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.comparison import Comparison
from repdiff.settings import Settings
from repdiff.workflows.compare import compare_pair
from repdiff.workflows.engine import engine_for
from repdiff.workflows.neighbors import neighbors_wanted
from repdiff.workflows.representation import ShownRepresentation


@dataclass(frozen=True)
class PairToCompare:
    """The input of one comparison.

    Attributes
    ----------
    pair : EmbeddingPair
        What to compare.
    representations : (ShownRepresentation, ShownRepresentation)
        Its two sides, which other comparisons may use too. What is shared of them is complete, or no other comparison
        that runs at the same time completes it.
    what : str
        Name of the comparison in progress messages.
    """

    pair: EmbeddingPair
    representations: tuple[ShownRepresentation, ShownRepresentation]
    what: str


def compare_several(
    pairs: Iterable[PairToCompare],
    settings: Settings,
    *,
    count: int,
    shared: Sequence[ShownRepresentation],
    progress: Progress = silent,
) -> list[Comparison]:
    """Every comparison, in order.

    Parameters
    ----------
    pairs : iterable of PairToCompare
        Taken one at a time, when there is a thread for it, so that they need not all be in memory.
    settings : Settings
        How to compare.
    count : int
        How many there are.
    shared : sequence of ShownRepresentation
        All representations of which something is kept in memory, for these and other comparisons.
    progress : Progress, optional
        Reports how far the first of the running comparisons is.
    """
    rest = iter(pairs)
    first = next(rest, None)
    if first is None:
        return []
    schedule = _Schedule.of(first, settings, count, shared)
    tasks = (schedule.task(one, settings) for one in chain([first], rest))
    return run_side_by_side(tasks, n_at_once=schedule.n_at_once, budget=schedule.budget, progress=progress)


@dataclass(frozen=True)
class _Schedule:
    """How comparisons of about the same size share threads and memory.

    Attributes
    ----------
    engine : Engine
        What computes them.
    n_at_once : int
        How many run at the same time.
    threads : int
        Threads of all together.
    budget : int
        Bytes for all that run together.
    """

    engine: Engine
    n_at_once: int
    threads: int
    budget: int

    @classmethod
    def of(
        cls, first: PairToCompare, settings: Settings, count: int, shared: Sequence[ShownRepresentation]
    ) -> _Schedule:
        """As many at once as fit, if they are like the first."""
        threads = resolve_n_jobs(settings.n_jobs)
        engine = engine_for(settings, n_neighbors=neighbors_wanted(settings))
        one_by_one = cls(engine, 1, threads, 0)
        # A user's clusterer may not be safe to run in several threads.
        if not engine.runs_side_by_side or not isinstance(settings.clusterer, str):
            return one_by_one
        alone = engine.plan(
            *first.representations, memory_limit=settings.memory_bytes, n_jobs=threads,
            held=sum(representation.shared_bytes for representation in shared),
        )  # fmt: skip
        budget = alone.limit
        if settings.memory_limit is None:  # what is shared will take up some of the memory that is free now
            kept = [representation.shared for representation in shared if representation.shared is not None]
            budget -= sum(place.nbytes for place in kept if not place.complete)
        if alone.need > budget:
            return one_by_one
        schedules = (cls(engine, n_at_once, threads, budget) for n_at_once in range(min(threads, count), 1, -1))
        return next((each for each in schedules if each.n_at_once * each.plan(first).need <= budget), one_by_one)

    @property
    def n_jobs(self) -> int:
        """Threads of each."""
        return self.threads // self.n_at_once

    def plan(self, one: PairToCompare) -> Plan:
        """The plan of one comparison on its share of the threads, with the same result as when it runs alone."""
        x, y = one.representations
        alone = self.engine.plan(x, y, memory_limit=self.budget, n_jobs=self.threads)
        return self.engine.plan(x, y, memory_limit=self.budget, n_jobs=self.n_jobs, like=alone)

    def task(self, one: PairToCompare, settings: Settings) -> Task[Comparison]:
        """One comparison, ready to run alongside others."""
        plan = None
        if self.n_at_once > 1:
            plan, settings = self.plan(one), replace(settings, n_jobs=self.n_jobs)

        def work(progress: Progress) -> Comparison:
            return compare_pair(
                one.pair, settings, representations=one.representations, plan=plan,
                progress=prefixed(progress, one.what),
            )  # fmt: skip

        return Task(work, 0 if plan is None else plan.need)
