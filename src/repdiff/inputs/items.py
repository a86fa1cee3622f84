"""The table of items: ids, images, text, labels, predictions and any metadata."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.core.files import reader_of, reading
from repdiff.inputs.anndata_files import read_obs
from repdiff.inputs.folders import list_folder
from repdiff.inputs.ids import Ids, as_ids, row_numbers
from repdiff.inputs.keys import Key, index_key, is_name_of_ids, named_ids
from repdiff.inputs.saved_datasets import arrow_of, is_saved_dataset
from repdiff.inputs.storable import storable
from repdiff.inputs.tables import ID, TABLE_READERS, as_table, read_csv, with_clean_columns
from repdiff.inputs.wording import few

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
        Column with that role.
    image_root : Path or None
        Folder that relative image paths start from.
    has_ids : bool
        Whether the source had ids.
    ids_from : str
        Where they were found, such as ``column 'ID'``; "" where they are called ``id``.
    index : Key or None
        An index that may hold the ids of the embeddings.
    pictures : tuple of (bytes or None), or None
        Image files that the table itself holds, one for each row.
    """

    frame: pd.DataFrame
    image: str | None = None
    text: str | None = None
    label: str | None = None
    prediction_x: str | None = None
    prediction_y: str | None = None
    image_root: Path | None = None
    has_ids: bool = True
    ids_from: str = field(default="", compare=False)
    index: Key | None = field(default=None, compare=False, repr=False)
    pictures: tuple[bytes | None, ...] | None = field(default=None, compare=False, repr=False)

    def take(self, rows: npt.NDArray[np.int64]) -> Items:
        """The items of these rows, in this order."""
        pictures = None if self.pictures is None else tuple(self.pictures[row] for row in rows.tolist())
        return replace(self, frame=self.frame.iloc[rows].reset_index(drop=True), index=None, pictures=pictures)


def bare_items(n: int, ids: Ids | None) -> Items:
    """Items of which only the ids, or the row numbers, are known."""
    return Items(pd.DataFrame({ID: row_numbers(n) if ids is None else ids}), has_ids=ids is not None)


def as_items(
    data: Any, *, images: str | Path | None = None, id_column: str | None = None, **roles: str | None
) -> Items:
    """Items of a path, a folder of images, a pandas, polars or pyarrow table, or a plain sequence of ids.

    Parameters
    ----------
    data : table, path, or sequence of ids
        See :class:`Items`.
    images : path, optional
        Folder that image paths start from; the table's own folder by default.
    id_column : str, optional
        The column that holds the ids, where it is not called ``id``.
    **roles : str or None
        ``image``, ``text``, ``label``, ``prediction_x``, ``prediction_y``: the column with that role; by default a
        column with the role's own name.

    Raises
    ------
    InputError
        Where the table cannot be read, a named column is missing, or a column has a name that results use.
    """
    if isinstance(data, str | Path) and Path(data).is_dir() and not is_saved_dataset(Path(data)):
        return _of_folder(Path(data), images, roles)
    if isinstance(data, str | Path):
        return read_items(data, images=images, id_column=id_column, **roles)
    table = as_table(data)
    if table is None:
        ids = np.asarray(data, dtype=object)
        if ids.ndim != 1 or isinstance(data, dict):
            raise InputError(f"items: must be a table, a path or a sequence of ids, but is {type(data).__name__}")
        table = pd.DataFrame({ID: ids})
    return _items(table, "items", _image_root(images, Path.cwd()), roles, id_column)


