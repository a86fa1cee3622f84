"""Matches rows of one part with rows of another: by ids wherever there are any, else by order.

A part has ids where an array, a column or an index is called ``id`` or ``ids``. Where one part has them and another
does not, the other is searched for the same values. Where none has them, the parts are searched for
values of text that both have, such as file names, and then for whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs.embeddings import Embeddings
from repdiff.inputs.ids import Ids, only_in_form
from repdiff.inputs.items import Items
from repdiff.inputs.keys import Key, keys_of_columns
from repdiff.inputs.wording import few

AUTO, ORDER = "auto", "order"
_BY_ORDER = "match='order' (--match order)"
_BY_COLUMN = "match='COLUMN' (--match COLUMN)"

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Found:
    """A key of one part and one of another that hold the same values, and the rows of the other in this order."""

    ours: Key
    theirs: Key
    rows: Rows


def match_sides(
    x: Embeddings, y: Embeddings, *, match: str = AUTO, is_matrix: bool = False
) -> tuple[Embeddings, Embeddings, Literal["id", "order"], tuple[str, ...]]:
    """Both sides, y in the order of x; how they were matched, and notes on that.

    Parameters
    ----------
    x, y : Embeddings
        The sides.
    match : str
        "order", to ignore ids.
    is_matrix : bool
        Whether y holds distances, so that its columns are items too.

    Raises
    ------
    InputError
        Where their ids differ, where it is not clear what their ids are, or where they differ in length.
    """
    if match == ORDER:
        return _with_ids(x, y), _of_same_length(x, y), "order", ()
    if x.ids is not None and y.ids is not None:
        _check_same_ids(_own_key(x), _own_key(y), x.source, y.source)
        return x, _in_order(y, _rows(x.ids, y.ids), x.ids, is_matrix), "id", ()
    found = _common(_keys(x), _keys(y), (x.source, y.source), whole=True)
    if found is None:
        told = _by_order(x, y)
        return _with_ids(x, y), _of_same_length(x, y), "order", told
    x = replace(x, ids=found.ours.ids, ids_from=found.ours.title)
    y = replace(y, ids_from=found.theirs.title)
    told = (f"rows were matched by {found.ours.title} of {x.source} and {found.theirs.title} of {y.source}",)
    return x, _in_order(y, found.rows, found.ours.ids, is_matrix), "id", told


def match_items(
    items: Items, source: str, sides: Sequence[Embeddings], *, match: str = AUTO
) -> tuple[Items, str, tuple[str, ...]]:
    """The items in the order of the embeddings; how they were matched, and notes on that.

    Parameters
    ----------
    items : Items
        As they were read.
    source : str
        What to call them in messages.
    sides : sequence of Embeddings
        The sides, matched to each other; the ids of the first count.
    match : str
        "order", to ignore ids.

    Raises
    ------
    InputError
        Where items are missing, or it is not clear which column holds the ids.
    """
    ids, n = sides[0].ids, len(sides[0].values)
    keys = (*([] if items.index is None else [items.index]), *keys_of_columns(items.frame.drop(columns="id")))
    by_name = items.has_ids and not items.ids_from.startswith("index")
    named = Key("id", items.ids_from or "id", items.frame["id"].to_numpy(dtype=object), True)
    own = [named] if items.has_ids else []
    if match == ORDER:
        return _by_row(items, ids, n, source), "order", ()
    if ids is not None and by_name:
        _check_covered(named, ids, keys, source, sides[0].source)
        found = _Found(_own_key(sides[0]), named, _rows(ids, named.ids))
        ordered, how = _ordered(items, found)
        return ordered, how, ()
    ours = [_own_key(sides[0])] if ids is not None else [key for side in sides for key in side.keys]
    theirs = own if by_name else [*own, *keys]
    best = _common(ours, theirs, (sides[0].source, source), whole=False)
    if best is None:
        if any(key.is_text for key in ours) or ids is not None:
            raise InputError(_nothing_found(ours, theirs, sides[0].source, source))
        numbers = [key.title for key in ours]
        told = f"{source}: rows were matched by order; no column of it matches {few(numbers)} of {sides[0].source}"
        return _by_row(items, ids, n, source), "order", (told,) if numbers else ()
    told = f"{source}: rows were matched by {best.theirs.title} with {best.ours.title} of {sides[0].source}"
    ordered, how = _ordered(items, best)
    return ordered, how, (told,)


def left_out(before: Items, after: Items, source: str) -> tuple[str, ...]:
    """A note where rows of the table have no embedding."""
    lost = len(before.frame) - len(after.frame)
    if not lost:
        return ()
    return (f"{source}: {lost:,} of {len(before.frame):,} rows have no embedding and were left out",)


def _ordered(items: Items, found: _Found) -> tuple[Items, str]:
    ordered = items.take(found.rows)
    frame = ordered.frame.assign(id=found.ours.ids)
    return replace(ordered, frame=frame, has_ids=True, ids_from=found.theirs.title), found.theirs.title


def _by_row(items: Items, ids: Ids | None, n: int, source: str) -> Items:
    if len(items.frame) != n:
        raise InputError(
            f"{source} has {len(items.frame):,} rows, but there are {n:,} embeddings; "
            "give one row per item, or ids on both to match them by"
        )
    if items.has_ids or ids is None:
        return items
    return replace(items, frame=items.frame.assign(id=ids), has_ids=True)


def _with_ids(x: Embeddings, y: Embeddings) -> Embeddings:
    """The first side, under the ids of the second where it has none itself."""
    return x if x.ids is not None else replace(x, ids=y.ids, ids_from=y.ids_from)


def _own_key(side: Embeddings) -> Key:
    ids = side.ids if side.ids is not None else np.empty(0, object)
    return Key("id", side.ids_from or "id", ids, True)


def _keys(side: Embeddings) -> Sequence[Key]:
    return side.keys if side.ids is None else [_own_key(side)]


def _common(ours: Sequence[Key], theirs: Sequence[Key], sources: tuple[str, str], *, whole: bool) -> _Found | None:
    """The keys by which two parts are matched; None where no two hold the same values.

    Text is preferred to whole numbers, and keys of one name to others.

    Parameters
    ----------
    ours, theirs : sequence of Key
        Of the two parts.
    sources : (str, str)
        What to call them in messages.
    whole : bool
        Whether the two must have the same number of rows, or theirs may have more.

    Raises
    ------
    InputError
        Where several pairs of keys put the rows in different orders.
    """
    found: list[_Found] = []
    for mine in ours:
        for other in theirs:
            if len(mine.ids) == len(other.ids) or not (whole or len(mine.ids) > len(other.ids)):
                rows = _rows(mine.ids, other.ids)
                if (rows >= 0).all() and not _only_count(mine, other):
                    found.append(_Found(mine, other, rows))
    for kind in (lambda one: one.ours.is_text and one.theirs.is_text, lambda one: True):
        chosen = [one for one in found if kind(one)]
        alike = [one for one in chosen if one.ours.name == one.theirs.name]
        for some in (chosen, alike):
            if some and all(np.array_equal(one.rows, some[0].rows) for one in some):
                return (alike or some)[0]
        if chosen:
            ways = [f"{one.ours.title} of {sources[0]} with {one.theirs.title} of {sources[1]}" for one in chosen]
            raise InputError(
                f"rows of {sources[0]} and {sources[1]} can be matched in several ways that differ ({few(ways)}); "
                f"choose the column that holds the ids with {_BY_COLUMN}"
            )
    return None


def _only_count(mine: Key, other: Key) -> bool:
    """Whether both number their rows from 0 to n - 1, which identifies nothing."""
    if mine.is_text and other.is_text:
        return False
    return all(np.array_equal(key.ids, np.arange(len(key.ids)).astype(str)) for key in (mine, other))


def _rows(ids: Ids, own: Ids) -> Rows:
    """Place of each id among the other part's; -1 where it is missing."""
    return np.asarray(pd.Index(own, dtype=object).get_indexer(pd.Index(ids, dtype=object)), np.int64)


