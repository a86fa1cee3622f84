"""One representation as the other says it is: turned and scaled onto it, or predicted by a map or by its nearest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.geometry import rotation_onto

FloatArray = npt.NDArray[np.float64]

MOST_COMPONENTS = 128
_MANY, _SPARE, _ITERATIONS = 2, 16, 2
_FOLDS = 4
_NEAREST = 20
_PENALTIES = tuple(10.0**exponent for exponent in range(-5, 2))  # of the Frobenius norm of the products of columns
_LEAST_EIGENVALUE = 1e-8  # of the largest: below it is rounding


@dataclass(frozen=True)
class Prediction:
    """What one side says of the other.

    Attributes
    ----------
    values : ndarray of float64, (m, p)
        The other side, as far as this one says.
    residuals : ndarray of float64, (m, p)
        What it does not say: the truth less ``values``, less their mean.
    r2 : float
        Share of the variance it explains; below 0 where it is worse than the mean.
    """

    values: FloatArray
    residuals: FloatArray
    r2: float


def principal_coordinates(values: npt.NDArray[Any], most: int = MOST_COMPONENTS) -> FloatArray:
    """Rows, (m, d), in their leading principal components, (m, at most ``most``), centred.

    Where both m and d are much more than that, the components are those of subspace iteration on the float32 products
    (Halko, Martinsson & Tropp 2011): the leading ones to many digits, and the last about as good as the exact ones.
    """
    from scipy.linalg import eigh

    centred = values.astype(np.float64)
    centred -= centred.mean(axis=0)
    m, d = centred.shape
    if d > m:
        return principal_of_products(centred @ centred.T, most)
    kept = min(most, d)
    if d > _MANY * kept:
        rows = centred.astype(np.float32)
        _, vectors = _leading(rows.T @ rows, kept)
    else:
        _, vectors = eigh(centred.T @ centred, subset_by_index=(d - kept, d - 1))
    return np.asarray(centred @ vectors[:, ::-1])


def principal_of_products(products: npt.NDArray[Any], most: int = MOST_COMPONENTS) -> FloatArray:
    """The same from the products of all rows with each other, (m, m), for more columns than rows."""
    from scipy.linalg import eigh

    means = products.mean(axis=0, dtype=np.float64)
    centred = products - means - means[:, None] + means.mean()
    m = len(centred)
    kept = min(most, m)
    if m > _MANY * kept:
        squares, vectors = _leading(centred.astype(np.float32), kept)
    else:
        squares, vectors = eigh(centred, subset_by_index=(m - kept, m - 1))
    return np.asarray(vectors[:, ::-1] * np.sqrt(np.maximum(squares[::-1], 0)))


def _leading(products: npt.NDArray[np.float32], kept: int) -> tuple[FloatArray, FloatArray]:
    """Largest eigenvalues of a symmetric matrix, ascending, and their vectors."""
    rng = np.random.default_rng(0)
    basis = rng.standard_normal((len(products), kept + _SPARE), dtype=np.float32)
    for _ in range(_ITERATIONS):
        basis = np.linalg.qr(products @ (products @ basis))[0]
    squares, turned = np.linalg.eigh((basis.T @ (products @ basis)).astype(np.float64))
    return squares[-kept:], basis.astype(np.float64) @ turned[:, -kept:]


def scaled_coordinates(distances: npt.NDArray[Any], most: int = MOST_COMPONENTS) -> FloatArray:
    """Coordinates, (m, at most ``most``), whose distances are near those given, (m, m): classical scaling.

    Torgerson 1952. Dimensions of negative eigenvalue, which no points have, are left out.
    """
    from scipy.linalg import eigh

    squared = distances.astype(np.float64)
    squared = np.square((squared + squared.T) / 2)
    np.fill_diagonal(squared, 0)
    means = squared.mean(axis=0)
    products = -0.5 * (squared - means - means[:, None] + means.mean())
    m = len(products)
    squares, vectors = eigh(products, subset_by_index=(max(0, m - most), m - 1))
    positive = squares > _LEAST_EIGENVALUE * max(squares[-1], np.finfo(np.float64).tiny)
    return np.asarray((vectors[:, positive] * np.sqrt(squares[positive]))[:, ::-1])


def turn(given: FloatArray, wanted: FloatArray) -> Prediction:
    """``given``, (m, q), turned and scaled onto ``wanted``, (m, p): orthogonal Procrustes (Schoenemann 1966).

    Both are centred. The narrower of the two is filled up with zeros, so that nothing of ``given`` is lost: distances
    among the values are those among the rows given, but for the scale.
    """
    wide = max(given.shape[1], wanted.shape[1])
    given, wanted = (np.pad(side, ((0, 0), (0, wide - side.shape[1]))) for side in (given, wanted))
    rotation, scale = rotation_onto(wanted, given)
    turned = scale * (given @ rotation)
    residuals = wanted - turned
    return Prediction(
        turned, residuals, 1 - float(np.square(residuals).sum()) / (float(np.square(wanted).sum()) or 1.0)
    )


def predict_linearly(given: FloatArray, wanted: FloatArray, rng: np.random.Generator) -> Prediction:
    """``wanted``, (m, p), from ``given``, (m, q), by ridge regression; the penalty with the least error is taken."""
    best, _ = _fit(given, wanted, rng.permutation(len(given)) % _FOLDS)
    return _said(best, wanted)


def predict_from_nearest(ranks: npt.NDArray[np.int32], wanted: FloatArray) -> Prediction:
    """``wanted``, (m, p), of each item as the mean of its 20 nearest on the side whose ranks, (m, m), are given.

    The item itself has no part in it. What is left of groups that both sides know is their centres.
    """
    k = min(_NEAREST, len(ranks) - 1)
    nearest = np.argpartition(ranks, k, axis=1)[:, : k + 1]
    return _said((wanted[nearest].sum(axis=1) - wanted) / k, wanted)


def _said(values: FloatArray, wanted: FloatArray) -> Prediction:
    residuals = wanted - values
    spread = float(np.square(wanted - wanted.mean(axis=0)).sum()) or 1.0
    return Prediction(values, residuals - residuals.mean(axis=0), 1 - float(np.square(residuals).sum()) / spread)


def _fit(given: FloatArray, wanted: FloatArray, folds: npt.NDArray[np.int64]) -> tuple[FloatArray, float]:
    """Out-of-fold prediction with the penalty of least error, and that error.

    The error falls and then rises with the penalty, so from the middle one the search goes on while it falls.
    """
    parts = [_Fold.of(given, wanted, folds == fold) for fold in range(_FOLDS)]
    found: dict[int, tuple[FloatArray, float]] = {}

    def error(place: int) -> float:
        if not 0 <= place < len(_PENALTIES):
            return np.inf
        if place not in found:
            fit = np.empty_like(wanted)
            for part in parts:
                fit[part.asked] = part.fit(_PENALTIES[place])
            found[place] = fit, float(np.square(wanted - fit).sum())
        return found[place][1]

    place = len(_PENALTIES) // 2
    step = 1 if error(place + 1) < error(place) else -1
    while error(place + step) < error(place):
        place += step
    return found[place]


@dataclass(frozen=True)
class _Fold:
    """What a fit without one fold needs."""

    asked: npt.NDArray[np.bool_]
    products: FloatArray
    size: float
    along: FloatArray
    places: FloatArray
    level: FloatArray

    @classmethod
    def of(cls, given: FloatArray, wanted: FloatArray, asked: npt.NDArray[np.bool_]) -> _Fold:
        told = ~asked
        centre, level = given[told].mean(axis=0), wanted[told].mean(axis=0)
        centred = given[told] - centre
        products = centred.T @ centred
        size = max(float(np.linalg.norm(products)), np.finfo(np.float64).tiny)
        return cls(asked, products, size, centred.T @ (wanted[told] - level), given[asked] - centre, level)

    def fit(self, penalty: float) -> FloatArray:
        """The items of the fold by ridge regression of the others."""
        from scipy.linalg import cho_factor, cho_solve

        ridge = self.products.copy()
        ridge[np.diag_indices_from(ridge)] += penalty * self.size
        factor = cho_factor(ridge, lower=True, overwrite_a=True, check_finite=False)
        return np.asarray(self.level + self.places @ cho_solve(factor, self.along, check_finite=False))
