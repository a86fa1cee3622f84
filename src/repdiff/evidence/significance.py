"""Whether a cluster's affinity is more than that of neighbourhoods of x of the same size, picked at random.

Any neighbourhood of x has a high affinity: its items were taken because they are close in x, and so they are less close
in y, whatever the two have in common. A cluster must have more than that. And it must have it on items that had no part
in choosing it, because the clustering looks for high affinity and finds some in noise too. So, in each resample:

1. Some items are clustered. Others, the unseen, fall into the cluster of their nearest seen items in x.
2. T is the log of the mean affinity among the unseen items that fell into a cluster.
3. The null distribution of T: items are picked at random among the unseen, and each taken with its nearest in x, as
   many as fell into the cluster.
4. The p-value is the tail, 1e-6 at the least, of a normal fitted to the lower 5 to 40 % of the null distribution (an
   empirical null; Efron 2004): where real groups are half of the items, half of the neighbourhoods lie in them, and
   counted as chance they would hide each other. For the same reason nothing stands out where more than 60 % of the
   items differ alike.

Where only pairs within a group count, the nearest items are those of the item's own group, in 1 and in 3.

p-values of the resamples are combined by twice their median (Meinshausen, Meier & Buehlmann 2009), which needs no
independence, and asks that a cluster is found and holds in most of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.evidence.nested import nested_means

FloatArray = npt.NDArray[np.float64]

FEWEST_MEMBERS = 3  # of a cluster in a sample, below which the sample says nothing of it
N_NEIGHBORHOODS = 100
_LEAST_P = 1e-6  # a fit to 100 neighbourhoods says no more
_SMALLEST = float(np.finfo(np.float32).tiny)
_LEAST_SPREAD = 0.05  # of log affinity: less is no difference that anybody could see
_LOWER_QUANTILES = (0.05, 0.10, 0.15, 0.20, 0.25, 0.30, 0.35, 0.40)  # of the null: a normal is fitted to them


@dataclass(frozen=True)
class Unseen:
    """What became of each cluster among items that the clustering had not seen; NaN where too few fell into it.

    Attributes
    ----------
    mean_affinity : ndarray of float64, (k,)
        Mean affinity among the items that fell into it, self-pairs left out.
    null_affinity : ndarray of float64, (k,)
        Median of that of neighbourhoods of the same size picked at random.
    p_value : ndarray of float64, (k,)
        Chance of so high a mean affinity; 1 where too few items fell into it.
    """

    mean_affinity: FloatArray
    null_affinity: FloatArray
    p_value: FloatArray


def compare_with_neighborhoods(
    block: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int32],
    match: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
) -> Unseen:
    """Mean affinity of groups of unseen items against neighbourhoods of their sizes.

    Parameters
    ----------
    block : ndarray of float32, (u, u)
        Affinity among the unseen items.
    labels : ndarray of int32, (u,)
        The group that each fell into.
    match : ndarray of int64, (k,)
        Group that stands for each cluster; -1 for none.
    order : ndarray of int64, (r, u)
        For each of the items picked at random, itself and the others from near to far.
    """
    mean, null, p = np.full(len(match), np.nan), np.full(len(match), np.nan), np.ones(len(match))
    sizes = np.array([(labels == group).sum() for group in match])
    if sizes.max(initial=0) < FEWEST_MEMBERS:
        return Unseen(mean, null, p)
    neighborhoods = nested_means(block, order, int(sizes.max()))
    for cluster, group in enumerate(match):
        if sizes[cluster] < FEWEST_MEMBERS:
            continue
        members = labels == group
        affinities = neighborhoods[:, sizes[cluster] - 2]
        mean[cluster] = _mean_of_pairs(block, members[:, None])[0]
        null[cluster] = np.median(affinities)
        p[cluster] = normal_tail(_log(mean[cluster]), _log(affinities))
    return Unseen(mean, null, p)


def normal_tail(value: float, null: FloatArray) -> float:
    """Chance of at least ``value`` under a normal fitted to the lower quantiles of a sample of the null distribution.

    Least squares of the quantiles on those of the standard normal: the slope is the spread, the intercept the centre.
    """
    from scipy.special import ndtr, ndtri

    quantiles, normal = np.quantile(null, _LOWER_QUANTILES), ndtri(_LOWER_QUANTILES)
    deviations = normal - normal.mean()
    spread = float(deviations @ quantiles / (deviations @ deviations))
    centre = float(quantiles.mean() - spread * normal.mean())
    return max(_LEAST_P, float(ndtr(-(value - centre) / max(spread, _LEAST_SPREAD))))


def combine(p_values: FloatArray) -> FloatArray:
    """One p-value for each cluster from those of all resamples, (r, k): twice the median."""
    return np.asarray(np.minimum(1, 2 * np.median(p_values, axis=0)))


def _log(affinity: Any) -> Any:
    return np.log(np.maximum(affinity, _SMALLEST))


def _mean_of_pairs(block: npt.NDArray[np.float32], members: npt.NDArray[np.bool_]) -> FloatArray:
    """Mean affinity within each column of members, (r,), self-pairs left out."""
    marks = members.astype(np.float32)
    sizes = members.sum(axis=0).astype(np.float64)
    totals = np.einsum("ur,ur->r", marks, block @ marks, dtype=np.float64)
    own = np.diagonal(block).astype(np.float64) @ marks
    return np.asarray((totals - own) / (sizes * (sizes - 1)))