def _in_order(y: Embeddings, rows: Rows, ids: Ids, is_matrix: bool) -> Embeddings:
    if np.array_equal(rows, np.arange(len(rows))):
        return replace(y, ids=ids)
    values = y.values[np.ix_(rows, rows)] if is_matrix else y.values[rows]
    return replace(y, values=values, ids=ids, keys=())


def _of_same_length(x: Embeddings, y: Embeddings) -> Embeddings:
    if len(x.values) != len(y.values):
        raise InputError(
            f"{x.source} has {len(x.values):,} rows and {y.source} {len(y.values):,}; "
            "both must hold the same items, or have ids to match them by"
        )
    return y


def _by_order(x: Embeddings, y: Embeddings) -> tuple[str, ...]:
    """A note where no values are common to both sides and they are matched by order.

    Raises
    ------
    InputError
        Where both have something that may be their ids.
    """
    ours, theirs = _keys(x), _keys(y)
    named = x.ids is not None or y.ids is not None
    if ours and theirs and (named or all(any(key.is_text for key in keys) for keys in (ours, theirs))):
        raise InputError(_nothing_found(ours, theirs, x.source, y.source))
    for side, keys, other in ((x, ours, y), (y, theirs, x)):
        if keys and (named or any(key.is_text for key in keys)):
            return (
                f"rows were matched by order: {side.source} has {few(key.title for key in keys)} to identify its "
                f"rows, but {other.source} has no ids",
            )
        if keys and any(key.title.startswith("index") for key in keys):
            return (
                f"rows were matched by order, though the index of {side.source} is not 0, 1, 2, ...: check that its "
                f"rows are in the order of {other.source}",
            )
    return ()


