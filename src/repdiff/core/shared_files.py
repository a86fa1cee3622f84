"""Arrays in files that this process and the workers of a cluster can all open."""

from __future__ import annotations

import math
import mmap
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError

ADVICE = (
    "workers read arrays from files: put them on a file system that all machines share, under the same path, and name "
    "a folder on it with dask_folder=, or --dask-folder"
)
_EDGE = 4096  # bytes at both ends that are compared


@dataclass(frozen=True)
class SharedArray:
    """An array as it lies in a file, row after row.

    Attributes
    ----------
    path : str
        The file.
    offset : int
        Bytes before the array.
    shape : tuple of int
        Shape.
    dtype : str
        Type, as NumPy spells it.
    """

    path: str
    offset: int
    shape: tuple[int, ...]
    dtype: str

    def open(self, *, for_writing: bool = False) -> npt.NDArray[Any]:
        """The array, mapped into memory.

        Raises
        ------
        RepdiffError
            If this machine cannot read the file.
        """
        if not math.prod(self.shape):
            return np.empty(self.shape, self.dtype)
        try:
            return np.memmap(self.path, self.dtype, "r+" if for_writing else "r", self.offset, self.shape)
        except (OSError, ValueError) as error:
            raise RepdiffError(f"{platform.node()} cannot read {self.path} ({_reason(error)}); {ADVICE}") from error

    def edges(self) -> bytes:
        """The first and the last bytes, by which a worker's file is compared with this process's.

        Raises
        ------
        OSError
            If the file cannot be read.
        """
        length = math.prod(self.shape) * np.dtype(self.dtype).itemsize
        with Path(self.path).open("rb") as file:
            file.seek(self.offset)
            first = file.read(min(length, _EDGE))
            file.seek(self.offset + max(0, length - _EDGE))
            return first + file.read(_EDGE)


def as_mapped(values: npt.NDArray[Any]) -> SharedArray | None:
    """Where an array that is mapped from a file lies in it; None for any other array."""
    root: Any = values
    while root is not None and not (isinstance(root, np.memmap) and isinstance(root.base, mmap.mmap)):
        root = getattr(root, "base", None)
    if root is None or root.filename is None or not values.flags.c_contiguous:
        return None
    offset = root.offset + _address(values) - _address(root)
    return SharedArray(os.path.realpath(root.filename), offset, values.shape, values.dtype.str)


class SharedFolder:
    """A folder whose files this process writes and the workers read; arrays are written once and never changed.

    Parameters
    ----------
    path : Path
        The folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._count = iter(range(1 << 62))

    def put(self, values: npt.NDArray[Any]) -> SharedArray:
        """Write an array to a new file."""
        values = np.ascontiguousarray(values)
        place = self._place(values.shape, values.dtype)
        with _writing(place), Path(place.path).open("wb") as file:
            file.write(values.data.cast("B") if values.size else b"")
        return place

    def room_for(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> SharedArray:
        """A new file of the size of an array, to be filled by workers."""
        place = self._place(shape, np.dtype(dtype))
        with _writing(place), Path(place.path).open("wb") as file:
            file.truncate(math.prod(shape) * np.dtype(dtype).itemsize)
        return place

    def share(self, values: npt.NDArray[Any]) -> SharedArray:
        """Where an array lies: in its own file if it is mapped, else in a new one."""
        return as_mapped(values) or self.put(values)

    def _place(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> SharedArray:
        return SharedArray(str(self.path / f"{next(self._count)}.bin"), 0, shape, dtype.str)


def remove(place: SharedArray) -> None:
    """Delete the file of an array that is no longer needed."""
    Path(place.path).unlink(missing_ok=True)


class _writing:  # noqa: N801 (a context)
    """Turns a full disk and the like into one line."""

    def __init__(self, place: SharedArray) -> None:
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise RepdiffError(
                f"{Path(self._place.path).parent}: cannot be written to ({_reason(error)}); name a folder with room, "
                "which all workers can read, with dask_folder=, or --dask-folder"
            ) from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _address(values: npt.NDArray[Any]) -> int:
    return int(values.__array_interface__["data"][0])
