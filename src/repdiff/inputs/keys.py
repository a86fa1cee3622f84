"""What may identify the rows of a part where nothing is called ``id``: an index, a column, an array of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs.ids import Ids, as_text

NAMES_OF_IDS = ("id", "ids")
_SHARE_OF_NUMBERS = 0.5


@dataclass(frozen=True)
class Key:
    """Values that differ in every row.

    Attributes
    ----------
    name : str
        The column's or array's own name; "" for an index without one.
    title : str
        What to call it in messages, such as ``column 'filename'``.
    ids : ndarray of str objects, (n,)
        The values, as text.
    is_text : bool
        Whether they were text; else whole numbers, which identify items less surely.
    """

    name: str
    title: str
    ids: Ids
    is_text: bool


def is_name_of_ids(name: Any) -> bool:
    """Whether a column or array of that name holds ids: ``id`` or ``ids``, in any case."""
    return str(name).strip().lower() in NAMES_OF_IDS


def named_ids(names: Iterable[Any], chosen: str | None, source: str) -> str | None:
    """Which of these holds the ids according to its name; the chosen one takes precedence.

    Raises
    ------
    InputError
        Where several do.
    """
    known = [str(name) for name in names]
    if chosen is not None and chosen in known:
        return chosen
    found = [name for name in known if is_name_of_ids(name)]
    exact = [name for name in found if name in NAMES_OF_IDS]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    if found:
        raise InputError(
            f"{source}: {' and '.join(map(repr, found))} both have names for ids; rename one, or choose with "
            f"match={found[0]!r}, or --match {found[0]}"
        )
    return None


def key_of(values: Any, name: str, title: str) -> Key | None:
    """The values as a key; None where one is missing, occurs twice, or is neither text nor a whole number."""
    column = pd.Series(values).reset_index(drop=True)
    if not len(column) or column.isna().any():
        return None
    dtype = column.dtype
    is_text = not pd.api.types.is_numeric_dtype(dtype)
    if is_text and not all(isinstance(value, str | bytes) for value in column):
        return None
    if not is_text and not pd.api.types.is_integer_dtype(dtype):
        return None
    if column.duplicated().any():
        return None
    ids = np.array([as_text(value).strip() for value in column], dtype=object)
    if (ids == "").any() or (is_text and _are_numbers(ids)):
        return None
    return Key(name, title, ids, is_text)


def index_key(index: pd.Index, n: int) -> Key | None:
    """A table's index as a key; None where it only numbers the rows."""
    if isinstance(index, pd.MultiIndex) or index.equals(pd.RangeIndex(n)):
        return None
    name = "" if index.name is None else str(index.name)
    return key_of(index.to_series(), name, f"index {name!r}" if name else "index")


def keys_of_columns(frame: pd.DataFrame) -> tuple[Key, ...]:
    """The keys among the columns of a table."""
    found = (key_of(frame[name], str(name), f"column {str(name)!r}") for name in frame)
    return tuple(key for key in found if key is not None and not _is_saved_index(key))


def _is_saved_index(key: Key) -> bool:
    """Whether a column is the index that pandas wrote to a .csv file and that only numbers the rows."""
    counts = not key.is_text and np.array_equal(key.ids, np.arange(len(key.ids)).astype(str))
    return counts and key.name.startswith("Unnamed: ")


def keys_of_arrays(arrays: Mapping[str, npt.NDArray[Any]], n: int) -> tuple[Key, ...]:
    """The keys among named arrays of n values."""
    found = (
        key_of(values, name, f"array {name!r}")
        for name, values in arrays.items()
        if values.shape == (n,) and values.dtype.kind in "USOTiu"
    )
    return tuple(key for key in found if key is not None)


def _are_numbers(ids: Ids) -> bool:
    """Whether most texts are numbers, as in a column of features with a stray word in it."""
    sample = ids[:1000]
    decimal = [_is_number(text) for text in sample]
    return float(np.mean(decimal)) >= _SHARE_OF_NUMBERS and not all(text.isdigit() for text in sample)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
