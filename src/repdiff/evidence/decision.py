"""Figures of both directions -> what each comes to.

An excess of 0.5 over the other side, turned and scaled, with noise is more than noise. Between 0.25 and 0.5 it must be
an excess over a linear map of the other side, with noise, as well: networks that are trained again weigh their
directions a little differently. So what drops a direction or enlarges it counts where that changes neighbours a lot,
and is otherwise said to differ along a few directions, which only replicates can tell from noise. The same goes for a
group of an excess below 1, unless its direction is clear. A pair whose residuals are too unlike isotropic noise, though
no group comes of it, differs along a few directions as well.

An excess of -0.25 or less says that simulated noise has broken up groups that both sides keep: the neighbours were
reordered within these. That may be noise as well, if each side has its own within groups that both know. So there must
be an excess of small clusters over noise of this kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import log

from repdiff.evidence.excess import Excess
from repdiff.results.directions import DirectionName
from repdiff.results.findings import FindingCode

LEAST_EXCESS = 0.25  # of mean log affinity: 1.28 times that of noise
CLEAR_EXCESS = 0.5  # from which on another linear map does not explain it
LEAST_REST = 0.15  # without the groups: below it is next to nothing
LEAST_GROUP_EXCESS = log(1.25)
CLEAR_GROUP_EXCESS = 1.0  # of a group, where the direction is not clear


def decide(
    excess: Excess,
    predicted: Excess | None,
    isotropic: Excess | None,
    small: Excess | None = None,
    *,
    is_local: bool,
    any_group: bool,
    clear_elsewhere: bool,
) -> FindingCode:
    """What a direction comes to.

    Parameters
    ----------
    excess : Excess
        Of the direction.
    predicted, isotropic : Excess or None
        The same over the other kinds of simulations, where they were asked.
    small : Excess or None
        Of small clusters over noise within the groups that both sides know, where that was asked.
    is_local : bool
        Whether there are groups without which nothing differs (:func:`lies_in_groups`).
    any_group : bool
        Whether there is a significant group in this direction.
    clear_elsewhere : bool
        Whether the reverse direction is clearly more than noise.
    """
    real = any_group or is_real(excess, predicted, small, clear_elsewhere=clear_elsewhere)
    along_few = max(one.direction for one in (excess, isotropic) if one is not None) >= LEAST_EXCESS
    if not real and not along_few:
        return "noise"
    if is_local:
        return "local"
    return "throughout" if real else "directions"


def lies_in_groups(excess: Mapping[DirectionName, Excess], rest: Mapping[DirectionName, Excess]) -> bool:
    """Whether what both directions have in excess lies in their significant groups.

    What is left without them must be next to nothing, or no more than noise and a quarter of what there is over all.

    Parameters
    ----------
    excess, rest : mapping to Excess
        Of both directions, with and without the groups; no ``rest`` where there are no groups, or too few items beside
        them.
    """
    if not rest:
        return False
    with_groups, without = (max(one.direction for one in each.values()) for each in (excess, rest))
    return without < LEAST_REST or without < min(LEAST_EXCESS, with_groups / 4)


def is_real(excess: Excess, predicted: Excess | None, small: Excess | None, *, clear_elsewhere: bool) -> bool:
    """Whether a direction as a whole is more than noise, and more than another linear map and noise where that counts.

    It does not count where the reverse direction has shown that the two differ by more.
    """
    if small is not None:
        return small.direction >= LEAST_EXCESS
    if excess.direction >= CLEAR_EXCESS or clear_elsewhere or predicted is None:
        return excess.direction >= LEAST_EXCESS
    return min(excess.direction, predicted.direction) >= LEAST_EXCESS