def _nothing_found(ours: Sequence[Key], theirs: Sequence[Key], source: str, other: str) -> str:
    """Why two parts cannot be matched."""
    near = next(
        (f"; {mine.title} and {key.title}: {form}" for mine in ours for key in theirs if (form := _form(mine, key))), ""
    )
    candidates = few(key.title for key in theirs)
    looked = f"none of its {candidates} holds" if theirs else "none of its columns holds"
    return (
        f"{other}: {looked} the ids of {source} ({few(key.title for key in ours)}, such as "
        f"{few(ours[0].ids, most=2, quoted=True)}){near}; call the column with them 'id', choose it with {_BY_COLUMN}, "
        f"or match rows by order with {_BY_ORDER}"
    )


def _form(mine: Key, other: Key) -> str | None:
    return only_in_form(_missing_from(other.ids, mine.ids), _missing_from(mine.ids, other.ids))


def _check_same_ids(x: Key, y: Key, source_x: str, source_y: str) -> None:
    only_x, only_y = _missing_from(y.ids, x.ids), _missing_from(x.ids, y.ids)
    parts = [
        f"{len(ids):,} only in {source} ({few(ids)})"
        for ids, source in ((only_x, source_x), (only_y, source_y))
        if len(ids)
    ]
    if parts:
        advice = only_in_form(only_x, only_y) or "keep the items that both have"
        raise InputError(f"ids of the two sides differ: {' and '.join(parts)}; {advice}")


def _check_covered(own: Key, ids: Ids, others: Sequence[Key], source: str, source_of_ids: str) -> None:
    missing = _missing_from(own.ids, ids)
    if not len(missing):
        return
    better = [key for key in others if key.name and not len(_missing_from(key.ids, ids))]
    advice = only_in_form(missing, _missing_from(ids, own.ids)) or "add them"
    if better:
        name = better[0].name
        advice = f"its column {name!r} has them all: choose it with match={name!r} (--match {name})"
    raise InputError(
        f"{source}: has no row for {len(missing):,} of the {len(ids):,} ids of {source_of_ids} "
        f"({few(missing)}); {advice}"
    )


def _missing_from(known: Ids, ids: Ids) -> Ids:
    """The ids that are not among the known ones."""
    return np.asarray(ids, object)[~pd.Index(ids, dtype=object).isin(pd.Index(known, dtype=object))]
