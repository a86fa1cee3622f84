"""Concepts of x alone: factors of its matrix."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from repdiff.evaluation.groups import Group, groups_of_activations
from repdiff.evaluation.methods.base import FloatArray, k_means

_TINY = 1e-12


@dataclass(frozen=True)
class PCA:
    """Principal components of x; each end of a component is a concept, so half as many components are taken."""

    name: str = "pca"
    title: str = "principal components"
    source: str = "Jolliffe, Principal Component Analysis, 2002"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Both ends of the leading components of x."""
        from sklearn import decomposition

        count = min(-(-n_groups // 2), *x.shape)
        scores = decomposition.PCA(count, svd_solver="randomized", random_state=random_state).fit_transform(x)
        both_ends = np.stack([scores, -scores], axis=2).reshape(len(x), -1)
        return groups_of_activations(both_ends[:, :n_groups], size)


@dataclass(frozen=True)
class NMF:
    """Non-negative factors of x; columns with negative values are shifted to start at zero."""

    name: str = "nmf"
    title: str = "non-negative factors"
    source: str = "Lee & Seung, Nature 401, 1999"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Factors of x."""
        return groups_of_activations(nmf_activations(x, n_groups, random_state), size)


def nmf_activations(x: FloatArray, n_concepts: int, random_state: int) -> FloatArray:
    """How strongly each item activates each non-negative factor of x, (n, k); k is at most n and d.

    Factors are scaled to length one, so that activations of all of them have the unit of x and can be compared.
    """
    from sklearn import decomposition
    from sklearn.exceptions import ConvergenceWarning

    count = min(n_concepts, *x.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 300 steps are good enough without convergence
        model = decomposition.NMF(count, init="nndsvda", max_iter=300, random_state=random_state)
        activations = model.fit_transform(x - np.minimum(x.min(axis=0), 0))
    return np.asarray(activations * np.linalg.norm(model.components_, axis=1))


@dataclass(frozen=True)
class ConvexNMF:
    """Factors that are convex combinations of items, so that x may have any sign (Ding, Li & Jordan, section 3.2).

    With one item a row: X ~ G W^T X, where W (n, k) says which items make up a factor and G (n, k) how strongly each
    item activates it. Both are non-negative, and the columns of W add up to one. Only the products of the rows of x are
    needed, K = X X^T.
    """

    n_steps: int = 100
    name: str = "convex-nmf"
    title: str = "convex non-negative factors"
    source: str = "Ding, Li & Jordan, IEEE PAMI 32, 2010"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Factors of x, less its mean."""
        centred = x - x.mean(axis=0)
        return groups_of_activations(convex_nmf(centred, n_groups, self.n_steps, random_state)[1], size)


def convex_nmf(x: FloatArray, n_concepts: int, n_steps: int, random_state: int) -> tuple[FloatArray, FloatArray]:
    """W and G of X ~ G W^T X, (n, k) each, by multiplicative updates from a k-means start.

    Each update leaves || X - G W^T X || no larger than it was. With K = X X^T split into its positive and negative
    parts, K = P - N:

        G <- G * sqrt((P W + G W^T N W) / (N W + G W^T P W))
        W <- W * sqrt((P G + N W G^T G) / (N G + P W G^T G))

    The product does not fix the scale of either factor; at the end W is scaled so that its columns add up to one, and G
    is scaled to match.
    """
    labels, _ = k_means(x, n_concepts, random_state)
    member = np.eye(int(labels.max()) + 1)[labels]
    G = member + 0.2  # the start that the paper gives, section 3.3
    W = G / member.sum(axis=0)
    K = x @ x.T
    P, N = np.maximum(K, 0), np.maximum(-K, 0)
    del K
    for _ in range(n_steps):
        PW, NW = P @ W, N @ W
        G = G * np.sqrt((PW + G @ (W.T @ NW) + _TINY) / (NW + G @ (W.T @ PW) + _TINY))
        GG = G.T @ G
        W = W * np.sqrt((P @ G + NW @ GG + _TINY) / (N @ G + PW @ GG + _TINY))
    total = W.sum(axis=0)
    return W / total, G * total
