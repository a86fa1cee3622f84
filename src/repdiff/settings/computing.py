"""Computing: the engine, the device, memory, threads and the seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from repdiff.core.errors import RepdiffError
from repdiff.core.memory import parse_bytes
from repdiff.settings.fields import SettingsGroup, setting

MOST_JOBS = 1024
ENGINES = (
    "auto",
    "exact",
    "exact-ranks",
    "sampled",
    "torch",
)  # the engines that come with the package; affinity/ holds one for each name


@runtime_checkable
class EngineLike(Protocol):
    """A user's own engine; see :mod:`repdiff.affinity`."""

    def plan(self, *args: Any, **kwargs: Any) -> Any:
        """What the work will need, known before it starts."""

    def compute(self, *args: Any, **kwargs: Any) -> Any:
        """Both affinities of a pair."""


EngineChoice: TypeAlias = str | EngineLike


def _bytes(size: float | str | None) -> int | None:
    return None if size is None else parse_bytes(size)  # type: ignore[arg-type]


def _is_size(size: float | str) -> bool:
    try:
        _bytes(size)
    except RepdiffError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class SeedSettings(SettingsGroup):
    """Where randomness comes from."""

    random_state: int | None = setting(
        0, "The same seed gives the same result.", at_least=0, kind="int or None", flags=("--seed",)
    )


@dataclass(frozen=True, kw_only=True)
class ComputingSettings(SeedSettings):
    """How the work is computed; none of it is part of the method."""

    engine: EngineChoice = setting(
        "auto",
        "What computes the affinity: exact, exact-ranks (less memory), sampled (many items), auto (of these) or torch.",
        more='"auto" is exact where that fits into memory and about two minutes, else sampled; the result tells which, '
        "and why.",
        choices=ENGINES,
        allowed=f"one of {', '.join(ENGINES)}, or an engine with plan and compute",
        kind=f"{{{', '.join(repr(name) for name in ENGINES)}}} or engine".replace("'", '"'),
    )
    device: str | None = setting(None, "Of the engines torch and sampled: cuda, mps or cpu.")
    memory_limit: float | str | None = setting(
        None,
        "Main memory that the work may use: bytes, or a size such as 8GB.",
        unset="three quarters of what is free",
        check=_is_size,
        allowed="a positive size such as 4GB or 512MiB",
        kind="int or str",
    )
    device_memory_limit: float | str | None = setting(
        None,
        "Memory that the work may use on the device: bytes, or a size such as 8GB.",
        more="``memory_limit`` does not count it, unless the device is the CPU, whose memory is main memory.",
        unset="three quarters of what is free on the device",
        check=_is_size,
        allowed="a positive size such as 4GB or 512MiB",
        kind="int or str",
    )
    n_jobs: int | None = setting(
        None,
        "Threads.",
        more="The result does not depend on it.",
        unset="all cores",
        check=lambda n_jobs: n_jobs != 0 and n_jobs <= MOST_JOBS,
        allowed=f"a positive number of threads, at most {MOST_JOBS:,}, or -1 for all cores",
        flags=("--jobs",),
    )

    @property
    def memory_bytes(self) -> int | None:
        """The limit of main memory in bytes."""
        return _bytes(self.memory_limit)

    @property
    def device_memory_bytes(self) -> int | None:
        """The limit of the device's memory in bytes."""
        return _bytes(self.device_memory_limit)
