"""The number of clusters that was chosen, and from what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from repdiff.core.ranges import Count, NotNegative, Share

WhyChosen = Literal["holds", "nothing_holds", "gap", "nothing_apart", "too_few_items"]


@dataclass(frozen=True)
class Candidate:
    """A number of clusters whose eigenvalue was looked at.

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
class TriedNumber:
    """A number of clusters into which samples of the items were cut, to compare the groups with matched noise.

    Attributes
    ----------
    n : int
        The number.
    gains : tuple of float
        For each sample the mean log affinity of unseen items to their group above that of matched noise, where the
        group is tighter than noise; -0.25 for an item of another group that claims a difference, and 0 for any other
        item; times how far groups are found again.
    n_holding, n_not_holding : float
        Groups that claim a difference and are tighter than noise, or are not; means over the samples.
    share_holding, share_not_holding : float
        Share of the items in them.
    found_again : float
        How far an item's group is found again: mean Jaccard index with the most similar group of other items, and of
        the same items under other settings.
    n_rounds : int
        Samples in which some group is tighter than noise.
    """

    n: Count
    gains: tuple[float, ...]
    n_holding: NotNegative
    n_not_holding: NotNegative
    share_holding: Share
    share_not_holding: Share
    found_again: Share
    n_rounds: Count

    @property
    def gain(self) -> float:
        """Mean of the gains."""
        return sum(self.gains) / len(self.gains)


@dataclass(frozen=True)
class ChosenNumber:
    """The number of clusters of one direction, and why, in a code and figures.

    Attributes
    ----------
    n : int
        The number, that of items that do not change included.
    candidates : tuple of Candidate
        Where eigenvalues decide, all numbers that could have been chosen, ascending.
    code : {"holds", "nothing_holds", "gap", "nothing_apart", "too_few_items"}
        Why it was chosen. ``holds``: the fewest clusters that gain as much as any number. ``nothing_holds``: the
        default, since no number has groups tighter than noise in most samples. ``gap``: for the gap after its
        eigenvalue times its stability, where fewer than 300 items, or the same neighbours on both sides, leave nothing
        to compare with noise. ``nothing_apart``: 1, since the second eigenvalue tells no groups apart.
        ``too_few_items``: 1, since there are too few items for two clusters.
    n_items : int
        Items that were to be clustered.
    tried : tuple of TriedNumber
        Where noise decides, all numbers that were tried, ascending.
    n_sampled, n_rounds : int
        Items of each sample, and how many samples; 0 where noise was not asked.
    """

    n: Count
    candidates: tuple[Candidate, ...]
    code: WhyChosen
    n_items: Count
    tried: tuple[TriedNumber, ...] = ()
    n_sampled: Count = 0
    n_rounds: Count = 0

    @property
    def chosen(self) -> Candidate | TriedNumber | None:
        """The candidate of that number, of those that decided; None where there is none."""
        looked_at: tuple[Candidate | TriedNumber, ...] = self.tried or self.candidates
        return next((candidate for candidate in looked_at if candidate.n == self.n), None)
