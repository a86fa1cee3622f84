"""The table of items: ids, images, text, labels, predictions and any metadata."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.core.files import reader_of, reading
from repdiff.inputs.folders import list_folder
from repdiff.inputs.ids import Ids, as_ids, row_numbers
from repdiff.inputs.tables import ID, TABLE_READERS, as_table, with_clean_columns

ROLES = ("image", "text", "label", "prediction_x", "prediction_y")
RESULT_COLUMNS = ("x_only", "y_only", "x_only_no_change", "y_only_no_change")


@dataclass(frozen=True)
class Items:
    """The items, and which of their columns mean what.

    Attributes
    ----------
    frame : DataFrame, n rows
        Row i is item i. The first column is ``id``: unique text (row numbers where the source had none).
    image, text, label, prediction_x, prediction_y : str or None
        Column of that meaning.
    image_root : Path or None
        Folder that relative image paths start from.
    has_ids : bool
        Whether the source carried ids.
    """

    frame: pd.DataFrame
    image: str | None = None
    text: str | None = None
    label: str | None = None
    prediction_x: str | None = None
    prediction_y: str | None = None
    image_root: Path | None = None
    has_ids: bool = True


def bare_items(n: int, ids: Ids | None) -> Items:
    """Items that nothing is known of but their ids, or their row numbers."""
    return Items(pd.DataFrame({ID: row_numbers(n) if ids is None else ids}), has_ids=ids is not None)


def as_items(data: Any, *, images: str | Path | None = None, **roles: str | None) -> Items:
    """Items of a path, a folder of images, a pandas, polars or pyarrow table, or a plain sequence of ids.

    Parameters
    ----------
    data : table, path, or sequence of ids
        See :class:`Items`.
    images : path, optional
        Folder that image paths start from; the table's own folder by default.
    **roles : str or None
        ``image``, ``text``, ``label``, ``prediction_x``, ``prediction_y``: the column of that meaning. A column that
        bears the role's own name is taken where none is named.

    Raises
    ------
    InputError
        Where the table cannot be read, a named column is not there, or a column has a name that results use.
    """
    if isinstance(data, str | Path) and Path(data).is_dir():
        return _of_folder(Path(data), images, roles)
    if isinstance(data, str | Path):
        return read_items(data, images=images, **roles)
    table = as_table(data)
    if table is None:
        ids = np.asarray(data, dtype=object)
        if ids.ndim != 1 or isinstance(data, dict):
            raise InputError(f"items: must be a table, a path or a sequence of ids, but is {type(data).__name__}")
        table = pd.DataFrame({ID: ids})
    return _items(table, "items", _image_root(images, Path.cwd()), roles)


def read_items(path: str | Path, *, images: str | Path | None = None, **roles: str | None) -> Items:
    """Items of a .csv, .parquet, .feather or .arrow file; see :func:`as_items`."""
    path = Path(path)
    reader = reader_of(path, TABLE_READERS, what="items")
    with reading(path):
        table = reader(path)
    return _items(table, str(path), _image_root(images, path.resolve().parent), roles)


def _of_folder(path: Path, images: str | Path | None, roles: dict[str, str | None]) -> Items:
    if images is not None:
        raise InputError(f"{path}: is a folder of images itself; leave the other one, {images}, away")
    folder = list_folder(path)
    metadata = folder.table.drop(columns=ID)
    meanings = {role: _column_of(role, roles.get(role), metadata, str(path)) for role in ROLES}
    return Items(folder.table, **meanings, image_root=folder.root, has_ids=True)


def _items(table: pd.DataFrame, source: str, image_root: Path, roles: dict[str, str | None]) -> Items:
    frame = with_clean_columns(table, source)
    taken = [name for name in RESULT_COLUMNS if name in frame]
    if taken:
        raise InputError(f"{source}: column {taken[0]!r} has a name that results use; rename it")
    has_ids = ID in frame
    ids = as_ids(frame[ID], source) if has_ids else row_numbers(len(frame))
    metadata = frame.drop(columns=ID, errors="ignore")
    columns = {name: _storable(metadata[name]) for name in metadata}
    meanings = {role: _column_of(role, roles.get(role), metadata, source) for role in ROLES}
    return Items(pd.DataFrame({ID: ids, **columns}), **meanings, image_root=image_root, has_ids=has_ids)


def _column_of(role: str, name: str | None, metadata: pd.DataFrame, source: str) -> str | None:
    if name is None:
        return role if role in metadata else None
    if name == ID or name in metadata:
        return name
    close = difflib.get_close_matches(name, metadata.columns, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"columns are {', '.join(map(repr, metadata))}"
    raise InputError(f"{source}: no column {name!r} for {role}; {hint}")


def _image_root(images: str | Path | None, default: Path) -> Path:
    if images is None:
        return default
    if not Path(images).is_dir():
        raise InputError(f"{images}: no such folder of images")
    return Path(images).resolve()


def _storable(column: pd.Series) -> pd.Series:
    """The column, as text where its values are of several kinds and no file format could hold them."""
    if column.dtype != object:
        return column
    import pyarrow as pa

    try:
        pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return column.map(str, na_action="ignore")
    return column
