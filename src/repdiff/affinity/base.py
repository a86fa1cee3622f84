"""The protocol that every engine satisfies, and the plain matrix that satisfies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from repdiff.affinity.difference import directed_values
from repdiff.core.device import Device
from repdiff.core.errors import RepdiffError
from repdiff.results.neighbors import NeighborLists

FloatArray = npt.NDArray[np.float32]
DirectedValues: TypeAlias = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


@dataclass(frozen=True)
class GroupMeans:
    """Mean affinity of every two groups of items, and its standard error.

    Attributes
    ----------
    mean : ndarray of float64, (k, k)
        Mean over all ordered pairs of the members of two groups, self-pairs included; symmetric.
    standard_error : ndarray of float64, (k, k)
        Standard error of each mean: zeros where the engine looked at all pairs.
    """

    mean: npt.NDArray[np.float64]
    standard_error: npt.NDArray[np.float64]

    @classmethod
    def of_all_pairs(cls, mean: npt.NDArray[np.float64]) -> GroupMeans:
        """Means without error."""
        return cls(mean, np.zeros_like(mean))


@runtime_checkable
class Affinity(Protocol):
    """A symmetric n x n affinity, not necessarily stored as a matrix. Code above the engines uses nothing else.

    ``degree``, ``matmat`` and ``group_means`` concern the whole matrix, which an engine may estimate; ``block`` and
    ``directed`` concern chosen pairs. Callers choose at most a fixed number of pairs at a time, however large n is;
    only :func:`to_dense` asks for all.
    """

    @property
    def n(self) -> int:
        """Number of items."""

    def degree(self) -> npt.NDArray[np.float64]:
        """Row sums, (n,)."""

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V, (n, k), of a matrix V, (n, k)."""

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Means over every two groups, with their standard errors; labels 0 to k - 1, none empty."""

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns]; stacks of indices (..., r) and (..., c) give a stack of blocks (..., r, c)."""

    def directed(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> DirectedValues:
        """The two directed values exp(-beta G) of each pair of a block, seen from one item and from the other.

        Returned as the weaker and the stronger, each (..., r, c); their mean is the entry of :meth:`block`, to the
        precision of its storage.
        """


@runtime_checkable
class HasDense(Protocol):
    """An affinity that has a faster way to its whole matrix than block by block."""

    def dense(self) -> FloatArray:
        """The whole matrix, (n, n)."""


@runtime_checkable
class OnDevice(Protocol):
    """An affinity that multiplies on a device, whose tall matrices need not leave it."""

    @property
    def device(self) -> Device:
        """The device."""

    def product(self, V: Any) -> Any:
        """The product A V of a matrix on the device, (n, k), there."""


@dataclass(frozen=True)
class Affinities:
    """Both directions of one pair, and how the engine computed them.

    Attributes
    ----------
    x_only, y_only : Affinity
        High where a pair is closer in x than in y, and the reverse.
    engine : mapping
        Name, precision, device and the like, for the manifest and the page. An engine that estimates gives the relative
        standard error of a cluster's mean affinity as ``expected_error``.
    neighbors : NeighborLists or None
        The nearest neighbours of all items, from an engine that was asked for them and had them at hand.
    """

    x_only: Affinity
    y_only: Affinity
    engine: Mapping[str, Any]
    neighbors: NeighborLists | None = None


class DenseAffinity:
    """A symmetric matrix as an :class:`Affinity`.

    Parameters
    ----------
    matrix : array_like, (n, n)
        Finite, not negative.
    opposite : array_like, (n, n), optional
        The affinity of the other direction, from which the directed values follow.

    Raises
    ------
    RepdiffError
        For a matrix that is not square, finite and non-negative.
    """

    def __init__(self, matrix: npt.ArrayLike, opposite: npt.ArrayLike | None = None) -> None:
        self.matrix = np.asarray(matrix)
        self.opposite = None if opposite is None else np.asarray(opposite)
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

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Means over every two groups, without error."""
        sizes = np.bincount(labels)
        members = np.equal.outer(np.arange(len(sizes)), labels).astype(np.float64)
        return GroupMeans.of_all_pairs(members @ self.matrix @ members.T / np.outer(sizes, sizes))

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns], stacked."""
        return np.asarray(self.matrix[rows[..., :, None], columns[..., None, :]], dtype=np.float32)

    def directed(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> DirectedValues:
        """The weaker and the stronger directed value of each pair.

        Raises
        ------
        RepdiffError
            If only the matrix of one direction is known.
        """
        if self.opposite is None:
            raise RepdiffError(
                "the directed values of a pair follow from both directions; give DenseAffinity the opposite matrix too"
            )
        opposite = np.asarray(self.opposite[rows[..., :, None], columns[..., None, :]], dtype=np.float32)
        return directed_values(self.block(rows, columns), opposite)


def as_affinity(affinity: Affinity | npt.ArrayLike) -> Affinity:
    """The argument if it is an :class:`Affinity`, else the matrix as one."""
    return affinity if isinstance(affinity, Affinity) else DenseAffinity(affinity)


def to_dense(affinity: Affinity) -> FloatArray:
    """The whole matrix, (n, n), for callers that need one."""
    if isinstance(affinity, DenseAffinity):
        return np.asarray(affinity.matrix, dtype=np.float32)
    if isinstance(affinity, HasDense):
        return affinity.dense()
    everything = np.arange(affinity.n)
    dense = np.empty((affinity.n, affinity.n), np.float32)
    for start in range(0, affinity.n, 1024):
        dense[start : start + 1024] = affinity.block(everything[start : start + 1024], everything)
    return dense
