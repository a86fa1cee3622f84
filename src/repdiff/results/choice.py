"""The number of clusters that was chosen, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from repdiff.core.ranges import Count, Share

WhyChosen = Literal["gap", "nothing_apart", "too_few_items"]


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

    n: Count
    eigenvalue: float
    gap: float
    stability: Share | None = None


@dataclass(frozen=True)
class ChosenNumber:
    """The number of clusters of one direction, and why, in a code and figures.

    Attributes
    ----------
    n : int
        The number, that of items that do not change included.
    candidates : tuple of Candidate
        All numbers that could have been chosen, ascending.
    code : {"gap", "nothing_apart", "too_few_items"}
        Why it was chosen: for the gap after its eigenvalue times its stability; 1, since the second eigenvalue tells
        no groups apart; or 1, since there are too few items for two clusters.
    n_items : int
        Items that were to be clustered.
    """

    n: Count
    candidates: tuple[Candidate, ...]
    code: WhyChosen
    n_items: Count

    @property
    def chosen(self) -> Candidate | None:
        """The candidate of that number; None where it is 1, which is no candidate."""
        return next((candidate for candidate in self.candidates if candidate.n == self.n), None)
