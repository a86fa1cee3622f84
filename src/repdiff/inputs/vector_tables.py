"""Tables with vectors in them -> matrices: one column per dimension, or one column of vectors; pandas or Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs import cells
from repdiff.inputs.arrow_files import mapped_arrow
from repdiff.inputs.parquet_files import open_parquet
from repdiff.inputs.tables import as_arrow, read_csv, with_clean_columns

Kind = Literal["vector", "number", "other"]
_COLUMNS_AT_A_TIME = 64
_LIKE_NUMBERS = ("floating", "integer", "mixed-integer-float", "decimal", "boolean")


class VectorTable(Protocol):
    """A table that gives its columns on demand, so that a large one is never held twice.

    Attributes
    ----------
    kinds : mapping of str to Kind
        What each column holds.
    n : int
        Rows.
    """

    kinds: dict[str, Kind]
    n: int

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Some columns, under the table's own index."""

    def vectors(self, name: str) -> npt.NDArray[Any]:
        """A column of vectors as a matrix."""

    def matrix(self, names: Sequence[str]) -> npt.NDArray[Any]:
        """Columns of numbers as a matrix, NaN where one is missing."""


class PandasTable:
    """A DataFrame."""

    def __init__(self, frame: pd.DataFrame, source: str) -> None:
        clean = with_clean_columns(frame, source)
        same_index = len(clean.columns) == len(frame.columns)  # else the index has become a column
        self._frame = clean.set_axis(frame.index, axis=0) if same_index else clean
        self._source = source
        self.n = len(frame)
        self.kinds: dict[str, Kind] = {  # a column is taken out only where its type does not tell: it takes a while
            str(name): "number" if _is_number_type(dtype) else _kind_of_series(self._frame[name])
            for name, dtype in self._frame.dtypes.items()
        }

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Some columns, under the table's own index."""
        return self._frame[list(names)]

    def vectors(self, name: str) -> npt.NDArray[Any]:
        """A column of vectors as a matrix."""
        return cells.stack(self._frame[name], self._source)

    def matrix(self, names: Sequence[str]) -> npt.NDArray[Any]:
        """Columns of numbers as a matrix, NaN where one is missing."""
        features = self._frame[list(names)]
        objects = [name for name, dtype in features.dtypes.items() if pd.api.types.is_object_dtype(dtype)]
        if objects:
            features = features.astype(dict.fromkeys(objects, np.float64))
        kinds = features.dtypes.unique()
        dtype = np.result_type(*map(_numpy_type, kinds))
        masked = any(not isinstance(one, np.dtype) for one in kinds) and features.isna().to_numpy().any()
        if masked and dtype.kind != "f":
            dtype = np.dtype(np.float64)
        return features.to_numpy(dtype=dtype, na_value=np.nan) if masked else features.to_numpy(dtype=dtype)


class ArrowTable:
    """A table of pyarrow, in memory or in a file.

    Parameters
    ----------
    schema : pyarrow.Schema
        Names and types of the columns.
    n : int
        Rows.
    read : callable of list of str to pyarrow.Table
        Gives some of the columns.
    source : str
        What to call the table in messages.
    chunks : callable of str to iterator of arrays, optional
        Gives a column piece by piece, where that takes less memory than the whole.
    """

    def __init__(
        self,
        schema: Any,
        n: int,
        read: Callable[[list[str]], Any],
        source: str,
        chunks: Callable[[str], Iterator[Any]] | None = None,
    ) -> None:
        twice = [name for place, name in enumerate(schema.names) if name in schema.names[:place]]
        if twice:
            raise InputError(f"{source}: two columns are called {twice[0]!r}; rename one")
        self._read, self._source, self.n = read, source, n
        self._chunks = chunks or (lambda name: iter(read([name]).column(name).chunks))
        levels = (schema.pandas_metadata or {}).get("index_columns", [])
        self._index = [level for level in levels if isinstance(level, str) and level in schema.names]
        if any(_names_ids(level) for level in self._index):
            self._index = []
        self._types = {field.name: field.type for field in schema if field.name not in self._index}
        self.kinds: dict[str, Kind] = {
            name: "vector" if _is_text(kind) and self._holds_texts_of_vectors(name) else _kind_of_arrow(kind)
            for name, kind in self._types.items()
        }

    def frame(self, names: Sequence[str]) -> pd.DataFrame:
        """Some columns, under the table's own index."""
        found: pd.DataFrame = self._read([*names, *self._index]).to_pandas()
        if any(name not in found for name in names):  # the index is one of them
            found = found.reset_index()
        return found if len(found) == self.n else pd.DataFrame(index=pd.RangeIndex(self.n))

    def vectors(self, name: str) -> npt.NDArray[Any]:
        """A column of vectors as a matrix."""
        where, kind = f"{self._source}: column {name!r}", self._types[name]
        if hasattr(kind, "shape") and sum(length != 1 for length in kind.shape) > 1:
            raise InputError(f"{where} holds tensors of shape {tuple(kind.shape)}; flatten or pool them")
        storage = kind.storage_type if hasattr(kind, "storage_type") else kind
        if _is_text(kind) or not _is_number(storage.value_type):
            return cells.stack(self._read([name]).column(name).to_pandas().rename(name), self._source)
        return _matrix_of_lists((chunk for chunk in self._chunks(name) if len(chunk)), self.n, where)

    def matrix(self, names: Sequence[str]) -> npt.NDArray[Any]:
        """Columns of numbers as a matrix, NaN where one is missing."""
        values: npt.NDArray[Any] | None = None
        for start in range(0, len(names), _COLUMNS_AT_A_TIME):
            block = list(names[start : start + _COLUMNS_AT_A_TIME])
            table = self._read(block)
            columns = [_numbers(table.column(name)) for name in block]
            dtype = np.result_type(*columns)
            if values is None:
                values = np.empty((self.n, len(names)), dtype)
            elif np.result_type(values, dtype) != values.dtype:
                values = values.astype(np.result_type(values, dtype))
            np.stack(columns, axis=1, out=values[:, start : start + len(block)], casting="same_kind")
        return np.empty((self.n, 0)) if values is None else values

    def _holds_texts_of_vectors(self, name: str) -> bool:
        column = self._read([name]).column(name)
        return cells.holds_vectors(column.slice(0, 1000).to_pandas())


