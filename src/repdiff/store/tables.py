"""Tables of a run in Parquet, checked before their rows are read and when they are.

A table may come from a stranger: it is an ordinary file, its columns have the types that they are written with, and a
small file that claims to hold a lot is refused before anything is decoded.
"""

from __future__ import annotations

import os
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from repdiff.core.memory import available_bytes, format_bytes
from repdiff.core.plain import field_types, from_plain, may_be_missing
from repdiff.core.regular import open_regular
from repdiff.inputs.parquet_files import open_parquet

T = TypeVar("T")
MOST_TABLE_BYTES = 64 << 30
_FREELY = 256 << 20  # bytes that any file may take once decoded
_MOST_FOLD = 1000  # times its own size that a file may take once decoded
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
    if origin is Annotated:
        return _arrow_type(parts[0])
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
        found[name] = _field_of(hint, row[name], f"{where}.{name}")
    return kind(**found)


def _field_of(hint: Any, cell: Any, where: str) -> Any:
    if get_origin(hint) is not np.ndarray:
        return from_plain(hint, cell, where)
    dtype = _numpy_type(hint)
    entry: Any = float if dtype.kind == "f" else int
    return np.array(from_plain(tuple[entry, ...], cell, where), dtype=dtype)


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """Write a table."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


@contextmanager
def open_table(path: Path, *, as_dictionaries: Sequence[str] = ()) -> Iterator[pq.ParquetFile]:
    """A Parquet file, opened as an ordinary file.

    Raises
    ------
    OSError, ValueError, pyarrow.ArrowException
        Where it is none.
    """
    with open_regular(path, most=MOST_TABLE_BYTES) as file:
        status = os.fstat(file.fileno())
        _look_apart(path, (status.st_ino, status.st_size, status.st_mtime_ns))
        with pq.ParquetFile(file, read_dictionary=list(as_dictionaries)) as found:
            yield found


@lru_cache(maxsize=64)
def _look_apart(path: Path, stamp: tuple[int, int, int]) -> None:
    """Let another process look at a file first, once, since pyarrow ends the process on some damaged ones.

    Raises
    ------
    InputError
        Where it is damaged.
    """
    open_parquet(path)


def read_rows(path: Path, *, most: int) -> list[dict[str, Any]]:
    """The rows of a table, of which there may be so many.

    Raises
    ------
    ValueError
        Where there are more, or the file claims to hold more than it can.
    """
    _check_most(path, most)
    rows: list[dict[str, Any]] = _read(path).to_pylist(maps_as_pydicts="strict")
    return rows


def read_frame(path: Path, *, n_rows: int) -> pd.DataFrame:
    """A table as pandas wrote it, with that many rows.

    Raises
    ------
    TypeError, ValueError
        Where it has others, repeated columns or an index, or the file claims to hold more than it can.
    """
    check_rows(path, n_rows)
    frame: pd.DataFrame = _read(path).to_pandas()
    names = list(frame.columns)
    if len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{path.name} has columns that are repeated, or whose names are no text")
    if len(frame) != n_rows or not isinstance(frame.index, pd.RangeIndex) or frame.index.start:
        raise ValueError(f"{path.name} has an index, but its rows are numbered")
    return frame


def read_columns(path: Path, schema: pa.Schema, *, most: int | None = None) -> pa.Table:
    """These columns of a table, of which there may be so many rows; every cell has a value, and numbers are finite.

    Raises
    ------
    LookupError, TypeError, ValueError
        Where a column is missing or of another type, a cell is empty, a number is infinite or NaN, or the file claims
        to hold more than it can.
    """
    check_table(path, schema)
    return read_named(path, schema.names, most=most)


def read_named(path: Path, names: Sequence[str], *, most: int | None = None) -> pa.Table:
    """The same for columns whose types are checked by the caller, such as lists of a length that the file tells.

    Raises
    ------
    LookupError, ValueError
        As above.
    """
    check_columns(path, names)
    if most is not None:
        _check_most(path, most)
    table = _read(path, columns=names)
    for name in names:
        _check_cells(table.column(name).combine_chunks(), f"{path.name}: column {name!r}")
    return table


def columns_of(path: Path) -> list[str]:
    """The names of a table's columns."""
    with open_table(path) as found:
        names: list[str] = found.schema_arrow.names
    return names


def check_columns(path: Path, names: Iterable[str]) -> None:
    """Refuse a table that lacks a column of these, or has several of a name; its rows are not read.

    Raises
    ------
    LookupError
        With the name.
    """
    found = columns_of(path)
    for name in names:
        if found.count(name) != 1:
            raise LookupError(f"{path.name} has no column {name!r}, or several")


