"""A stream of assignments -> one table, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.core.errors import RepdiffError
from repdiff.core.files import written_whole
from repdiff.core.spreadsheets import csv_text
from repdiff.results.assignment import Assignment

SUFFIXES = (".csv", ".parquet")


class _Write(Protocol):
    def __call__(self, frame: pd.DataFrame) -> None:
        """Append rows."""


def check_table_name(path: Path) -> None:
    """Refuse a file that no table is written to, before any work is done.

    Raises
    ------
    RepdiffError
        For another suffix.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise RepdiffError(f"{path}: the table is written as {' or '.join(SUFFIXES)}; give a file with such a suffix")


def write_assignments(path: Path, parts: Iterable[Assignment]) -> Iterator[Assignment]:
    """Write one row per new item, whole or not at all, as CSV or Parquet by the suffix; pass the parts on."""
    check_table_name(path)
    with written_whole(path) as partial, _writer(partial, path.suffix.lower()) as write:
        for part in parts:
            write(part.to_frame())
            yield part


@contextmanager
def _writer(path: Path, suffix: str) -> Iterator[_Write]:
    if suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:

            def write(frame: pd.DataFrame) -> None:
                file.write(csv_text(frame, header=file.tell() == 0))

            yield write
        return
    file_writer: list[pq.ParquetWriter] = []

    def append(frame: pd.DataFrame) -> None:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        if not file_writer:
            file_writer.append(pq.ParquetWriter(path, table.schema))
        file_writer[0].write_table(table)

    try:
        yield append
    finally:
        for one in file_writer:
            one.close()
