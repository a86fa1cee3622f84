"""Frozen data <-> what JSON holds: dicts, lists, strings, numbers and None, checked when they are read.

The fields of a dataclass and their types are the schema, so a field that is added to a result is stored and read
without code elsewhere. A field with a default may be missing, so that files written before it was added still load;
unknown fields are ignored, so that files written by later versions do.

A file may come from a stranger. So numbers must be finite and of a size that can be computed with, text must be such
that it can be written again, and the limits that a field's annotation states (:mod:`repdiff.core.ranges`) must hold.
"""

from __future__ import annotations

import json
import math
import re
import reprlib
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, asdict, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

T = TypeVar("T")
_LARGEST = 2**128  # of whole numbers without a stated range, such as seeds
_NOT_UNICODE = re.compile("[\ud800-\udfff]")
_DEEPEST = 32  # lists and objects in one another
_NAMES = {float: "a number", int: "a whole number", bool: "true or false", str: "text"}


def to_plain(value: Any) -> Any:
    """The same as dicts, lists, strings, numbers and None, as a file gives them back; see also :func:`as_unicode`.

    Raises
    ------
    ValueError
        For NaN and infinity, which JSON cannot hold.
    """
    text = json.dumps(value, default=_plain_value, allow_nan=False, ensure_ascii=False)
    return json.loads(_NOT_UNICODE.sub(lambda found: f"\\\\u{ord(found[0]):04x}", text))


def as_unicode(text: str) -> str:
    """The text, with escapes for what no file can hold: bytes of the name of a file that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def from_plain(kind: type[T], plain: Any, where: str = "") -> T:
    """The value of this type that :func:`to_plain` was given.

    Parameters
    ----------
    kind : type
        A dataclass, or ``tuple``, ``Mapping``, ``Literal``, ``| None`` of dataclasses, numbers, texts and truth values;
        ``Annotated`` with limits, or ``Any``.
    plain : object
        What a file holds.
    where : str
        What to call it in errors.

    Raises
    ------
    TypeError
        Where a value is of another type, or beyond its limits.
    LookupError
        Where a field is missing that has no default.
    """
    return cast("T", _read(kind, plain, where or getattr(kind, "__name__", "the value")))


@cache
def field_types(kind: type) -> Mapping[str, Any]:
    """The type of each field of a dataclass."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def may_be_missing(field: Field[Any]) -> bool:
    """Whether a field has a default."""
    return field.default is not MISSING or field.default_factory is not MISSING


def _read(kind: Any, plain: Any, where: str) -> Any:
    if kind is Any:
        return _read_anything(plain, where)
    if is_dataclass(kind):
        return _read_fields(kind, plain, where)
    origin = get_origin(kind)
    if origin in _READERS:
        return _READERS[origin](get_args(kind), plain, where)
    if kind is float and type(plain) is int and abs(plain) <= _LARGEST:
        return float(plain)
    if type(plain) is not kind:
        raise _unlike(where, _named(kind), plain)
    _check_scalar(plain, where)
    return plain


def _check_scalar(plain: Any, where: str) -> None:
    if isinstance(plain, float) and not math.isfinite(plain):
        raise _unlike(where, "a finite number", plain)
    if isinstance(plain, int) and abs(plain) > _LARGEST:
        raise TypeError(f"{where} is a number of {plain.bit_length()} bits, which is too large")
    if isinstance(plain, str) and not _is_unicode(plain):
        raise _unlike(where, "Unicode text", plain.encode("utf-8", "backslashreplace"))


def _read_anything(plain: Any, where: str, depth: int = 0) -> Any:
    """Any plain value, checked as far as it can be without a type."""
    if depth > _DEEPEST:
        raise TypeError(f"{where} holds lists or objects in one another, more than {_DEEPEST} deep")
    if isinstance(plain, Mapping):
        for key, value in plain.items():
            _read(str, key, where)
            _read_anything(value, f"{where}.{key}", depth + 1)
    elif isinstance(plain, list | tuple):
        for place, value in enumerate(plain):
            _read_anything(value, f"{where}[{place}]", depth + 1)
    else:
        _check_scalar(plain, where)
    return plain


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _read_fields(kind: Any, plain: Any, where: str) -> Any:
    if not isinstance(plain, Mapping):
        raise _unlike(where, "an object", plain)
    found = {}
    for field in fields(kind):
        if field.name in plain:
            found[field.name] = _read(field_types(kind)[field.name], plain[field.name], f"{where}.{field.name}")
        elif not may_be_missing(field):
            raise LookupError(f"{where} has no {field.name!r}")
    return kind(**found)


def _read_tuple(parts: tuple[Any, ...], plain: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(plain, list | tuple):
        raise _unlike(where, "a list", plain)
    if len(parts) == 2 and parts[1] is Ellipsis:
        parts = (parts[0],) * len(plain)
    if len(parts) != len(plain):
        raise _unlike(where, f"a list of {len(parts)}", plain)
    return tuple(
        _read(part, value, f"{where}[{place}]") for place, (part, value) in enumerate(zip(parts, plain, strict=True))
    )


def _read_mapping(parts: tuple[Any, ...], plain: Any, where: str) -> dict[Any, Any]:
    if not isinstance(plain, Mapping):
        raise _unlike(where, "an object", plain)
    of_key, of_value = parts
    return {_read(of_key, key, where): _read(of_value, value, f"{where}.{key}") for key, value in plain.items()}


def _read_limited(parts: tuple[Any, ...], plain: Any, where: str) -> Any:
    kind, *limits = parts
    value = _read(kind, plain, where)
    for limit in limits:
        if not limit.allows(value):
            raise _unlike(where, str(limit), plain)
    return value


def _read_literal(parts: tuple[Any, ...], plain: Any, where: str) -> Any:
    if not isinstance(plain, str) or plain not in parts:
        raise _unlike(where, _named(Literal[parts]), plain)
    return plain


def _read_union(parts: tuple[Any, ...], plain: Any, where: str) -> Any:
    if plain is None and type(None) in parts:
        return None
    rest = [part for part in parts if part is not type(None)]
    if len(rest) == 1:
        return _read(rest[0], plain, where)
    for part in rest:
        try:
            return _read(part, plain, where)
        except (TypeError, LookupError):
            continue
    raise _unlike(where, " or ".join(map(_named, rest)), plain)


_READERS: Mapping[Any, Callable[[tuple[Any, ...], Any, str], Any]] = {
    Annotated: _read_limited,
    tuple: _read_tuple,
    Mapping: _read_mapping,
    Literal: _read_literal,
    Union: _read_union,
    types.UnionType: _read_union,
}


def _named(kind: Any) -> str:
    """A type in words."""
    if get_origin(kind) is Literal:
        first, *others = map(repr, get_args(kind))
        return f"one of {', '.join((first, *others))}" if others else first
    if get_origin(kind) is Annotated:
        return _named(get_args(kind)[0])
    return _NAMES.get(kind, getattr(kind, "__name__", str(kind)))


def _unlike(where: str, wanted: str, plain: Any) -> TypeError:
    shown = reprlib.repr(plain)  # a few of its parts, however many there are
    return TypeError(f"{where} must be {wanted}, but is {shown if len(shown) <= 40 else shown[:39] + '…'}")


def _plain_value(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
