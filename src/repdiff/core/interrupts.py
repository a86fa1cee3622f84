"""Ctrl-C while kernels are compiled.

Python turns Ctrl-C into a KeyboardInterrupt wherever its code happens to be. While numba compiles, that may be inside a
function that LLVM calls back, and an exception cannot pass through LLVM: Python prints that it was ignored and goes on,
and the user's Ctrl-C is lost. Here it is remembered, and raised again before the next kernel is compiled or, at the
latest, at the end.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from numba.core import event

_COMPILING = "numba:compile"


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Keep a Ctrl-C that arrives during compilation, and raise it afterwards.

    Does nothing on threads other than the main one, where Python raises none, or if Ctrl-C does not raise an exception.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    raised = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal raised
        try:
            handler(number, frame)
        except KeyboardInterrupt:
            raised = True
            raise

    def raise_again() -> None:
        if raised:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        with event.install_listener(_COMPILING, _BeforeEach(raise_again)):
            yield
    finally:
        signal.signal(signal.SIGINT, handler)
    raise_again()


class _BeforeEach(event.Listener):
    """Calls a function before each kernel that is compiled."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call

    def on_start(self, _: event.Event) -> None:
        self._call()

    def on_end(self, _: event.Event) -> None:
        pass
