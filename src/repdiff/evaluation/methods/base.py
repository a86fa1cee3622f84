"""The protocol of a method, and functions that several of them use."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from repdiff.clustering import kmeans
from repdiff.core.geometry import squared_distances, squared_norms, unit_rows
from repdiff.evaluation.groups import Group

FloatArray = npt.NDArray[np.float64]


class Method(Protocol):
    """One way to find what x knows and y does not."""

    @property
    def name(self) -> str:
        """One word, for tables and options."""

    @property
    def title(self) -> str:
        """Name for people to read."""

    @property
    def source(self) -> str:
        """The paper."""

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """At most ``n_groups`` groups with collages of at most ``size`` items, best first.

        Parameters
        ----------
        x, y : ndarray of float64, (n, d_x) and (n, d_y)
            Both representations of the same items. For the other direction the two are exchanged.
        n_groups, size : int
            Number of groups, and of items in a collage.
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
    if n >= 4 * count + 20:  # Lanczos needs more vectors than requested
        start = np.random.default_rng(random_state).standard_normal(n)
        # It fails on a matrix of zeros, or with few different eigenvalues.
        with suppress(ArpackError):
            return _descending(*eigsh(matrix, count, which="LA", v0=start, tol=1e-6))
    return _descending(*eigh(matrix, subset_by_index=(n - count, n - 1)))


def _descending(values: FloatArray, vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(-values, kind="stable")
    return values[order], vectors[:, order]


def all_squared_distances(values: FloatArray) -> FloatArray:
    """Squared Euclidean distances of all pairs of rows, (n, n)."""
    centred = values - values.mean(axis=0)
    norms = squared_norms(centred)
    squared = squared_distances(centred, centred, norms, norms)
    np.fill_diagonal(squared, 0)
    return squared


def gaussian_kernel(values: FloatArray, width: float) -> FloatArray:
    """exp(-d^2 / (2 s^2)), (n, n); s is ``width`` root mean square distances. All ones where all rows are the same."""
    squared = all_squared_distances(values)
    variance = width**2 * squared.mean()
    return np.asarray(np.exp(-squared / (2 * variance))) if variance > 0 else np.ones_like(squared)


def cosine_kernel(values: FloatArray) -> FloatArray:
    """Cosines of all pairs of rows, (n, n); zero for a row of zeros."""
    unit = unit_rows(values)
    return np.asarray(unit @ unit.T)


def k_means(points: npt.NDArray[Any], n_groups: int, random_state: int) -> tuple[npt.NDArray[np.int32], FloatArray]:
    """Label of each point, (n,), and its distance to the mean of its cluster; at most as many as different points."""
    centred = points - points.mean(axis=0)
    scaled = (centred / (np.abs(centred).max() or 1.0)).astype(np.float32)
    n_clusters = min(n_groups, len(np.unique(scaled, axis=0)))
    labels = kmeans.k_means(scaled, n_clusters, random_state=random_state)
    distance = np.empty(len(points))
    for label in np.unique(labels):
        members = labels == label
        distance[members] = distance_to_mean(points[members])
    return labels, distance


def distance_to_mean(values: npt.NDArray[Any]) -> FloatArray:
    """Distance of each row to the mean of all, (n,)."""
    return np.asarray(np.linalg.norm(values - values.mean(axis=0), axis=1))
