"""Files of named arrays: .npy, .npz, .safetensors, .pt, .pth, .h5 and .hdf5. Nothing is ever unpickled."""

from __future__ import annotations

import json
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError, MissingExtraError
from repdiff.core.files import is_zip
from repdiff.core.memory import format_bytes
from repdiff.inputs.claims import check_claim
from repdiff.inputs.hdf5 import read_h5
from repdiff.inputs.numbers import of_bfloat16, to_array
from repdiff.inputs.wording import few

Arrays = Mapping[str, npt.NDArray[Any]]
_MAPPED_ABOVE, PART_MAPPED_ABOVE = 2**28, 2**20  # bytes; parts of several files are copied when they are joined
_BF16 = "BF16"
_NUMPY_NAMES = {
    **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
    **{f"I{bits}": f"int{bits}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"uint{bits}" for bits in (8, 16, 32, 64)},
    "BOOL": "bool",
}
_NOT_IN_NUMPY = frozenset({_BF16, "F8_E4M3", "F8_E5M2", "F8_E8M0", "F4", "F6_E2M3", "F6_E3M2"})
_NEEDS_PICKLE = "holds Python objects, which only pickle can read and repdiff refuses; save plain numbers and strings"


def read_npy(path: Path, *, mapped_above: int | None = None) -> Arrays:
    """The one array of a .npy file, under an empty name; a large one is not read, but mapped into memory."""
    if path.stat().st_size > (_MAPPED_ABOVE if mapped_above is None else mapped_above):
        return {"": _mapped(path)}
    with path.open("rb") as file:
        return {"": _read_array(file, str(path), path.stat().st_size)}


def _mapped(path: Path) -> npt.NDArray[Any]:
    with path.open("rb") as file:
        _check_header(file, str(path), path.stat().st_size)
    try:
        mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        if "Python objects" in str(error):
            raise InputError(f"{path}: {_NEEDS_PICKLE}") from error
        raise
    return mapped


def read_npz(path: Path) -> Arrays:
    """All arrays of a .npz file."""
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        check_claim(str(path), sum(info.file_size for info in members), path.stat().st_size)
        arrays = {}
        for info in members:
            name = info.filename.removesuffix(".npy")
            with archive.open(info) as file:
                arrays[name] = _read_array(file, f"{path}: array {few([name], quoted=True)}", info.file_size)
        return arrays


def read_safetensors(path: Path) -> Arrays:
    """All tensors of a .safetensors file."""
    try:
        from safetensors.numpy import load_file
    except ImportError as error:
        raise MissingExtraError("safetensors", "safetensors", f"reading {path}") from error
    types = _types_in_safetensors(path)
    if not types & _NOT_IN_NUMPY:
        loaded: dict[str, npt.NDArray[Any]] = load_file(path)
        return loaded
    if other := types & _NOT_IN_NUMPY - {_BF16}:
        raise InputError(f"{path}: holds tensors of type {few(sorted(other))}, which NumPy lacks; save them as float32")
    return _read_bfloat16(path)


def _types_in_safetensors(path: Path) -> set[str]:
    """Types of the tensors according to the file's header; none where that cannot be read."""
    with path.open("rb") as file:
        try:
            header = json.loads(file.read(min(int.from_bytes(file.read(8), "little"), path.stat().st_size)))
            return {str(facts["dtype"]) for name, facts in header.items() if name != "__metadata__"}
        except (ValueError, TypeError, KeyError, AttributeError):  # the library then says what is wrong
            return set()


def _read_bfloat16(path: Path) -> Arrays:
    """The tensors of a file in which some are bfloat16, which become float32."""
    import safetensors

    arrays = {}
    for name, facts in safetensors.deserialize(path.read_bytes()):  # type: ignore[no-untyped-call]
        dtype = facts["dtype"]
        halves = np.dtype(np.uint16) if dtype == _BF16 else np.dtype(_NUMPY_NAMES[dtype])
        values = np.frombuffer(facts["data"], halves).reshape(facts["shape"])
        arrays[name] = of_bfloat16(values) if dtype == _BF16 else values
    return arrays


def read_pt(path: Path) -> Arrays:
    """The tensor, or the mapping of tensors, lists or NumPy arrays, of a .pt file; anything else is refused."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "torch", f"reading {path}") from error
    _check_records(path)
    try:
        with _numpy_in_torch(torch), warnings.catch_warnings(), _sound_sparse(torch):
            warnings.simplefilter("ignore")  # of torch, about what it then refuses
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "nsupported" in str(error) and "operand" not in str(error):  # a class or function that is not of tensors
            raise InputError(f"{path}: {_NEEDS_PICKLE}") from error
        raise InputError(f"{path}: is damaged, or was not written by torch.save; get it again") from error
    tensors = loaded if isinstance(loaded, Mapping) else {"": loaded}
    tensors = {
        str(name): tensor
        for name, tensor in tensors.items()
        if isinstance(tensor, torch.Tensor | np.ndarray | list | tuple)
    }
    sizes = (math.prod(tensor.shape) * tensor.dtype.itemsize for tensor in tensors.values() if hasattr(tensor, "shape"))
    check_claim(str(path), sum(sizes), path.stat().st_size)  # strides of zero and sparse tensors take little room
    arrays = {name: to_array(tensor, str(path)) for name, tensor in tensors.items()}
    if not arrays:
        raise InputError(f"{path}: holds {type(loaded).__name__}, but neither a tensor nor a mapping of tensors")
    return arrays


def _check_records(path: Path) -> None:
    """Compare the records of a file in torch's zip format with its size, since they may be compressed."""
    if is_zip(path):
        with zipfile.ZipFile(path) as archive:
            check_claim(str(path), sum(info.file_size for info in archive.infolist()), path.stat().st_size)


def _sound_sparse(torch: Any) -> Any:
    """Check the indices of sparse tensors, which torch otherwise believes."""
    return torch.sparse.check_sparse_tensor_invariants()


@contextmanager
def _numpy_in_torch(torch: Any) -> Iterator[None]:
    """Let torch rebuild NumPy arrays, which runs no code of the file; releases before 2.6 cannot, and refuse them."""
    allowing = getattr(torch.serialization, "safe_globals", None)
    if allowing is None or not hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint"):
        yield
        return
    from numpy._core.multiarray import _reconstruct

    types = [type(np.dtype(code)) for code in ("?", "b", "B", "h", "H", "i", "I", "l", "L", "e", "f", "d", "U")]
    names = ("numpy._core.multiarray._reconstruct", "numpy.core.multiarray._reconstruct")
    with allowing([np.ndarray, np.dtype, *types, *((_reconstruct, name) for name in names)]):
        yield


ARRAY_READERS: dict[str, Callable[[Path], Arrays]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
    ".pt": read_pt,
    ".pth": read_pt,
    ".h5": read_h5,
    ".hdf5": read_h5,
}


def _read_array(file: Any, where: str, there: int) -> npt.NDArray[Any]:
    """The array of a .npy file, open at its start, of so many bytes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, about files that Python 2 wrote
            _check_header(file, where, there)
            array = np.lib.format.read_array(file, allow_pickle=False)
    except InputError:
        raise
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise InputError(f"{where}: {_NEEDS_PICKLE}") from error
        raise
    return np.asarray(array)


def _check_header(file: Any, where: str, there: int) -> None:
    """Refuse a file that says it holds more values than follow; memory for them would be taken first."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    follow, claimed = there - file.tell(), math.prod(shape) * dtype.itemsize
    file.seek(0)
    if not dtype.hasobject and claimed > follow:
        raise InputError(
            f"{where}: says that it holds values of shape {few([shape])} and type {few([dtype])}, "
            f"{format_bytes(claimed)}, but {format_bytes(follow)} follow; it is cut short or damaged; get it again"
        )
    if min(shape, default=0) < 0:
        raise InputError(f"{where}: says that it holds values of shape {few([shape])}; it is damaged; get it again")