def vector_table_of(data: Any, source: str) -> VectorTable | None:
    """The table of a pandas, polars or pyarrow table, or of a data set of Hugging Face; None for anything else."""
    if isinstance(data, pd.DataFrame):
        return PandasTable(data, source)
    arrow = as_arrow(data)
    return None if arrow is None else arrow_table(arrow, source)


def arrow_table(table: Any, source: str) -> ArrowTable:
    """A table of pyarrow that is in memory or mapped into it."""
    return ArrowTable(table.schema, table.num_rows, table.select, source)


def read_vector_table(path: Path, *, text: str | None = None) -> VectorTable:
    """The table of a .csv, .tsv, .parquet, .feather or .arrow file; a column of the name ``text`` stays text."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        file = open_parquet(path)
        return ArrowTable(file.schema, file.n, file.read, str(path), file.chunks)
    if suffix in (".feather", ".arrow"):
        return arrow_table(mapped_arrow(path), str(path))
    return PandasTable(read_csv(path, text=text), str(path))


def _names_ids(name: str) -> bool:
    from repdiff.inputs.keys import is_name_of_ids

    return is_name_of_ids(name)


def _is_number_type(dtype: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype))


def _kind_of_series(column: pd.Series) -> Kind:
    if cells.holds_vectors(column):
        return "vector"
    if column.dtype == object and pd.api.types.infer_dtype(column, skipna=True) in _LIKE_NUMBERS:
        return "number"
    return "other"


def _kind_of_arrow(kind: Any) -> Kind:
    import pyarrow.types as types

    storage = kind.storage_type if hasattr(kind, "storage_type") else kind
    if types.is_list(storage) or types.is_large_list(storage) or types.is_fixed_size_list(storage):
        inner = storage.value_type
        while hasattr(inner, "value_type") and not types.is_dictionary(inner):
            inner = inner.value_type
        return "vector" if _is_number(inner) else "other"
    return "number" if _is_number(kind) else "other"


def _is_number(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _numbers(column: Any) -> npt.NDArray[Any]:
    import pyarrow as pa

    if pa.types.is_decimal(column.type) or (column.null_count and not pa.types.is_floating(column.type)):
        column = column.cast(pa.float64())
    values: npt.NDArray[Any] = column.to_numpy()
    return values


def _matrix_of_lists(chunks: Iterator[Any], n: int, where: str) -> npt.NDArray[Any]:
    """The matrix of a column of lists of numbers, which is not copied where it lies in one piece."""
    values: npt.NDArray[Any] | None = None
    start, width = 0, -1
    for chunk in chunks:
        if chunk.null_count:
            raise InputError(_without_vector(chunk, chunks, start, where))
        lists = chunk.storage if hasattr(chunk, "storage") else chunk
        width = _width(lists, width, start, where)
        part = np.asarray(lists.flatten().to_numpy(zero_copy_only=False)).reshape(len(lists), width)
        if len(lists) == n:
            return part
        if values is None:
            values = np.empty((n, width), part.dtype)
        if np.result_type(part, values) != values.dtype:  # a later chunk has gaps in its lists
            values = values.astype(np.result_type(part, values))
        values[start : start + len(lists)] = part
        start += len(lists)
    return np.empty((0, 0)) if values is None else values


def _without_vector(chunk: Any, rest: Iterator[Any], start: int, where: str) -> str:
    import pyarrow.compute as pc

    row = start + pc.index(chunk.is_null(), True).as_py()
    count = chunk.null_count + sum(other.null_count for other in rest)
    return (
        f"{where}: row {row} has no vector ({count:,} such {'row' if count == 1 else 'rows'}); "
        "remove those rows from both sides, or fill them in"
    )


def _width(lists: Any, width: int, start: int, where: str) -> int:
    """How many numbers each list has; the same as in the earlier lists, where there were any."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_fixed_size_list(lists.type):
        return int(lists.type.list_size)
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    width = int(lengths[0]) if width < 0 else width
    odd = np.flatnonzero(lengths != width)
    if len(odd):
        row = int(odd[0])
        raise InputError(
            f"{where} is ragged: row 0 has {width} values and row {start + row} {lengths[row]}; "
            "give every row the same number"
        )
    return width


def _numpy_type(dtype: Any) -> np.dtype[Any]:
    """Type of a column, also where pandas keeps it sparse or with a mask."""
    dtype = getattr(dtype, "subtype", dtype)
    numpy_type: np.dtype[Any] = np.dtype(getattr(dtype, "numpy_dtype", dtype))
    return numpy_type if numpy_type.kind != "O" else np.dtype(np.float64)
