"""How messages name several things: the first few, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

NAMED_AT_MOST = 5
_LONGEST = 60  # characters of one name


def few(names: Iterable[Any], *, most: int = NAMED_AT_MOST, quoted: bool = False) -> str:
    """The first names, with an ellipsis where there are more."""
    first = list(islice(iter(names), most + 1))
    shown = [_short(name, quoted) for name in first[:most]]
    return ", ".join([*shown, "..."] if len(first) > most else shown)


def _short(name: Any, quoted: bool) -> str:
    text = str(name)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return repr(text) if quoted else text
