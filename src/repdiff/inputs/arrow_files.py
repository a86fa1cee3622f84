"""Arrow files -> Arrow tables that are safe to use.

Arrow's own reader believes what a file says of lengths, offsets and text, and using a table that lies ends the process.
So each table is validated fully first, and what it will take in memory is compared with the size of its file.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.inputs.claims import check_claim

_MAGIC = b"ARROW1\x00\x00"  # of the file format, which is the stream between this and a footer
_DICTIONARY, _BATCH = 2, 3  # kinds of messages


def mapped_arrow(path: Path) -> Any:
    """The Arrow table of a .feather or .arrow file, which stays in the file until it is used.

    Raises
    ------
    InputError
        Where it claims more than it holds, or is not sound.
    """
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        check_claim(str(path), _unpacked_bytes(source), path.stat().st_size)
        source.seek(0)
        try:
            table = pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            table = pa.ipc.open_stream(source).read_all()
    return checked(table, str(path), path.stat().st_size)


def checked(table: Any, source: str, there: int) -> Any:
    """The table, if all that it says of itself is true.

    Parameters
    ----------
    table : pyarrow.Table
        As it was read.
    source : str
        Its file.
    there : int
        Bytes of the file.

    Raises
    ------
    InputError
        Where it is not.
    """
    import pyarrow as pa

    try:
        table.validate(full=True)
    except (pa.ArrowInvalid, pa.ArrowIndexError, UnicodeDecodeError) as error:
        raise InputError(f"{source}: is damaged: {str(error).splitlines()[0][:160]}; get it again") from error
    check_claim(source, sum(_expanded(table.column(place)) for place in range(table.num_columns)), there)
    return table


def _expanded(column: Any) -> int:
    """Bytes of a column whose rows may share values or none, once each row has its own."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        return sum(_written_out(chunk) for chunk in column.chunks)
    if types.is_string_view(kind) or types.is_binary_view(kind):
        lengths = pc.binary_length(column.cast(pa.large_binary() if types.is_binary_view(kind) else pa.large_string()))
        return int(pc.sum(lengths).as_py() or 0)
    if types.is_null(kind) or types.is_run_end_encoded(kind):
        return 8 * len(column)
    return int(column.nbytes)


def _written_out(chunk: Any) -> int:
    """Bytes of a dictionary-encoded array once each row has its own value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = chunk.dictionary.type
    if not any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary)):
        return 8 * len(chunk)
    lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
    return int(pc.sum(pc.take(lengths, chunk.indices)).as_py() or 0)


def _unpacked_bytes(source: Any) -> int:
    """Bytes that the compressed buffers of an Arrow file or stream say they unpack to; 0 where none is compressed."""
    import pyarrow as pa

    source.seek(len(_MAGIC) if source.read(len(_MAGIC)) == _MAGIC else 0)
    total = 0
    try:
        for message in pa.ipc.MessageReader.open_stream(source):
            if message.type in ("record batch", "dictionary"):
                total += sum(_unpacked_of(message.metadata, message.body))
    except (pa.ArrowException, OSError, StopIteration):  # the reader itself will say what is wrong
        return total
    except (struct.error, IndexError) as error:
        raise InputError("its messages are damaged; get the file again") from error
    return total


def _unpacked_of(metadata: Any, body: Any) -> Iterator[int]:
    """Lengths of the compressed buffers of a message, unpacked: each begins with its own."""
    data = memoryview(metadata)
    message = struct.unpack_from("<I", data, 0)[0]
    header = _table(data, message, 2)
    kind = data[_field(data, message, 1)] if _field(data, message, 1) else 0
    batch = _table(data, header, 1) if kind == _DICTIONARY else header
    if kind not in (_DICTIONARY, _BATCH) or not _field(data, batch, 3):  # no compression
        return
    place = _table(data, batch, 2)
    (count,) = struct.unpack_from("<I", data, place)
    for number in range(min(count, len(data) // 16)):
        offset, length = struct.unpack_from("<qq", data, place + 4 + 16 * number)
        if length >= 8 and 0 <= offset <= len(body) - 8:
            (unpacked,) = struct.unpack_from("<q", memoryview(body), offset)
            yield length if unpacked < 0 else unpacked


def _field(data: memoryview, table: int, number: int) -> int:
    """Where a field of a table of FlatBuffers is; 0 where it is not set (https://flatbuffers.dev/internals)."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    (size,) = struct.unpack_from("<H", data, vtable)
    if vtable < 0 or 4 + 2 * number >= size:
        return 0
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]
    return int(table + offset) if offset else 0


def _table(data: memoryview, table: int, number: int) -> int:
    """Where the table or vector that a field refers to is."""
    place = _field(data, table, number)
    return int(place + struct.unpack_from("<I", data, place)[0])
