"""One side's embeddings, from an array, a table, a file or several files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.files import reader_of, reading
from repdiff.inputs import sources
from repdiff.inputs.anndata_files import read_anndata, read_obs
from repdiff.inputs.arrays import ARRAY_READERS, PART_MAPPED_ABOVE, read_npy
from repdiff.inputs.ids import Ids, as_ids
from repdiff.inputs.keys import Key, index_key, key_of, keys_of_arrays, keys_of_columns, named_ids
from repdiff.inputs.numbers import to_array, to_matrix
from repdiff.inputs.saved_datasets import is_saved_dataset, read_saved_dataset
from repdiff.inputs.tables import TABLE_READERS
from repdiff.inputs.vector_tables import VectorTable, read_vector_table, vector_table_of
from repdiff.inputs.wording import few

_VALUES = "embeddings"
_NUMBERED = re.compile(r"^(arr_)?\d+$")  # what numpy.savez calls arrays that were given without names
# Names of numeric columns that are not dimensions.
_ROWS = re.compile(r"^(index|idx|row|item|key|level_0|.*[_\s.-](id|ids|idx|index))$", re.IGNORECASE)
_LABELS = re.compile(r"^(label|labels|target|targets|class|classes|class_?id|label_?id|split|fold)$", re.IGNORECASE)
_ROWS_HASHED = 4096  # between checks for Ctrl-C
_LOOKED_AT = 1000  # rows that are searched for columns of whole numbers


@dataclass(frozen=True)
class Embeddings:
    """One side as it was read: a numeric matrix, not yet checked further.

    Attributes
    ----------
    values : ndarray of float32 or float64, (n, d), C-contiguous
        One row per item. float32 and float64 are kept; narrower types become float32, wider integers float64.
    ids : ndarray of str objects, (n,), or None
        Ids of the rows, where the source names them as ids.
    source : str
        What to call it in messages: a file's path, or "x" / "y".
    columns : tuple of str, or None
        Names of the d columns where they have names.
    ids_from : str
        Where the ids were found, such as ``column 'ID'``; "" where there are none.
    keys : tuple of Key
        What else may identify the rows.
    warnings : tuple of str
        What a reader of the result must know, such as columns that are not used.
    """

    values: npt.NDArray[Any]
    ids: Ids | None
    source: str
    columns: tuple[str, ...] | None = None
    ids_from: str = ""
    keys: tuple[Key, ...] = ()
    warnings: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Hash of shape, type and values, for the manifest."""
        digest = hashlib.sha256(f"{self.values.shape} {self.values.dtype.str} ".encode())
        for start in range(0, len(self.values), _ROWS_HASHED):
            digest.update(self.values[start : start + _ROWS_HASHED].data)
        return digest.hexdigest()


def as_embeddings(data: Any, *, source: str, id_column: str | None = None) -> Embeddings:
    """Embeddings of an array, a tensor, a path, several paths, a mapping of arrays, or a table of any library.

    Parameters
    ----------
    data : array_like (n, d), mapping, table, path, or list of paths
        A mapping holds one matrix, and ids under "id" or "ids"; or one vector per item, under its id. A table holds
        ids in a column ``id``, and either one column per feature or one column of vectors. A path may end in
        ``:NAME``, the column or array to take, and may have ``*`` in it.
    source : str
        What to call it in messages where it is no path.
    id_column : str, optional
        The column or array that holds the ids, where it is not called ``id``.

    Raises
    ------
    InputError
        Where it is no numeric matrix.
    """
    if isinstance(data, Embeddings):
        return data
    if sources.is_path(data) or sources.are_paths(data):
        return read_embeddings(data, id_column=id_column)
    if isinstance(data, Mapping):
        return _of_arrays({str(name): to_array(values, source) for name, values in data.items()}, source, id_column)
    if hasattr(data, "obsm") and hasattr(data, "obs"):
        raise InputError(f"{source}: is an AnnData object; give one of its matrices, such as adata.obsm['X_pca']")
    table = vector_table_of(data, source)
    if table is not None:
        return _of_table(table, source, id_column=id_column)
    values = to_matrix(to_array(data, source), source)
    return Embeddings(values, None, source, warnings=_notes_on_columns(values, None, source))


