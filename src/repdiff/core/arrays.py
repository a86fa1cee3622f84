"""Where tall matrices are kept and computed: NumPy's arrays here, tensors of a device in :mod:`repdiff.core.device`.

Both know the operators (``@``, ``*``, slices); what they do not write alike is named here. Small matrices, whose size
does not grow with the number of items, are NumPy's in either case.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from repdiff.core.parallel import end_if_stopped, row_tiles

FloatArray = npt.NDArray[np.float32]
MOST_AT_ONCE, STRIPE = 200_000, 1 << 16  # rows


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
        """By Householder reflections; of many rows, stripe by stripe, so that it can be stopped between them.

        The triangles of the stripes are made into one in the same way (TSQR; Demmel, Grigori, Hoemmen & Langou 2012).
        """
        n = len(matrix)
        if n <= MOST_AT_ONCE:
            basis, triangle = np.linalg.qr(matrix)
            return basis, np.abs(np.diagonal(triangle))
        stripes = row_tiles(n, -(-n // -(-n // STRIPE)))  # of about one length, so that none is shorter than wide
        basis, triangles = np.empty_like(matrix), []
        for rows in stripes:
            end_if_stopped()
            basis[rows], triangle = np.linalg.qr(matrix[rows])
            triangles.append(triangle)
        turns, triangle = np.linalg.qr(np.concatenate(triangles))
        for rows, turn in zip(stripes, np.split(turns, len(stripes)), strict=True):
            end_if_stopped()
            basis[rows] = basis[rows] @ turn
        return basis, np.abs(np.diagonal(triangle))

    def exact_products(self) -> AbstractContextManager[None]:
        """Nothing to set."""
        return nullcontext()


HOST = HostArrays()
