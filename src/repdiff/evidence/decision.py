"""Figures of both directions -> what each comes to.

An excess of 0.5 over the other side, turned and scaled, with noise is more than noise. Between 0.25 and 0.5 it must be
an excess over a linear map of the other side, with noise, as well: networks that are trained again weigh their
directions a little differently. So what drops a direction or enlarges it counts where that changes neighbours a lot,
and is otherwise said to differ along a few directions, which only replicates can tell from noise. The same goes for a
group of an excess below 1, unless its direction is clear; the parts of a group that a clustering cut are clear if all
of an excess of 1 or more together are. A pair whose residuals are too unlike isotropic noise, though
no group comes of it, differs along a few directions as well.

An excess of -0.25 or less says that simulated noise has broken up groups that both sides keep: the neighbours were
reordered within these. That may be noise as well, if each side has its own within groups that both know. So there must
be an excess of small clusters over noise of this kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import log

from repdiff.evidence.excess import Excess
from repdiff.results.directions import DIRECTIONS, DirectionName
from repdiff.results.findings import FindingCode

LEAST_EXCESS = 0.25  # of mean log affinity: 1.28 times that of noise
CLEAR_EXCESS = 0.5  # from which on another linear map does not explain it
LEAST_REST = 0.08  # without the groups: below it is next to nothing; pairs that differ in groups alone have up to 0.05
_PART_OF_REST = 8  # or an eighth of what there is over all
LEAST_GROUP_EXCESS = log(1.25)

_KINDS = ("excess", "predicted", "isotropic", "small", "rest")


@dataclass(frozen=True)
class Figures:
    """What is known of one direction; None where it was not asked.

    Attributes
    ----------
    excess : Excess
        Of the direction.
    predicted, isotropic : Excess or None
        The same over the other kinds of simulations.
    small : Excess or None
        Of small clusters over noise within the groups that both sides know.
    rest : Excess or None
        Without the significant groups of both directions.
    any_group : bool
        Whether there is a significant group in this direction.
    """

    excess: Excess
    predicted: Excess | None = None
    isotropic: Excess | None = None
    small: Excess | None = None
    rest: Excess | None = None
    any_group: bool = False


def codes_of(figures: Mapping[DirectionName, Figures]) -> dict[DirectionName, FindingCode]:
    """What both directions come to."""
    rest = {name: one.rest for name, one in figures.items() if one.rest is not None}
    reordered = any(is_reordered(one) for one in figures.values())
    is_local = not reordered and lies_in_groups({name: one.excess for name, one in figures.items()}, rest)
    clear = {name: one.any_group or one.excess.direction >= CLEAR_EXCESS for name, one in figures.items()}
    return {
        name: decide(figures[name], is_local=is_local, clear_elsewhere=clear[other])
        for name, other in zip(DIRECTIONS, DIRECTIONS[::-1], strict=True)
    }


def borders_of(figures: Mapping[DirectionName, Figures]) -> dict[DirectionName, FindingCode | None]:
    """What each direction would come to if one of the figures were larger or smaller by its own standard error.

    None where that makes no difference. Which groups are significant stays as it is.
    """
    codes = codes_of(figures)
    others = [codes_of(shifted) for shifted in _shifted(figures)]
    return {name: next((one[name] for one in others if one[name] != codes[name]), None) for name in DIRECTIONS}


def _shifted(figures: Mapping[DirectionName, Figures]) -> Iterator[Mapping[DirectionName, Figures]]:
    for name, one in figures.items():
        for kind in _KINDS:
            excess = getattr(one, kind)
            for way in () if excess is None else (-1, 1):
                moved = replace(excess, direction=excess.direction + way * excess.standard_error)
                yield {**figures, name: replace(one, **{kind: moved})}


def decide(found: Figures, *, is_local: bool, clear_elsewhere: bool) -> FindingCode:
    """What a direction comes to.

    Parameters
    ----------
    found : Figures
        Of the direction.
    is_local : bool
        Whether there are groups without which nothing differs (:func:`lies_in_groups`).
    clear_elsewhere : bool
        Whether the reverse direction is clearly more than noise.
    """
    real = found.any_group or is_real(found, clear_elsewhere=clear_elsewhere)
    along_few = max(one.direction for one in (found.excess, found.isotropic) if one is not None) >= LEAST_EXCESS
    if not real and not along_few:
        return "noise"
    if is_local:
        return "local"
    return "throughout" if real else "directions"


def lies_in_groups(excess: Mapping[DirectionName, Excess], rest: Mapping[DirectionName, Excess]) -> bool:
    """Whether what both directions have in excess lies in their significant groups.

    What is left without them must be next to nothing, or no more than noise and an eighth of what there is over all.

    Parameters
    ----------
    excess, rest : mapping to Excess
        Of both directions, with and without the groups; no ``rest`` where there are no groups, or too few items beside
        them.
    """
    if not rest:
        return False
    with_groups, without = (max(one.direction for one in each.values()) for each in (excess, rest))
    return without < LEAST_REST or without < min(LEAST_EXCESS, with_groups / _PART_OF_REST)


def is_reordered(found: Figures) -> bool:
    """Whether neighbours are reordered within groups that both sides keep: then the difference is in all of these."""
    return found.small is not None and found.small.direction >= LEAST_EXCESS


def is_real(found: Figures, *, clear_elsewhere: bool) -> bool:
    """Whether a direction as a whole is more than noise, and more than another linear map and noise where that counts.

    It does not count where the reverse direction has shown that the two differ by more.
    """
    if found.small is not None:
        return is_reordered(found)
    if found.excess.direction >= CLEAR_EXCESS or clear_elsewhere:
        return found.excess.direction >= LEAST_EXCESS
    return found.predicted is not None and min(found.excess.direction, found.predicted.direction) >= LEAST_EXCESS