def read_embeddings(path: str | Path | list[str | Path], *, id_column: str | None = None) -> Embeddings:
    """Embeddings of a file, of one column or array in it (``FILE:NAME``), or of several files (``part-*.npy``).

    Raises
    ------
    InputError
        Where a file cannot be read, or holds no numeric matrix.
    """
    places = sources.find(path)
    if len(places) == 1 and not sources.has_wildcard(path):
        return read_place(places[0], id_column)
    name = str(path) if sources.is_path(path) else few(place.title for place in places)
    return joined([read_place(place, id_column, is_part=True) for place in places], name)


def read_place(place: sources.Place, id_column: str | None = None, *, is_part: bool = False) -> Embeddings:
    """Embeddings of one file, or of one column or array in it; a part in .npy format is mapped, not read."""
    path, source = place.path, place.title
    if path.is_dir() and is_saved_dataset(path):
        with reading(path):
            return _of_table(read_saved_dataset(path), source, place.name, id_column)
    if path.suffix.lower() == ".h5ad" and path.is_file():
        with reading(path):
            values, ids = read_anndata(path, place.name)
        return Embeddings(to_matrix(values, source), as_ids(ids, source), source, ids_from="obs")
    readers: dict[str, Callable[[Path], Any]] = {**ARRAY_READERS, **TABLE_READERS, ".h5ad": read_obs}
    reader_of(path, readers, what="embeddings")
    suffix = path.suffix.lower()
    with reading(path):
        if suffix == ".npy" and is_part:
            return _of_arrays(read_npy(path, mapped_above=PART_MAPPED_ABOVE), source, id_column, place.name)
        if suffix in ARRAY_READERS:
            return _of_arrays(ARRAY_READERS[suffix](path), source, id_column, place.name)
        return _of_table(read_vector_table(path, text=id_column), source, place.name, id_column)


def joined(parts: list[Embeddings], source: str, values: npt.NDArray[Any] | None = None) -> Embeddings:
    """Several files as one, in order; ``values`` are their values where these are together already."""
    first = parts[0]
    for part in parts:
        if part.values.shape[1] != first.values.shape[1] or part.columns != first.columns:
            raise InputError(
                f"{part.source}: has {part.values.shape[1]} columns and {first.source} {first.values.shape[1]}, or "
                "their names differ; all parts of one representation must have the same columns"
            )
        if (part.ids is None) != (first.ids is None):
            raise InputError(f"{part.source} and {first.source}: one has ids and the other none; give both ids")
    ids = None
    if first.ids is not None:
        ids = as_ids(np.concatenate([part.ids for part in parts if part.ids is not None]), source)
    titles = [key.title for key in first.keys if all(any(k.title == key.title for k in part.keys) for part in parts)]
    keys = []
    for title in titles:
        own = [next(key for key in part.keys if key.title == title) for part in parts]
        keys.append(key_of(np.concatenate([key.ids for key in own]), own[0].name, title))
    told = f"{source}: {len(parts)} files were joined, {first.source} first and {parts[-1].source} last"
    return Embeddings(
        np.concatenate([part.values for part in parts]) if values is None else values,
        ids,
        source,
        first.columns,
        first.ids_from,
        tuple(key for key in keys if key is not None),
        (told, *dict.fromkeys(line for part in parts for line in part.warnings)),
    )


