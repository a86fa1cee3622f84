"""One representation predicted from the other, each item from a fit that did not see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MOST_COMPONENTS = 128
_FOLDS = 4
_PENALTIES = tuple(10.0**exponent for exponent in range(-4, 2))  # of the largest squared singular value
_LANDMARKS = 200
_KERNEL_WEIGHTS = (1.0, 4.0)  # of the kernel beside the linear part
_LEAST_EIGENVALUE = 1e-8  # of the largest: below it is rounding


@dataclass(frozen=True)
class Prediction:
    """What one side says of the other.

    Attributes
    ----------
    values : ndarray of float64, (m, p)
        Out of fold.
    residuals : ndarray of float64, (m, p)
        What it does not say: the truth less ``values``, less their mean.
    r2 : float
        Share of the variance it explains; below 0 where it is worse than the mean.
    """

    values: FloatArray
    residuals: FloatArray
    r2: float


def principal_coordinates(values: npt.NDArray[Any], most: int = MOST_COMPONENTS) -> FloatArray:
    """Rows, (m, d), in their leading principal components, (m, at most ``most``), centred."""
    from scipy.linalg import eigh

    centred = values.astype(np.float64)
    centred -= centred.mean(axis=0)
    m, d = centred.shape
    kept = min(most, m, d)
    wide = d > m
    products = centred @ centred.T if wide else centred.T @ centred
    last = len(products)
    squares, vectors = eigh(products, subset_by_index=(last - kept, last - 1))
    if wide:
        return np.asarray(vectors[:, ::-1] * np.sqrt(np.maximum(squares[::-1], 0)))
    return np.asarray(centred @ vectors[:, ::-1])


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


def predict_linearly(given: FloatArray, wanted: FloatArray, rng: np.random.Generator) -> Prediction:
    """``wanted``, (m, p), from ``given``, (m, q), by ridge regression; the penalty with the least error is taken."""
    return _predict([given], wanted, _fold_of_each(len(given), rng))


def predict_with_kernel(given: FloatArray, wanted: FloatArray, rng: np.random.Generator) -> Prediction:
    """The same from ``given`` and a Gaussian kernel to some landmarks of it (Nystroem; Williams & Seeger 2001)."""
    folds = _fold_of_each(len(given), rng)
    linear = given / np.sqrt(_mean_square(given))
    curved = _kernel_features(linear, rng)
    return _predict([np.hstack([linear, np.sqrt(weight) * curved]) for weight in _KERNEL_WEIGHTS], wanted, folds)


def _fold_of_each(m: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return rng.permutation(m) % _FOLDS


def _mean_square(rows: FloatArray) -> float:
    return float(np.square(rows).sum() / len(rows)) or 1.0


def _kernel_features(points: FloatArray, rng: np.random.Generator) -> FloatArray:
    landmarks = points[np.sort(rng.permutation(len(points))[:_LANDMARKS])]
    squared = np.square(points).sum(axis=1)[:, None] + np.square(landmarks).sum(axis=1) - 2 * points @ landmarks.T
    between = np.square(landmarks).sum(axis=1)[:, None] + np.square(landmarks).sum(axis=1) - 2 * landmarks @ landmarks.T
    width = 0.5 * float(np.median(squared)) or 1.0
    values, vectors = np.linalg.eigh(np.exp(-np.maximum(between, 0) / width))
    kept = values > _LEAST_EIGENVALUE * values[-1]
    return np.asarray(np.exp(-np.maximum(squared, 0) / width) @ (vectors[:, kept] / np.sqrt(values[kept])))


def _predict(candidates: list[FloatArray], wanted: FloatArray, folds: npt.NDArray[np.int64]) -> Prediction:
    fits = (fit for given in candidates for fit in _fits(given, wanted, folds))
    best = min(fits, key=lambda fit: float(np.square(wanted - fit).sum()))
    residuals = wanted - best
    spread = float(np.square(wanted - wanted.mean(axis=0)).sum()) or 1.0
    return Prediction(best, residuals - residuals.mean(axis=0), 1 - float(np.square(residuals).sum()) / spread)


def _fits(given: FloatArray, wanted: FloatArray, folds: npt.NDArray[np.int64]) -> Iterator[FloatArray]:
    """Out-of-fold predictions, one for each penalty, from the eigenvectors of the products of the columns given."""
    parts = []
    for fold in range(_FOLDS):
        told, asked = folds != fold, folds == fold
        centre, level = given[told].mean(axis=0), wanted[told].mean(axis=0)
        centred = given[told] - centre
        squares, vectors = np.linalg.eigh(centred.T @ centred)
        along = vectors.T @ (centred.T @ (wanted[told] - level))
        parts.append((asked, np.maximum(squares, 0), along, (given[asked] - centre) @ vectors, level))
    for penalty in _PENALTIES:
        fit = np.empty_like(wanted)
        for asked, squares, along, places, level in parts:
            least = max(penalty * float(squares[-1]), np.finfo(np.float64).tiny)
            fit[asked] = level + (places / (squares + least)) @ along
        yield fit
