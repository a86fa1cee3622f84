"""Eigenvectors -> coordinates of the items in which clusters of the normalised cut are compact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, as_affinity
from repdiff.clustering.spectral import (
    NO_INFORMATION,
    FloatArray,
    Warn,
    leading_eigenvectors,
    warn_not_converged,
)
from repdiff.core.progress import Progress, silent
from repdiff.results.spectrum import KeptSpectrum


@dataclass(frozen=True)
class Coordinates:
    """Coordinates of the items in which clusters of the normalised cut are compact.

    Attributes
    ----------
    vectors : ndarray of float32, (n, k)
        D^-1/2 u for the leading eigenvectors u of D^-1/2 A D^-1/2, largest first, each with its sign fixed so that its
        entry of largest magnitude is positive. A vector without information (eigenvalue zero, as all but the first are
        when every affinity is 1) is zero throughout.
    values : ndarray of float64, (k,)
        Their eigenvalues. D^-1 A times a vector is its eigenvalue times the vector, so that the coordinates of an item
        follow from those of the others and its affinities to them.
    kept : KeptSpectrum
        The same, and as many more as were asked for and found besides.
    """

    vectors: FloatArray
    values: npt.NDArray[np.float64]
    kept: KeptSpectrum


def spectral_coordinates(
    affinity: Affinity,
    n_components: int,
    *,
    n_kept: int = 0,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> Coordinates:
    """The coordinates, with their eigenvalues; parameters as in :func:`spectral_embedding`."""
    spectrum = leading_eigenvectors(
        affinity, n_components, n_kept=n_kept, random_state=random_state, warn=warn, progress=progress
    )
    vectors, more = embedding_of(spectrum.vectors, spectrum.values, spectrum.degree), spectrum.more
    kept = KeptSpectrum(
        np.hstack([vectors, embedding_of(more.vectors, more.values, spectrum.degree)]),
        np.concatenate([spectrum.values, more.values]), np.concatenate([spectrum.residuals, more.residuals]),
        spectrum.degree,
    )  # fmt: skip
    return Coordinates(vectors, spectrum.values, kept)


def embedding_of(vectors: FloatArray, values: npt.NDArray[np.float64], degree: npt.NDArray[np.float64]) -> FloatArray:
    """D^-1/2 u for eigenvectors u, (n, m), with fixed signs; see :func:`spectral_embedding`."""
    scaled = vectors / np.sqrt(degree)[:, None]
    signs = np.sign(scaled[np.abs(scaled).argmax(axis=0), np.arange(scaled.shape[1])])
    return np.asarray(scaled * np.where(np.abs(values) > NO_INFORMATION, signs, 0), dtype=np.float32)


def spectral_embedding(
    affinity: Affinity | npt.ArrayLike,
    n_components: int,
    *,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> npt.NDArray[np.float32]:
    """Coordinates of the items in which clusters of the normalised cut are compact.

    Parameters
    ----------
    affinity : Affinity or array_like, (n, n)
        Symmetric, not negative.
    n_components : int
        Number of eigenvectors, the constant one included; usually the number of clusters.
    random_state : int or None
        Seed of the random start.
    warn : callable, optional
        Called if the eigenvectors have not converged; issues a NotConvergedWarning by default.
    progress : Progress, optional
        Told after each product.

    Returns
    -------
    ndarray of float32, (n, n_components)
        D^-1/2 u for the leading eigenvectors u of D^-1/2 A D^-1/2, largest first, each with its sign fixed so that its
        entry of largest magnitude is positive. A vector without information (eigenvalue zero, as all but the first are
        when every affinity is 1) is zero throughout.
    """
    return spectral_coordinates(
        as_affinity(affinity), n_components, random_state=random_state, warn=warn, progress=progress
    ).vectors
