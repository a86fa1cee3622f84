"""Embeddings in many parts -> one file in the shared folder of a cluster, written by its workers.

Each worker reads its own parts, so that nothing is gathered in the memory of one machine; this process maps the file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.cluster import Cluster
from repdiff.core.errors import InputError
from repdiff.core.progress import Progress, silent
from repdiff.core.shared_files import SharedArray
from repdiff.inputs import sources
from repdiff.inputs.arrays import read_npy
from repdiff.inputs.embeddings import Embeddings, joined, read_place
from repdiff.inputs.numbers import to_matrix
from repdiff.inputs.parquet_files import open_parquet
from repdiff.inputs.wording import few

_PARQUET, _NPY = ".parquet", ".npy"
_BYTES_AT_A_TIME = 1 << 26  # of a large .npy file
_KEPT_TYPES = ("<f4", "<f8")  # of .npy files, which are used where they lie


def lay_out(
    data: Any, source: str, cluster: Cluster, *, id_column: str | None = None, progress: Progress = silent
) -> Any:
    """Embeddings in one file that workers have written; data in any other form is returned as it is.

    Parameters
    ----------
    data : Dask array (n, d), path, list of paths, or anything else
        A folder of .parquet files, a .parquet file, several .npy files, or one whose numbers are not floats of 32 or
        64 bits. One other .npy file is used where it lies.
    source : str
        What to call it in messages if it is no path.
    cluster : Cluster
        The workers, which must be able to read the files.
    id_column : str, optional
        The column that holds the ids, if it is not called ``id``.
    progress : Progress, optional
        Receives the stage "reading".

    Raises
    ------
    InputError
        If a part cannot be read, or does not fit the others.
    """
    if _is_dask_array(data):
        return _lay_out_array(data, source, cluster, progress)
    if not (sources.is_path(data) or sources.are_paths(data)):
        return data
    places = sources.find(data)
    if {place.path.suffix.lower() for place in places} not in ({_PARQUET}, {_NPY}) or _stays(places):
        return data
    name = str(data) if sources.is_path(data) else few(place.title for place in places)
    return _lay_out_files(places, name, len(places) > 1, cluster, id_column, progress)


@dataclass(frozen=True)
class _Part:
    """Some rows of one file, and where they go."""

    place: sources.Place
    rows: slice
    first: int


@dataclass(frozen=True)
class _Shape:
    n: int
    d: int
    dtype: str


def _stays(places: list[sources.Place]) -> bool:
    if len(places) > 1 or places[0].path.suffix.lower() != _NPY or not places[0].path.is_file():
        return len(places) == 1 and not places[0].path.is_file()
    (values,) = read_npy(places[0].path).values()
    return values.ndim != 2 or (values.dtype.str in _KEPT_TYPES and values.flags.c_contiguous)


def _lay_out_files(
    places: list[sources.Place],
    name: str,
    several: bool,
    cluster: Cluster,
    id_column: str | None,
    progress: Progress,
) -> Embeddings:
    (first,) = cluster.run(_shape_of, [(places[0], id_column)])
    counts = [first.n, *cluster.run(_count, [(place,) for place in places[1:]])]
    room = cluster.folder.room_for((sum(counts), first.d), first.dtype)
    parts = [
        part
        for place, start, n in zip(places, np.cumsum(counts) - counts, counts, strict=True)
        for part in _parts_of(place, int(start), n, first.d)
    ]
    written = cluster.run(
        _write_part, [(part, room, first, id_column) for part in parts], stage="reading", progress=progress
    )
    values = room.open()
    own = [
        replace(one, values=values[part.first : part.first + part.rows.stop - part.rows.start])
        for one, part in zip(written, parts, strict=True)
    ]
    if not several:
        warnings = tuple(dict.fromkeys(line for one in own for line in one.warnings))
        whole: Embeddings = replace(own[0], values=values, source=name, warnings=warnings)
        return whole
    return joined(_whole_files(own, parts), name, values)


def _parts_of(place: sources.Place, first: int, n: int, d: int) -> list[_Part]:
    """A file as a whole, or some rows of it at a time where rows can be read by themselves."""
    in_pieces = place.path.suffix.lower() == _NPY
    step = max(1, _BYTES_AT_A_TIME // (8 * d) if in_pieces else n)
    return [_Part(place, slice(begin, min(n, begin + step)), first + begin) for begin in range(0, n, step)]


def _whole_files(own: list[Embeddings], parts: list[_Part]) -> list[Embeddings]:
    """The first part of each file, which stands for it: only .npy files are in several parts, and they have no ids."""
    return [one for one, part in zip(own, parts, strict=True) if part.rows.start == 0]


def _lay_out_array(data: Any, source: str, cluster: Cluster, progress: Progress) -> Embeddings:
    import dask

    if data.ndim != 2:
        raise InputError(f"{source}: has shape {data.shape}, but must have two axes, items and dimensions")
    with cluster.client.as_current():
        if any(np.isnan(length) for length in data.shape):
            data = data.compute_chunk_sizes()
        data = data.rechunk({1: -1})
        dtype = to_matrix(np.zeros((1, data.shape[1]), data.dtype), source).dtype
        room = cluster.folder.room_for(data.shape, dtype)
        starts = np.cumsum([0, *data.chunks[0][:-1]]).tolist()
        write = dask.delayed(_write_block, pure=False)
        blocks = data.to_delayed().ravel()
        futures = cluster.client.compute(
            [write(block, room, start, source) for block, start in zip(blocks, starts, strict=True)]
        )
    cluster.wait(futures, stage="reading", progress=progress)
    return Embeddings(room.open(), None, source)


def _is_dask_array(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "dask" and hasattr(data, "to_delayed") and hasattr(data, "chunks")


# What follows runs on workers.


def _shape_of(place: sources.Place, id_column: str | None) -> _Shape:
    """Rows, columns and type of the values of a file."""
    if place.path.suffix.lower() == _NPY:
        (values,) = read_npy(place.path).values()
        few_rows = to_matrix(np.asarray(values[:1]), place.title)
        return _Shape(len(values), few_rows.shape[1], few_rows.dtype.str)
    values = read_place(place, id_column).values
    return _Shape(len(values), values.shape[1], values.dtype.str)


def _count(place: sources.Place) -> int:
    """Rows of a file, as far as can be told without reading them."""
    if place.path.suffix.lower() == _NPY:
        (values,) = read_npy(place.path).values()
        return len(values)
    return open_parquet(place.path).n


def _write_part(part: _Part, room: SharedArray, first: _Shape, id_column: str | None) -> Embeddings:
    """Write the rows of a part to their place; what is left is what identifies them, without the values."""
    if part.place.path.suffix.lower() == _NPY:
        (values,) = read_npy(part.place.path).values()
        own = Embeddings(to_matrix(np.asarray(values[part.rows]), part.place.title), None, part.place.title)
    else:
        own = read_place(part.place, id_column)
    if own.values.shape[1] != first.d or own.values.dtype.str != first.dtype:
        raise InputError(
            f"{part.place.title}: has {own.values.shape[1]} columns of {own.values.dtype}, but the first part has "
            f"{first.d} of {np.dtype(first.dtype)}; save all parts alike"
        )
    _write(own.values, room, part.first)
    return replace(own, values=np.empty((0, first.d), first.dtype))


def _write_block(block: npt.NDArray[Any], room: SharedArray, first: int, source: str) -> None:
    """Write the rows of a block of an array to their place."""
    if len(block):
        _write(to_matrix(np.asarray(block), source), room, first)


def _write(values: npt.NDArray[Any], room: SharedArray, first: int) -> None:
    target = room.open(for_writing=True)
    target[first : first + len(values)] = values
    target.flush()  # type: ignore[attr-defined]
