"""A column of a table whose cells hold vectors -> a matrix, whatever the cells are."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs.numbers import filled, known_type, tensor_to_array

_WRAPPED = re.compile(
    r"^\s*(?:np\.)?(?:array|tensor|Tensor)\s*\((.*?)(?:,\s*(?:dtype|device|grad_fn)\s*=.*)?\)\s*$", re.S
)
_VECTOR = re.compile(r"^\s*[\[(].*[\])]\s*$", re.S)
_LOOKED_AT = 20


def holds_vectors(column: pd.Series) -> bool:
    """Whether the cells are lists, arrays, tensors, or texts such as "[0.1, 0.2]"; missing ones are ignored."""
    if not (column.dtype == object or pd.api.types.is_string_dtype(column.dtype)):
        return False
    found = [cell for cell in column.iloc[: 50 * _LOOKED_AT] if not _is_missing(cell)][:_LOOKED_AT]
    return bool(found) and all(_is_vector(cell) for cell in found)


def stack(column: pd.Series, source: str) -> npt.NDArray[Any]:
    """The vectors of a column, stacked as rows.

    Raises
    ------
    InputError
        Where one is missing, has another length, or is not a vector of numbers.
    """
    where = f"{source}: column {column.name!r}"
    gaps = np.array([_is_missing(cell) for cell in column], bool)
    if gaps.any():
        row = int(gaps.argmax())
        count = int(gaps.sum())
        raise InputError(
            f"{where}: row {row} has no vector ({count:,} such {'row' if count == 1 else 'rows'}); "
            "remove those rows from both sides, or fill them in"
        )
    vectors = [_vector(cell, f"{where}: row {row}") for row, cell in enumerate(column)]
    lengths = np.array([len(vector) for vector in vectors])
    odd = np.flatnonzero(lengths != lengths[0])
    if len(odd):
        row = int(odd[0])
        raise InputError(
            f"{where} is ragged: row 0 has {lengths[0]} values and row {row} {lengths[row]}; "
            "give every row the same number"
        )
    return np.array(vectors)


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, np.ndarray) and cell.dtype != object and cell.ndim == 0:
        cell = cell.item()
    if isinstance(cell, str):
        return not cell.strip()
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def _is_vector(cell: Any) -> bool:
    if isinstance(cell, str):
        return bool(_VECTOR.match(cell) or _WRAPPED.match(cell))
    return isinstance(cell, np.ndarray | list | tuple) or hasattr(cell, "detach")


def _vector(cell: Any, where: str) -> npt.NDArray[Any]:
    """One cell as a vector; axes of length 1 are dropped."""
    if isinstance(cell, str):
        return _of_text(cell, where)
    if hasattr(cell, "detach"):
        array = tensor_to_array(cell)
    elif isinstance(cell, np.ma.MaskedArray):
        array = filled(cell)
    else:
        array = _of_list(cell, where)
    array = known_type(array)
    if array.dtype.kind not in "fiub":
        raise InputError(f"{where} holds {str(cell)[:40]!r}, which is not a vector of numbers")
    if sum(length != 1 for length in array.shape) > 1:
        raise InputError(f"{where} holds an array of shape {array.shape}; flatten or pool it to one vector")
    return array.reshape(-1)


def _of_list(cell: Any, where: str) -> npt.NDArray[Any]:
    try:
        array = np.asarray(cell)
        if array.dtype == object:  # nested lists from Arrow are arrays of arrays, and a gap in a list is None
            array = np.asarray([np.nan if value is None else value for value in array.tolist()])
            array = np.asarray(array.tolist(), dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{where} holds {str(cell)[:40]!r}, which is not a vector of numbers") from error
    return array


def _of_text(text: str, where: str) -> npt.NDArray[np.float64]:
    """The vector of "[0.1, 0.2]", "[0.1 0.2]", or what printing an array or a tensor gives."""
    wrapped = _WRAPPED.match(text)
    inner = (wrapped[1] if wrapped else text).strip()
    if "..." in inner:
        raise InputError(f"{where} holds a vector that was shortened when it was printed ('...'); save all its numbers")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            numbers = re.sub(r"[\[\](),;\s]+", " ", inner).strip()
            return np.fromstring(numbers, dtype=np.float64, sep=" ") if numbers else np.zeros(0)
    except (ValueError, DeprecationWarning):
        return _of_json(inner, text, where)


def _of_json(inner: str, text: str, where: str) -> npt.NDArray[np.float64]:
    try:
        return np.array([np.nan if value is None else float(value) for value in json.loads(inner)])
    except (ValueError, TypeError) as error:
        raise InputError(f"{where} holds {text[:40]!r}, which is not a vector of numbers") from error
