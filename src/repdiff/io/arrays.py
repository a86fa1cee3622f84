"""Files of named arrays: .npy, .npz and .safetensors. Nothing is ever unpickled."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.errors import InputError, MissingExtraError
from repdiff.io.files import one_line

Arrays = Mapping[str, npt.NDArray[Any]]
_NEEDS_PICKLE = "holds Python objects, which only pickle can read and repdiff refuses; save plain numbers and strings"


def read_npy(path: Path) -> Arrays:
    """The one array of a .npy file, under an empty name."""
    with path.open("rb") as file:
        return {"": _read_array(file, str(path))}


def read_npz(path: Path) -> Arrays:
    """All arrays of a .npz file."""
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        arrays = {}
        for name in members:
            with archive.open(name) as file:
                arrays[name.removesuffix(".npy")] = _read_array(file, f"{path}: array {name.removesuffix('.npy')!r}")
        return arrays


def read_safetensors(path: Path) -> Arrays:
    """All tensors of a .safetensors file."""
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise MissingExtraError("safetensors", "safetensors", f"reading {path}") from error
    try:
        loaded: dict[str, npt.NDArray[Any]] = load_file(path)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"{path}: holds tensors of a type that NumPy lacks ({one_line(error)}); save them as float32"
        ) from error
    return loaded


ARRAY_READERS: dict[str, Callable[[Path], Arrays]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
}


def _read_array(file: Any, where: str) -> npt.NDArray[Any]:
    try:
        array = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise InputError(f"{where}: {_NEEDS_PICKLE}") from error
        raise
    return np.asarray(array)
