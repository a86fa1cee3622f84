"""How a comparison came about: parameters, inputs, versions, timings, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from repdiff.core.ranges import NotNegative


@dataclass(frozen=True)
class Provenance:
    """How a comparison came about: what the manifest says that is not a result.

    Attributes
    ----------
    created : str
        When, ISO 8601, UTC.
    parameters : mapping
        Parameters of the method.
    random_state : int or None
        Seed.
    engine : mapping
        Engine, storage, device, threads, memory.
    inputs : mapping
        Source, shape, type and hash of x and y, and how their rows were matched.
    versions : mapping of str to str
        Of repdiff, Python and the libraries that the numbers depend on.
    timings : mapping of str to float
        Seconds of each stage by the clock; some run side by side.
    warnings : tuple of str
        What a reader of the result must know.
    """

    created: str
    parameters: Mapping[str, Any]
    random_state: int | None
    engine: Mapping[str, Any]
    inputs: Mapping[str, Any]
    versions: Mapping[str, str]
    timings: Mapping[str, NotNegative]
    warnings: tuple[str, ...]
