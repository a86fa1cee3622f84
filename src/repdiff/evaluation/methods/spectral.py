"""Eigenvectors that x has and y does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from repdiff.evaluation.groups import Group, groups_of_activations, groups_of_labels
from repdiff.evaluation.methods.base import FloatArray, cosine_kernel, gaussian_kernel, k_means, largest_eigenvectors


@dataclass(frozen=True)
class KernelDifference:
    """Leading eigenvectors of the difference of two kernels (SPEC).

    A large eigenvalue of (K_x - K_y) / n belongs to a group of items that is tight in x and not in y, and the large
    entries of its vector say which. The paper has two kernels, and ``METHODS`` tries both: neither is always better.
    The Gaussian's ``width`` is a share of the root mean square distance; the default worked best
    (studies/known_differences/widths.py). The end of an eigenvector with the largest entry is used.
    """

    kernel: Literal["gaussian", "cosine"] = "gaussian"
    width: float = 0.25
    name: str = "spec"
    title: str = "kernel-difference eigenvectors (SPEC)"
    source: str = "Jalali, Dibaei Nia & Farnia, ICML 2025"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The eigenvectors of the largest, positive eigenvalues."""
        difference = (self._kernel(x) - self._kernel(y)) / len(x)
        values, vectors = largest_eigenvectors(difference, n_groups, random_state)
        vectors = vectors[:, values > 1e-12]
        ends = vectors[np.abs(vectors).argmax(axis=0), np.arange(vectors.shape[1])]
        return groups_of_activations(vectors * np.sign(ends), size)

    def _kernel(self, values: FloatArray) -> FloatArray:
        return cosine_kernel(values) if self.kernel == "cosine" else gaussian_kernel(values, self.width)


@dataclass(frozen=True)
class DifferentialSpectral:
    """Clusters of x's graph after projecting out the eigenvectors of y's graph (DiSC).

    The paper compares graphs of features under two conditions. Adapted here to graphs of items under two
    representations: the nodes are items, their weights a Gaussian kernel of the distances within x, and within y. The
    rest is the paper's: leading eigenvectors V of y's normalised graph P_y, then those of

        (I - V V^T) P_x (I - V V^T)

    and k-means on them, scaled by their eigenvalues. One extra cluster is made; the one nearest to the origin, whose
    items are not separated, is dropped, and the others are ordered by their distance from the origin.

    The kernel's ``width`` is a share of the root mean square distance. Narrower ones find more of the known differences
    of networks (studies/known_differences/widths.py), but leave items of real embeddings without neighbours, whose
    eigenvectors then lead.
    """

    width: float = 0.5
    name: str = "disc"
    title: str = "differential spectral clustering (DiSC)"
    source: str = "Sristi, Mishne & Jaffe, NeurIPS 2022 (adapted from features to items)"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """Clusters of the filtered eigenvectors."""
        known = largest_eigenvectors(_normalised(gaussian_kernel(y, self.width)), n_groups, random_state)[1]
        graph = _normalised(gaussian_kernel(x, self.width))
        graph = graph - known @ (known.T @ graph)
        graph = graph - (graph @ known) @ known.T
        values, vectors = largest_eigenvectors((graph + graph.T) / 2, n_groups, random_state)
        points = (vectors * np.maximum(values, 0))[:, values > 1e-9]
        if not points.size:
            return []
        labels, distance = k_means(points / np.abs(points).max(), n_groups + 1, random_state)
        strength = [float(np.linalg.norm(points[labels == one].mean(axis=0))) for one in range(labels.max() + 1)]
        place = np.full(len(strength), -1)
        order = np.argsort(strength)[::-1][:n_groups]
        place[order] = np.arange(len(order))
        return groups_of_labels(place[labels], -distance, size)


def _normalised(graph: FloatArray) -> FloatArray:
    """D^-1/2 W D^-1/2."""
    root = np.sqrt(graph.sum(axis=1))
    return np.asarray(graph / np.outer(root, root))
