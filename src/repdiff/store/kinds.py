"""Run, series and matrix: writing and reading a directory of any kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from repdiff.core.errors import RepdiffError
from repdiff.results.comparison import Comparison
from repdiff.results.matrix import ComparisonMatrix
from repdiff.results.timeline import Timeline
from repdiff.store.directory import kind_of
from repdiff.store.kind import Kind
from repdiff.store.matrix import MATRIX_KIND, MatrixRun
from repdiff.store.run import RUN_KIND, Run
from repdiff.store.series import SERIES_KIND, SeriesRun

Result = Comparison | Timeline | ComparisonMatrix
AnyRun = Run | SeriesRun | MatrixRun

KINDS: tuple[Kind[Any, Any], ...] = (RUN_KIND, SERIES_KIND, MATRIX_KIND)


def save(result: Result, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a directory, whole or not at all; :func:`repdiff.load`, ``load_series`` or ``load_matrix`` reads it.

    Parameters
    ----------
    result : Comparison, Timeline or ComparisonMatrix
        What to write.
    path : path
        Where; parents are made.
    overwrite : bool
        Replace a run, series or matrix that is there. Anything else that is there is never replaced.

    Raises
    ------
    RunError
        Where the path is taken, or cannot be written.
    RepdiffError
        Where the result is of another type.
    """
    return _kind_for(result).write(result, path, overwrite=overwrite)


def as_run(given: Result | AnyRun | str | Path) -> AnyRun:
    """What a directory holds, or would hold, given a result, a directory, or what was read of one.

    Raises
    ------
    RunError
        Where a directory is not a run, or is damaged.
    RepdiffError
        Where it is something else.
    """
    if isinstance(given, Run | SeriesRun | MatrixRun):
        return given
    if isinstance(given, str | Path):
        found = kind_of(given)
        read: AnyRun = next(kind for kind in KINDS if kind.format == found).read(given)
        return read
    held: AnyRun = _kind_for(given).of(given)
    return held


def _kind_for(result: Any) -> Kind[Any, Any]:
    for kind in KINDS:
        if isinstance(result, kind.result):
            return kind
    raise RepdiffError(f"a {type(result).__name__} cannot be saved; give a Comparison, Timeline or ComparisonMatrix")
