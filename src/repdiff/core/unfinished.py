"""Unfinished files and folders, beside the places that they will take.

Their names cannot be guessed and they are created, never opened, so that nothing can be laid out for them to be written
through. Their writer holds a lock that ends with it; what is left of a writer that was killed is removed by the next
one that writes to the same place.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX_LENGTH = 40  # characters of the target's name
_AT_FDCWD, _EXCHANGE = -100, 2  # of renameat2 (2), Linux
_NOT_FOLLOWED = sum(getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"))


@contextmanager
def unfinished_file(target: Path) -> Iterator[Path]:
    """A new, empty file beside the target, deleted at the end if it is still there.

    Raises
    ------
    OSError
        Where it cannot be created.
    """
    with _unfinished(target, is_folder=False) as path:
        yield path


@contextmanager
def unfinished_folder(target: Path) -> Iterator[Path]:
    """A new, empty folder beside the target, deleted at the end; raises as :func:`unfinished_file`."""
    with _unfinished(target, is_folder=True) as path:
        yield path


@contextmanager
def _unfinished(target: Path, *, is_folder: bool) -> Iterator[Path]:
    remove_left_behind(target)
    path, lock = _create(target, is_folder=is_folder)
    try:
        yield path
    finally:
        os.close(lock)  # first, since deleting a folder takes a descriptor, which may be the last
        _delete(path)


def put_in_place(folder: Path, target: Path) -> None:
    """Give a folder the name of the target, where nothing or an empty folder is, in one step.

    Raises
    ------
    FileExistsError
        Where something is there.
    OSError
        Where it cannot be done.
    """
    try:
        folder.rename(target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from error
        raise


def exchange(folder: Path, target: Path) -> None:
    """Let two folders change names: in one step where the system can.

    Raises
    ------
    OSError
        Where it cannot be done.
    """
    if _exchanged_at_once(folder, target):
        return
    old = folder.with_name("old")
    target.rename(old)
    try:
        folder.rename(target)
    except BaseException:
        old.rename(target)
        raise
    old.rename(folder)


def _exchanged_at_once(one: Path, other: Path) -> bool:
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # not Linux, or a C library without it
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # a file system that cannot
        return False
    raise OSError(code, os.strerror(code), str(other))


def _create(target: Path, *, is_folder: bool) -> tuple[Path, int]:
    """A new file or folder, and a descriptor that holds its lock."""
    while True:
        path = target.with_name(f"{_prefix(target)}{secrets.token_hex(6)}.partial")
        if is_folder:
            path.mkdir(mode=0o700)
        else:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOT_FOLLOWED, 0o666))
        try:
            descriptor = os.open(path, os.O_RDONLY | _NOT_FOLLOWED)
        except FileNotFoundError:  # taken for left behind before it was locked
            continue
        except BaseException:
            _delete(path)
            raise
        if _lock(descriptor) and _is_at(path, descriptor):
            return path, descriptor
        os.close(descriptor)


def _prefix(target: Path) -> str:
    return f".{target.name[:_PREFIX_LENGTH]}-"


def _lock(descriptor: int) -> bool:
    """Whether this process has the lock now; also where there are no locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


def remove_left_behind(target: Path) -> None:
    """Delete what killed writers of this place have left: files and folders of this user that nobody has locked."""
    named = re.compile(re.escape(_prefix(target)) + r"[0-9a-f]{12}\.partial")
    with suppress(OSError):
        for path in [path for path in target.parent.iterdir() if named.fullmatch(path.name)]:
            with suppress(OSError):
                _remove_if_left(path, target)


def _remove_if_left(path: Path, target: Path) -> None:
    try:
        import fcntl
    except ImportError:  # without locks nobody can tell
        return
    descriptor = os.open(path, os.O_RDONLY | _NOT_FOLLOWED)
    try:
        found = os.fstat(descriptor)
        is_ours = found.st_uid == os.geteuid() and (stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode))
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if is_ours and _is_at(path, descriptor):
            if (path / "old").is_dir() and not os.path.lexists(target):  # killed between two renames
                (path / "old").rename(target)
            _delete(path)
    finally:
        os.close(descriptor)


def _delete(path: Path) -> None:
    """Delete a file or a folder with all it holds, one descriptor at a time, since it may be the last."""
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            for one in os.listdir(path):  # noqa: PTH208  it does not keep the folder open
                _delete(path / one)
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
