"""Clusters of a few hundred items, again and again: the spectral step where its overhead is what costs.

The same block Krylov space as in :mod:`repdiff.clustering.spectral`, to the same tolerance. With so few items a product
takes a fraction of a millisecond, and what is around it takes most of the time. So blocks are made orthonormal by the
Cholesky factor of their products, in float64, except where they are nearly dependent, which would lose digits; and the
residuals are first looked at where they have mostly settled.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, to_dense
from repdiff.clustering.cluster import Labels, cut_vectors
from repdiff.clustering.coordinates import embedding_of
from repdiff.clustering.spectral import (
    TOLERANCE,
    FloatArray,
    ignore_warning,
    leading_eigenvectors,
    orthonormal_to,
)
from repdiff.core.parallel import single_threaded_libraries

RECLUSTERING_RESTARTS = 4  # of k-means: one that settles in a worse optimum now and then costs stability, not truth

_WIDTH = 16
_FIRST_CHECK, _CHECK_EVERY, _MOST_BLOCKS = 11, 2, 21
_DEPENDENT = 1e-3  # smallest over largest diagonal entry of the Cholesky factor, below which digits are lost


def cluster_few(affinity: Affinity, n_clusters: int, *, random_state: int | None = 0) -> Labels:
    """Cluster of each item, as :func:`repdiff.clustering.cluster.cluster_affinity` with fewer seedings of k-means.

    Parameters
    ----------
    affinity : Affinity
        Of a few hundred items; the whole matrix is made.
    n_clusters : int
        From 1 to the number of items; fewer are returned if the affinity distinguishes fewer.
    random_state : int or None
        Seed.
    """
    return cut_few(affinity, (n_clusters,), random_state=random_state)[0]


def cut_few(affinity: Affinity, numbers: Sequence[int], *, random_state: int | None = 0) -> tuple[Labels, ...]:
    """The same for several numbers of clusters, whose eigenvectors are computed once."""
    with single_threaded_libraries():
        embedded = _embedding(affinity, max(numbers), random_state)
        return tuple(
            cut_vectors(embedded[:, :n], n, restarts=RECLUSTERING_RESTARTS, random_state=random_state) for n in numbers
        )


def _embedding(affinity: Affinity, n_vectors: int, seed: int | None) -> FloatArray:
    if affinity.n > _WIDTH * _MOST_BLOCKS:
        matrix = to_dense(affinity)
        degree = matrix.sum(axis=1, dtype=np.float64)
        if degree.all():
            found = _leading(matrix, np.sqrt(degree).astype(np.float32)[:, None], n_vectors, seed)
            if found is not None:
                return embedding_of(found[1], found[0], degree)
    spectrum = leading_eigenvectors(affinity, n_vectors, random_state=seed, warn=ignore_warning)
    return embedding_of(spectrum.vectors, spectrum.values, spectrum.degree)


def _leading(
    matrix: FloatArray, root: FloatArray, n_vectors: int, seed: int | None
) -> tuple[npt.NDArray[np.float64], FloatArray] | None:
    """Largest eigenvalues of the normalised affinity and their vectors; None where they have not converged."""
    n = len(matrix)
    capacity = 1 + _WIDTH * _MOST_BLOCKS
    # Fortran order: a block of columns is contiguous.
    basis, images = (np.empty((n, capacity), np.float32, order="F") for _ in range(2))
    projected = np.zeros((capacity, capacity))
    basis[:, :1] = images[:, :1] = root / np.linalg.norm(root)  # the eigenvector of eigenvalue 1
    projected[0, 0] = 1
    block = np.random.default_rng(seed).standard_normal((n, _WIDTH), dtype=np.float32)
    size = 1
    for number in range(1, _MOST_BLOCKS + 1):
        block = _orthonormal_to(basis[:, :size], block)
        new = slice(size, size + _WIDTH)
        size = new.stop
        basis[:, new] = block
        images[:, new] = (matrix @ (block / root)) / root
        projected[:size, new] = basis[:, :size].T @ images[:, new]
        projected[new, :size] = projected[:size, new].T
        if number >= _FIRST_CHECK and (number - _FIRST_CHECK) % _CHECK_EVERY == 0:
            values, turned = _largest(projected[:size, :size], n_vectors)
            vectors, products = basis[:, :size] @ turned, images[:, :size] @ turned
            if (np.linalg.norm(products - vectors * values.astype(np.float32), axis=0) <= TOLERANCE).all():
                return values, vectors
        block = images[:, new]
    return None


def _largest(projected: npt.NDArray[np.float64], count: int) -> tuple[npt.NDArray[np.float64], FloatArray]:
    """Largest eigenvalues, descending, and their vectors."""
    from scipy.linalg import eigh

    size = len(projected)
    values, vectors = eigh(projected, subset_by_index=(size - count, size - 1), check_finite=False)
    return values[::-1], vectors[:, ::-1].astype(np.float32)


def _orthonormal_to(basis: FloatArray, block: FloatArray) -> FloatArray:
    """An orthonormal basis of the columns less their projection on ``basis``."""
    rest = (block - basis @ (basis.T @ block)).astype(np.float64)
    try:
        lower = np.linalg.cholesky(rest.T @ rest)
    except np.linalg.LinAlgError:
        return np.asarray(orthonormal_to(basis, block))
    lengths = np.diagonal(lower)
    if lengths.min() < _DEPENDENT * lengths.max():
        return np.asarray(orthonormal_to(basis, block))
    return np.asarray(rest @ np.linalg.inv(lower).T, dtype=np.float32)
