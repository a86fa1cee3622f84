"""A process that ends with the one that started it, however that ends."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable


def end_with_starter(end: Callable[[], object]) -> None:
    """Call ``end`` once standard input is closed: a pipe of a process that has ended is."""

    def watch() -> None:
        while os.read(0, 1):  # not through sys.stdin, whose lock would be held when the work ends
            continue
        end()

    threading.Thread(target=watch, daemon=True, name="repdiff-starter").start()
