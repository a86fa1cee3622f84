"""Progress of long work: a callable, so that the command line and notebooks can show it in their own way."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as ``progress(stage, done, total)`` from the thread that started the work.

    ``stage`` is a short name for people to read, such as ``"ranks and affinity"``; ``done`` rises from 0 to ``total``.
    """

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report how far a stage is."""


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""


def prefixed(progress: Progress, what: str) -> Progress:
    """The same progress, with ``what`` in front of each stage's name."""

    def tell(stage: str, done: int, total: int) -> None:
        progress(f"{what}: {stage}" if stage else "", done, total)

    return tell
