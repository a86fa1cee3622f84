"""Why so many clusters, where the number was chosen."""

from __future__ import annotations

from repdiff.report.wording.formatting import number as with_commas
from repdiff.report.wording.formatting import percent, plural
from repdiff.results.choice import Candidate, ChosenNumber, TriedNumber

_PLACES = ("largest", "second largest", "third largest", "fourth largest", "fifth largest")
_FEWEST_FOR_NOISE = 300


def why_so_many(number: ChosenNumber) -> str:
    """Why the number of clusters of a direction was chosen.

    ``5.0 of them are tighter than matched noise, with 59 % of the items (means of 4 samples of 1,000 items); fewer
    clusters lose 19 % of what stands out and is found again, and more clusters, up to 20, add nothing``
    """
    chosen = number.chosen
    if number.code == "too_few_items":
        return f"with {number.n_items} items there is no room for two clusters"
    if number.code == "nothing_holds":
        least, most = number.tried[0].n, number.tried[-1].n
        told = f"whether cut into {least} or {most} groups or any number between, hardly any is tighter than noise"
        return f"{told} ({_samples(number)}), so there are as many as by default"
    if isinstance(chosen, TriedNumber):
        return _holds(number, chosen)
    if number.code == "nothing_apart" or chosen is None:
        return (
            f"the affinity tells no groups apart (its second eigenvalue is {abs(number.candidates[0].eigenvalue):.3f})"
        )
    few = number.n_items < _FEWEST_FOR_NOISE
    without = (
        f"fewer than {_FEWEST_FOR_NOISE} items cannot be compared with noise, so eigenvalues decide: " if few else ""
    )
    return without + _gap(number, chosen)


def chosen_in_short(number: ChosenNumber) -> str:
    """The number of clusters, and in a few words without statistics how it was chosen."""
    if number.code == "holds":
        why = "chosen as the fewest whose groups show what noise does not make"
    elif number.code == "nothing_holds":
        why = "as by default, since no number of them has groups that noise does not make"
    else:
        why = "chosen as the number of groups that keep to themselves"
    return f"{plural(number.n, 'cluster')}, {why}."


def _samples(number: ChosenNumber) -> str:
    return f"{plural(number.n_rounds, 'sample')} of {with_commas(number.n_sampled)} items"


def _holds(number: ChosenNumber, chosen: TriedNumber) -> str:
    """How many of them are tighter than noise, and what fewer and more clusters would show."""
    some = "all" if chosen.n_holding > chosen.n - 0.05 else f"{chosen.n_holding:.1f}"
    groups = f"{some} of them are tighter than matched noise, with {percent(chosen.share_holding)} of the items"
    others = f", and {chosen.n_not_holding:.1f} are not" if chosen.n_not_holding > 0.05 else ""
    return f"{groups}{others} (means of {_samples(number)}); {_beside(number, chosen)}"


def _beside(number: ChosenNumber, chosen: TriedNumber) -> str:
    """How much of what stands out from noise and is found again fewer clusters lose, and more add."""
    fewer = [one for one in number.tried if one.n < chosen.n]
    more = [one for one in number.tried if one.n > chosen.n]
    told = []
    if fewer:
        lost = max(0.0, 1 - max(one.gain for one in fewer) / chosen.gain)
        told.append(f"fewer clusters lose {percent(lost)} of what stands out and is found again")
    if more:
        gained = max(0.0, max(one.gain for one in more) / chosen.gain - 1)
        added = f"add {percent(gained)} at most" if gained else "add nothing"
        told.append(f"more clusters, up to {more[-1].n}, {added}")
    return ", and ".join(told)


def _gap(number: ChosenNumber, chosen: Candidate) -> str:
    n, gap, candidates = chosen.n, chosen.gap, number.candidates
    place = sorted(candidates, key=lambda candidate: -candidate.gap).index(chosen)
    others = [candidate.gap for candidate in candidates if candidate.n != n]
    against = f", {gap / max(others):.1f} times the next" if place == 0 and others and max(others) > 0 else ""
    stability = f"{chosen.stability:.2f} (Jaccard index; 1 is the same groups)"
    agreement = f"clusterings of overlapping samples agree to {stability}"
    best = "" if place == 0 else ", so that gap times agreement is the largest"
    groups = f"{n} groups that keep their affinity to themselves make {n} eigenvalues stand out"
    most = "; more were not looked at" if n == max(candidate.n for candidate in candidates) else ""
    fall = f"they fall by {gap:.3f} after number {n}, the {_PLACES[place]} gap{against}"
    return f"{groups}, and {fall}; {agreement}{best}{most}"
