"""Several comparisons that share sides, as many at a time as there are threads and memory for.

One comparison has parts that a single thread does: k-means, representatives, the small steps of the eigenvectors.
Several beside each other keep all cores busy. Each of them gives the bits that it gives alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from repdiff.affinity.exact import plan
from repdiff.core.parallel import Task, resolve_n_jobs, run_side_by_side
from repdiff.core.progress import Progress, silent, telling
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.comparison import Comparison
from repdiff.settings import Settings
from repdiff.workflows.compare import compare_pair
from repdiff.workflows.representation import Side


@dataclass(frozen=True)
class PairOfSides:
    """What one comparison is given.

    Attributes
    ----------
    pair : EmbeddingPair
        What to compare.
    sides : (Side, Side)
        Its two sides, which others may have too. Kept ranks are complete, or this comparison is the only one under way
        that computes them.
    what : str
        How to call the comparison while it runs.
    """

    pair: EmbeddingPair
    sides: tuple[Side, Side]
    what: str


def compare_several(
    pairs: Iterable[PairOfSides], settings: Settings, *, count: int, shared: Sequence[Side], progress: Progress = silent
) -> list[Comparison]:
    """Every comparison, in order.

    Parameters
    ----------
    pairs : iterable of PairOfSides
        Taken one at a time, when there is a thread for it, so that not all need be held at once.
    settings : Settings
        How.
    count : int
        How many there are.
    shared : sequence of Side
        All sides of which ranks are kept, for these and other comparisons.
    progress : Progress, optional
        Told how far the first of those under way is.
    """
    rest = iter(pairs)
    first = next(rest, None)
    if first is None:
        return []
    crew = _Crew.of(first, settings, count, shared)
    tasks = (crew.task(one, settings) for one in chain([first], rest))
    return run_side_by_side(tasks, n_at_once=crew.n_at_once, budget=crew.budget, progress=progress)


@dataclass(frozen=True)
class _Crew:
    """How comparisons of about the same size share threads and memory.

    Attributes
    ----------
    n_at_once : int
        How many run at the same time.
    threads : int
        Threads of all together.
    budget : int
        Bytes for all that run together.
    """

    n_at_once: int
    threads: int
    budget: int

    @classmethod
    def of(cls, first: PairOfSides, settings: Settings, count: int, shared: Sequence[Side]) -> _Crew:
        """As many at once as fit, if they are like the first."""
        threads = resolve_n_jobs(settings.n_jobs)
        one_by_one = cls(1, threads, 0)
        # A device is one for all, and a user's clusterer need not be ready for several threads.
        if settings.engine != "exact" or not isinstance(settings.clusterer, str):
            return one_by_one
        kept = [side.kept for side in shared if side.kept is not None]
        alone = plan(
            first.pair.x, first.pair.y, metric=first.pair.metrics, memory_limit=settings.memory_bytes, n_jobs=threads,
            held=sum(ranks.nbytes for ranks in kept),
        )  # fmt: skip
        budget = alone.limit
        if settings.memory_limit is None:  # what is free now is not free any more once ranks to come lie there
            budget -= sum(ranks.nbytes for ranks in kept if not ranks.complete)
        if alone.need > budget:
            return one_by_one
        crews = (cls(n_at_once, threads, budget) for n_at_once in range(min(threads, count), 1, -1))
        return next((crew for crew in crews if crew.n_at_once * crew.need(first) <= budget), one_by_one)

    @property
    def n_jobs(self) -> int:
        """Threads of each."""
        return self.threads // self.n_at_once

    def need(self, one: PairOfSides) -> int:
        """Bytes that one comparison takes beside kept ranks, at the storage that it has when it runs alone."""
        pair = one.pair
        alone = plan(pair.x, pair.y, metric=pair.metrics, memory_limit=self.budget, n_jobs=self.threads)
        return plan(
            pair.x, pair.y, metric=pair.metrics, memory_limit=self.budget, n_jobs=self.n_jobs, bits=alone.bits
        ).need

    def task(self, one: PairOfSides, settings: Settings) -> Task[Comparison]:
        """One comparison, ready to run beside others."""
        need = 0
        if self.n_at_once > 1:
            need = self.need(one)
            kept = sum(side.kept.nbytes for side in one.sides if side.kept is not None)  # the engine counts them too
            settings = replace(settings, n_jobs=self.n_jobs, memory_limit=need + kept)

        def work(progress: Progress) -> Comparison:
            return compare_pair(one.pair, settings, sides=one.sides, progress=telling(progress, one.what))

        return Task(work, need)
