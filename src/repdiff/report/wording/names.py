"""What a group is called: by what tells it apart from the other items."""

from __future__ import annotations

from collections.abc import Callable
from math import log2

from repdiff.report.wording.findings import makeup
from repdiff.report.wording.groups import shortened
from repdiff.report.wording.meaning import times
from repdiff.results.clusters import DifferenceCluster, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import Enrichment

_LEAST_TOLD = 0.15  # bits that a value must tell of a group to name it
_TELLS_ENOUGH = 0.5  # bits, below which words of the texts name it better
_LEAST_LIFT = 1.2
_OF_THE_LABEL = 0.5  # of what the most telling value tells, that one of the label must tell to stand in its place
_NEXT, _LARGE = 0.5, 0.3  # what a second value must tell, in terms of the first, or its share, to be in the name
_MOST_WORDS = 3
_MOST_CHARACTERS = 32
_LONGEST_BARE = 2  # characters: a shorter value says nothing without the name of its column
_LEAST_SHARE = 0.2  # of a group's members, for a frequent label to be in its name


def name_of(cluster: DifferenceCluster, label: str | None = None) -> str:
    """What tells a group apart, in a few words; empty where nothing is known of its items.

    ``hand-fingers-open, 13 ×``: the value that tells most of the group (its share times the logarithm of how much more
    often it comes than elsewhere), or two; the label's own, if they tell nearly as much. ``stock, shares, market``: the
    words that its texts have more than others; else its most frequent labels.

    Parameters
    ----------
    cluster : DifferenceCluster
        The group.
    label : str, optional
        The label column; values of other columns may need the column's name.
    """
    values = telling_values(cluster, label)
    words = words_of(cluster)
    if not values or (words and told(values[0]) < _TELLS_ENOUGH):
        return words or makeup(cluster.label_counts)
    share, expected = (sum(getattr(value, part) for value in values) for part in ("share", "expected"))
    return f"{_listed(values, None, _cut)}, {times(share / expected)}×"


def shown_name(comparison: Comparison, direction: DirectionName, cluster: DifferenceCluster) -> str:
    """What people call a group; where nobody has named it, what tells it apart (:func:`name_of`)."""
    given = comparison.annotations.name_of(direction, cluster.index)
    return given or name_of(cluster, comparison.items.label)


def short_name(cluster: DifferenceCluster, label: str | None = None) -> str:
    """The same without figures, as a sentence has it: ``hand-fingers-open``, ``3 and 5``."""
    values = telling_values(cluster, label)
    words = words_of(cluster)
    if values and (told(values[0]) >= _TELLS_ENOUGH or not words):
        return _listed(values, label, shortened)
    return words or _most_frequent(cluster)


def telling_values(cluster: DifferenceCluster, label: str | None = None) -> tuple[Enrichment, ...]:
    """The value that tells most of a group, and one more of the same column if it is not much less."""
    if cluster.evidence is None:
        return ()
    able = [value for value in cluster.evidence.enriched if not value.of_numbers and value.lift >= _LEAST_LIFT]
    able.sort(key=lambda value: -told(value))
    if not able or told(able[0]) < _LEAST_TOLD:
        return ()
    of_label = [one for one in able if one.column == label and told(one) >= _OF_THE_LABEL * told(able[0])]
    first = (of_label or able)[0]
    others = [one for one in able if one.column == first.column and one is not first]
    second = [one for one in others if told(one) >= _NEXT * told(first) or one.share >= _LARGE]
    return tuple(sorted((first, *second[:1]), key=lambda one: one.value))  # "4 and 9", whichever is more frequent


def told(value: Enrichment) -> float:
    """How much a value tells of a group, in bits: its share times the logarithm of its lift."""
    return value.share * log2(value.lift)


def words_of(cluster: DifferenceCluster) -> str:
    """The words that a group's texts have more than others; empty without texts."""
    return "" if cluster.evidence is None else ", ".join(cluster.evidence.words[:_MOST_WORDS])


def _most_frequent(cluster: DifferenceCluster) -> str:
    total = sum(cluster.label_counts.values())
    top = [label for label, count in cluster.label_counts.items() if count >= _LEAST_SHARE * total][:2]
    return " and ".join(map(shortened, top))


def _listed(values: tuple[Enrichment, ...], label: str | None, cut: Callable[[str], str]) -> str:
    first, *others = values
    bare = first.column == label or not any(_is_cryptic(value.value) for value in values)
    listed = " and ".join(cut(value.value) for value in (first, *others))
    return listed if bare else f"{cut(first.column)} {listed}"


def _is_cryptic(value: str) -> bool:
    """Whether a value says nothing without the name of its column: ``4``, ``m``, ``1F3FB``."""
    return len(value) <= _LONGEST_BARE or any(character.isdigit() for character in value)


def _cut(text: str) -> str:
    folded = " ".join(text.split())
    return folded if len(folded) <= _MOST_CHARACTERS else f"{folded[: _MOST_CHARACTERS - 1].rstrip()}…"
