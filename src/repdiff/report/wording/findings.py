"""What was found in one direction of a comparison, and what a cluster consists of."""

from __future__ import annotations

from collections.abc import Mapping

from repdiff.report.wording import formatting as words
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.comparison import Comparison


def nothing_differs(comparison: Comparison) -> bool:
    """Whether no cluster of either direction is a difference."""
    return not (comparison.x_only.difference_clusters or comparison.y_only.difference_clusters)


def holder_and_other(comparison: Comparison, name: DirectionName) -> tuple[str, str]:
    """Names of the representation that holds the clusters of a direction together, and of the other."""
    x, y = comparison.names
    return (x, y) if name == "x_only" else (y, x)


def finding(comparison: Comparison, direction: Direction) -> words.Sentence:
    """What was found in one direction, in a sentence.

    ```resnet18` keeps 9 groups of items closer together than `dinov2`; 41 % of items do not change.``
    """
    holder, other = holder_and_other(comparison, direction.name)
    unchanged = float(direction.no_change.mean())
    kinds = len(direction.difference_clusters)
    if nothing_differs(comparison):
        return words.Sentence(
            (
                ("Nothing differs: ", False), (holder, True), (" and ", False), (other, True),
                (f" arrange all {words.number(len(direction.labels))} items alike.", False),
            )
        )  # fmt: skip
    if not kinds:
        told = " keeps no group of items closer together than "
        return words.Sentence(((holder, True), (told, False), (other, True), (".", False)))
    tail = (
        f"; {words.percent(unchanged)} of items do not change."
        if unchanged
        else "; no group of items is left unchanged."
    )
    groups = f" keeps {kinds} {'group' if kinds == 1 else 'groups'} of items closer together than "
    return words.Sentence(((holder, True), (groups, False), (other, True), (tail, False)))


def makeup(label_counts: Mapping[str, int]) -> str:
    """The label make-up of a cluster in a few words; empty without labels."""
    total = sum(label_counts.values())
    if not total:
        return ""
    shares = [(label, count / total) for label, count in label_counts.items()]
    label, share = shares[0]
    if share == 1:
        return f"all {label}"
    if share >= 0.8:
        return f"nearly all {label}"
    if share >= 0.5:
        return f"mostly {label}"
    return "mixed: " + ", ".join(label for label, _ in shares[:2])
