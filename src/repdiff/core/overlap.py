"""Overlap of two groupings of the same items: shared items, the Jaccard index, and the best matching."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Labels = npt.NDArray[np.integer[Any]]


def shared_counts(labels: Labels, others: Labels, n_clusters: int, n_others: int) -> npt.NDArray[np.int64]:
    """Number of items that each pair of clusters of two labellings shares, (k, l).

    Parameters
    ----------
    labels, others : ndarray of int, (m,)
        Two labellings of the same items; an item with a negative label is in no cluster.
    n_clusters, n_others : int
        k and l, larger than any label.
    """
    counted = (labels >= 0) & (others >= 0)
    cells = labels[counted].astype(np.int64) * n_others + others[counted]
    return np.bincount(cells, minlength=n_clusters * n_others).reshape(n_clusters, n_others)


def jaccard_index(shared: npt.ArrayLike, sizes: npt.ArrayLike, other_sizes: npt.ArrayLike) -> FloatArray:
    """|A and B| / |A or B| from shared counts and set sizes, which broadcast; 0 where both sets are empty."""
    either = np.add(sizes, other_sizes) - np.asarray(shared)
    return np.asarray(shared / np.maximum(either, 1), dtype=np.float64)


def jaccard_table(labels: Labels, others: Labels, n_clusters: int | None = None) -> FloatArray:
    """Jaccard index of each cluster of one labelling with each cluster of another, (k, l).

    Parameters
    ----------
    labels, others : ndarray of int, (m,)
        Two labellings of the same items; an item with a negative label is in no cluster. An empty cluster has an index
        of 0 with every other.
    n_clusters : int, optional
        k, if the last clusters of ``labels`` may be empty; the largest label plus one by default.
    """
    k = int(labels.max(initial=-1)) + 1 if n_clusters is None else n_clusters
    n_others = int(others.max(initial=-1)) + 1
    sizes = np.bincount(labels[labels >= 0], minlength=k)
    other_sizes = np.bincount(others[others >= 0], minlength=n_others)
    return jaccard_index(shared_counts(labels, others, k, n_others), sizes[:, None], other_sizes)


def jaccard_of_sets(members: npt.NDArray[np.bool_]) -> FloatArray:
    """Jaccard index of every row of a table of members, (m, n), with every other, (m, m); 0 for empty sets."""
    from scipy.sparse import csr_array

    table = csr_array(members.astype(np.float64))
    sizes = members.sum(axis=1)
    return jaccard_index((table @ table.T).toarray(), sizes[:, None], sizes)


def best_pairs(table: FloatArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows and columns of the one-to-one matching with the largest total; pairs with entry 0 are left out."""
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table, maximize=True)
    met = table[rows, columns] > 0
    return rows[met], columns[met]


def match_clusters(
    labels: Labels, others: Labels, n_clusters: int | None = None
) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """The cluster of another labelling that matches each cluster: the matching with the largest total Jaccard index.

    Parameters
    ----------
    labels, others, n_clusters
        As in :func:`jaccard_table`.

    Returns
    -------
    jaccard : ndarray of float64, (k,)
        Index with the match; 0 without one.
    match : ndarray of int64, (k,)
        Label in ``others``; -1 without a match.
    """
    table = jaccard_table(labels, others, n_clusters)
    rows, columns = best_pairs(table)
    jaccard, match = np.zeros(len(table)), np.full(len(table), -1, np.int64)
    jaccard[rows], match[rows] = table[rows, columns], columns
    return jaccard, match
