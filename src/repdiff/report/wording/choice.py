"""Why so many clusters, where the number was chosen."""

from __future__ import annotations

from repdiff.results.choice import Candidate, ChosenNumber

_PLACES = ("largest", "second largest", "third largest", "fourth largest", "fifth largest")


def why_so_many(number: ChosenNumber) -> str:
    """Why the number of clusters of a direction was chosen."""
    chosen = number.chosen
    if number.code == "too_few_items":
        return f"with {number.n_items} items there is no room for two clusters"
    if number.code == "nothing_apart" or chosen is None:
        return (
            f"the affinity tells no groups apart (its second eigenvalue is {abs(number.candidates[0].eigenvalue):.3f})"
        )
    return _gap(number, chosen)


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
