"""Files that may come from strangers: ordinary files only, of a size that is to be expected, and JSON within limits.

A link could lead to a file of the reader's, and a pipe or a device may never end. The checks are made on the open file,
so that it cannot be exchanged in between.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from repdiff.core.memory import format_bytes

MOST_JSON_BYTES = 256 << 20
_MOST_JSON_VALUES = 10_000_000  # each takes up to 100 bytes of memory
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def open_regular(path: Path, *, most: int) -> BinaryIO:
    """An ordinary file, opened for reading.

    Parameters
    ----------
    path : path
        The file; its folder may be reached through links.
    most : int
        Bytes that it may have.

    Raises
    ------
    OSError
        Where it cannot be opened.
    ValueError
        Where it is a link, a folder, a pipe, a device, or too large.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK) and path.is_symlink():
            raise ValueError(f"{path.name} is a link, which is not followed; put a copy of the file there") from error
        raise
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{path.name} is not an ordinary file")
        if found.st_size > most:
            sizes = format_bytes(found.st_size), format_bytes(most)
            raise ValueError("{} has {}, but such a file has at most {}".format(path.name, *sizes))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path, *, most: int) -> bytes:
    """The content of an ordinary file; raises what :func:`open_regular` raises."""
    with open_regular(path, most=most) as file:
        content = file.read(most + 1)
    if len(content) > most:  # it grew while it was read
        raise ValueError(f"{path.name} has more than {format_bytes(most)}")
    return content


def read_json(path: Path) -> Any:
    """What a JSON file holds, read as an ordinary file.

    Raises
    ------
    OSError
        Where it cannot be opened.
    ValueError
        Where it is no such file, no JSON, holds NaN or infinity, or is too large or too deep.
    """
    content = read_regular(path, most=MOST_JSON_BYTES)
    if sum(map(content.count, (b",", b"[", b"{"))) > _MOST_JSON_VALUES:
        raise ValueError(f"{path.name} holds more than {_MOST_JSON_VALUES:,} values")
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError(f"{path.name} holds too many lists or objects in one another") from error
    except ValueError as error:
        raise ValueError(f"{path.name} is not what it should be: {error}") from error


def check_folder(path: Path) -> None:
    """Refuse a folder that is a link.

    Raises
    ------
    ValueError
        With its name.
    """
    if path.is_symlink():
        raise ValueError(f"{path.name} is a link, which is not followed; put a copy of the folder there")


def is_near(place: Path, run: Path) -> bool:
    """Whether a path leads to a place inside the working folder or the folder of a run, links followed.

    A run may be a stranger's, and name any file or device of this machine.
    """
    try:
        real = Path(os.path.realpath(place))
    except (OSError, ValueError):  # no possible path
        return False
    return any(real.is_relative_to(near) for near in (Path.cwd().resolve(), run.resolve().parent))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
