"""The protocol of a method, and what several of them use."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from repdiff.evaluation.groups import Group

FloatArray = npt.NDArray[np.float64]


class Method(Protocol):
    """One way to say what x knows and y does not."""

    @property
    def name(self) -> str:
        """One word, for tables and options."""

    @property
    def title(self) -> str:
        """For a reader."""

    @property
    def source(self) -> str:
        """The paper."""

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """At most ``n_groups`` groups with collages of at most ``size`` items, best first.

        Parameters
        ----------
        x, y : ndarray of float64, (n, d_x) and (n, d_y)
            Both representations of the same items. The other direction is asked for with the two exchanged.
        n_groups, size : int
            How many groups, and items in a collage.
        random_state : int
            Seed.
        """


def largest_eigenvectors(
    matrix: FloatArray, count: int, random_state: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Largest eigenvalues of a symmetric matrix, descending, and their vectors, (n, count), in columns."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import ArpackError, eigsh

    n = len(matrix)
    count = min(count, n)
    if n >= 4 * count + 20:  # Lanczos needs room beside what is wanted
        start = np.random.default_rng(random_state).standard_normal(n)
        # It gives up on a matrix of zeros, or of few different eigenvalues.
        with suppress(ArpackError):
            return _descending(*eigsh(matrix, count, which="LA", v0=start, tol=1e-6))
    return _descending(*eigh(matrix, subset_by_index=(n - count, n - 1)))


def _descending(values: FloatArray, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(-values, kind="stable")
    return values[order], vectors[:, order]


def squared_distances(values: FloatArray) -> FloatArray:
    """Squared Euclidean distances, (n, n)."""
    centred = values - values.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)
    squared = np.maximum(norms[:, None] + norms - 2 * centred @ centred.T, 0)
    np.fill_diagonal(squared, 0)
    return np.asarray(squared)


def gaussian_kernel(values: FloatArray, width: float) -> FloatArray:
    """exp(-d^2 / (2 s^2)), (n, n); s is so many root mean square distances. All ones where all rows are the same."""
    squared = squared_distances(values)
    variance = width**2 * squared.mean()
    return np.asarray(np.exp(-squared / (2 * variance))) if variance > 0 else np.ones_like(squared)


def cosine_kernel(values: FloatArray) -> FloatArray:
    """Cosines of all pairs of rows, (n, n); zero for a row of zeros."""
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    unit = values / np.where(lengths > 0, lengths, 1)
    return np.asarray(unit @ unit.T)


def k_means(points: npt.NDArray[Any], n_groups: int, random_state: int) -> tuple[npt.NDArray[np.int32], FloatArray]:
    """Label of each point, and its distance to the centre of its cluster."""
    from sklearn.cluster import KMeans

    with patience():
        model = KMeans(min(n_groups, len(points)), n_init=10, random_state=random_state).fit(points)
    return model.labels_, np.asarray(np.linalg.norm(points - model.cluster_centers_[model.labels_], axis=1))


@contextmanager
def patience() -> Iterator[None]:
    """What stops before it has converged, or finds fewer clusters than asked for, is taken as it is."""
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield


def non_negative(values: FloatArray) -> FloatArray:
    """The values, with columns that go below zero shifted to begin at zero."""
    return np.asarray(values - np.minimum(values.min(axis=0), 0))
