"""What several representations are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from repdiff.errors import InputError


def names_of(data: Sequence[Any], names: Sequence[str] | None, *, what: str) -> list[str]:
    """The names given, or those of the files, or numbers; no two alike.

    Parameters
    ----------
    data : sequence
        Embeddings, some of which may be paths.
    names : sequence of str, optional
        What the user calls them.
    what : str
        What one of them is, for numbers and errors.

    Raises
    ------
    InputError
        Where there are too few or too many names, or two alike.
    """
    if names is not None and len(names) != len(data):
        raise InputError(f"names must be one for each of {len(data)} {what}s, but are {len(names)}")
    called = [str(name).strip() for name in names] if names is not None else _own_names(data, what)
    check_different(called)
    return called


def check_different(called: Sequence[str]) -> None:
    """Refuse names of which two are alike or one is empty."""
    twice = next((name for place, name in enumerate(called) if name in called[:place] or not name), None)
    if twice is not None:
        raise InputError(f"names must differ and not be empty, but {twice!r} is given twice or says nothing")


def _own_names(data: Sequence[Any], what: str) -> list[str]:
    """Names of files, with their folders where the files alone are called alike; else numbers."""
    paths = [Path(one) for one in data if isinstance(one, str | Path)]
    for names in ([path.stem for path in paths], [f"{path.parent.name}/{path.stem}" for path in paths]):
        if len(set(names)) == len(data):
            return names
    return [f"{what} {place}" for place in range(1, len(data) + 1)]
