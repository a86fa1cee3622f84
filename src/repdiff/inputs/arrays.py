"""Files of named arrays: .npy, .npz, .safetensors, .pt and .h5. Nothing is ever unpickled."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError, MissingExtraError
from repdiff.core.files import one_line

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


def read_pt(path: Path) -> Arrays:
    """The tensor, or the mapping of tensors, of a .pt file; anything else in it is refused."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch", f"reading {path}") from error
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(f"{path}: {_NEEDS_PICKLE}") from error
    tensors = loaded if isinstance(loaded, Mapping) else {"": loaded}
    arrays = {
        str(name): _of_tensor(tensor) for name, tensor in tensors.items() if isinstance(tensor, torch.Tensor | list)
    }
    if not arrays:
        raise InputError(f"{path}: holds {type(loaded).__name__}, but neither a tensor nor a mapping of tensors")
    return arrays


def read_h5(path: Path) -> Arrays:
    """All datasets of a .h5 file, by their path in it."""
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("h5py", "hdf5", f"reading {path}") from error
    arrays: dict[str, npt.NDArray[Any]] = {}

    def take(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            arrays[name] = node.asstr()[()] if h5py.check_string_dtype(node.dtype) else node[()]

    with h5py.File(path, "r") as file:
        file.visititems(take)
    return arrays


def _of_tensor(tensor: Any) -> npt.NDArray[Any]:
    if isinstance(tensor, list):  # ids, which no tensor can hold
        return np.array(tensor)
    return tensor_to_array(tensor)


def tensor_to_array(tensor: Any) -> npt.NDArray[Any]:
    """A torch tensor, maybe on a device, in a type that NumPy lacks, or with a gradient, as an array."""
    tensor = tensor.detach().cpu()
    return np.asarray(tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor)


ARRAY_READERS: dict[str, Callable[[Path], Arrays]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
    ".pt": read_pt,
    ".h5": read_h5,
}


def _read_array(file: Any, where: str) -> npt.NDArray[Any]:
    try:
        array = np.lib.format.read_array(file, allow_pickle=False)
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise InputError(f"{where}: {_NEEDS_PICKLE}") from error
        raise
    return np.asarray(array)