def _of_arrays(
    arrays: Mapping[str, npt.NDArray[Any]], source: str, id_column: str | None, chosen: str | None = None
) -> Embeddings:
    if chosen is not None and chosen not in arrays:
        raise InputError(f"{source}: there is no array {chosen!r}; it holds {_listed(arrays)}")
    id_name = named_ids(arrays, id_column, source)
    matrices = [name for name in arrays if name != id_name] if chosen is None else [chosen]
    if chosen is None and id_name is None and _is_one_per_item(arrays):
        return _of_one_per_item(arrays, source)
    if len(matrices) > 1:
        wide = [name for name in matrices if arrays[name].ndim > 1]
        matrices = [_VALUES] if _VALUES in matrices else wide
    if len(matrices) != 1:
        advice = f'choose one with FILE:NAME, keep one, or call the one to use "{_VALUES}"'
        raise InputError(f"{source}: holds {_listed(arrays)}; {advice}")
    values = to_matrix(arrays[matrices[0]], source)
    others = {name: array for name, array in arrays.items() if name not in (id_name, matrices[0])}
    keys = keys_of_arrays(others, len(values))
    unused = _unused(others, f"array {matrices[0]!r}", source, keys)
    warnings = (*unused, *_notes_on_columns(values, None, source))
    if id_name is None:
        return Embeddings(values, None, source, keys=keys, warnings=warnings)
    ids = arrays[id_name]
    if ids.shape != (len(values),):
        raise InputError(
            f"{source}: ids have shape {ids.shape}, but there are {len(values):,} rows; give one id per row"
        )
    return Embeddings(values, as_ids(ids, source), source, None, _title("array", id_name), keys, warnings)