def check_table(path: Path, schema: pa.Schema, *, n_rows: int | None = None) -> None:
    """Refuse a table that lacks columns or rows, or has columns of other types; its rows are not read.

    Raises
    ------
    LookupError
        For a missing column.
    TypeError
        For one of another type.
    ValueError
        For rows.
    """
    check_columns(path, schema.names)
    with open_table(path) as found:
        arrow = found.schema_arrow
    for field in schema:
        kind = arrow.field(field.name).type
        if kind != field.type and not (pa.types.is_string(field.type) and pa.types.is_large_string(kind)):
            raise TypeError(f"{path.name}: column {field.name!r} must be {field.type}, but is {kind}")
    if n_rows is not None:
        check_rows(path, n_rows)


def check_rows(path: Path, n_rows: int) -> None:
    """Refuse a table of another number of rows.

    Raises
    ------
    ValueError
        With both.
    """
    with open_table(path) as found:
        n_found = found.metadata.num_rows
    if n_found != n_rows:
        raise ValueError(f"{path.name} has {n_found} rows, but there are {n_rows} items")


def _check_most(path: Path, most: int) -> None:
    with open_table(path) as found:
        n_found = found.metadata.num_rows
    if n_found > most:
        raise ValueError(f"{path.name} has {n_found} rows, but there can be {most}")


def _check_cells(cells: pa.Array, where: str) -> None:
    """Refuse empty cells, at any depth, and numbers that are not finite."""
    if cells.null_count:
        raise ValueError(f"{where} has empty cells")
    if pa.types.is_list(cells.type) or pa.types.is_fixed_size_list(cells.type):
        _check_cells(cells.flatten(), where)
    elif pa.types.is_floating(cells.type) and not pc.all(pc.is_finite(cells), min_count=0).as_py():
        raise ValueError(f"{where} has a number that is not finite")


def _read(path: Path, *, columns: Sequence[str] | None = None) -> pa.Table:
    """A table, or some of its columns, if it takes no more memory than its file can account for."""
    with open_table(path) as found:
        text = _check_claim(path, found)
    if text:
        with open_table(path, as_dictionaries=text) as found:
            _check_size(path, sum(_decoded_bytes(column) for column in found.read().columns))
    with open_table(path) as found:
        return found.read(columns=None if columns is None else list(columns))


def _check_claim(path: Path, found: pq.ParquetFile) -> list[str]:
    """Refuse more values than the file can hold; columns of text whose size only reading can tell."""
    groups = [found.metadata.row_group(place) for place in range(found.metadata.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(group.num_columns)]
    _check_size(path, sum(max(8 * chunk.num_values, chunk.total_uncompressed_size) for chunk in chunks))
    text = [chunk for chunk in chunks if chunk.physical_type == "BYTE_ARRAY" and "RLE_DICTIONARY" in chunk.encodings]
    most = sum(chunk.num_values * chunk.total_uncompressed_size for chunk in text)
    return [] if most <= _FREELY else sorted({chunk.path_in_schema for chunk in text})


def _decoded_bytes(cells: Any) -> int:
    """Bytes of a column whose text was read as dictionaries, once it is plain text."""
    if isinstance(cells, pa.ChunkedArray):
        return sum(map(_decoded_bytes, cells.chunks))
    if pa.types.is_dictionary(cells.type):
        lengths = pc.binary_length(cells.dictionary).take(cells.indices)
        return int(pc.sum(lengths.cast(pa.int64())).as_py() or 0)
    if pa.types.is_struct(cells.type):
        return sum(map(_decoded_bytes, cells.flatten()))
    if pa.types.is_map(cells.type):
        return _decoded_bytes(cells.keys) + _decoded_bytes(cells.items)
    if pa.types.is_list(cells.type) or pa.types.is_large_list(cells.type):
        return _decoded_bytes(cells.flatten())
    return int(cells.nbytes)


def _check_size(path: Path, claimed: int) -> None:
    size = path.stat().st_size
    if claimed <= _FREELY:
        return
    if claimed > _MOST_FOLD * size:
        raise ValueError(f"{path.name} claims {format_bytes(claimed)}, but the file has only {format_bytes(size)}")
    if claimed > (free := available_bytes()):
        raise ValueError(f"{path.name} takes {format_bytes(claimed)}, but only {format_bytes(free)} of memory are free")
