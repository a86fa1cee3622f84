"""Tables of a run in Parquet, whose columns are checked without reading the rows."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.store.plain import field_types, from_plain, may_be_missing

T = TypeVar("T")
_SCALARS = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def schema_of(kind: type, *, without: Iterable[str] = ()) -> pa.Schema:
    """The columns that hold the fields of a dataclass, except those left out."""
    hints = field_types(kind)
    left_out = set(without)
    return pa.schema([(name, _arrow_type(hint)) for name, hint in hints.items() if name not in left_out])


def _arrow_type(hint: Any) -> pa.DataType:
    origin, parts = get_origin(hint), get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if origin in (Union, types.UnionType):
        return _arrow_type(next(part for part in parts if part is not type(None)))
    if origin is Literal:
        return pa.string()
    if origin is tuple:
        return pa.list_(_arrow_type(parts[0]))
    if origin is np.ndarray:
        return pa.list_(pa.from_numpy_dtype(_numpy_type(hint)))
    if origin is Mapping:
        return pa.map_(*map(_arrow_type, parts))
    raise TypeError(f"no column of a table can hold {hint}")


def _numpy_type(hint: Any) -> np.dtype[Any]:
    """The type of the entries of ``NDArray[...]``."""
    (kind,) = get_args(get_args(hint)[1])
    found: np.dtype[Any] = np.dtype(kind)
    return found


def row_of(value: Any, schema: pa.Schema) -> dict[str, Any]:
    """The fields of a dataclass as a row of such a table."""
    found = ((name, getattr(value, name)) for name in schema.names)
    return {name: list(part.items()) if isinstance(part, Mapping) else part for name, part in found}


def value_of(kind: type[T], row: Mapping[str, Any], where: str, **others: Any) -> T:
    """The dataclass of a row, whose types are checked; other fields are given."""
    known: Any = kind
    hints = field_types(known)
    found = dict(others)
    for field in fields(known):
        name, hint = field.name, hints[field.name]
        if name in found:
            continue
        if name not in row:
            if may_be_missing(field):
                continue
            raise LookupError(f"{where} has no {name!r}")
        found[name] = (
            np.array(row[name], dtype=_numpy_type(hint))
            if get_origin(hint) is np.ndarray
            else from_plain(hint, row[name], f"{where}.{name}")
        )
    return kind(**found)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write a table."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a table."""
    found: list[dict[str, Any]] = pq.read_table(path).to_pylist(maps_as_pydicts="strict")
    return found


def check_table(path: Path, columns: Sequence[str], *, n_rows: int | None = None) -> None:
    """Refuse a table that lacks columns, or rows; its rows are not read.

    Raises
    ------
    LookupError
        For columns.
    ValueError
        For rows.
    """
    with pq.ParquetFile(path) as found:
        names, n_found = found.schema_arrow.names, found.metadata.num_rows
    missing = [name for name in columns if name not in names]
    if missing:
        raise LookupError(f"{path.name} has no column {missing[0]!r}")
    if n_rows is not None and n_found != n_rows:
        raise ValueError(f"{path.name} has {n_found} rows, but there are {n_rows} items")
