"""A folder of images -> the table of its items, as in ImageFolder: subfolders are labels."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from repdiff.core.errors import InputError

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png"}
    | {".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
_NOT_UTF8 = "has a name that is not UTF-8; rename it"


@dataclass(frozen=True)
class Folder:
    """The images of a folder.

    Attributes
    ----------
    table : DataFrame, n rows
        ``id`` and ``image`` are the path below the folder; ``label`` is the first subfolder, where there are any.
        In order of path, those of a folder before those of its subfolders.
    root : Path
        The folder that the paths start from, absolute.
    unusable : tuple of (str, str)
        Names of images that no table can hold, and why.
    passed_over : mapping of str to int
        How many entries were not looked at: ``hidden``, ``not images``, ``folders met twice``.
    """

    table: pd.DataFrame
    root: Path
    unusable: tuple[tuple[str, str], ...]
    passed_over: Mapping[str, int]


def list_folder(path: str | Path) -> Folder:
    """The images below a folder, by suffix; nothing is opened.

    Links are followed, even out of the folder; a folder that several links lead to is entered once.

    Raises
    ------
    InputError
        Where it is not a folder that can be read, or holds no image.
    """
    root = Path(path)
    passed_over: Counter[str] = Counter()
    names: list[str] = []
    unusable: list[tuple[str, str]] = []
    try:
        for name in _walk(root, passed_over):
            if (plain := _plain_text(name)) == name:
                names.append(name)
            else:
                unusable.append((plain, _NOT_UTF8))
    except OSError as error:
        where = error.filename or path
        raise InputError(f"{where}: cannot be listed: {error.strerror}") from error
    if not names:
        raise InputError(f"{path}: holds no image ({_counted(passed_over) or 'it is empty'}); give a folder of images")
    return Folder(_as_table(names), root.resolve(), tuple(unusable), dict(passed_over))


def _walk(root: Path, passed_over: Counter[str]) -> Iterator[str]:
    """Paths of images below the root, with slashes: those of a folder in order, then those of its subfolders."""
    entered: set[tuple[int, int]] = set()
    waiting = [""]
    while waiting:
        below = waiting.pop()
        status = (root / below).stat()
        if (status.st_dev, status.st_ino) in entered:
            passed_over["folders met twice"] += 1
            continue
        entered.add((status.st_dev, status.st_ino))
        with os.scandir(root / below) as entries:
            found = sorted((entry.name, _is_folder(entry)) for entry in entries)
        folders = []
        for name, is_folder in found:
            if name.startswith("."):
                passed_over["hidden"] += 1
            elif is_folder:
                folders.append(f"{below}{name}/")
            elif os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES:  # noqa: PTH122  a Path takes ten times as long
                yield below + name
            else:
                passed_over["not images"] += 1
        waiting.extend(reversed(folders))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, or into a folder that may not be read: opening it will show
        return False


def _as_table(names: list[str]) -> pd.DataFrame:
    labels = [name.partition("/")[0] if "/" in name else None for name in names]
    columns: dict[str, list[str] | list[str | None]] = {"id": names, "image": names}
    if any(label is not None for label in labels):
        columns["label"] = labels
    return pd.DataFrame(columns, dtype=object)


def _plain_text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _counted(passed_over: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in passed_over.items())
