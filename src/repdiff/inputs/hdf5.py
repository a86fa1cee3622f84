"""HDF5 files, read in another process, since their library crashes or hangs on damaged ones.

Nothing outside the file is read. Links to other files, virtual datasets of other files, and values
kept in other files are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.apart import SPARE_BYTES, STEP_SECONDS, run_apart, step
from repdiff.core.errors import InputError, MissingExtraError
from repdiff.inputs.claims import check_claim

_PIECE = 16 << 20  # bytes that are sent at a time
_BYTES_PER_SECOND = 100_000_000  # at the least, of processor time, when a piece is read
_OF_TEXT_PER_SECOND = 5_000_000
_LISTED_PER_SECOND = 20_000_000  # bytes of a file of many small datasets
_MOST_DATASETS = 200_000
_POINTER = 16  # bytes that a text of any length takes in the file at the least
_PLAIN = "fiubcSmM"  # kinds of values that are sent as they are


def read_h5(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All datasets of an HDF5 file, by their path in it.

    Raises
    ------
    InputError
        Where the file is damaged, claims more than it holds, or keeps values in other files.
    """
    need_h5py(f"reading {path}")
    return dict(joined(run_apart(__name__, "send_all", str(path), source=str(path))))


def need_h5py(purpose: str) -> None:
    """Raise where h5py is not installed."""
    from importlib.util import find_spec

    if find_spec("h5py") is None:
        raise MissingExtraError("h5py", "hdf5", purpose)


def joined(items: Iterator[Any]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Names and arrays, of the pieces that :func:`pieces` gives."""
    for name, dtype, shape in items:
        if dtype == "":  # values that are neither numbers nor text: what they are is not needed
            yield name, np.broadcast_to(np.array(None, dtype=object), shape)
            continue
        whole = np.empty(shape, dtype)
        flat, done = whole.reshape(-1), 0
        while done < flat.size:
            piece = np.asarray(next(items), dtype).reshape(-1)
            flat[done : done + piece.size] = piece
            done += piece.size
        yield name, whole


# What follows runs in the other process.


def send_all(path: str) -> Iterator[Any]:
    """The pieces of all datasets that are reached without a link."""
    import h5py

    size = Path(path).stat().st_size
    step(seconds=STEP_SECONDS + size / _LISTED_PER_SECOND)
    with h5py.File(path, "r") as file:
        found = _datasets(file, path, h5py)
        check_claim(path, sum(map(claim_of, found.values())), size)
        for name, node in found.items():
            yield from pieces(name, node, f"{path}:{name}", h5py)


def pieces(name: str, node: Any, source: str, h5py: Any) -> Iterator[Any]:
    """The name, type and shape of a dataset, and then its values, some rows at a time.

    Raises
    ------
    InputError
        Where its values are kept in other files.
    """
    check_own_values(node, source)
    shape = node.shape or ()
    text = h5py.check_string_dtype(node.dtype) is not None
    if not text and node.dtype.kind not in _PLAIN:
        yield name, "", shape
        return
    yield name, "O" if text else node.dtype.str, shape
    if node.shape is None or not math.prod(shape):
        return
    rows = _rows_at_a_time(node)
    read = node.asstr(errors="replace") if text else node
    for start in range(0, shape[0] if shape else 1, rows):
        size = min(rows, shape[0] if shape else 1) * claim_of(node) // (shape[0] if shape else 1)
        begin_reading(size, text=text)
        found = read[start : start + rows] if shape else read[()]
        yield np.asarray(found, dtype=object).tolist() if text else np.asarray(found)


def begin_reading(size: int, *, text: bool) -> None:
    """Begin the step that reads so many bytes of a dataset."""
    rate = _OF_TEXT_PER_SECOND if text else _BYTES_PER_SECOND
    step(seconds=STEP_SECONDS + size / rate, spare_bytes=SPARE_BYTES + (20 if text else 4) * size)


def check_own_values(node: Any, source: str) -> None:
    """Refuse a dataset whose values are in other files.

    Raises
    ------
    InputError
        With the name of one of them.
    """
    others = [str(name) for name, *_ in node.external or ()]
    if node.is_virtual:
        others += [part.file_name for part in node.virtual_sources() if part.file_name != "."]
    if others:
        raise InputError(
            f"{source}: keeps its values in another file ({others[0][:100]!r}), which is not read; copy them into the "
            "file itself"
        )


def claim_of(node: Any) -> int:
    """Bytes of memory that its values take."""
    return math.prod(node.shape or (0,)) * max(int(node.dtype.itemsize), 1 if node.dtype.kind in _PLAIN else _POINTER)


def _datasets(file: Any, path: str, h5py: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def take(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            found[name] = node
            if len(found) > _MOST_DATASETS:
                raise InputError(f"{path}: holds more than {_MOST_DATASETS:,} datasets; join them in one matrix")

    file.visititems(take)
    return found


def _rows_at_a_time(node: Any) -> int:
    """Rows of a piece: whole chunks, since one that is read in parts is unpacked for each part."""
    if not node.shape:
        return 1
    wanted = max(1, _PIECE * node.shape[0] // max(1, claim_of(node)))
    chunk = node.chunks[0] if node.chunks else 1
    return int(max(1, wanted // chunk) * chunk)