def _is_one_per_item(arrays: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Whether each array is the vector of one item, under its id."""
    shapes = {array.shape for array in arrays.values()}
    if len(arrays) < 2 or len(shapes) != 1:
        return False
    shape = shapes.pop()
    return sum(length != 1 for length in shape) == 1 and all(array.dtype.kind in "fV" for array in arrays.values())


def _of_one_per_item(arrays: Mapping[str, npt.NDArray[Any]], source: str) -> Embeddings:
    if all(map(_NUMBERED.match, arrays)) and any(name.startswith("arr_") for name in arrays):
        names, ids = sorted(arrays, key=lambda name: int(name.removeprefix("arr_"))), None
    else:
        names = list(arrays)
        ids = as_ids(names, source)
    values = to_matrix(np.stack([arrays[name].reshape(-1) for name in names]), source)
    told = f"{source}: its {len(names):,} arrays were read as one vector per item"
    told += ", in the order of their numbers" if ids is None else " with their names as ids"
    return Embeddings(values, ids, source, None, "" if ids is None else "names of arrays", warnings=(told,))


def _of_table(table: VectorTable, source: str, chosen: str | None = None, id_column: str | None = None) -> Embeddings:
    if chosen is not None and chosen not in table.kinds:
        raise InputError(f"{source}: there is no column {chosen!r}; it has {_listed(table.kinds)}")
    if chosen is not None and table.kinds[chosen] != "vector":
        raise InputError(f"{source}: column {chosen!r} holds no vectors; choose a column of lists of numbers")
    id_name = named_ids(table.kinds, id_column, source)
    vectors = [name for name, kind in table.kinds.items() if kind == "vector" and name != id_name]
    if len(vectors) > 1 and chosen is None:
        where = f"{source}:{vectors[0]}" if sources.is_there(source) else f"table[[{vectors[0]!r}]]"
        raise InputError(f"{source}: columns {_listed(vectors)} hold vectors; choose one, as in {where}")
    if chosen is not None or vectors:
        return _of_vectors(table, chosen or vectors[0], source, id_name)
    return _of_features(table, source, id_name)


def _of_vectors(table: VectorTable, name: str, source: str, id_name: str | None) -> Embeddings:
    values = to_matrix(table.vectors(name), source)
    others = [other for other, kind in table.kinds.items() if other not in (name, id_name) and kind != "vector"]
    frame = table.frame([*others, *([] if id_name is None else [id_name])])
    keys = [*keys_of_columns(frame[others]), index_key(frame.index, table.n)]
    found = tuple(key for key in keys if key is not None)
    rest = [other for other in table.kinds if other not in (name, id_name)]
    warnings = _unused(rest, f"column {name!r}", source, found)
    ids = None if id_name is None else as_ids(frame[id_name], source)
    ids_from = "" if id_name is None else _title("column", id_name)
    return Embeddings(values, ids, source, None, ids_from, found, warnings)


def _of_features(table: VectorTable, source: str, id_name: str | None) -> Embeddings:
    """One column per feature; columns of ids or labels are not features."""
    features = [name for name, kind in table.kinds.items() if kind == "number" and name != id_name]
    others = [name for name, kind in table.kinds.items() if kind != "number" and name != id_name]
    _refuse_unnamed(list(table.kinds), others, source)
    numbering = [name for name in features if _ROWS.match(name)]
    labels = [name for name in features if _LABELS.match(name)]
    features = [name for name in features if name not in numbering]
    frame = table.frame([*others, *numbering, *([] if id_name is None else [id_name])])
    keys = {name: key_of(frame[name], name, f"column {name!r}") for name in (*others, *numbering)}
    for name in (*others, *numbering):
        if keys[name] is None:
            raise InputError(_no_key(name, frame[name], source, is_number=name in numbering))
    if labels:
        raise InputError(
            f"{source}: column {labels[0]!r} has a name for labels, so it is not read as a dimension; drop it "
            "(labels belong in the table of items), or rename it"
        )
    if not features:
        raise InputError(f"{source}: has no column of features besides the ids")
    values = to_matrix(table.matrix(features), source)
    ids = None if id_name is None else as_ids(frame[id_name], source)
    ids_from = "" if id_name is None else _title("column", id_name)
    found = (*keys.values(), index_key(frame.index, table.n))
    not_used = tuple(f"{source}: column {name!r} was read as names of the rows, not as a dimension" for name in keys)
    return Embeddings(
        values, ids, source, tuple(features), ids_from, tuple(filter(None, found)),
        (*not_used, *_notes_on_columns(values, features, source)),
    )  # fmt: skip


def _refuse_unnamed(names: list[str], others: list[str], source: str) -> None:
    for place, name in enumerate(names):
        if (name == "" or name.startswith("Unnamed: ")) and name not in others:
            raise InputError(f"{source}: column {place} has no name; is it a saved index? name it 'id', or drop it")


def _no_key(name: str, column: Any, source: str, *, is_number: bool) -> str:
    import pandas as pd

    if is_number:
        return (
            f"{source}: column {name!r} has a name for ids, but its values cannot be ids: they repeat, have gaps or "
            "are not whole numbers; rename it if it is a dimension, or drop it"
        )
    wrong = pd.to_numeric(column, errors="coerce").isna().to_numpy()
    row = int(wrong.argmax()) if wrong.any() else 0
    return (
        f"{source}: column {name!r} is not numeric: row {row} holds {str(column.iloc[row])[:40]!r}; "
        "drop the column, or rename it 'id' if it identifies the items"
    )


def _notes_on_columns(values: npt.NDArray[Any], names: list[str] | None, source: str) -> tuple[str, ...]:
    """A note on columns that hold only whole numbers while most others do not; they may be ids or labels."""
    few_rows = values[:_LOOKED_AT]
    with np.errstate(invalid="ignore"):
        whole = (few_rows == np.rint(few_rows)).all(axis=0) & (few_rows != few_rows[:1]).any(axis=0)
    if not len(values) or whole.all() or 2 * whole.sum() > len(whole):
        return ()
    found = [column for column in np.flatnonzero(whole) if (values[:, column] == np.rint(values[:, column])).all()]
    if not found:
        return ()
    called = few([column if names is None else names[column] for column in found], quoted=names is not None)
    one = len(found) == 1
    return (
        f"{source}: {'column' if one else 'columns'} {called} {'holds' if one else 'hold'} whole numbers only, "
        "unlike the others; drop what is not a dimension (an id, a label)",
    )


def _unused(names: Collection[str], used: str, source: str, keys: Iterable[Key]) -> tuple[str, ...]:
    """A note on columns that are neither vectors nor may identify rows."""
    rest = set(names) - {key.name for key in keys if key.is_text}
    unused = [name for name in names if name in rest]
    return (f"{source}: {used} is used, but not {few(unused, quoted=True)}",) if unused else ()


def _listed(names: Iterable[str]) -> str:
    return few(names, quoted=True) or "nothing"


def _title(what: str, name: str) -> str:
    return name if name == "id" else f"{what} {name!r}"
