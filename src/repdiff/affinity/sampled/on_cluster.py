"""The sampled engine on a Dask cluster: its lists, products and means are computed by workers, with the same bits.

This process keeps what the spectral step needs, and a few numbers per item; the stored matrix stays on the workers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities, GroupMeans
from repdiff.affinity.engine import Plan
from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.affinity import SampledAffinity, tiles_of
from repdiff.affinity.sampled.all_pairs import compute_all_pairs, is_of_all_pairs
from repdiff.affinity.sampled.blocks import keep_on_cluster
from repdiff.affinity.sampled.candidates import Sampler
from repdiff.affinity.sampled.engine import DIRECTIONS, Sampled, bytes_of_lists, bytes_stored, make_samplers, seed_of
from repdiff.affinity.sampled.means import FloatArray, draw, group_means
from repdiff.affinity.sampled.reader import Rows
from repdiff.affinity.sampled.shared import ClusterReader, SharedSampler, share_sampler
from repdiff.core.cluster import Cluster
from repdiff.core.errors import MemoryLimitError, RepdiffError
from repdiff.core.memory import format_bytes
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.core.shared_files import SharedArray, remove

_SHARE_OF_MEMORY = 0.6  # of the workers', beyond which Dask moves results to disk


@dataclass(frozen=True)
class SampledOnCluster:
    """The sampled engine whose work is done by the workers of a cluster.

    If there are no more items than candidates, this process computes all pairs, as without a cluster.

    Attributes
    ----------
    sampled : Sampled
        Lengths of lists and the like.
    cluster : Cluster
        The workers.
    chosen_by : str or None
        Name of the engine that chose this one, for the manifest.
    """

    sampled: Sampled
    cluster: Cluster
    chosen_by: str | None = None

    @property
    def name(self) -> str:
        """Sampled: where it is computed changes nothing."""
        return self.sampled.name

    @property
    def runs_side_by_side(self) -> bool:
        """Comparisons share the workers."""
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
        """The memory of this process, and in ``details`` that of all workers together.

        Raises
        ------
        RepdiffError
            For a matrix of distances.
        MemoryLimitError
            If it does not fit, here or on the workers.
        """
        candidates, kept, block = self.sampled.sizes(x.n)
        stored = bytes_stored(x.n, kept)
        plan = self.sampled.plan(
            x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held, like=like, without=stored
        )  # fmt: skip
        if is_of_all_pairs(plan):
            return plan
        one_list = bytes_of_lists(x, y, candidates, block, 1)
        need = 2 * stored + self.cluster.n_threads * one_list
        fits = self.cluster.memory * _SHARE_OF_MEMORY
        if self.cluster.memory and need > fits:
            raise MemoryLimitError(
                f"the sampled engine needs {format_bytes(need)} on all workers for {x.n:,} items, but they may use "
                f"{format_bytes(fits)} ({_SHARE_OF_MEMORY:.0%} of their memory, beyond which Dask writes to disk); use "
                "more workers, or keep fewer partners"
            )
        seconds = None if plan.seconds is None else plan.seconds * plan.n_jobs / self.cluster.n_threads
        details = {**plan.details, "worker_memory_need": need}
        return Plan(plan.need, plan.limit, seconds, plan.n_jobs, details)

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

        The same seed gives the same bits as :class:`Sampled` does, on any number of workers of one kind.

        Raises
        ------
        RepdiffError
            For groups, for files that a worker cannot read, and for a cluster that stops working.
        """
        if is_of_all_pairs(plan):
            found = compute_all_pairs(
                Exact(), x, y, name=self.name, gamma=gamma, beta=beta, plan=plan, groups=groups,
                random_state=random_state, progress=progress,
            )  # fmt: skip
            chosen = {} if self.chosen_by is None else {"chosen_by": self.chosen_by}  # all pairs: nothing to warn of
            return replace(found, engine={**found.engine, **chosen})
        self.sampled.refuse_groups(groups)
        readers = tuple(ClusterReader(side.values, side.metric, self.cluster) for side in (x, y))
        seed = seed_of(random_state)
        candidates, kept, block = (plan.details[name] for name in ("candidates", "kept", "block"))
        samplers = make_samplers(
            (readers[0], readers[1]), sizes=(candidates, block), gamma=gamma, beta=beta, seed=seed, n_jobs=plan.n_jobs,
            progress=progress,
        )  # fmt: skip
        both = [
            self._sample(sampler, (seed, place), kept, plan.n_jobs, prefixed(progress, name))
            for place, (name, sampler) in enumerate(zip(DIRECTIONS, samplers, strict=True))
        ]
        return Affinities(both[0], both[1], {**self.sampled.facts(plan, x.n), **self._facts(plan)})

    def _sample(
        self, sampler: Sampler, key: tuple[int, int], kept: int, n_jobs: int, progress: Progress
    ) -> ClusterAffinity:
        shared = share_sampler(sampler, key, self.cluster)
        stored = keep_on_cluster(
            shared, tiles_of(sampler.cells), kept, sampler.cells.items, self.cluster, stage="candidates",
            progress=progress,
        )  # fmt: skip
        return ClusterAffinity(sampler, stored, n_jobs, shared, self.cluster)

    @property
    def _chosen(self) -> Mapping[str, Any]:
        if self.chosen_by is None:
            return {}
        return {"chosen_by": self.chosen_by, "reason": "only this engine runs on a Dask cluster"}

    def _facts(self, plan: Plan) -> Mapping[str, Any]:
        return {
            "cluster": "dask",
            "workers": self.cluster.n_workers,
            "worker_threads": self.cluster.n_threads,
            "worker_memory_need": plan.details["worker_memory_need"],
            **self._chosen,
        }


@dataclass(frozen=True)
class ClusterAffinity(SampledAffinity):
    """One direction whose stored matrix is on the workers of a cluster.

    Attributes
    ----------
    shared : SharedSampler
        The direction, for workers.
    cluster : Cluster
        The workers.
    """

    shared: SharedSampler
    cluster: Cluster

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Estimated means over every two groups, from lists that workers draw."""
        return group_means(self.sampler, self.stored, labels, n_jobs=self.n_jobs, run_draws=self._draws)

    def _draws(self, rows: list[Rows], labels: npt.NDArray[np.int32], k: int) -> list[tuple[FloatArray, FloatArray]]:
        place = self.cluster.put(labels)
        calls = [(self.shared, own, number, place, k) for number, own in enumerate(rows)]
        found = self.cluster.run(_draw, calls)
        remove(place)
        return found


def on_cluster(engine: Any, cluster: Cluster) -> SampledOnCluster:
    """An engine that was asked for, on a cluster.

    Parameters
    ----------
    engine : str or Engine
        "sampled", "auto", which then takes the sampled engine, or a :class:`Sampled`.
    cluster : Cluster
        The workers.

    Raises
    ------
    RepdiffError
        For any other engine.
    """
    if isinstance(engine, Sampled):
        return SampledOnCluster(engine, cluster)
    if engine not in ("auto", "sampled"):
        raise RepdiffError(
            f"the {getattr(engine, 'name', engine)} engine does not run on a Dask cluster; leave out engine= "
            "(--engine), or take the sampled engine, or leave out dask= (--dask)"
        )
    return SampledOnCluster(Sampled(), cluster, chosen_by="auto" if engine == "auto" else None)


def _draw(shared: SharedSampler, rows: Rows, number: int, labels: SharedArray, k: int) -> tuple[FloatArray, FloatArray]:
    """On a worker: the sums of one draw."""
    return draw(shared.open(), rows, number, labels.open(), k)
