"""The engines by name."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from repdiff.affinity.base import Affinities
from repdiff.core.errors import RepdiffError
from repdiff.settings import ENGINES, Engine


def compute_affinities(
    x: npt.NDArray[Any], y: npt.NDArray[Any], *, engine: Engine, device: str | None = None, **options: Any
) -> Affinities:
    """Both affinities of a pair, from the engine of that name.

    Parameters
    ----------
    x, y : ndarray of float32 or float64, (n, d_x) and (n, d_y)
        Row i of both is the same item.
    engine : {"exact", "torch"}
        See :mod:`repdiff.affinity.exact` and :mod:`repdiff.affinity.torch`.
    device : str, optional
        Of the torch engine.
    **options
        ``gamma``, ``beta``, ``metric``, ``memory_limit``, ``n_jobs``, ``kept``, ``groups``, ``progress``.

    Raises
    ------
    RepdiffError
        For an unknown engine, or a device for an engine that has none.
    """
    if engine == "exact":
        from repdiff.affinity.exact import exact_affinities

        if device not in (None, "cpu"):
            raise RepdiffError(f'the exact engine runs on the CPU; for device {device!r} take engine="torch"')
        return exact_affinities(x, y, **options)
    if engine == "torch":
        from repdiff.affinity.torch import torch_affinities

        return torch_affinities(x, y, device=device, **options)
    raise RepdiffError(f"engine must be one of {', '.join(ENGINES)}, but is {engine!r}")
