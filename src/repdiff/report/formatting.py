"""What was found, in words and figures that a person reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.comparison import Comparison

NBSP = "\N{NO-BREAK SPACE}"
UNKNOWN = "\N{EN DASH}"
_ONES = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Sentence:
    """A sentence in pieces, so that names can be set in a type of their own.

    Attributes
    ----------
    parts : tuple of (str, bool)
        Text, and whether it is a name.
    """

    parts: tuple[tuple[str, bool], ...]

    @property
    def text(self) -> str:
        """The sentence as plain text, names in backticks."""
        return "".join(f"`{text}`" if is_name else text for text, is_name in self.parts)


def number(value: int) -> str:
    """A count with thousands separated: ``3,786``."""
    return f"{value:,}"


def percent(share: float | None) -> str:
    """A share in whole per cent; never 0 or 100 for what is not quite none or all."""
    if share is None or math.isnan(share):
        return UNKNOWN
    if 0 < share < 0.005:
        return f"<{NBSP}1{NBSP}%"
    if 0.995 <= share < 1:
        return f">{NBSP}99{NBSP}%"
    return f"{share:.0%}".replace("%", f"{NBSP}%")


def affinity(value: float) -> str:
    """An affinity to three figures: ``1.03``, ``12.4``, ``148``."""
    return figures(value, 3) if 0.001 <= abs(value) < 1000 else f"{value:.2e}"


def figures(value: float, digits: int) -> str:
    """A number to so many figures, zeros at its end among them: ``1.40``."""
    return f"{value:#.{digits}g}".rstrip(".")


def size(count: int) -> str:
    """Bytes in the unit that suits them: ``151 MB``."""
    exponent = min(max(int(math.log10(max(count, 1)) // 3), 0), 4)
    return f"{count / 1000**exponent:.3g}{NBSP}{('bytes', 'kB', 'MB', 'GB', 'TB')[exponent]}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: ``1 item``, ``12 items``."""
    return f"{number(count)}{NBSP}{noun}{'' if count == 1 else 's'}"


def nothing_differs(comparison: Comparison) -> bool:
    """Whether no cluster of either direction is a difference."""
    return not (comparison.x_only.difference_clusters or comparison.y_only.difference_clusters)


def holder_and_other(comparison: Comparison, name: DirectionName) -> tuple[str, str]:
    """Names of the representation that groups the clusters of a direction, and of the one that scatters them."""
    x, y = comparison.names
    return (x, y) if name == "x_only" else (y, x)


def finding(comparison: Comparison, direction: Direction) -> Sentence:
    """What was found in one direction, in a sentence.

    ```resnet18` groups 9 kinds of items that `dinov2` scatters; 41 % of items do not change.``
    """
    holder, other = holder_and_other(comparison, direction.name)
    unchanged = float(direction.no_change.mean())
    kinds = len(direction.difference_clusters)
    if nothing_differs(comparison):
        return Sentence(
            (
                ("Nothing differs: ", False), (holder, True), (" and ", False), (other, True),
                (f" arrange all {number(len(direction.labels))} items alike.", False),
            )
        )  # fmt: skip
    if not kinds:
        return Sentence(((holder, True), (" groups nothing that ", False), (other, True), (" scatters.", False)))
    tail = (
        f" scatters; {percent(unchanged)} of items do not change."
        if unchanged
        else " scatters; no group of items is left unchanged."
    )
    groups = f" groups {kinds} {'kind' if kinds == 1 else 'kinds'} of items that "
    return Sentence(((holder, True), (groups, False), (other, True), (tail, False)))


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


def count_in_words(count: int) -> str:
    """A small count as a word, a larger one in figures."""
    return _ONES[count] if count < len(_ONES) else number(count)
