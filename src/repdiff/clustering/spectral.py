"""Affinity -> leading eigenvectors of the normalised affinity, from products alone.

The relaxed normalised cut (Shi & Malik 2000; von Luxburg 2007) asks for the largest eigenvectors of

    M = D^-1/2 A D^-1/2,        D = diag(degree)

Nothing is factorised. A block Krylov space is grown from sqrt(degree), which is the known eigenvector of eigenvalue 1,
and a few random vectors; the best approximations within it are taken (Rayleigh-Ritz), and the space is grown, then
restarted from them, until the residual || M u - theta u || of each wanted pair is small (Saad 2011, chapters 6 and 7).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, OnDevice
from repdiff.core.arrays import HOST, Arrays
from repdiff.core.errors import NotConvergedWarning, RepdiffError
from repdiff.core.parallel import end_if_stopped, single_threaded_libraries
from repdiff.core.progress import Progress, silent

TOLERANCE = 5e-4
MAX_PRODUCTS = 120
NO_INFORMATION = 1e-6  # an eigenvalue this small is rounding, and its eigenvector arbitrary

_BLOCK_WIDTH = 16  # wide enough for fast products, narrow enough for a high polynomial degree per column
_BLOCKS_BEFORE_RESTART = 12
_MOST_OF_IT, _HARDLY_ANY, _MOST_PASSES = 0.7, 1e-2, 10  # length kept by an orthogonal column, by a lost one

FloatArray = npt.NDArray[np.float32]
Warn: TypeAlias = Callable[[str], None]


def warn_not_converged(message: str) -> None:
    """Issue a :class:`NotConvergedWarning`."""
    warnings.warn(message, NotConvergedWarning, stacklevel=3)


def ignore_warning(message: str) -> None:
    """Do nothing: for many small problems whose results show how uncertain they are."""


@dataclass(frozen=True)
class MorePairs:
    """Eigenpairs after the wanted ones, as far as the products for those gave them.

    Attributes
    ----------
    values : ndarray of float64, (m,)
        Eigenvalues, largest first.
    vectors : ndarray of float32, (n, m)
        Their vectors, in columns.
    residuals : ndarray of float64, (m,)
        || M u - theta u || of each.
    """

    values: npt.NDArray[np.float64]
    vectors: FloatArray
    residuals: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Spectrum:
    """Leading eigenpairs of the normalised affinity.

    Attributes
    ----------
    values : ndarray of float64, (k,)
        Eigenvalues, largest first; the first is 1.
    vectors : ndarray of float32, (n, k)
        Eigenvectors of unit length, in columns.
    residuals : ndarray of float64, (k,)
        || M u - theta u || of each.
    degree : ndarray of float64, (n,)
        Diagonal of D.
    products : int
        Number of products with a block of vectors.
    converged : bool
        Whether all residuals are below the tolerance.
    more : MorePairs
        What was found besides; nothing unless it was asked for.
    """

    values: npt.NDArray[np.float64]
    vectors: FloatArray
    residuals: npt.NDArray[np.float64]
    degree: npt.NDArray[np.float64]
    products: int
    converged: bool
    more: MorePairs


def leading_eigenvectors(
    affinity: Affinity,
    n_vectors: int,
    *,
    tolerance: float = TOLERANCE,
    max_products: int = MAX_PRODUCTS,
    n_kept: int = 0,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> Spectrum:
    """The largest eigenvalues of D^-1/2 A D^-1/2 and their vectors.

    Parameters
    ----------
    affinity : Affinity
        Not negative; an item whose row is all zero gets degree 1.
    n_vectors : int
        Number of eigenvectors, the constant one included; at most n.
    tolerance : float
        Bound on || M u - theta u ||; eigenvalues lie in [-1, 1].
    max_products : int
        Products with a block after which it gives up.
    n_kept : int
        Eigenpairs to return in all, as far as the products for the wanted ones give them.
    random_state : int or None
        Seed of the random start.
    warn : callable, optional
        Called with a message if the tolerance was not reached; the best approximation is returned. Issues a
        NotConvergedWarning by default. Python's warning filters are global, so threads cannot catch warnings safely.
    progress : Progress, optional
        Told after each product.
    """
    n = affinity.n
    if not 1 <= n_vectors <= n:
        raise RepdiffError(f"{n_vectors} eigenvectors were requested of an affinity of {n} items; request 1 to {n}")
    arrays: Arrays = affinity.device if isinstance(affinity, OnDevice) else HOST
    with single_threaded_libraries(), arrays.exact_products():
        degree = affinity.degree()
        degree = np.where(degree > 0, degree, 1.0)
        width = min(n, _BLOCK_WIDTH)
        start = np.random.default_rng(random_state).standard_normal((n, width), dtype=np.float32)
        start[:, 0] = np.sqrt(degree)
        multiply = _normalised(affinity, degree, arrays)
        space = _KrylovSpace(n, min(n, n_vectors + _BLOCKS_BEFORE_RESTART * width), arrays)
        found = _grow(
            space, multiply, arrays.orthonormal(arrays.put(start))[0], n_vectors, tolerance, max_products, progress
        )
        more = _more_pairs(space, n_vectors, n_kept)
        spectrum = Spectrum(found.values, found.vectors, found.residuals, degree, found.products, found.converged, more)
    if not spectrum.converged:
        warn(
            f"the spectral step stopped after {spectrum.products} products with a residual of "
            f"{spectrum.residuals.max():.1e} (wanted {tolerance:.0e}); labels at cluster borders may be uncertain"
        )
    return spectrum


def _normalised(affinity: Affinity, degree: npt.NDArray[np.float64], arrays: Arrays) -> Callable[[Any], Any]:
    """V -> D^-1/2 A D^-1/2 V, on the arrays' side."""
    root = arrays.put(np.sqrt(degree).astype(np.float32)[:, None])
    product = affinity.product if isinstance(affinity, OnDevice) else affinity.matmat
    return lambda V: product(V / root) / root


