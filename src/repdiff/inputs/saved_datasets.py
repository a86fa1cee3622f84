"""Folders that Hugging Face ``datasets`` saved: Arrow files beside a list of them. The library itself is not needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.core.regular import read_json
from repdiff.inputs.arrow_files import mapped_arrow
from repdiff.inputs.vector_tables import VectorTable, arrow_table
from repdiff.inputs.wording import few

_STATE, _SPLITS = "state.json", "dataset_dict.json"


def is_saved_dataset(path: Path) -> bool:
    """Whether the folder was made by ``save_to_disk``."""
    return (path / _STATE).is_file() or (path / _SPLITS).is_file()


def read_saved_dataset(path: Path) -> VectorTable:
    """The table of such a folder; see :func:`arrow_of`."""
    return arrow_table(arrow_of(path), str(path))


def arrow_of(path: Path) -> Any:
    """The Arrow table of a saved data set; its columns stay in the files until they are used.

    Raises
    ------
    InputError
        Where it holds several splits, or its files are not there.
    """
    import pyarrow as pa

    if not (path / _STATE).is_file():
        splits = read_json(path / _SPLITS)["splits"]
        raise InputError(f"{path}: holds the splits {few(splits)}; give one of them, as in {path / splits[0]}")
    state = read_json(path / _STATE)
    files = [_file(path, entry["filename"]) for entry in state["_data_files"]]
    if not files:
        raise InputError(f"{path}: the data set is empty")
    table = pa.concat_tables([mapped_arrow(file) for file in files])
    return table.take(_indices(path, state)) if state.get("_indices_data_files") else table


def _file(folder: Path, name: Any) -> Path:
    """A file that the folder's list names: one of its own, and no link to another.

    Raises
    ------
    InputError
        Where it is something else, or missing.
    """
    path = folder / str(name)
    if not isinstance(name, str) or Path(name).name != name or path.is_symlink():
        shown = few([name], quoted=True)
        raise InputError(f"{folder}: its list names {shown}, which is no file of its own; copy it there")
    if not path.is_file():
        raise InputError(f"{folder}: its file {few([name])} is missing; copy the whole folder")
    return path


def _indices(path: Path, state: dict[str, Any]) -> Any:
    """Which rows the data set consists of, where it was shuffled or filtered before it was saved."""
    import pyarrow as pa

    tables = [mapped_arrow(_file(path, entry["filename"])) for entry in state["_indices_data_files"]]
    return pa.concat_tables(tables).column(0).combine_chunks()
