"""An engine that looks at a random half of the pairs and estimates the rest: what the protocol must serve.

Nothing above the engines may need more than this one gives. It is for small n: for clarity it keeps whole matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from repdiff.affinity.base import Affinities, DirectedValues, FloatArray, GroupMeans
from repdiff.affinity.engine import Plan
from repdiff.affinity.representation import Representation
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import available_bytes, format_bytes
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent

BYTES_PER_PAIR = 64


@dataclass(frozen=True)
class HalfAffinity:
    """One direction.

    ``values`` are directed affinities: exact for the pairs that were looked at, else from ranks that lie between those
    of the nearest items that were. Sums count each pair that was looked at twice, and no other; entries of chosen
    pairs are those of ``values``.
    """

    values: np.ndarray  # (n, n) exp(-beta G), not symmetric
    seen: np.ndarray  # (n, n) bool, symmetric, True on the diagonal
    asked: list[int] = field(default_factory=list)  # pairs per block, so that tests see how many were asked for

    @property
    def n(self) -> int:
        return len(self.values)

    @cached_property
    def _entries(self) -> np.ndarray:
        return (self.values + self.values.T) / 2

    @cached_property
    def _weighted(self) -> np.ndarray:
        weighted = 2 * self._entries * self.seen
        np.fill_diagonal(weighted, 1)
        return weighted

    def degree(self) -> np.ndarray:
        return self._weighted.sum(axis=1)

    def matmat(self, V: FloatArray) -> FloatArray:
        return (self._weighted @ V).astype(np.float32)

    def group_means(self, labels: np.ndarray) -> GroupMeans:
        """The mean of the pairs seen stands for all pairs of two groups; self-pairs are 1."""
        sizes = np.bincount(labels)
        members = np.equal.outer(np.arange(len(sizes)), labels).astype(float)
        pairs = self.seen & ~np.eye(self.n, dtype=bool)

        def sums(matrix: np.ndarray) -> np.ndarray:
            return members @ matrix @ members.T

        all_pairs, own = np.outer(sizes, sizes), np.diag(sizes).astype(float)
        count = sums(pairs.astype(float))
        mean = sums(self._entries * pairs) / np.maximum(count, 1)
        spread = np.sqrt(np.maximum(sums(self._entries**2 * pairs) / np.maximum(count, 1) - mean**2, 0))
        once = np.where(np.eye(len(sizes), dtype=bool), count / 2, count)  # within a group each pair is counted twice
        share = (all_pairs - own) / all_pairs
        few = once < 2  # too few to tell anything from: the entries stand in, and may be off by all they are
        mean = np.where(few, (sums(self._entries) - own) / np.maximum(all_pairs - own, 1), mean)
        error = np.where(few, mean, spread * np.sqrt(0.5 / np.maximum(once, 1)))
        return GroupMeans(mean * share + own / all_pairs, error * share)

    def block(self, rows: np.ndarray, columns: np.ndarray) -> FloatArray:
        weaker, stronger = self.directed(rows, columns)
        return ((weaker + stronger) / 2).astype(np.float32)

    def directed(self, rows: np.ndarray, columns: np.ndarray) -> DirectedValues:
        i, j = rows[..., :, None], columns[..., None, :]
        self.asked.append(np.broadcast(i, j).size)
        one, other = self.values[i, j], self.values[j, i]
        return np.minimum(one, other), np.maximum(one, other)


@dataclass
class KeptOrder:
    """What comparisons share of a representation: its neighbour ranks."""

    n: int
    ranks: np.ndarray | None = None
    times_computed: int = 0

    @property
    def nbytes(self) -> int:
        return 8 * self.n**2

    @property
    def complete(self) -> bool:
        return self.ranks is not None


@dataclass(frozen=True)
class HalfEngine:
    """Looks at a random half of the pairs."""

    runs_side_by_side: bool = True
    made: list[Affinities] = field(default_factory=list, compare=False)
    kept: list[KeptOrder] = field(default_factory=list, compare=False)

    @property
    def name(self) -> str:
        return "half"

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
        need = x.values.nbytes + y.values.nbytes + BYTES_PER_PAIR * x.n**2
        limit = available_bytes() if memory_limit is None else memory_limit - held
        if need > limit:
            raise MemoryLimitError(
                f"the half engine needs {format_bytes(need)} for {x.n:,} items, but may use {format_bytes(limit)}; "
                "raise the memory limit"
            )
        return Plan(need, limit, 1e-7 * x.n**2, resolve_n_jobs(n_jobs))

    def shared(self, representation: Representation) -> KeptOrder:
        self.kept.append(KeptOrder(representation.n))
        return self.kept[-1]

    def compute(
        self,
        x: Representation,
        y: Representation,
        *,
        gamma: float,
        beta: float,
        plan: Plan,
        groups: np.ndarray | None = None,
        random_state: int | None = 0,
        progress: Progress = silent,
    ) -> Affinities:
        progress("half of the pairs", 0, 1)
        seen = np.triu(np.random.default_rng(random_state).random((x.n, x.n)) < 0.5, 1)
        seen = seen | seen.T | np.eye(x.n, dtype=bool)
        rank_x, rank_y = (_between(_ranks(side), seen) for side in (x, y))
        log = -beta * np.tanh(gamma * (rank_x - rank_y) / np.minimum(rank_x, rank_y))
        if groups is not None:
            log[groups[:, None] != groups] = 0
        x_only, y_only = HalfAffinity(np.exp(log), seen), HalfAffinity(np.exp(-log), seen)
        progress("half of the pairs", 1, 1)
        found = Affinities(x_only, y_only, {"name": self.name, **_expected(x_only)})
        self.made.append(found)
        return found


def _expected(affinity: HalfAffinity) -> dict[str, Any]:
    """Of the mean of a tenth of the items."""
    entries, n_pairs = affinity.block(np.arange(affinity.n), np.arange(affinity.n)), max(1, (affinity.n / 10) ** 2 / 2)
    return {"expected_error": float(entries.std() / entries.mean() * np.sqrt(0.5 / n_pairs))}


def _ranks(side: Representation) -> np.ndarray:
    if isinstance(side.shared, KeptOrder) and side.shared.ranks is not None:
        return side.shared.ranks
    own = np.arange(side.n)
    distances = side.distances(own, own).copy()
    distances[own, own] = -1
    ranks = np.argsort(np.argsort(distances, axis=1, kind="stable"), axis=1) + 1
    if isinstance(side.shared, KeptOrder):
        side.shared.ranks = ranks
        side.shared.times_computed += 1
    return ranks


def _between(ranks: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Ranks of the pairs seen; those of others lie half way between the nearest ranks seen before and after."""
    order = np.argsort(ranks, axis=1)
    seen = np.take_along_axis(seen, order, axis=1)
    place = np.arange(1, len(ranks) + 1)
    before = np.maximum.accumulate(np.where(seen, place, 0), axis=1)
    after = np.minimum.accumulate(np.where(seen, place, len(ranks) + 1)[:, ::-1], axis=1)[:, ::-1]
    out = np.empty(ranks.shape)
    np.put_along_axis(out, order, (before + after) / 2, axis=1)
    return out
