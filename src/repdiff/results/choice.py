"""The number of clusters that was chosen, and from what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A number of clusters that was looked at.

    Attributes
    ----------
    n : int
        The number.
    eigenvalue : float
        The n-th of the normalised affinity, at most 1.
    gap : float
        By how much the next eigenvalue is smaller.
    stability : float or None
        Mean Jaccard agreement, weighted by size, of clusterings of overlapping samples; None where not looked at.
    """

    n: int
    eigenvalue: float
    gap: float
    stability: float | None = None


@dataclass(frozen=True)
class ChosenNumber:
    """The number of clusters of one direction, and why.

    Attributes
    ----------
    n : int
        The number, that of items that do not change included.
    candidates : tuple of Candidate
        All numbers that could have been chosen, ascending.
    reason : str
        Why it was chosen, in words.
    """

    n: int
    candidates: tuple[Candidate, ...]
    reason: str