def read_items(
    path: str | Path, *, images: str | Path | None = None, id_column: str | None = None, **roles: str | None
) -> Items:
    """Items of a .csv, .tsv, .parquet, .feather, .arrow or .h5ad file, or of a saved data set; see :func:`as_items`."""
    path = Path(path)
    if path.is_dir() and is_saved_dataset(path):
        with reading(path):
            return _items(arrow_of(path).to_pandas(), str(path), _image_root(images, path.resolve()), roles, id_column)
    reader = reader_of(path, {**TABLE_READERS, ".h5ad": read_obs}, what="items")
    with reading(path):
        table = read_csv(path, text=id_column) if path.suffix.lower() in (".csv", ".tsv") else reader(path)
    return _items(table, str(path), _image_root(images, path.resolve().parent), roles, id_column)


def _of_folder(path: Path, images: str | Path | None, roles: dict[str, str | None]) -> Items:
    if images is not None:
        raise InputError(f"{path}: is itself a folder of images; drop the other one, {images}")
    folder = list_folder(path)
    metadata = folder.table.drop(columns=ID)
    meanings = {role: _column_of(role, roles.get(role), metadata, str(path)) for role in ROLES}
    items = Items(folder.table, image_root=folder.root, has_ids=True)
    return replace(items, **meanings)  # type: ignore[arg-type]


def _items(
    table: pd.DataFrame, source: str, image_root: Path, roles: dict[str, str | None], id_column: str | None
) -> Items:
    frame = with_clean_columns(table, source)
    index = index_key(table.index, len(table)) if len(frame.columns) == len(table.columns) else None
    taken = [name for name in RESULT_COLUMNS if name in frame]
    if taken:
        raise InputError(f"{source}: column {taken[0]!r} has a name that results use; rename it")
    id_name = named_ids(frame.columns, id_column, source)
    by_index = id_name is None and index is not None and index.is_text
    ids = index.ids if index is not None and by_index else row_numbers(len(frame))
    if id_name is not None:
        ids = as_ids(frame[id_name], source)
    drops = [name for name in (ID, id_name) if name is not None and (name == ID or is_name_of_ids(name))]
    metadata = frame.drop(columns=drops, errors="ignore")
    meanings = {role: _column_of(role, roles.get(role), metadata, source) for role in ROLES}
    metadata, pictures = _taken_out(metadata, meanings["image"])
    columns = {name: storable(metadata[name]) for name in metadata}
    items = Items(
        pd.DataFrame({ID: ids, **columns}),
        image_root=image_root,
        has_ids=id_name is not None or by_index,
        ids_from=index.title
        if index is not None and by_index
        else ""
        if id_name in (ID, None)
        else f"column {id_name!r}",
        index=index,
        pictures=pictures,
    )
    return replace(items, **meanings)  # type: ignore[arg-type]


def _taken_out(metadata: pd.DataFrame, image: str | None) -> tuple[pd.DataFrame, tuple[bytes | None, ...] | None]:
    """The table with names in place of the images that ``datasets`` stores in it; and those image files."""
    if image is None or image not in metadata:
        return metadata, None
    cells = metadata[image].tolist()
    if not any(isinstance(cell, dict) and {"bytes", "path"} <= set(cell) for cell in cells):
        return metadata, None
    facts = [cell if isinstance(cell, dict) else {} for cell in cells]
    files = tuple(fact.get("bytes") for fact in facts)
    names = [
        fact.get("path") or (f"image of row {row}" if fact.get("bytes") is not None else None)
        for row, fact in enumerate(facts)
    ]
    return metadata.assign(**{image: pd.Series(names, dtype=object)}), files


def _column_of(role: str, name: str | None, metadata: pd.DataFrame, source: str) -> str | None:
    if name is None:
        return role if role in metadata else None
    if name == ID or name in metadata:
        return name
    if is_name_of_ids(name):
        return ID
    close = difflib.get_close_matches(name, metadata.columns, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"columns are {few(metadata, most=20, quoted=True)}"
    raise InputError(f"{source}: no column {name!r} for {role}; {hint}")


def _image_root(images: str | Path | None, default: Path) -> Path:
    if images is None:
        return default
    if not Path(images).is_dir():
        raise InputError(f"{images}: no such folder of images")
    return Path(images).resolve()
