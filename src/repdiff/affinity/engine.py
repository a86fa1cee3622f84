"""What an engine is: it plans, computes, and says what its comparisons can share.

A user's own engine is any object with these members; it is passed as ``engine=MyEngine(...)`` and carries its own
options. Everything above the engines works from :class:`Engine` and :class:`repdiff.affinity.base.Affinity` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.representation import Representation
from repdiff.core.progress import Progress


@dataclass(frozen=True)
class Plan:
    """What an engine will use, known before it starts.

    Attributes
    ----------
    need : int
        Bytes of main memory at the peak, the inputs and their working copies included, the interpreter not.
    limit : int
        Bytes of main memory that may be used.
    seconds : float or None
        A rough estimate of how long computing the affinities takes; None where the engine cannot tell.
    n_jobs : int
        Threads.
    details : mapping
        What else the engine has decided, such as the width of a stored entry, or a device and what it takes there.
    """

    need: int
    limit: int
    seconds: float | None
    n_jobs: int
    details: Mapping[str, Any] = field(default_factory=dict)


class Shared(Protocol):
    """What an engine keeps of a representation: filled by the first comparison, read by those after it."""

    @property
    def nbytes(self) -> int:
        """Bytes that it takes, known before any of them is."""

    @property
    def complete(self) -> bool:
        """Whether it is filled; until then only one comparison at a time may use it."""


@runtime_checkable
class Engine(Protocol):
    """How the affinities of a pair of representations are come by."""

    @property
    def name(self) -> str:
        """What it is called in manifests and messages."""

    @property
    def runs_side_by_side(self) -> bool:
        """Whether several of its comparisons may run at once; not so where they would share one device."""

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
        """What computing the affinities would use.

        Parameters
        ----------
        x, y : Representation
            Of the same n items; only their shapes and types are looked at.
        memory_limit : int, optional
            Bytes that may be used, inputs included; a share of what is free by default.
        n_jobs : int, optional
            Threads; all cores by default.
        held : int
            Bytes within the limit that are taken already, or will be, by what comparisons share.
        like : Plan, optional
            Decide as in this plan of the same pair, so that the result is the same, bit for bit.

        Raises
        ------
        MemoryLimitError
            Where it does not fit: how much is needed, and what would fit instead.
        """

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
        progress: Progress,
    ) -> Affinities:
        """Both affinities of a pair.

        Parameters
        ----------
        x, y : Representation
            Of the same n items. What :meth:`shared` made of them is used where it is complete, and completed else.
        gamma, beta : float
            Slope of the difference and sharpness of the affinity (RDC, equations 2 and 3).
        plan : Plan
            What :meth:`plan` answered for this pair.
        groups : ndarray of int32, (n,), optional
            Only pairs of one group count; the affinity of all others is 1, no change.
        random_state : int or None
            Seed, for an engine that draws samples.
        progress : Progress
            Told about the stages of the work.
        """

    def shared(self, representation: Representation) -> Shared | None:
        """An empty place for what comparisons of this representation can share; None where there is nothing."""
