"""Whatever holds numbers -> a NumPy matrix: tensors, sparse and masked arrays, types that NumPy lacks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.files import one_line

Array = npt.NDArray[Any]
_BFLOAT16 = ("bfloat16", "|V2", "<V2", "V2")  # NumPy reads what ml_dtypes saved as two bytes of no type


def to_array(data: Any, source: str) -> Array:
    """The array of a tensor, a sparse or masked matrix, a list of tensors, or anything that NumPy takes.

    Raises
    ------
    InputError
        Where rows differ in length, or one is missing.
    """
    if hasattr(data, "detach"):
        return tensor_to_array(data)
    if hasattr(data, "toarray"):  # a SciPy sparse matrix
        return np.asarray(data.toarray())
    if isinstance(data, np.ma.MaskedArray):
        return filled(data)
    if isinstance(data, list | tuple):
        return _of_sequence(data, source)
    try:
        return np.asarray(data)
    except (ValueError, TypeError) as error:
        raise InputError(f"{source}: is ragged, or not an array: {one_line(error)}") from error


def tensor_to_array(tensor: Any) -> Array:
    """A torch tensor, maybe on a device, in a type that NumPy lacks, or with a gradient, as an array."""
    tensor = tensor.detach().cpu()
    if getattr(tensor, "is_sparse", False) or "sparse" in str(getattr(tensor, "layout", "")):
        tensor = tensor.to_dense()
    lacking = ("torch.bfloat16", "torch.float8")
    return np.asarray(tensor.float() if str(tensor.dtype).startswith(lacking) else tensor)


def filled(masked: np.ma.MaskedArray[Any, Any]) -> Array:
    """The values of a masked array, NaN where they are masked."""
    if not np.ma.getmaskarray(masked).any():
        return np.asarray(masked.data)
    dtype = masked.dtype if masked.dtype.kind in "fc" else np.dtype(np.float64)
    values: Array = np.ma.getdata(masked).astype(dtype)
    values[np.ma.getmaskarray(masked)] = np.nan
    return values


def known_type(values: Array) -> Array:
    """The values in a type that NumPy has: bfloat16 becomes float32, exactly."""
    if values.dtype.kind != "V" or values.dtype.names is not None:
        return values
    if str(values.dtype) in _BFLOAT16:
        return of_bfloat16(values)
    if values.dtype.name.startswith("float"):  # the other types of ml_dtypes, while it is loaded
        return values.astype(np.float32)
    return values


def of_bfloat16(values: Array) -> Array:
    """float32 of the same shape; bfloat16 is its upper half."""
    halves = np.ascontiguousarray(values).view(np.uint16)
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(values.shape)


def to_matrix(values: Array, source: str) -> Array:
    """The values as a C-contiguous matrix of float32 or float64, one row per item.

    Axes of length 1 behind the first two are dropped, as in the (n, d, 1, 1) of convolutional networks.

    Raises
    ------
    InputError
        Where they are not numbers, or have another shape.
    """
    values = known_type(values)
    if values.dtype.kind not in "fiub":
        what = "Python objects" if values.dtype == object else f"values of type {values.dtype}"
        raise InputError(f"{source}: holds {what}, not numbers")
    while values.ndim > 2 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.ndim != 2:
        raise InputError(
            f"{source}: has shape {values.shape}, but embeddings are a matrix with one row per item; "
            "flatten or pool the values of each item"
        )
    return np.ascontiguousarray(values, dtype=float_type(values.dtype))


def float_type(dtype: np.dtype[Any]) -> type[np.float32] | type[np.float64]:
    """float32 where it holds all values of the type, else float64."""
    if dtype.kind == "f":
        return np.float32 if dtype.itemsize <= 4 else np.float64
    return np.float32 if dtype.itemsize <= 2 else np.float64


def _of_sequence(data: Sequence[Any], source: str) -> Array:
    if any(hasattr(row, "detach") or isinstance(row, np.ma.MaskedArray) for row in data[:1]):
        data = [None if row is None else to_array(row, source) for row in data]
    gap = next((place for place, row in enumerate(data) if row is None), None)
    if gap is not None:
        raise InputError(f"{source}: row {gap} has no vector; remove the row from both sides, or fill it in")
    try:
        return np.asarray(data)
    except (ValueError, TypeError) as error:
        raise InputError(_ragged(data, source) or f"{source}: is not an array: {one_line(error)}") from error


def _ragged(data: Sequence[Any], source: str) -> str | None:
    """Which row has another length than the first; None where all have the same."""
    lengths = [len(row) if hasattr(row, "__len__") else 0 for row in data]
    odd = next((place for place, length in enumerate(lengths) if length != lengths[0]), None)
    if odd is None:
        return None
    return (
        f"{source}: is ragged: row 0 has {lengths[0]} values and row {odd} {lengths[odd]}; "
        "give every row the same number"
    )