@dataclass(frozen=True)
class _Leading:
    """The wanted pairs."""

    values: npt.NDArray[np.float64]
    vectors: FloatArray
    residuals: npt.NDArray[np.float64]
    products: int
    converged: bool


def _grow(
    space: _KrylovSpace,
    multiply: Callable[[Any], Any],
    block: Any,
    n_vectors: int,
    tolerance: float,
    max_products: int,
    progress: Progress,
) -> _Leading:
    """Grow span(V, M V, M^2 V, ...), take its Ritz pairs, restart from the best ones."""
    arrays, (n, width) = space.arrays, block.shape
    for product in range(1, max_products + 1):
        image = multiply(block)
        space.append(block, image)
        progress("eigenvectors", product, max_products)
        exhausted, full = space.size == n, space.size + width > space.capacity
        last = product == max_products
        block = image
        values, vectors, images = space.ritz(min(n_vectors, space.size))
        errors = images - vectors * arrays.put(values)
        residuals = arrays.lengths(errors).astype(np.float64)
        converged = len(values) == n_vectors and (exhausted or bool((residuals <= tolerance).all()))
        if converged or last:
            break
        if full:
            space.restart(vectors, images)
            block = errors[:, np.argsort(residuals)[::-1][:width].tolist()]
        block = orthonormal_to(space.basis, block[:, : n - space.size], arrays)
    progress("eigenvectors", max_products, max_products)
    return _Leading(values.astype(np.float64), arrays.get(vectors), residuals, product, converged)


def _more_pairs(space: _KrylovSpace, n_vectors: int, n_kept: int) -> MorePairs:
    """The Ritz pairs after the wanted ones."""
    arrays = space.arrays
    values, vectors, images = space.ritz(min(max(n_kept, n_vectors), space.size), n_vectors)
    residuals = arrays.lengths(images - vectors * arrays.put(values))
    return MorePairs(values.astype(np.float64), arrays.get(vectors), residuals.astype(np.float64))


class _KrylovSpace:
    """An orthonormal basis Q of a subspace, M Q, and Q^T M Q, grown a block at a time."""

    def __init__(self, n: int, capacity: int, arrays: Arrays) -> None:
        self.capacity, self.arrays = capacity, arrays
        self.size = 0
        # A block of columns is contiguous, so growing copies nothing.
        self._basis, self._image = (arrays.empty_columns(n, capacity) for _ in range(2))
        self._projected = np.zeros((capacity, capacity))

    @property
    def basis(self) -> Any:
        """Q, (n, size)."""
        return self._basis[:, : self.size]

    @property
    def image(self) -> Any:
        """M Q, (n, size)."""
        return self._image[:, : self.size]

    def append(self, block: Any, image: Any) -> None:
        """Add columns orthonormal to the basis, and M times them."""
        new = slice(self.size, self.size + block.shape[1])
        self._basis[:, new], self._image[:, new] = block, image
        self.size = new.stop
        self._projected[: self.size, new] = self.arrays.get(self.basis.T @ self._image[:, new])
        self._projected[new, : self.size] = self._projected[: self.size, new].T

    def ritz(self, count: int, first: int = 0) -> tuple[FloatArray, Any, Any]:
        """Largest Ritz values of M from the first up to a number, their vectors, and M times their vectors."""
        values, coordinates = np.linalg.eigh(self._projected[: self.size, : self.size])
        best = self.arrays.put(coordinates[:, ::-1][:, first:count].astype(np.float32))
        vectors = self.basis @ best
        end_if_stopped()
        return values[::-1][first:count].astype(np.float32), vectors, self.image @ best

    def restart(self, basis: Any, image: Any) -> None:
        """Keep only these columns."""
        self.size = 0
        self.append(basis, image)


def orthonormal_to(basis: Any, block: Any, arrays: Arrays = HOST) -> Any:
    """An orthonormal basis of the columns minus their projection on ``basis``.

    Passes repeat until every column keeps most of its length, usually two (Daniel, Gragg, Kaufman & Stewart 1976). A
    column that lay in the span of the basis, or of the columns before it, is reduced to rounding, which may lie in that
    span again: the rounding of a constant column is constant. A random column replaces it.
    """
    rng = np.random.default_rng(0)
    block = block / arrays.put(np.maximum(arrays.lengths(block), np.finfo(np.float32).tiny))
    for _ in range(_MOST_PASSES):
        end_if_stopped()
        shares = basis.T @ block
        end_if_stopped()
        block, kept = arrays.orthonormal(block - basis @ shares)
        if (kept > _MOST_OF_IT).all():
            break
        lost = np.flatnonzero(kept < _HARDLY_ANY)
        random = rng.standard_normal((len(block), len(lost)), dtype=np.float32) / np.sqrt(len(block))
        block[:, lost.tolist()] = arrays.put(random.astype(np.float32))
    return block
