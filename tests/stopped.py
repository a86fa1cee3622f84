"""A command that is stopped by a signal while it works, and what it still used of the processor after that.

Processor time and not the clock, so that whatever else the machine is doing makes no difference.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from typing import Any, NamedTuple

import psutil


class Stopped(NamedTuple):
    """Return code, what was said on standard error, and processor seconds used after the signal."""

    code: int
    errors: str
    seconds: float


def stop(arguments: list[str], *, once_it_says: str, send: signal.Signals = signal.SIGINT, **options: Any) -> Stopped:
    """Start a command and send it a signal once it has said something on standard error."""
    used_by_others = _seconds_of_ended_children()
    # A child of a background job starts with SIGINT ignored, which Python then leaves as it is.
    with subprocess.Popen(
        arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **options,
    ) as child:  # fmt: skip
        try:
            said = _read_until(child.stderr.fileno(), once_it_says)
            time.sleep(0.05)  # from the first words of a stage into its midst
            used = psutil.Process(child.pid).cpu_times()
            child.send_signal(send)
            _, rest = child.communicate(timeout=60)
        finally:
            child.kill()
    seconds = _seconds_of_ended_children() - used_by_others - used.user - used.system
    return Stopped(child.returncode, (said + rest).decode(), seconds)


def _read_until(descriptor: int, words: str) -> bytes:
    said = b""
    while words.encode() not in said:
        piece = os.read(descriptor, 1 << 16)
        assert piece, f"it ended before it said {words!r}; it said {said.decode()!r}"
        said += piece
    return said


def _seconds_of_ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
