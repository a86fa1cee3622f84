from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

import pytest
from numba import njit

from repdiff.core.interrupts import deferred_interrupts


@pytest.fixture
def ignored(monkeypatch, sigint_raises):
    """What Python prints as ignored, caught."""
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append(unraisable.exc_type))
    return seen


def interrupt() -> None:
    """Ctrl-C, here and now."""
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):  # Python looks for signals between its instructions
        pass


def interrupt_inside_c() -> None:
    """Ctrl-C in Python code that C calls, as LLVM does: the exception cannot get out."""
    ctypes.CFUNCTYPE(None)(interrupt)()


def test_an_interrupt_inside_c_is_lost_to_python(ignored):
    interrupt_inside_c()
    assert ignored == [KeyboardInterrupt]


def interrupted_during(*steps: Callable[[], object]) -> list[object]:
    """What the steps that were reached gave, of those that Ctrl-C ended."""
    reached: list[object] = []

    def work() -> None:
        with deferred_interrupts():
            for step in steps:
                reached.append(step())  # noqa: PERF401 (what was reached before the interrupt counts)

    with pytest.raises(KeyboardInterrupt):
        work()
    return reached


def test_a_lost_interrupt_is_raised_at_the_end(ignored):
    assert interrupted_during(interrupt_inside_c, lambda: "next") == [None, "next"]
    assert ignored == [KeyboardInterrupt]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_lost_interrupt_is_raised_before_the_next_kernel_is_compiled(ignored):
    @njit
    def kernel(a):
        return a + 1

    assert interrupted_during(interrupt_inside_c, lambda: kernel(1)) == [None]
    assert kernel(1) == 2


def test_an_interrupt_that_gets_through_is_raised_where_it_was(ignored):
    assert interrupted_during(interrupt, lambda: "next") == []
    assert not ignored


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None])
def test_a_handler_that_raises_nothing_stays_one(handler):
    before = signal.signal(signal.SIGINT, handler)
    try:
        with deferred_interrupts():
            interrupt()
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_are_let_be():
    reached = []

    def work() -> None:
        with deferred_interrupts():
            reached.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert reached == [before]
