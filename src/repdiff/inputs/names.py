"""Names of several representations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.core.plain import as_unicode
from repdiff.inputs.sources import title_of


def names_of(data: Sequence[Any], names: Sequence[str] | None, *, what: str) -> list[str]:
    """The given names, or those of the files, or numbers; all different.

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
        Where there are too few or too many names, or two are the same.
    """
    if isinstance(names, str):
        raise InputError(f"names must be a list with one for each {what}, but are the text {names!r}")
    if names is not None and len(names) != len(data):
        raise InputError(f"names must be one for each of {len(data)} {what}s, but {len(names)} were given")
    called = [as_unicode(str(name)).strip() for name in names] if names is not None else _own_names(data, what)
    check_different(called)
    return called


def check_different(called: Sequence[str]) -> None:
    """Refuse names of which two are the same or one is empty."""
    twice = next((name for place, name in enumerate(called) if name in called[:place] or not name), None)
    if twice is not None:
        raise InputError(f"names must differ and not be empty, but {twice!r} is given twice or is empty")


@contextmanager
def naming_sides(x: tuple[str, Any], y: tuple[str, Any]) -> Iterator[None]:
    """Name x and y in errors where they are two of several representations and file names do not tell them.

    Parameters
    ----------
    x, y : (str, object)
        Its name, and what was given for it.
    """
    try:
        yield
    except InputError as error:
        if isinstance(x[1], str | Path) and isinstance(y[1], str | Path):
            raise
        raise InputError(f"{x[0]} (x) and {y[0]} (y): {error}") from error


def _own_names(data: Sequence[Any], what: str) -> list[str]:
    """Names of files, with their folders where several files have one name; else numbers."""
    paths = [Path(one) for one in data if isinstance(one, str | Path)]
    titles = [title_of(path) for path in paths]
    for names in (titles, [f"{path.parent.name}/{title}" for path, title in zip(paths, titles, strict=True)]):
        if len(set(names)) == len(data):
            return names
    return [f"{what} {place}" for place in range(1, len(data) + 1)]
