"""The engine that chooses: exact if that fits into memory and time, else one that fits; it reports which and why.

Exact ranks, if only the memory is short; else sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.engine import Engine, Plan
from repdiff.affinity.exact import Exact
from repdiff.affinity.kept_ranks import KeptRanks
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.exact_ranks import ExactRanks
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import format_bytes
from repdiff.core.progress import Progress, silent

LONGEST_SECONDS = 120.0
_LARGE: Mapping[str, Engine] = {"exact-ranks": ExactRanks(), "sampled": Sampled()}


@dataclass(frozen=True)
class Auto:
    """The exact engine if it fits into memory and about two minutes, else exact ranks or the sampled one.

    Attributes
    ----------
    longest : float, optional
        Seconds that the exact engine may take for the affinities, by its own estimate; two minutes by default.
    n_neighbors : int
        Nearest neighbours of each item that the exact engine reads off its ranks; none by default.
    """

    longest: float | None = None
    n_neighbors: int = 0

    @property
    def name(self) -> str:
        """Auto; the engine facts of a result name the engine that was chosen."""
        return "auto"

    @property
    def runs_side_by_side(self) -> bool:
        """Comparisons share the cores."""
        return True

    def _engine(self, name: str) -> Engine:
        return Exact(n_neighbors=self.n_neighbors) if name == "exact" else _LARGE[name]

    def shared(self, representation: Representation) -> KeptRanks | None:
        """The neighbour ranks where the exact engine would be chosen."""
        try:
            chosen = self.plan(representation, representation)
        except MemoryLimitError:
            return None
        return Exact().shared(representation) if chosen.details["engine"] == "exact" else None

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
        """The plan of the chosen engine; its ``details`` hold the name and, if it is not exact, the reason.

        Raises
        ------
        MemoryLimitError
            If neither fits.
        """
        ask: dict[str, Any] = {"memory_limit": memory_limit, "n_jobs": n_jobs, "held": held}
        if like is not None:
            name = like.details["engine"]
            return _noting(self._engine(name).plan(x, y, **ask, like=like), name, like.details["reason"])
        longest = LONGEST_SECONDS if self.longest is None else self.longest
        only_exact = "precomputed" in (x.metric, y.metric)
        try:
            found = self._engine("exact").plan(x, y, **ask)
        except MemoryLimitError:
            if only_exact:
                raise
            return _less_memory(x, y, longest, ask)
        if only_exact or found.seconds is None or found.seconds <= longest:
            return _noting(found, "exact", None)
        reason = f"the exact engine would take about {_duration(found.seconds)}"
        return _noting(_LARGE["sampled"].plan(x, y, **ask), "sampled", reason)

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
        """Both affinities, from the engine that the plan names; the engine facts say why it was chosen."""
        chosen = self._engine(plan.details["engine"])
        found = chosen.compute(
            x, y, gamma=gamma, beta=beta, plan=plan, groups=groups, random_state=random_state, progress=progress
        )
        facts: dict[str, Any] = {**found.engine, "chosen_by": self.name}
        if plan.details["reason"] is not None:
            facts["reason"] = plan.details["reason"]
        return replace(found, engine=facts)


def _less_memory(x: Representation, y: Representation, longest: float, ask: Mapping[str, Any]) -> Plan:
    """The plan of an engine that takes less memory than the exact one: with exact ranks if there is time for them."""
    with suppress(MemoryLimitError):
        found = _LARGE["exact-ranks"].plan(x, y, **ask)
        if found.seconds is not None and found.seconds <= longest:
            return _noting(found, "exact-ranks", _no_room(found))
    found = _LARGE["sampled"].plan(x, y, **ask)
    return _noting(found, "sampled", _no_room(found))


def _no_room(plan: Plan) -> str:
    return f"the exact engine does not fit into {format_bytes(plan.limit)} of memory"


def _noting(plan: Plan, engine: str, reason: str | None) -> Plan:
    return replace(plan, details={**plan.details, "engine": engine, "reason": reason})


def _duration(seconds: float) -> str:
    """A time as people say it."""
    for unit, length in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
