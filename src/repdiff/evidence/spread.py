"""How exactly the mean affinity of a cluster is known: its standard error as of a sample of members."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity

FEWEST = 4  # members in a sample


def standard_errors(
    affinity: Affinity, labels: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Standard error of the mean affinity within each cluster, (k,); NaN for fewer than four members in the sample.

    The mean over pairs is a U-statistic: with z the variance of an item's mean affinity to its fellows, its variance is
    about 4 z / N for N members (Hoeffding 1948). z is estimated from the sample, less what its being small adds.

    Parameters
    ----------
    affinity : Affinity
        Among m items.
    labels : ndarray of int32, (m,)
        Cluster of each.
    sizes : ndarray of int64, (k,)
        Members of each cluster among all items.
    """
    errors = np.full(len(sizes), np.nan)
    for cluster, size in enumerate(sizes):
        members = np.flatnonzero(labels == cluster)
        s = len(members)
        if s < FEWEST:
            continue
        block = affinity.block(members, members).astype(np.float64)[~np.eye(s, dtype=bool)].reshape(s, s - 1)
        of_few = float(block.var(axis=1, ddof=1).mean()) / (s - 1)
        of_items = max(0.0, float(block.mean(axis=1).var(ddof=1)) - of_few)
        errors[cluster] = np.sqrt(4 * of_items / size + 2 * float(block.var()) / (size * max(1, size - 1)))
    return errors
