"""The names of the distances within a representation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, cast, get_args

from repdiff.core.errors import RepdiffError

Metric = Literal["euclidean", "cosine", "precomputed"]
METRICS: tuple[str, ...] = get_args(Metric)
Metrics: TypeAlias = Metric | tuple[Metric, Metric]


def metrics_of(metric: Metrics | Sequence[str]) -> tuple[Metric, Metric]:
    """The metrics of x and of y, from one name for both or a pair.

    Raises
    ------
    RepdiffError
        For an unknown name.
    """
    pair = (metric, metric) if isinstance(metric, str) else tuple(metric)
    for name in pair:
        if name not in METRICS:
            raise RepdiffError(f"metric must be one of {', '.join(METRICS)}, but is {name!r}")
    if len(pair) != 2:
        raise RepdiffError(f"metric must be one name, or two for x and y, but is {metric!r}")
    return cast(tuple[Metric, Metric], pair)
