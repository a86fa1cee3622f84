"""How long work tells how far it is: a callable, so that the command line and notebooks can draw what they like."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as ``progress(stage, done, total)`` from the thread that started the work.

    ``stage`` is a few words for a person, such as ``"ranks and affinity"``; ``done`` rises from 0 to ``total``.
    """

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Tell how far a stage is."""


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def prefixed(progress: Progress, what: str) -> Progress:
    """The same progress, with what the stages are of before their names."""

    def tell(stage: str, done: int, total: int) -> None:
        progress(f"{what}: {stage}" if stage else "", done, total)

    return tell
