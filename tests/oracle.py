"""DESIGN section 1 in naive float64: what every engine is held to."""

from __future__ import annotations

import numpy as np


def ranks(x: np.ndarray) -> np.ndarray:
    """Neighbour ranks from distances taken one row at a time; the item first, equal distances in index order."""
    x = np.asarray(x, dtype=np.float64)
    out = np.empty((len(x), len(x)), dtype=np.int64)
    for i, row in enumerate(x):
        distances = np.sqrt(((x - row) ** 2).sum(axis=1))
        distances[i] = -1
        out[i, np.argsort(distances, kind="stable")] = np.arange(1, len(x) + 1)
    return out


def difference(ranks_x: np.ndarray, ranks_y: np.ndarray, gamma: float = 0.1) -> np.ndarray:
    """G."""
    return np.tanh(gamma * (ranks_x - ranks_y) / np.minimum(ranks_x, ranks_y))


def affinity(G: np.ndarray, beta: float = 5.0) -> np.ndarray:
    """A of x_only; that of y_only for -G."""
    A = np.exp(-beta * G)
    return (A + A.T) / 2


def affinities(x: np.ndarray, y: np.ndarray, gamma: float = 0.1, beta: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    """A of x_only and of y_only."""
    G = difference(ranks(x), ranks(y), gamma)
    return affinity(G, beta), affinity(-G, beta)


def normalized_cut(A: np.ndarray, labels: np.ndarray) -> float:
    """Sum over clusters of the share of their degree that leaves them."""
    return sum(A[np.ix_(labels == k, labels != k)].sum() / A[labels == k].sum() for k in np.unique(labels))


def eigenvectors(A: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest eigenvalues of D^-1/2 A D^-1/2, descending, and their vectors."""
    root = np.sqrt(A.sum(axis=1))
    values, vectors = np.linalg.eigh(A / np.outer(root, root))
    return values[::-1][:k], vectors[:, ::-1][:, :k]
