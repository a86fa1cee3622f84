"""Whether the pictures that a table names are there; if none is, where they may be."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs.items import Items
from repdiff.inputs.picture_paths import leads_out

_TRIED = 20  # images that are tried per folder
_LONGEST_SHOWN = 200  # characters of a name
_MOST_FOLDERS = 200  # tried beside and in the given one


def check_images(items: Items, source: str, *, asked: bool) -> tuple[str, ...]:
    """Warnings about images that are not there.

    Parameters
    ----------
    items : Items
        The items that are compared.
    source : str
        What to call their table.
    asked : bool
        Whether the folder or the column of images was named; only then are missing images an error.

    Raises
    ------
    InputError
        Where they were asked for and none of them is there.
    """
    if items.image is None or items.image_root is None:
        return ()
    names = items.frame[items.image].to_numpy(dtype=object)
    named = np.array([not (pd.isna(name) or not str(name).strip()) for name in names])
    inside = np.array([file is not None for file in items.pictures or [None] * len(names)])
    rows = np.flatnonzero(named & ~inside)
    outside = [row for row in rows.tolist() if leads_out(items.image_root, str(names[row]))]
    rows = np.setdiff1d(rows, outside)
    missing = [row for row in rows.tolist() if not is_there(items.image_root, str(names[row]))]
    unnamed = int((~named & ~inside).sum())
    told = [f"{source}: {unnamed:,} of {len(names):,} items name no image"] if unnamed else []
    if outside:
        told.append(told_outside(source, items.image_root, [str(names[row]) for row in outside], len(names)))
        if asked and not len(rows) and not inside.any():
            raise InputError(told[-1])
    if not missing:
        return tuple(told)
    first = items.image_root / str(names[missing[0]])
    count = f"{len(missing):,} of {len(names):,} images are not there (first: {first})"
    if len(missing) < len(rows) or inside.any():
        return (*told, f"{source}: {count}")
    folder = folder_that_fits(items.image_root, [str(names[row]) for row in missing])
    advice = "say with --images (images=) which folder they start from"
    if folder is not None:
        advice = f"they are in {folder}: pass that with --images (images=)"
    if asked:
        raise InputError(f"{source}: {count}; {advice}")
    return (*told, f"{source}: {count}; {advice}")


def told_outside(source: str, root: Path, names: Sequence[str], n: int) -> str:
    """What to tell of images whose names lead out of their folder, of n items."""
    folder = os.path.commonpath([Path(os.path.normpath(root / name)).parent for name in names])
    first = names[0] if len(names[0]) <= _LONGEST_SHOWN else f"...{names[0][-_LONGEST_SHOWN:]}"
    return (
        f"{source}: {len(names):,} of {n:,} images lie outside of {root} and are not opened (first: {first}); if they "
        f"are yours, pass their folder with --images (images=), here {folder}"
    )


def folder_that_fits(root: Path, names: Sequence[str]) -> Path | None:
    """A folder near the root in which the names are files; None where none is found.

    The folders above it are tried, since names often begin with the folder itself, and then those in it and beside it.
    """
    some = names[:: max(1, len(names) // _TRIED)][:_TRIED]
    for folder in _near(root):
        if all(is_there(folder, name) for name in some):
            return folder
    return None


def _near(root: Path) -> Iterator[Path]:
    yield from root.parents
    yield Path.cwd()
    around = [root, root.parent, Path.cwd()]
    found = [folder for one in around for folder in _folders_in(one)]
    yield from found[:_MOST_FOLDERS]
    yield from (inner for folder in found[:_MOST_FOLDERS] for inner in _folders_in(folder)[:_MOST_FOLDERS])


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def is_there(root: Path, name: str) -> bool:
    """Whether a name is that of a file in the folder."""
    try:
        return (root / name).exists()
    except (OSError, ValueError):  # a name that a file cannot have
        return False
