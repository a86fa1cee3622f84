"""The command line: one module per command; parsing and printing only."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from repdiff import __version__
from repdiff.cli.console import DEFECT, INTERRUPTED, OUTPUT_CLOSED, TERMINATED, USER_MISTAKE
from repdiff.core.errors import RepdiffError

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_LONGEST = 300  # characters of an error's message


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code: 0, 2 for a user's mistake, 70 for a defect of repdiff, 130 for Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that half-written files are deleted
    raise SystemExit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. Whatever goes wrong is one line on standard error."""
    from typer import Abort

    from repdiff.cli.app import app

    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="repdiff", standalone_mode=False)
    except RepdiffError as error:
        return _complain(error)
    except MemoryError:
        return _complain("there is no memory left; close other programs, or give less with --memory-limit")
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of the output has stopped, as in `repdiff export run | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_CLOSED
    except Exception as error:
        # Typer's usage errors; the name of their class depends on its version.
        if isinstance(error, OSError) and error.errno in _DISK:
            return _complain(f"{error.filename or 'the disk'}: {error.strerror}; make room, or write to another place")
        if not hasattr(error, "format_message"):
            return _report_defect(error)
        return _complain(f"{error.format_message()} Try: repdiff {_command(error)}--help")
    if code == INTERRUPTED:
        print("repdiff: interrupted; nothing was written", file=sys.stderr)
    return int(code or 0)


def _complain(error: Any) -> int:
    message = getattr(error, "on_command_line", error)
    print(f"repdiff: error: {' '.join(str(message).split())}", file=sys.stderr)
    return USER_MISTAKE


def _report_defect(error: Exception) -> int:
    """Report an unexpected error in a line, and write its traceback to a file."""
    lines = [*traceback.format_exception(error), f"repdiff {__version__}, Python {sys.version}\n", f"{sys.argv}\n"]
    where = "the details could not be written"
    with (
        suppress(OSError),
        tempfile.NamedTemporaryFile(
            "w", prefix="repdiff-error-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file,
    ):
        file.writelines(lines)
        where = f"the details are in {file.name}"
    words = " ".join(str(error).split())[:_LONGEST]
    print(f"repdiff: error: {type(error).__name__}: {words}; this is a defect of repdiff, and {where}", file=sys.stderr)
    return DEFECT


def _command(error: Any) -> str:
    name = getattr(getattr(error, "ctx", None), "info_name", None)
    return f"{name} " if name and name != "repdiff" else ""
