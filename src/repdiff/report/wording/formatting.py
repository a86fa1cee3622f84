"""Numbers as a person reads them, and sentences whose names are set in a type of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass

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

    @property
    def plain(self) -> str:
        """The sentence as plain text, names like other words."""
        return "".join(text for text, _ in self.parts)


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


def rate(value: float | None) -> str:
    """A false discovery rate or p-value to the digits that matter: ``0.03``, ``< 0.001``."""
    if value is None:
        return UNKNOWN
    return f"<{NBSP}0.001" if value < 0.001 else f"{value:.2g}"


def plural(count: int, noun: str) -> str:
    """A count with its noun: ``1 item``, ``12 items``."""
    return f"{number(count)}{NBSP}{noun}{'' if count == 1 else 's'}"


def count_in_words(count: int, *beside: int) -> str:
    """A small count as a word; in figures if it, or another count in the same sentence, is larger."""
    return _ONES[count] if max(count, *beside, 0) < len(_ONES) else number(count)
