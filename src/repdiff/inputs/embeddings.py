"""One side's embeddings, from an array, a table or a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.core.files import one_line, reader_of, reading
from repdiff.inputs.arrays import ARRAY_READERS, tensor_to_array
from repdiff.inputs.ids import Ids, as_ids
from repdiff.inputs.tables import ID, TABLE_READERS, as_table, with_clean_columns

_ID_ARRAYS = (ID, "ids")
_VALUES = "embeddings"


@dataclass(frozen=True)
class Embeddings:
    """One side as it came in: a numeric matrix, not yet checked further.

    Attributes
    ----------
    values : ndarray of float32 or float64, (n, d), C-contiguous
        One row per item. float32 and float64 are kept; narrower types become float32, wider integers float64.
    ids : ndarray of str objects, (n,), or None
        Row identity where the source carries one.
    source : str
        What to call it in messages: a file's path, or "x" / "y".
    columns : tuple of str, or None
        Names of the d columns where they have names.
    """

    values: npt.NDArray[Any]
    ids: Ids | None
    source: str
    columns: tuple[str, ...] | None = None

    def sha256(self) -> str:
        """Hash of shape, type and values, for the manifest."""
        digest = hashlib.sha256(f"{self.values.shape} {self.values.dtype.str} ".encode())
        digest.update(self.values.data)
        return digest.hexdigest()


def as_embeddings(data: Any, *, source: str) -> Embeddings:
    """Embeddings of an array, a tensor, a path, a mapping of arrays, or a pandas, polars or pyarrow table.

    Parameters
    ----------
    data : array_like (n, d), mapping, table, or path
        A mapping holds one matrix, and ids under "id" or "ids". A table holds ids in a column ``id``, and either one
        column per feature or one column of lists.
    source : str
        What to call it in messages where it is no path.

    Raises
    ------
    InputError
        Where it is no numeric matrix.
    """
    if isinstance(data, str | Path):
        return read_embeddings(data)
    if isinstance(data, Mapping):
        return _of_arrays({str(name): _to_array(values, source) for name, values in data.items()}, source)
    table = as_table(data)
    if table is not None:
        return _of_table(table, source)
    return Embeddings(_numeric(_to_array(data, source), source), None, source)


def read_embeddings(path: str | Path) -> Embeddings:
    """Embeddings of a .npy, .npz, .safetensors, .pt, .h5, .csv, .parquet, .feather or .arrow file.

    Raises
    ------
    InputError
        Where the file cannot be read, or holds no numeric matrix.
    """
    path = Path(path)
    reader_of(path, {**ARRAY_READERS, **TABLE_READERS}, what="embeddings")
    suffix = path.suffix.lower()
    with reading(path):
        if suffix in ARRAY_READERS:
            return _of_arrays(ARRAY_READERS[suffix](path), str(path))
        return _of_table(TABLE_READERS[suffix](path), str(path))


def _of_arrays(arrays: Mapping[str, npt.NDArray[Any]], source: str) -> Embeddings:
    names_of_ids = [name for name in _ID_ARRAYS if name in arrays]
    matrices = [name for name in arrays if name not in names_of_ids]
    if len(matrices) > 1:
        wide = [name for name in matrices if arrays[name].ndim > 1]
        matrices = [_VALUES] if _VALUES in matrices else wide
    if len(matrices) != 1:
        found = ", ".join(map(repr, arrays)) or "nothing"
        raise InputError(f'{source}: holds {found}; keep one matrix, or call the one to use "{_VALUES}"')
    values = _numeric(arrays[matrices[0]], source)
    if not names_of_ids:
        return Embeddings(values, None, source)
    ids = arrays[names_of_ids[0]]
    if ids.shape != (len(values),):
        raise InputError(
            f"{source}: ids have shape {ids.shape}, but there are {len(values):,} rows; give one id per row"
        )
    return Embeddings(values, as_ids(ids, source), source)


def _of_table(table: pd.DataFrame, source: str) -> Embeddings:
    frame = with_clean_columns(table, source)
    ids = as_ids(frame[ID], source) if ID in frame else None
    features = frame.drop(columns=ID, errors="ignore")
    lists = [name for name in features if _holds_lists(features[name])]
    if len(lists) > 1:
        raise InputError(f"{source}: columns {lists[0]!r} and {lists[1]!r} both hold lists; keep the one to compare")
    if lists:
        return Embeddings(_numeric(_stack(features[lists[0]], source), source), ids, source)
    if not len(features.columns):
        raise InputError(f"{source}: has no column of features beside the ids")
    _require_numeric_columns(features, source)
    values = features.to_numpy(dtype=np.result_type(*features.dtypes.map(_numpy_type)), na_value=np.nan)
    return Embeddings(_numeric(values, source), ids, source, tuple(map(str, features)))


def _require_numeric_columns(features: pd.DataFrame, source: str) -> None:
    for place, name in enumerate(map(str, features)):
        column = features[name]
        if name == "" or name.startswith("Unnamed: "):
            raise InputError(f"{source}: column {place} has no name; is it a saved index? name it {ID!r}, or drop it")
        if not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)):
            wrong = pd.to_numeric(column, errors="coerce").isna().to_numpy()
            row = int(wrong.argmax()) if wrong.any() else 0
            raise InputError(
                f"{source}: column {name!r} is not numeric: row {row} holds {str(column.iloc[row])[:40]!r}; "
                f"drop the column, or call it {ID!r} if it tells the items apart"
            )


def _holds_lists(column: pd.Series) -> bool:
    return column.dtype == object and isinstance(column.dropna().iloc[:1].squeeze(), np.ndarray | list | tuple)


def _stack(column: pd.Series, source: str) -> npt.NDArray[Any]:
    lengths = np.array([-1 if value is None else np.size(value) for value in column])
    odd = np.flatnonzero(lengths != lengths[0])
    if len(odd) or lengths[0] < 0:
        row = int(odd[0]) if len(odd) else 0
        raise InputError(
            f"{source}: column {column.name!r} is ragged: row 0 has {max(lengths[0], 0)} values and row {row} "
            f"{max(lengths[row], 0)}; give every row the same number"
        )
    return np.array(column.tolist())


def _to_array(data: Any, source: str) -> npt.NDArray[Any]:
    if hasattr(data, "detach"):
        return tensor_to_array(data)
    if hasattr(data, "toarray"):  # a SciPy sparse matrix
        data = data.toarray()
    try:
        return np.asarray(data)
    except ValueError as error:
        raise InputError(f"{source}: is ragged, or no array: {one_line(error)}") from error


def _numeric(values: npt.NDArray[Any], source: str) -> npt.NDArray[Any]:
    """The values as a C-contiguous matrix of float32 or float64."""
    if values.dtype.kind not in "fiub":
        what = "Python objects" if values.dtype == object else f"values of type {values.dtype}"
        raise InputError(f"{source}: holds {what}, not numbers")
    if values.ndim != 2:
        raise InputError(
            f"{source}: has shape {values.shape}, but embeddings are a matrix with one row per item; "
            "flatten or pool what each item has"
        )
    return np.ascontiguousarray(values, dtype=_float_type(values.dtype))


def _float_type(dtype: np.dtype[Any]) -> npt.DTypeLike:
    if dtype.kind == "f":
        return np.float32 if dtype.itemsize <= 4 else np.float64
    return np.float32 if dtype.itemsize <= 2 else np.float64


def _numpy_type(dtype: Any) -> np.dtype[Any]:
    """Type of a column, also where pandas keeps it with a mask."""
    numpy_type: np.dtype[Any] = np.dtype(getattr(dtype, "numpy_dtype", dtype))
    return numpy_type
