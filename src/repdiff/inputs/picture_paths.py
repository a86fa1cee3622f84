"""Where a table's names of pictures lead: to files in the folder that it is read with, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from repdiff.core.errors import InputError


def picture_path(root: Path | None, name: str) -> Path:
    """The file that a table names, in the folder of its pictures.

    A table may come from someone else. So a name with ``..`` may not lead out of the folder, and an absolute one must
    lie in it. Links in the folder are followed: a folder of links to a data set is common.

    Parameters
    ----------
    root : Path or None
        The folder, absolute; the working directory if None.
    name : str
        What the table holds.

    Raises
    ------
    InputError
        Where the name leads elsewhere.
    """
    root = Path.cwd() if root is None else root
    path = Path(os.path.normpath(root / name))
    if path.is_relative_to(root) or _by_another_way(path).is_relative_to(root):
        return path
    raise InputError(
        f"{name if len(name) <= 200 else '...' + name[-200:]} leads out of {root}; name the folder of the pictures "
        "with --images (images=)"
    )


def leads_out(root: Path | None, name: str) -> bool:
    """Whether :func:`picture_path` refuses the name."""
    try:
        picture_path(root, name)
    except InputError:
        return True
    return False


def _by_another_way(path: Path) -> Path:
    """The same place, where its folder is reached through links, as in /data that is /mnt/data."""
    try:
        return path.parent.resolve() / path.name
    except (OSError, RuntimeError, ValueError):  # no possible path
        return path
