"""The protocol that every engine satisfies, and the plain matrix that satisfies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError

FloatArray = npt.NDArray[np.float32]


@runtime_checkable
class Affinity(Protocol):
    """A symmetric n x n affinity that need not be held as a matrix. Nothing above the engines knows more than this."""

    @property
    def n(self) -> int:
        """Number of items."""

    def degree(self) -> npt.NDArray[np.float64]:
        """Row sums, (n,)."""

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k), of a matrix V, (n, k)."""

    def block_means(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Mean of A over every pair of groups, (k, k), self-pairs included; labels 0 to k - 1, none empty."""

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns]; stacks of indices (..., r) and (..., c) give a stack of blocks (..., r, c)."""


@dataclass(frozen=True)
class Affinities:
    """Both directions of one pair, and how the engine came to them.

    Attributes
    ----------
    x_only, y_only : Affinity
        High where a pair is closer in x than in y, and the reverse.
    engine : mapping
        Name, precision, device and the like, for the manifest.
    """

    x_only: Affinity
    y_only: Affinity
    engine: Mapping[str, Any]


class DenseAffinity:
    """A symmetric matrix, (n, n), as an :class:`Affinity`."""

    def __init__(self, matrix: npt.ArrayLike) -> None:
        self.matrix = np.asarray(matrix)
        if self.matrix.ndim != 2 or self.matrix.shape[0] != self.matrix.shape[1]:
            raise RepdiffError(f"an affinity must be a square matrix, but its shape is {self.matrix.shape}")
        if not np.isfinite(self.matrix).all() or (self.matrix < 0).any():
            raise RepdiffError(
                "an affinity must be finite and not negative; check the matrix for NaN, infinity and signs"
            )

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.matrix)

    def degree(self) -> npt.NDArray[np.float64]:
        """Row sums, (n,)."""
        return np.asarray(self.matrix.sum(axis=1, dtype=np.float64))

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V."""
        return np.asarray(self.matrix @ V, dtype=np.float32)

    def block_means(self, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """Mean of A over every pair of groups, (k, k)."""
        sizes = np.bincount(labels)
        members = np.equal.outer(np.arange(len(sizes)), labels).astype(np.float64)
        return np.asarray(members @ self.matrix @ members.T / np.outer(sizes, sizes))

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns], stacked."""
        return np.asarray(self.matrix[rows[..., :, None], columns[..., None, :]], dtype=np.float32)


def as_affinity(affinity: Affinity | npt.ArrayLike) -> Affinity:
    """The argument where it is an :class:`Affinity` already, else its matrix as one."""
    return affinity if isinstance(affinity, Affinity) else DenseAffinity(affinity)


def to_dense(affinity: Affinity) -> FloatArray:
    """The whole matrix, (n, n), for callers that need one."""
    if isinstance(affinity, DenseAffinity):
        return np.asarray(affinity.matrix, dtype=np.float32)
    everything = np.arange(affinity.n)
    dense = np.empty((affinity.n, affinity.n), np.float32)
    for start in range(0, affinity.n, 1024):
        dense[start : start + 1024] = affinity.block(everything[start : start + 1024], everything)
    return dense
