"""Ids: text that identifies items."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs.wording import few

Ids = npt.NDArray[np.object_]


def as_ids(column: Any, source: str) -> Ids:
    """Ids as unique, non-empty text, (n,), of objects.

    Raises
    ------
    InputError
        Where one is missing or two are the same.
    """
    values = pd.Series(column).reset_index(drop=True)
    missing = values.isna().to_numpy(dtype=bool)
    ids = np.array([_writable(as_text(value)) for value in values], dtype=object)
    missing = missing | (ids == "")
    if missing.any():
        raise InputError(
            f"{source}: row {int(missing.argmax())} has no id ({missing.sum():,} in all); give every row one"
        )
    n_repeated = len(ids) - len(set(ids))  # pandas takes texts that differ behind a null character for the same
    if n_repeated:
        first, row = _first_repeated(ids)
        raise InputError(
            f"{source}: id {few([ids[row]], quoted=True)} is in rows {first} and {row} "
            f"({n_repeated:,} repeated in all); ids must be unique"
        )
    return ids


def _first_repeated(ids: Ids) -> tuple[int, int]:
    """The first row whose id was there before, and where."""
    rows: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name in rows:
            return rows[name], row
        rows[name] = row
    raise AssertionError("no id is repeated")


def _writable(text: str) -> str:
    """The text, with characters that UTF-8 cannot encode written as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def row_numbers(n: int) -> Ids:
    """The ids of rows that have none."""
    return np.array([str(row) for row in range(n)], dtype=object)


def as_text(value: Any) -> str:
    """An id as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # A column of whole numbers with a gap, or from MATLAB, is one of floats: 3.0 is still item 3.
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


_FORMS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("the Unicode form of their letters", lambda name: unicodedata.normalize("NFC", name)),
    ("spaces around them", str.strip),
    ("zeros in front", lambda name: name.lstrip("0") or "0"),
    ("upper and lower case", str.casefold),
    ("the folder or suffix of a file", lambda name: PurePath(name.replace("\\", "/")).stem),
)


def only_in_form(ours: Ids, theirs: Ids) -> str | None:
    """In what form only differing ids differ, as the end of a sentence; None where most of them really differ.

    Parameters
    ----------
    ours, theirs : ndarray of str objects
        Ids that only one side has.
    """
    if not len(ours) or not len(theirs):
        return None
    for what, plain in _FORMS:
        there = {plain(name): name for name in theirs}
        alike = [(name, there[plain(name)]) for name in ours if plain(name) in there]
        if 2 * len(alike) >= min(len(ours), len(theirs)):
            first, second = alike[0]
            return f"{len(alike):,} of them differ only in {what}, as {first!a} and {second!a}; write both in one form"
    return None
