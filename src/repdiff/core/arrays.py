"""Where tall matrices are kept and computed: NumPy's arrays here, tensors of a device in :mod:`repdiff.core.device`.

Both know the operators (``@``, ``*``, slices); what they do not write alike is named here. Small matrices, whose size
does not grow with the number of items, are NumPy's in either case.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]


class Arrays(Protocol):
    """The functions on tall matrices, (n, k), that an algorithm needs to run on either kind."""

    def put(self, array: npt.NDArray[Any]) -> Any:
        """An array, where the tall matrices are."""

    def get(self, matrix: Any) -> npt.NDArray[Any]:
        """A matrix, as an array of NumPy."""

    def empty_columns(self, n: int, count: int) -> Any:
        """An uninitialised float32 matrix, (n, count), whose columns are contiguous, so that a block can be filled."""

    def lengths(self, matrix: Any) -> FloatArray:
        """Length of each column, (k,)."""

    def orthonormal(self, matrix: Any) -> tuple[Any, FloatArray]:
        """An orthonormal basis of the columns, and the length that each keeps after projection on those before it."""

    def exact_products(self) -> AbstractContextManager[None]:
        """Products in full float32 while the block runs."""


class HostArrays:
    """NumPy's arrays."""

    def put(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The array itself."""
        return array

    def get(self, matrix: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The matrix itself."""
        return matrix

    def empty_columns(self, n: int, count: int) -> FloatArray:
        """An uninitialised matrix in Fortran order."""
        return np.empty((n, count), np.float32, order="F")

    def lengths(self, matrix: FloatArray) -> FloatArray:
        """Length of each column."""
        return np.asarray(np.linalg.norm(matrix, axis=0))

    def orthonormal(self, matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
        """By Householder reflections."""
        basis, triangle = np.linalg.qr(matrix)
        return basis, np.abs(np.diagonal(triangle))

    def exact_products(self) -> AbstractContextManager[None]:
        """Nothing to set."""
        return nullcontext()


HOST = HostArrays()
