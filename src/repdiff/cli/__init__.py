"""The command line: one module per command; parsing and printing only."""

from __future__ import annotations

import errno
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from repdiff import __version__
from repdiff.cli.console import DEFECT, INTERRUPTED, OUTPUT_CLOSED, TERMINATED, USER_MISTAKE
from repdiff.cli.streams import check_output, flush_output, give_up_output, prepare_streams
from repdiff.core.errors import RepdiffError

_FULL = "make room, or write to another place"
_ADVICE = {
    errno.ENOSPC: _FULL, errno.EDQUOT: _FULL, errno.EROFS: _FULL, errno.EFBIG: _FULL,
    errno.EMFILE: "raise the limit of open files (ulimit -n)", errno.ENFILE: "close other programs' files",
}  # fmt: skip
_DEVICE_FULL = (
    "the memory of the device ran out; give a smaller --device-memory-limit, or close what else uses the device"
)
_IN_WORDS = {  # of errors that have no number
    "can't start new thread": "no more threads can be started; give fewer with --jobs, or raise the limit (ulimit -u)",
    "Too many open files": "too many files are open; raise the limit (ulimit -n)",
    "CUDA out of memory": _DEVICE_FULL,
    "MPS backend out of memory": _DEVICE_FULL,
}
_LONGEST = 300  # characters of an error's message


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit with its code: 0, 2 for a user's mistake, 70 for a defect of repdiff, 130 for Ctrl-C."""
    is_open = prepare_streams()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that half-written files are deleted
    code = run(arguments, output_is_open=is_open)
    give_up_output()
    raise SystemExit(code)


def run(arguments: Sequence[str] | None = None, *, output_is_open: bool = True) -> int:
    """Run a command; its exit code, 0 only if all it prints has arrived. Whatever goes wrong is one line."""
    try:
        check_output(is_open=output_is_open)
        from repdiff.cli.app import app

        code = app(args=None if arguments is None else list(arguments), prog_name="repdiff", standalone_mode=False)
        flush_output()
    except RepdiffError as error:
        return _complain(error)
    except MemoryError:
        from repdiff.core.memory import available_bytes, format_bytes

        return _complain(
            f"memory ran out, {format_bytes(available_bytes())} are free now; give fewer items or columns, or a "
            "smaller --memory-limit, or use a larger machine"
        )
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of the output has stopped, as in `repdiff export run | head`
        give_up_output()
        return OUTPUT_CLOSED
    except SystemExit as leaving:
        if leaving.code != 1:
            raise
        give_up_output()  # Typer leaves like this, saying nothing, where the reader has stopped
        return OUTPUT_CLOSED
    except Exception as error:
        return _complain_of(error)
    if code == INTERRUPTED:
        print("repdiff: interrupted; nothing was written", file=sys.stderr)
    return int(code or 0)


def _complain_of(error: Exception) -> int:
    """One line on an error that is not repdiff's own: of the machine, of the command line, or of nobody foreseen."""
    if isinstance(error, OSError) and error.errno is not None:
        give_up_output()
        advice = _ADVICE.get(error.errno, "check the path, and who may read and write it")
        return _complain(f"{error.filename or 'the output'}: {error.strerror}; {advice}")
    if known := [told for words, told in _IN_WORDS.items() if words in str(error)]:
        return _complain(known[0])
    if hasattr(error, "format_message"):  # Typer's usage errors; the name of their class depends on its version
        return _complain(f"{error.format_message()} Try: repdiff {_command(error)}--help")
    if type(error).__name__ == "Abort":  # Typer's Ctrl-C
        print("repdiff: interrupted; nothing was written", file=sys.stderr)
        return INTERRUPTED
    return _report_defect(error)


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
