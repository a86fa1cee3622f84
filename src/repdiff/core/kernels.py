"""Functions that numba compiles, and whose machine code is kept on disk as far as that is possible.

numba keeps it beside the source, or in the user's folder for caches. Where neither can be written to, as in most
containers, it raises an error; here the code then goes to a temporary folder that only this user can write to, since
code is loaded from it, or is compiled anew by every process. A cache that is damaged, or on a full disk, stops nothing.
"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

from numba import config, njit

from repdiff.core.errors import RepdiffError


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """A decorator: the function is compiled when it is first called with arguments of some types.

    Parameters
    ----------
    **options
        Of ``numba.njit``.

    Returns
    -------
    callable
        It raises a ``RepdiffError`` when called while numba is told to compile nothing: interpreted, a kernel takes a
        thousand times as long.
    """

    def compile_later(function: Callable[..., Any]) -> Any:
        if config.DISABLE_JIT:
            return _refusing(function)
        try:
            compiled = njit(cache=True, **options)(function)
        except RuntimeError:  # numba finds no place for its cache
            compiled = _kept_elsewhere(function, options)
        if (cache := getattr(compiled, "_cache", None)) is not None:
            compiled._cache = _ForgivingCache(cache)
        return compiled

    return compile_later


def _refusing(function: Callable[..., Any]) -> Callable[..., NoReturn]:
    @wraps(function)
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise RepdiffError(
            "numba is told to compile nothing (NUMBA_DISABLE_JIT), without which this would take hours; unset it"
        )

    return refuse


def _kept_elsewhere(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    folder = _own_temporary_folder()
    if folder is None:
        return njit(**options)(function)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)  # numba looks at it while it decorates
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:
        return njit(**options)(function)
    finally:
        config.CACHE_DIR = before


def _own_temporary_folder() -> Path | None:
    """A folder that nobody else can write to, whoever made it; None where there is none."""
    if not hasattr(os, "geteuid"):
        return None
    with suppress(OSError):
        folder = Path(tempfile.gettempdir()) / f"repdiff-numba-{os.geteuid()}"
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077:
            return folder
    return None


class _ForgivingCache:
    """numba's cache of a function, whose errors mean that nothing is kept."""

    def __init__(self, cache: Any) -> None:
        self._wrapped = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def load_overload(self, *args: Any) -> Any:
        """What was kept for a signature; None where nothing was, or it cannot be read."""
        try:
            return self._wrapped.load_overload(*args)
        except Exception:
            return None

    def save_overload(self, *args: Any) -> None:
        """Keep the code of a signature, if the disk takes it."""
        with suppress(OSError):
            self._wrapped.save_overload(*args)
