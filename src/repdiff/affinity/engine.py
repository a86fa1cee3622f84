"""The engine protocol: plan, compute, and say what comparisons can share.

A user's own engine is any object with these members; it is passed as ``engine=MyEngine(...)`` and carries its own
options. Code above the engines uses only :class:`Engine` and :class:`repdiff.affinity.base.Affinity`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.affinity.representation import Representation
from repdiff.core.device import Device
from repdiff.core.progress import Progress

_SPECTRAL_COLUMNS = 900  # float32 columns of length n that the spectral step holds at most, partial sums included
_EVIDENCE, _EVIDENCE_OF_THREAD = 50 * 10**6, 22 * 10**6  # bytes of samples and their ranks, for any number of items


def spectral_bytes(n: int, threads: int = 2) -> int:
    """Bytes that the spectral step takes, or the evidence after it on so many threads, whichever is more."""
    return max(4 * n * _SPECTRAL_COLUMNS, _EVIDENCE + threads * _EVIDENCE_OF_THREAD)


@dataclass(frozen=True)
class Plan:
    """The resources an engine will use, known before it starts.

    Attributes
    ----------
    need : int
        Peak bytes of main memory, with the inputs and their working copies, without the interpreter.
    limit : int
        Bytes of main memory that may be used.
    seconds : float or None
        A rough estimate of how long computing the affinities takes; None if the engine cannot tell.
    n_jobs : int
        Threads.
    details : mapping
        The engine's other decisions, such as the width of a stored entry, or a device and the memory used there.
    """

    need: int
    limit: int
    seconds: float | None
    n_jobs: int
    details: Mapping[str, Any] = field(default_factory=dict)


class Shared(Protocol):
    """What an engine keeps of a representation: the first comparison fills it, later ones read it."""

    @property
    def nbytes(self) -> int:
        """Bytes it will take, known before it is filled."""

    @property
    def complete(self) -> bool:
        """Whether it is filled; until then, only one comparison at a time may use it."""


@runtime_checkable
class Engine(Protocol):
    """Computes the affinities of a pair of representations."""

    @property
    def name(self) -> str:
        """Its name in manifests and messages."""

    @property
    def runs_side_by_side(self) -> bool:
        """Whether several of its comparisons may run at once; False if they would share one device."""

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
            Of the same n items; only their shapes and types are used.
        memory_limit : int, optional
            Bytes that may be used, inputs included; a share of the free memory by default.
        n_jobs : int, optional
            Threads; all cores by default.
        held : int
            Bytes within the limit that shared data takes or will take.
        like : Plan, optional
            Make the same decisions as this plan of the same pair, so that the results are the same bits.

        Raises
        ------
        MemoryLimitError
            If it does not fit; the message says how much is needed and what would fit.
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
            Of the same n items. Their ``shared`` data is used if it is complete, and filled if not.
        gamma, beta : float
            Slope of the difference and sharpness of the affinity (RDC, equations 2 and 3).
        plan : Plan
            The result of :meth:`plan` for this pair.
        groups : ndarray of int32, (n,), optional
            Only pairs of one group count; the affinity of all others is 1, no change.
        random_state : int or None
            Seed, for an engine that draws samples.
        progress : Progress
            Receives the stages of the work.
        """

    def shared(self, representation: Representation) -> Shared | None:
        """Empty storage for what comparisons of this representation can share; None if nothing."""


@runtime_checkable
class UsesDevice(Protocol):
    """An engine that works on a device, where there is room for a copy of each representation afterwards too."""

    def open_device(self) -> Device:
        """The device, for the steps after the affinities."""
