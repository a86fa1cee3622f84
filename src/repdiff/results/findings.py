"""What a comparison comes to: four questions, answered apart, each with a code and figures.

Is a difference real (:class:`Finding`)? Is a group lost, or only reordered (:class:`ClusterFinding`)? How much of the
neighbourhoods changed (:class:`Neighbours`)? Which of the two is right (:class:`Correctness`)?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from repdiff.core.ranges import AffinityValue, Count, NotNegative, Share
from repdiff.results.directions import DirectionName

FindingCode = Literal["same", "noise", "directions", "throughout", "local", "too_few", "untested"]
Fate = Literal["lost", "loosened", "reordered"]
Value = Literal["gain", "loss", "neither"]

FINDING_CODES: tuple[FindingCode, ...] = get_args(FindingCode)
FATES: tuple[Fate, ...] = get_args(Fate)
VALUES: tuple[Value, ...] = get_args(Value)


@dataclass(frozen=True)
class Finding:
    """Whether one direction shows more than noise would; all figures but the codes are None where that was not tested.

    Attributes
    ----------
    code : str
        ``same``: no difference cluster, and the neighbours are the same. ``noise``: no more than unstructured noise of
        the same amount would do. ``directions``: more than that, but no more than noise along a few directions, and in
        no group. ``throughout``: more than either, all over. ``local``: in groups that hold at most half of the items,
        and in nothing else. ``too_few``: too few items to compare with noise. ``untested``: the clusterer could not
        label a sample of the items.
    close_to : str or None
        The code that it would be if one of the figures that decide were larger or smaller by its own standard error;
        None where that makes no difference.
    excess : float or None
        Mean log affinity within clusters, on unseen items, above that of the other side, turned and scaled onto this
        one, with noise of the same amount.
    excess_predicted : float or None
        The same above what a linear map of the other side says, with noise; None where that was not in question.
    excess_isotropic : float or None
        The same where that noise is alike in all directions; None where not in question.
    excess_small : float or None
        The excess of clusters of about ten unseen items each, above noise within groups that both sides know; None
        where ``excess`` is above -0.25.
    excess_rest : float or None
        ``excess`` without the significant groups of both directions; None where there are none, or where too few
        items are left.
    standard_error : float or None
        Of ``excess``, between the rounds.
    n_significant, n_tested : int
        Difference clusters that are tighter than matched noise, and all of them.
    share_significant : float
        Share of all items that are in significant clusters.
    r2 : float or None
        Share of the variance of the side that holds the groups that the other one explains, turned and scaled onto it.
    r2_predicted : float or None
        The same of a linear map of the other, out of fold; None where not in question.
    overlap : float or None
        Mean share of nearest neighbours (5, 10, 20 and 50) that both sides agree on, in the sample.
    overlap_simulated : float or None
        The same for simulated noise.
    n_sampled, n_rounds : int
        Items of each round, and how many rounds.
    """

    code: FindingCode
    close_to: FindingCode | None = None
    excess: float | None = None
    excess_predicted: float | None = None
    excess_isotropic: float | None = None
    excess_small: float | None = None
    excess_rest: float | None = None
    standard_error: NotNegative | None = None
    n_significant: Count = 0
    n_tested: Count = 0
    share_significant: Share = 0.0
    r2: float | None = None
    r2_predicted: float | None = None
    overlap: Share | None = None
    overlap_simulated: Share | None = None
    n_sampled: Count = 0
    n_rounds: Count = 0


@dataclass(frozen=True)
class PairedAccuracy:
    """How often x and y are right on the same items.

    Attributes
    ----------
    n : int
        Items of which it is known for both.
    x, y : float
        Share that each is right on, in [0, 1].
    only_x, only_y : int
        Items that one alone is right on.
    p_value : float
        Two-sided, exact: that both are right equally often (McNemar 1947).
    q_value : float or None
        False discovery rate over all groups of the same kind (Benjamini & Hochberg 1995); None for all items.
    """

    n: Count
    x: Share
    y: Share
    only_x: Count
    only_y: Count
    p_value: Share
    q_value: Share | None = None


@dataclass(frozen=True)
class ClusterFinding:
    """What is found of one difference cluster, in the order of ``Direction.clusters``.

    Attributes
    ----------
    standard_error : float or None
        Of its mean affinity, as of a sample of members; None where fewer than four of them are in a sample.
    borderline : bool
        Whether the mean affinity is within its standard error of the no-change threshold.
    excess : float or None
        Log of its mean affinity on unseen items, above that of simulated neighbourhoods of its size. None where not
        tested: no-change clusters, and where too few of its items are in a sample.
    excess_affinity : float or None
        That mean affinity.
    excess_p, excess_q : float or None
        Chance of such an excess in matched noise; and the false discovery rate over the difference clusters of both
        directions (Benjamini & Hochberg 1995).
    is_significant : bool
        Whether it is tighter than matched noise.
    n_asked : int
        Members whose nearest neighbours were looked up.
    cohesion_x, cohesion_y : float or None
        Of a member's 10 nearest neighbours, how many are fellow members; None where no member was asked.
    cohesion_chance : float
        The same for a group of that size picked at random.
    fate : {"lost", "loosened", "reordered"} or None
        What the other side made of it; None for no-change clusters and where no member was asked.
    value : {"gain", "loss", "neither"} or None
        Whether the side that holds it is more often right on its members (gain) or less (loss), by the labels of their
        neighbours; None without labels.
    neighbours_right : PairedAccuracy or None
        The figures for that.
    """

    standard_error: NotNegative | None = None
    borderline: bool = False
    excess: float | None = None
    excess_affinity: AffinityValue | None = None
    excess_p: Share | None = None
    excess_q: Share | None = None
    is_significant: bool = False
    n_asked: Count = 0
    cohesion_x: NotNegative | None = None
    cohesion_y: NotNegative | None = None
    cohesion_chance: NotNegative = 0.0
    fate: Fate | None = None
    value: Value | None = None
    neighbours_right: PairedAccuracy | None = None


@dataclass(frozen=True)
class NeighbourShares:
    """What became of the neighbourhoods of some items.

    Attributes
    ----------
    n : int
        Items asked.
    shared : float
        Mean share of the nearest neighbours that both sides agree on, in [0, 1].
    standard_error : float
        Of ``shared``; 0 where every item was asked.
    kept, reordered, lost : float
        Share of items whose neighbourhood is kept, reordered and lost; together 1.
    """

    n: Count
    shared: Share
    standard_error: NotNegative
    kept: Share
    reordered: Share
    lost: Share


@dataclass(frozen=True)
class Neighbours:
    """Whether the nearest neighbours of an item are the same in both; no figure depends on the clusters.

    Attributes
    ----------
    k : int
        Neighbours of each item: 10, fewer where there are fewer items.
    wide : int
        Neighbours among which those that are not shared are looked for: found there they are reordered, else lost.
    chance : float
        ``shared`` for two unrelated sides.
    all : NeighbourShares
        Of the comparison: of all items, or of a random sample of them among all items.
    sampled, noise_x, noise_y : NeighbourShares or None
        Of the items of the matched noise test among themselves; and of simulated noise of the same amount in place of
        x, and of y. None where that was not simulated.
    change_in_groups : mapping of str to float
        For each direction, the share of all neighbours not shared that belong to items of its significant clusters.
    """

    k: Count
    wide: Count
    chance: Share
    all: NeighbourShares
    sampled: NeighbourShares | None
    noise_x: NeighbourShares | None
    noise_y: NeighbourShares | None
    change_in_groups: Mapping[DirectionName, Share]


@dataclass(frozen=True)
class Correctness:
    """Which of the two is right, by the same items.

    Attributes
    ----------
    overall : PairedAccuracy
        Of all items asked that have a label.
    by_label : mapping of str to PairedAccuracy
        For each label, by name.
    """

    overall: PairedAccuracy
    by_label: Mapping[str, PairedAccuracy]


@dataclass(frozen=True)
class Regression:
    """How well the mean of an item's nearest neighbours predicts its number.

    Attributes
    ----------
    n : int
        Items asked whose number is known.
    r2_x, r2_y : float
        Share of the variance explained, each item left out; below 0 where the mean of all would be nearer.
    only_x, only_y : int
        Items to which one side alone is the nearer.
    p_value : float
        Two-sided, exact: that both are the nearer equally often.
    """

    n: Count
    r2_x: float
    r2_y: float
    only_x: Count
    only_y: Count
    p_value: Share
