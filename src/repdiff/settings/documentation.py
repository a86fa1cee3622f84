"""Fields -> the Parameters section of a docstring, so that the sentence about an option is written once."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin

from repdiff.settings.checks import hints_of, members
from repdiff.settings.fields import SettingFacts, dataclass_field, settings_of

_WIDTH = 112
_HEADER = "Parameters\n----------\n"
_NEXT_HEADER = re.compile(r"\n\n[^\n]+\n-{3,}\n")
_C = TypeVar("_C", bound=type[Any])


def documents(group: type[Any]) -> Callable[[_C], _C]:
    """Add the options of a group to the docstring of a class."""

    def decorate(documented: _C) -> _C:
        documented.__doc__ = with_parameters(documented.__doc__, group)
        return documented

    return decorate


def with_parameters(doc: str | None, group: type[Any]) -> str | None:
    """A numpydoc docstring with the options of a group at the end of its Parameters; None stays None (``-OO``)."""
    if doc is None:
        return None
    text = inspect.cleandoc(doc) + "\n"
    entries = "".join(_entries(group))
    if _HEADER not in text:
        summary_ends = _NEXT_HEADER.search(text)
        place = summary_ends.start() if summary_ends else len(text) - 1
        return f"{text[:place]}\n\n{_HEADER}{entries.rstrip()}{text[place:]}"
    start = text.index(_HEADER) + len(_HEADER)
    after = _NEXT_HEADER.search(text, start)
    place = after.start() if after else len(text) - 1
    return f"{text[:place]}\n{entries.rstrip()}{text[place:]}"


def _entries(group: type[Any]) -> Iterator[str]:
    for name, facts in settings_of(group).items():
        default = dataclass_field(group, name).default
        kind = facts.kind or kind_of(hints_of(group)[name], facts)
        if default is None:
            kind += ", optional"
        elif default is not dataclasses.MISSING and not callable(default):
            kind += f", default {default!r}"
        unset = f"{facts.unset[:1].upper()}{facts.unset[1:]} by default." if facts.unset else ""
        text = " ".join(part for part in (facts.sentence, facts.more, unset) if part)
        yield f"{name} : {kind}\n{textwrap.indent(textwrap.fill(text, _WIDTH), '    ')}\n"


def kind_of(hint: Any, facts: SettingFacts) -> str:
    """An annotation as numpydoc writes it."""
    words = [_kind(member, facts) for member in members(hint) if member is not NoneType]
    return " or ".join(dict.fromkeys(words))


def _kind(hint: Any, facts: SettingFacts) -> str:
    if get_origin(hint) is Literal:
        choices = [f'"{choice}"' for choice in get_args(hint)]
        return choices[0] if len(choices) == 1 else f"{{{', '.join(choices)}}}"
    if get_origin(hint) is tuple:
        return f"({', '.join(kind_of(part, facts) for part in get_args(hint))})"
    if hint is str and facts.choices:
        return f"{{{', '.join(f'{chr(34)}{choice}{chr(34)}' for choice in facts.choices)}}}"
    if hint is Path:
        return "path"
    return str(getattr(hint, "__name__", hint))
