"""Concepts of x that y cannot predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from repdiff.evaluation.groups import Group, groups_of_activations
from repdiff.evaluation.methods.base import FloatArray
from repdiff.evaluation.methods.factorisations import nmf_activations


@dataclass(frozen=True)
class ConceptRegression:
    """Concepts of x that are predicted worst from y (RSVC).

    Concepts are non-negative factors of x, twice as many as requested groups. Ridge regression predicts each from y, on
    held-out items (five folds); the correlation of prediction and concept says how much of it y has. The groups are the
    concepts of lowest correlation; an item whose strongest concept y predicts well is in none. The paper uses concepts
    of image patches of one class; here an item is one vector, and all items count.
    """

    concepts_per_group: int = 2
    n_folds: int = 5
    name: str = "rsvc"
    title: str = "concept regression (RSVC)"
    source: str = "Kondapaneni, Mac Aodha & Perona, ICLR 2025 (adapted from patches to items)"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The concepts of x that y predicts worst."""
        concepts = nmf_activations(x, n_groups * self.concepts_per_group, random_state)
        concepts = concepts[:, concepts.any(axis=0)]
        known = _predictability(concepts, y, self.n_folds, random_state)
        return groups_of_activations(concepts, size, chosen=np.argsort(known, kind="stable")[:n_groups])


def _predictability(concepts: FloatArray, y: FloatArray, n_folds: int, random_state: int) -> FloatArray:
    """Correlation of each concept with its held-out prediction from y by ridge regression, (k,)."""
    from sklearn.linear_model import RidgeCV

    fold = np.random.default_rng(random_state).permutation(np.arange(len(y)) % min(n_folds, len(y)))
    spread = y.std(axis=0)
    scaled = (y - y.mean(axis=0)) / np.where(spread > 0, spread, 1)
    predicted = np.empty_like(concepts)
    for one in np.unique(fold):
        inside = fold != one
        model = RidgeCV(alphas=(1.0, 10.0, 100.0, 1000.0)).fit(scaled[inside], concepts[inside])
        predicted[~inside] = model.predict(scaled[~inside]).reshape(-1, concepts.shape[1])
    return np.array([_correlation(*columns) for columns in zip(predicted.T, concepts.T, strict=True)])


def _correlation(a: FloatArray, b: FloatArray) -> float:
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else 0.0
