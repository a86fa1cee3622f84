"""Standard streams as a command may find them: closed, full, or of an encoding that cannot hold all text."""

from __future__ import annotations

import codecs
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

from repdiff.core.errors import RepdiffError

_STREAMS = ("stdin", "stdout", "stderr")


def prepare_streams() -> bool:
    """Whether standard output is open; called once, before any file is opened.

    A closed stream would pass its number on to the next file that is opened, which would then receive what libraries
    print. Text that a stream's encoding lacks is written as escapes.
    """
    was_open = {name: _make_open(number, name) for number, name in enumerate(_STREAMS)}
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    return was_open["stdout"]


def _make_open(number: int, name: str) -> bool:
    try:
        os.fstat(number)
    except OSError:
        _to_nowhere(number)
    if getattr(sys, name) is not None:
        return True
    setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    return False


def check_output(*, is_open: bool) -> None:
    """Refuse to begin where nothing that is printed could arrive.

    Raises
    ------
    RepdiffError
        Where standard output is closed.
    """
    if not is_open:
        raise RepdiffError("standard output is closed; send it somewhere, such as > /dev/null")


def flush_output() -> None:
    """Write what is buffered.

    Raises
    ------
    OSError
        Where it does not arrive.
    """
    sys.stdout.flush()


def give_up_output() -> None:
    """Send what is buffered nowhere if it cannot arrive, so that Python does not try again when it ends."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            _to_nowhere(sys.stdout.fileno())


def print_data(text: str) -> None:
    """Data on standard output: always UTF-8, as it would be in a file."""
    stream: TextIO | Any = sys.stdout
    if hasattr(stream, "buffer") and codecs.lookup(stream.encoding or "ascii").name != "utf-8":
        stream.flush()
        stream.buffer.write(text.encode("utf-8", "backslashreplace"))
        stream.buffer.flush()
    else:
        stream.write(text)


def _to_nowhere(number: int) -> None:
    opened = os.open(os.devnull, os.O_RDWR)
    if opened != number:
        os.dup2(opened, number)
        os.close(opened)
