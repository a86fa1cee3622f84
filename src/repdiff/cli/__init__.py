"""The command line: one module per command; parsing and printing only."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import Any

from repdiff.core.errors import RepdiffError

USER_MISTAKE, INTERRUPTED, TERMINATED = 2, 130, 143


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0, 2 for a user's mistake, 130 for Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))  # so that what is half-written is cleared away
    raise SystemExit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code. Mistakes of the user are one line on standard error."""
    from typer import Abort

    from repdiff.cli.app import app

    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="repdiff", standalone_mode=False)
    except RepdiffError as error:
        return _complain(error)
    except MemoryError:
        return _complain("the memory is used up; close other programs, or give less with --memory-limit")
    except (KeyboardInterrupt, Abort):
        code = INTERRUPTED
    except Exception as error:
        # Typer's errors of usage, under whatever name its versions keep their class.
        if not hasattr(error, "format_message"):
            raise
        return _complain(f"{error.format_message()} Try: repdiff {_command(error)}--help")
    if code == INTERRUPTED:
        print("repdiff: interrupted; nothing was written", file=sys.stderr)
    return int(code or 0)


def _complain(error: Any) -> int:
    message = getattr(error, "on_command_line", error)
    print(f"repdiff: error: {' '.join(str(message).split())}", file=sys.stderr)
    return USER_MISTAKE


def _command(error: Any) -> str:
    name = getattr(getattr(error, "ctx", None), "info_name", None)
    return f"{name} " if name and name != "repdiff" else ""
