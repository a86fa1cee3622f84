"""Annotations and ranges -> which values an option may have, in words and as a check."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from repdiff.core.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Which values of its type an option allows.

    Attributes
    ----------
    above, below, at_least, at_most : float or None
        Limits of numbers.
    choices : tuple of str
        The allowed texts; any text if empty.
    check : callable or None
        Value -> whether it is allowed; called if the type is right.
    allowed : str
        What is allowed, in words; derived from the type and the limits by default.
    because : str
        The reason, which errors add to these words.
    advice : str
        What to do, if not to give another value.
    """

    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[Any], bool] | None = None
    allowed: str = ""
    because: str = ""
    advice: str = ""


hints_of: Callable[[Any], dict[str, Any]] = cache(get_type_hints)  # the annotation of each field of a dataclass


def check_value(name: str, value: Any, hint: Any, facts: Allowed, *, flag: str) -> None:
    """Refuse a value of the wrong type, beyond a limit, or not among the choices.

    Parameters
    ----------
    name : str
        Of the option.
    value : object
        Its value.
    hint : type
        Its annotation. Data types, such as sequences, are checked by the step that reads them, whose errors say more.
    facts : Allowed
        Limits and choices.
    flag : str
        How the command line spells the option.

    Raises
    ------
    OptionError
        In one line: the name, what is allowed, and the value.
    """
    if value is None and NoneType in members(hint):
        return
    if _matches(value, hint, facts) and (facts.check is None or facts.check(value)):
        return
    because = f", since {facts.because}" if facts.because else ""
    advice = f"; {facts.advice}" if facts.advice else ""
    words = in_words(hint, facts)
    optional = ", or None" if NoneType in members(hint) else ""
    raise OptionError(
        f"{name} must be {words}{optional}{because}, but is {value!r}{advice}",
        on_command_line=f"{flag} must be {words}{because}, but is {value!r}{advice}",
    )


def members(hint: Any) -> tuple[Any, ...]:
    """The types of a union; any other type by itself."""
    if get_origin(hint) in (Union, UnionType):
        return tuple(member for part in get_args(hint) for member in members(part))
    return (NoneType,) if hint is None else (hint,)


def _matches(value: Any, hint: Any, facts: Allowed) -> bool:
    return any(_is_of(value, member, facts) for member in members(hint))


def _is_of(value: Any, hint: Any, facts: Allowed) -> bool:
    """Whether the value is of a type (not a union) and within the limits."""
    if hint is NoneType:
        return value is None
    if hint is bool:
        return isinstance(value, bool)
    if hint in (int, float):
        kind = Integral if hint is int else Real
        return isinstance(value, kind) and not isinstance(value, bool) and _within(float(value), facts)
    if hint is str:
        return isinstance(value, str) and (not facts.choices or value in facts.choices)
    if hint is Path:
        return isinstance(value, PathLike)
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint)
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        return (
            isinstance(value, tuple | list)
            and len(value) == len(parts)
            and all(_matches(one, part, facts) for one, part in zip(value, parts, strict=True))
        )
    if getattr(hint, "_is_runtime_protocol", False):
        return isinstance(value, hint) and not isinstance(value, str)
    if get_origin(hint) is Callable or hint is Callable:
        return callable(value)
    return True  # data: checked by the step that reads it


def _within(value: float, facts: Allowed) -> bool:
    return (
        math.isfinite(value)
        and (facts.above is None or value > facts.above)
        and (facts.below is None or value < facts.below)
        and (facts.at_least is None or value >= facts.at_least)
        and (facts.at_most is None or value <= facts.at_most)
    )


def in_words(hint: Any, facts: Allowed) -> str:
    """What is allowed: "an integer of at least 1, or "auto""."""
    return facts.allowed or ", or ".join(dict.fromkeys(_words(hint, facts)))


def _words(hint: Any, facts: Allowed) -> Iterator[str]:
    kinds = [member for member in members(hint) if member is not NoneType]
    for kind in kinds:
        if kind is bool:
            yield "True or False"
        elif kind in (int, float):
            yield _number_in_words(kind, facts)
        elif kind is str:
            yield f"one of {', '.join(facts.choices)}" if facts.choices else "text"
        elif kind is Path:
            yield "a path"
        elif get_origin(kind) is Literal:
            choices = get_args(kind)
            yield f"one of {', '.join(choices)}" if len(choices) > 1 else f'"{choices[0]}"'
        elif get_origin(kind) is tuple:
            yield "a pair of these" if len(kinds) > 1 else "a pair"


def _number_in_words(kind: type, facts: Allowed) -> str:
    noun = "an integer" if kind is int else "a number"
    if facts.above == 0:
        noun = noun.replace("an ", "a positive ").replace("a number", "a positive number")
    if facts.at_least is not None and facts.at_most is not None:
        return f"{noun} from {facts.at_least:g} to {facts.at_most:g}"
    limits = [
        f"{word} {limit:g}"
        for word, limit in (
            ("above", facts.above or None),
            ("below", facts.below),
            ("of at least", facts.at_least),
            ("of at most", facts.at_most),
        )
        if limit is not None
    ]
    return " ".join([noun, " and ".join(limits)]).strip()
