"""What a reader types -> rows of items: words, ``label:Flags``, ``only:x``, ``right:y``."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.explorer.explored import Explored, Rows
from repdiff.results.clusters import DirectionName

LONGEST_QUERY = 500  # characters
_TERM = re.compile(r'(?:(?P<field>[^\s:"]+|"[^"]*"):)?(?:"(?P<quoted>[^"]*)"?|(?P<bare>[^\s"]+))')
Mask = npt.NDArray[np.bool_]


def search(explored: Explored, query: str) -> Rows:
    """Rows of the items that fit all of a query's terms, ascending.

    A word fits an item whose id, name, label or text holds it, in any case; ``column:word`` looks in one column, and
    ``label:`` in the labels. ``only:x`` are the items that x alone holds together, ``same:x`` the others; ``group:3``
    those of a group of either direction; ``right:x`` and ``wrong:y`` those on which a side is right or wrong;
    ``kept:0`` those that keep so many of their ten neighbours. Models may be called by their names. A minus before a
    term turns it round. Without a term, all items fit.

    Raises
    ------
    RepdiffError
        Where a column or a side does not exist, or the query is too long.
    """
    if len(query) > LONGEST_QUERY:
        raise RepdiffError(f"the search has {len(query)} characters, but may have {LONGEST_QUERY}")
    fits = np.ones(explored.n, bool)
    for match in _TERM.finditer(query):
        field, value = (match["field"] or "").strip('"'), match["quoted"] if match["bare"] is None else match["bare"]
        turned = (field or value).startswith("-") and len(field or value) > 1 and match["quoted"] != value
        if turned:
            field, value = (field[1:], value) if field else (field, value[1:])
        found = _term(explored, field, value)
        fits &= ~found if turned else found
    return np.flatnonzero(fits)


def _term(explored: Explored, field: str, value: str) -> Mask:
    if not field:
        return _anywhere(explored, value)
    asked = _ASKED.get(field.lower())
    if asked is not None and field not in explored.columns:
        return asked(explored, value)
    named = {name.lower(): name for name in explored.columns}
    column = explored.comparison.items.label if field.lower() == "label" else named.get(field.lower())
    column = named.get(field.lower()) if column is None else column
    if column is None:
        known = ", ".join([*list(explored.columns)[:12], *_ASKED])
        raise RepdiffError(f"there is no column {field[:40]!r} to search in; there are {known}")
    return _holds(explored.columns[column], value)


def _anywhere(explored: Explored, word: str) -> Mask:
    items = explored.comparison.items
    columns = [explored.columns["id"]]
    columns += [explored.columns[name] for name in (items.label, items.text) if name is not None]
    columns += [] if explored.title is None else [explored.title]
    return np.asarray(np.logical_or.reduce([_holds(column, word) for column in columns]))


def _holds(values: list[str], word: str) -> Mask:
    sought = word.casefold()
    return np.fromiter((sought in value.casefold() for value in values), bool, len(values))


def side_of(explored: Explored, value: str) -> int:
    """0 for x and 1 for y, by letter or by the model's name; raises RepdiffError for anything else."""
    names = [name.casefold() for name in explored.comparison.names]
    for known in (["x", "y"], names):
        if value.casefold() in known:
            return known.index(value.casefold())
    raise RepdiffError(f"{value[:40]!r} is neither side; say x ({names[0]}) or y ({names[1]})")


def _only(explored: Explored, value: str) -> Mask:
    name: DirectionName = "y_only" if side_of(explored, value) else "x_only"
    return ~explored.direction(name).no_change


def _group(explored: Explored, value: str) -> Mask:
    found = np.zeros(explored.n, bool)
    for name, numbers in explored.numbers.items():
        indices = [index for index, number in numbers.items() if str(number) == value]
        found |= np.isin(explored.direction(name).labels, indices)
    return found


def _right(explored: Explored, value: str, mark: float) -> Mask:
    marks = explored.right[side_of(explored, value)]
    if marks is None:
        raise RepdiffError("who is right is not known here: it needs labels, and predictions or neighbours")
    return np.asarray(marks == mark)


_ASKED: dict[str, Callable[[Explored, str], Mask]] = {
    "only": _only,
    "same": lambda explored, value: ~_only(explored, value),
    "group": _group,
    "right": lambda explored, value: _right(explored, value, 1),
    "wrong": lambda explored, value: _right(explored, value, 0),
    "kept": lambda explored, value: np.asarray(explored.kept == (int(value) if value.isdecimal() else -1)),
}
