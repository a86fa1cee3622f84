"""Compiles an engine's kernels on first use, which takes seconds, where progress can be reported.

numba compiles a kernel when it first meets arguments of some types, and keeps the machine code on disk for later
processes. By default that would happen in the first tiles, on worker threads, where Ctrl-C has to wait.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.affinity.rank_kernels import rank_rows
from repdiff.core.interrupts import deferred_interrupts
from repdiff.core.progress import Progress

STAGE = "compiling (first use only)"
ROWS, TILE_ROWS = 300, 16  # several blocks; no slice may be contiguous, which would be another type

Kinds = tuple[tuple[str, bool], ...]
_compiled: set[tuple[Kinds, str]] = set()


class HasBothDirections(Protocol):
    """The affinities of a few items."""

    @property
    def x_only(self) -> Affinity:
        """Of one direction."""

    @property
    def y_only(self) -> Affinity:
        """Of the other."""


def compile_for(
    values: tuple[npt.NDArray[Any], ...],
    how: str,
    compute: Callable[[list[npt.NDArray[Any]]], HasBothDirections],
    progress: Progress,
    *,
    kernel: Any = rank_rows,
) -> None:
    """Run the engine on a few items of the same types, on this thread, unless this process has done so before.

    Parameters
    ----------
    values : tuple of ndarray
        The representations to compare.
    how : str
        What else decides which kernels are needed, such as the storage of the affinity.
    compute : callable
        The engine: two small arrays -> affinities.
    progress : Progress
        Receives the stage "compiling (first use only)" if no machine code is on disk.
    kernel : compiled function
        One of the engine's kernels: if its machine code is on disk, so is that of the others.
    """
    # Read-only arrays are another type to the compiler.
    kinds = tuple((array.dtype.str, array.flags.writeable) for array in values)
    if (kinds, how) in _compiled:
        return
    tell = not _on_disk(kernel)
    if tell:
        progress(STAGE, 0, 1)
    with deferred_interrupts():
        few = compute([_few_items(*kind) for kind in kinds])
        for affinity in (few.x_only, few.y_only):
            affinity.group_means(np.arange(ROWS, dtype=np.int32) % 2)
            affinity.block(np.arange(2), np.arange(3))
            affinity.degree()
    if tell:
        progress(STAGE, 1, 1)
    _compiled.add((kinds, how))


def _few_items(dtype: str, writeable: bool) -> npt.NDArray[Any]:
    values = np.random.default_rng(0).standard_normal((ROWS, 3)).astype(dtype)
    values.flags.writeable = writeable
    return values


def _on_disk(kernel: Any) -> bool:
    """Whether an earlier process stored the machine code of a kernel for its current source."""
    folder = getattr(kernel, "stats", None) and kernel.stats.cache_path
    if not folder:
        return False
    source = Path(kernel.py_func.__code__.co_filename)
    kept = Path(folder).glob(f"{source.stem}.{kernel.py_func.__name__}-*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in kept)
