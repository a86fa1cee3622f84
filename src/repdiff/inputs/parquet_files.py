"""Parquet files -> Arrow tables, after another process has looked at what the file says of itself.

pyarrow ends the process on some damaged metadata. So another one reads them, and compares the claims with the size of
the file; a small file it reads whole, under limits, and validates. What is then read here is validated, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.core.apart import SPARE_BYTES, STEP_SECONDS, run_apart, step
from repdiff.core.errors import InputError
from repdiff.inputs.arrow_files import checked
from repdiff.inputs.claims import FREELY, check_claim

_SMALL = 16 << 20  # bytes of a file that the other process reads whole
_BYTES_PER_SECOND = 4_000_000  # of a compressed file, at the least, of processor time
_LOOKED_AT_PER_SECOND = 100_000_000  # of a file of which only the metadata are read
_ROWS_AT_A_TIME, _BUFFER = 8192, 1 << 20  # of a column of vectors; bytes
_WIDTH = {"BOOLEAN": 1, "INT32": 4, "INT64": 8, "INT96": 12, "FLOAT": 4, "DOUBLE": 8}


@dataclass(frozen=True)
class ParquetSource:
    """A .parquet file whose metadata have been checked.

    Attributes
    ----------
    path : Path
        The file.
    schema : pyarrow.Schema
        Names and types of its columns.
    n : int
        Rows.
    shared : tuple of str
        Columns of text that are read as they are stored, each text once, and measured before they are written out.
    """

    path: Path
    schema: Any
    n: int
    shared: tuple[str, ...]

    def read(self, names: Sequence[str] | None = None) -> Any:
        """Some columns, or all, as an Arrow table.

        Raises
        ------
        InputError
            Where they claim more than they can hold, or are not sound.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path, read_dictionary=list(self.shared) or None) as file:
            table = file.read(columns=None if names is None else list(names))
        table = checked(table, str(self.path), self.path.stat().st_size)
        for place, field in enumerate(table.schema):
            kind = self.schema.field(field.name).type if field.name in self.shared else field.type
            if kind != field.type and pa.types.is_dictionary(field.type):
                table = table.set_column(place, field.name, table.column(place).cast(kind))
        return table.replace_schema_metadata(self.schema.metadata)

    def chunks(self, name: str) -> Iterator[Any]:
        """A column of vectors in pieces, so that besides the matrix only one of them is in memory."""
        import pyarrow.parquet as pq

        with pq.ParquetFile(self.path, pre_buffer=False, buffer_size=_BUFFER) as file:
            for batch in file.iter_batches(batch_size=_ROWS_AT_A_TIME, columns=[name]):
                batch.validate(full=True)
                yield batch.column(0)


def open_parquet(path: Path) -> ParquetSource:
    """A .parquet file, checked.

    Raises
    ------
    InputError
        Where it is damaged, or claims more than it can hold.
    """
    import pyarrow.parquet as pq

    if not path.is_file():
        raise InputError(f"{path}: is not an ordinary file")
    (shared,) = run_apart(__name__, "send_shared", str(path), source=str(path))
    with pq.ParquetFile(path) as file:
        return ParquetSource(path, file.schema_arrow, file.metadata.num_rows, tuple(shared))


# What follows runs in the other process.


def send_shared(path: str) -> Iterator[list[str]]:
    """The columns of text whose values many rows may share; checks everything else that can be checked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    size = Path(path).stat().st_size
    rate = _BYTES_PER_SECOND if size <= _SMALL else _LOOKED_AT_PER_SECOND
    step(seconds=STEP_SECONDS + size / rate, spare_bytes=SPARE_BYTES)
    with pq.ParquetFile(path) as file:
        check_claim(path, _numbers_in(file), size)
        shared = _shared_texts(file)
    if size <= _SMALL:
        with pq.ParquetFile(path, read_dictionary=shared or None) as file:
            checked(file.read(use_threads=False), path, size)
    yield shared


def _numbers_in(file: Any) -> int:
    """Bytes that the numbers take, as the metadata have it."""
    metadata, schema, claimed = file.metadata, file.schema, 0
    for place in range(metadata.num_columns):
        column = schema.column(place)
        width = _WIDTH.get(column.physical_type, max(0, column.length or 0)) or 1
        n = metadata.num_rows
        if column.max_repetition_level:
            n = sum(metadata.row_group(group).column(place).num_values for group in range(metadata.num_row_groups))
        claimed += n * width
    return int(claimed)


def _shared_texts(file: Any) -> list[str]:
    """Columns of text that would be large if each row held all that is stored."""
    metadata, schema, found = file.metadata, file.schema, []
    for place in range(metadata.num_columns):
        column = schema.column(place)
        if column.physical_type != "BYTE_ARRAY" or column.max_repetition_level or "." in column.path:
            continue
        groups = (metadata.row_group(group) for group in range(metadata.num_row_groups))
        bound = sum(group.num_rows * group.column(place).total_uncompressed_size for group in groups)
        if bound > FREELY:
            found.append(column.path)
    return found
