"""What a path for embeddings names: a file, one thing in it (``FILE:NAME``), or several files.

Several files are a pattern (``part-*.npy``), a list, or a folder of .parquet files.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.core.plain import as_unicode
from repdiff.inputs.saved_datasets import is_saved_dataset

_WILDCARDS = "*?["


@dataclass(frozen=True)
class Place:
    """A file, or one thing in it.

    Attributes
    ----------
    path : Path
        The file, or the folder of a saved data set.
    name : str or None
        The chosen column or array in it.
    """

    path: Path
    name: str | None = None

    @property
    def title(self) -> str:
        """What to call it in messages."""
        return str(self.path) if self.name is None else f"{self.path}:{self.name}"


def is_path(data: Any) -> bool:
    """Whether the data is named by a path."""
    return isinstance(data, str | Path)


def are_paths(data: Any) -> bool:
    """Whether the data is named by several paths, each a part of it."""
    return isinstance(data, list | tuple) and len(data) > 0 and all(map(is_path, data))


def is_there(source: str | Path) -> bool:
    """Whether a source in a message or a manifest names a file, or files, that are there."""
    try:
        return all(place.path.exists() for place in find(source))
    except InputError:
        return False


def has_wildcard(data: Any) -> bool:
    """Whether the path is a pattern for several files."""
    return is_path(data) and not split(data).path.exists() and any(sign in str(data) for sign in _WILDCARDS)


def split(given: str | Path) -> Place:
    """The file, and the name after its colon; a drive letter or a colon in the name of a file is no such colon."""
    text = str(given)
    if Path(text).exists() or ":" not in text:
        return Place(Path(text))
    for cut in (place for place, sign in enumerate(text) if sign == ":" and place > 1):
        head, name = text[:cut], text[cut + 1 :]
        if name and (Path(head).exists() or any(sign in head for sign in _WILDCARDS)):
            return Place(Path(head), name)
    return Place(Path(text))


def find(given: str | Path | Sequence[str | Path]) -> list[Place]:
    """The places that are meant, sorted by name so that 2 comes before 10; of a folder, its .parquet files.

    Raises
    ------
    InputError
        Where no file matches.
    """
    if not isinstance(given, str | Path):
        return [place for one in given for place in find(one)]
    place = split(given)
    if is_folder_of_parts(place.path):
        parts = [str(path) for path in place.path.glob("*.parquet")]
        return [Place(Path(path), place.name) for path in sorted(parts, key=_in_order)]
    if place.path.exists() or not any(sign in str(place.path) for sign in _WILDCARDS):
        return [place]
    found = sorted(glob.glob(str(place.path)), key=_in_order)  # noqa: PTH207  Path.glob takes no absolute pattern
    if not found:
        raise InputError(f"{given}: no file matches; check the pattern")
    return [Place(Path(path), place.name) for path in found]


def is_folder_of_parts(path: Path) -> bool:
    """Whether a folder holds .parquet files that are parts of one table, and is no saved data set."""
    return path.is_dir() and not is_saved_dataset(path) and any(path.glob("*.parquet"))


def beside(data: Any) -> Path | None:
    """The one file that the data is read from; None where it is not named by a path to one."""
    if not is_path(data) or has_wildcard(data):
        return None
    return split(data).path


def title_of(source: str | Path) -> str:
    """What to call a representation: the name of its file, or of the array or column in it."""
    place = split(source)
    return as_unicode(place.path.stem if place.name is None else place.name.rsplit("/", 1)[-1])


def _in_order(path: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path)]
