"""What files of any format need: a check that they exist, errors of one line, and writing all or nothing."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from repdiff.core.errors import InputError, MissingExtraError, RepdiffError
from repdiff.core.memory import available_bytes, format_bytes
from repdiff.core.unfinished import unfinished_file

T = TypeVar("T")


def reader_of(path: Path, readers: Mapping[str, Callable[[Path], T]], *, what: str) -> Callable[[Path], T]:
    """The reader for the file's suffix.

    Raises
    ------
    InputError
        If the file is missing, a folder, empty, or of an unknown format.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder, not a file of {what}")
    if not path.exists():
        raise InputError(f"{path}: no such file of {what}; check the path")
    if not path.is_file():
        raise InputError(f"{path}: is not an ordinary file; give a file of {what}")
    suffix = path.suffix.lower()
    if suffix not in readers:
        raise InputError(
            f"{path}: {what} cannot be read from {suffix or 'a file without a suffix'}; use {_list(readers)}"
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    return readers[suffix]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn any error of a format's library into one line that names the file."""
    try:
        yield
    except (InputError, MissingExtraError):
        raise
    except MemoryError as error:
        size, free = (format_bytes(count) for count in (_size_of(path), available_bytes()))
        raise InputError(
            f"{path}: what it says it holds needs more memory than there is; the file has {size} and {free} of memory "
            "are free; it is damaged, or needs a larger machine"
        ) from error
    except PermissionError as error:
        raise InputError(f"{path}: cannot be read (permission denied)") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except Exception as error:
        raise InputError(f"{path}: cannot be read as {path.suffix.lower()}: {one_line(error)}") from error


def is_zip(path: Path) -> bool:
    """Whether a file is a zip archive, as far as its end tells."""
    try:
        return zipfile.is_zipfile(path)
    except (zipfile.BadZipFile, OSError):  # its end is damaged
        return False


def _size_of(path: Path) -> int:
    try:
        files = [path] if path.is_file() else [one for one in path.iterdir() if one.is_file()]
        return sum(file.stat().st_size for file in files)
    except OSError:
        return 0


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """A temporary path to write to; the file replaces the target on success and is deleted on failure.

    Missing parent folders are created.

    Raises
    ------
    RepdiffError
        If the target is a folder or a device, or cannot be written.
    """
    target = Path(path)
    if target.is_dir():
        raise RepdiffError(f"{target}: is a folder; give the name of a file")
    try:
        if target.exists() and not target.is_file():
            raise RepdiffError(f"{target}: is not an ordinary file, so it is not replaced; give the name of a file")
        target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_file(target) as partial:
            yield partial
            partial.replace(target)
    except OSError as error:
        raise RepdiffError(f"{target}: cannot be written: {error.strerror or one_line(error)}") from error


def link_or_copy(source: Path, target: Path) -> None:
    """A hard link to the source, or a copy where the file system has none; an existing target is replaced."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def one_line(error: Any) -> str:
    """The first line of an error's message."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _list(suffixes: Mapping[str, Any]) -> str:
    *most, last = suffixes
    return f"{', '.join(most)} or {last}" if most else last
