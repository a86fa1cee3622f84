"""Kinds of numbers and texts that results hold, with what they may be; files that hold others are refused on loading.

They annotate the fields of results: to Python and its type checkers a ``Share`` is a float. :mod:`repdiff.core.plain`
reads the limits off the annotations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeAlias

_ROUNDING = 1e-6
_LONGEST_NAME = 255  # bytes, on most file systems
_LARGEST_AFFINITY = 1e18  # exp(beta) for the largest beta that the settings allow, and a little more


class Limit(Protocol):
    """What a value of a field may be, beside its type."""

    def allows(self, value: Any) -> bool:
        """Whether a value, whose type is right, is allowed."""

    def __str__(self) -> str:
        """What is allowed, in words that follow "must be"."""


@dataclass(frozen=True)
class Within:
    """Numbers of a range, both ends included, as far as rounding lets them be told apart."""

    at_least: float = -math.inf
    at_most: float = math.inf

    def allows(self, value: float) -> bool:
        """Whether a number is in the range."""
        return self.at_least - _ROUNDING <= value <= self.at_most + _ROUNDING

    def __str__(self) -> str:
        if math.isinf(self.at_most):
            return f"at least {self.at_least:g}"
        return f"from {self.at_least:g} to {self.at_most:g}"


@dataclass(frozen=True)
class Above:
    """Numbers above a limit, up to another."""

    limit: float
    at_most: float

    def allows(self, value: float) -> bool:
        """Whether a number is in the range."""
        return self.limit < value <= self.at_most

    def __str__(self) -> str:
        return f"above {self.limit:g} and at most {self.at_most:g}"


@dataclass(frozen=True)
class NameInFolder:
    """Names of files and folders that lie in a folder itself: no path leads out of it, or further down."""

    def allows(self, value: str) -> bool:
        """Whether a text is such a name."""
        is_plain = value not in ("", ".", "..") and not any(sign in value for sign in "/\\\0")
        return is_plain and len(value.encode("utf-8", "surrogatepass")) <= _LONGEST_NAME

    def __str__(self) -> str:
        return "the plain name of a folder, not a path"


Share: TypeAlias = Annotated[float, Within(0, 1)]
NotNegative: TypeAlias = Annotated[float, Within(0)]
AffinityValue: TypeAlias = Annotated[float, Above(0, _LARGEST_AFFINITY)]
Count: TypeAlias = Annotated[int, Within(0)]
FolderName: TypeAlias = Annotated[str, NameInFolder()]
