"""Whether a cluster is found again when items are left out (clusterwise stability; Hennig 2007)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int32]

FEWEST_MEMBERS = 3  # of a cluster in a sample, below which the sample says nothing of it


def jaccard_table(labels: Labels, others: Labels, n_clusters: int) -> npt.NDArray[np.float64]:
    """Jaccard agreement |A and B| / |A or B| of each cluster A of one labelling with each B of another, (k, l).

    Parameters
    ----------
    labels, others : ndarray of int32, (m,)
        Two labellings of the same items. Clusters that are empty agree with nothing.
    n_clusters : int
        k, for clusters of ``labels`` that none of these items belongs to.
    """
    n_others = int(others.max()) + 1
    both = np.zeros((n_clusters, n_others))
    np.add.at(both, (labels, others), 1)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return np.asarray(both / np.maximum(either, 1))


def match_clusters(
    labels: Labels, others: Labels, n_clusters: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The new cluster that each cluster became: the assignment of the largest total Jaccard agreement.

    Returns
    -------
    jaccard : ndarray of float64, (k,)
        Agreement with the match; 0 without one.
    match : ndarray of int64, (k,)
        Label in ``others``; -1 without a match.
    """
    from scipy.optimize import linear_sum_assignment

    table = jaccard_table(labels, others, n_clusters)
    rows, columns = linear_sum_assignment(-table)
    met = table[rows, columns] > 0
    match = np.full(n_clusters, -1, np.int64)
    match[rows[met]] = columns[met]
    jaccard = np.zeros(n_clusters)
    jaccard[rows] = table[rows, columns]
    return jaccard, match
