"""Shards -> finished files, a shard at a time, so that memory does not grow with the number of items."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError


@dataclass(frozen=True)
class Rows:
    """The rows of a finished file: their number, their width, and a way to iterate over them repeatedly.

    Attributes
    ----------
    n, d : int
        Shape.
    chunks : callable
        Returns (ids, values) pairs: ndarray of str objects (k,), and ndarray of float32 (k, d).
    """

    n: int
    d: int
    chunks: Callable[[], Iterable[tuple[npt.NDArray[Any], npt.NDArray[np.float32]]]]

    def sha256(self) -> str:
        """The same hash as :meth:`repdiff.inputs.Embeddings.sha256` of these values."""
        digest = hashlib.sha256(f"{(self.n, self.d)} <f4 ".encode())
        for _, values in self.chunks():
            digest.update(np.ascontiguousarray(values, "<f4").data)
        return digest.hexdigest()


def write_npy(path: Path, rows: Rows) -> None:
    """The matrix alone."""
    with path.open("wb") as file:
        _write_header(file, "<f4", (rows.n, rows.d))
        for _, values in rows.chunks():
            file.write(np.ascontiguousarray(values, "<f4").data)


def write_npz(path: Path, rows: Rows) -> None:
    """``embeddings`` and ``ids``."""
    width = max((len(name) for ids, _ in rows.chunks() for name in ids), default=1)
    with zipfile.ZipFile(path, "w") as archive:
        with _member(archive, "embeddings.npy", zipfile.ZIP_STORED) as file:
            _write_header(file, "<f4", (rows.n, rows.d))
            for _, values in rows.chunks():
                file.write(np.ascontiguousarray(values, "<f4").data)
        with _member(archive, "ids.npy", zipfile.ZIP_DEFLATED) as file:
            _write_header(file, f"<U{width}", (rows.n,))
            for ids, _ in rows.chunks():
                file.write(ids.astype(f"<U{width}").tobytes())


def write_parquet(path: Path, rows: Rows) -> None:
    """Columns ``id`` and ``embedding``, a list of floats."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("id", pa.string()), ("embedding", pa.list_(pa.float32(), rows.d))])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for ids, values in rows.chunks():
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            columns = [pa.array(ids, pa.string()), pa.FixedSizeListArray.from_arrays(flat, rows.d)]
            writer.write_table(pa.table(columns, schema=schema))


WRITERS: dict[str, Callable[[Path, Rows], None]] = {
    ".npz": write_npz,
    ".parquet": write_parquet,
    ".npy": write_npy,
}


def writer_for(path: Path) -> Callable[[Path, Rows], None]:
    """The writer of a file of that suffix.

    Raises
    ------
    RepdiffError
        If there is none.
    """
    suffix = path.suffix.lower()
    if suffix not in WRITERS:
        raise RepdiffError(f"{path}: embeddings are written to {', '.join(WRITERS)}, not {suffix or 'a bare name'}")
    return WRITERS[suffix]


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, compression: int) -> Iterator[Any]:
    """A file in the archive, without a time, so that the same content makes the same bytes."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = compression
    with archive.open(entry, "w", force_zip64=True) as file:
        yield file


def _write_header(file: Any, dtype: str, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": dtype, "fortran_order": False, "shape": shape})
