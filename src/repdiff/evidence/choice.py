"""``n_clusters="auto"``: the number of clusters, by eigengap and stability.

If k groups keep their affinity to themselves, k eigenvalues of the normalised affinity are near 1 and the next one is
lower (von Luxburg 2007, section 8.3): the gap after the k-th tells k. The few largest gaps are candidates. Which of
them is meant by more than the sample is seen by clustering overlapping samples of the items and comparing what the
shared items get. The candidate of the largest gap times stability is chosen.

What is counted are all clusters of the direction, the group of items that do not change among them.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity, DenseAffinity
from repdiff.clustering.kmeans import k_means
from repdiff.clustering.spectral import Warn, ignore_warning, leading_eigenvectors, warn_not_converged
from repdiff.core.overlap import match_clusters
from repdiff.core.progress import Progress, silent
from repdiff.results.choice import Candidate, ChosenNumber

LARGEST_NUMBER = 16
_FEWEST_ITEMS = 5  # per cluster
_CANDIDATES = 5  # gaps whose stability is looked at
_SAMPLES, _SHARED, _OWN = 3, 500, 500
_NOTHING_APART = 0.02  # an eigenvalue this small tells no groups apart


def choose_number(
    affinity: Affinity,
    *,
    random_state: int | None = 0,
    warn: Warn = warn_not_converged,
    progress: Progress = silent,
) -> ChosenNumber:
    """How many clusters an affinity falls into, by eigengap and stability.

    Parameters
    ----------
    affinity : Affinity
        What is to be clustered.
    random_state : int or None
        Seed.
    warn : callable, optional
        Told where the eigenvectors have not settled; issues a NotConvergedWarning by default.
    progress : Progress, optional
        Told about the stage "eigenvectors".
    """
    largest = min(LARGEST_NUMBER, affinity.n // _FEWEST_ITEMS)
    if largest < 2:
        return ChosenNumber(1, (), "too_few_items", affinity.n)
    found = leading_eigenvectors(affinity, largest + 1, random_state=random_state, warn=warn, progress=progress)
    values = found.values
    gaps = {n: float(values[n - 1] - values[n]) for n in range(2, largest + 1)}
    if values[1] < _NOTHING_APART:
        candidates = tuple(Candidate(n, float(values[n - 1]), gap) for n, gap in gaps.items())
        return ChosenNumber(1, candidates, "nothing_apart", affinity.n)
    widest = sorted(gaps, key=lambda n: (-gaps[n], n))[:_CANDIDATES]
    stability = _stabilities(affinity, widest, random_state)
    candidates = tuple(Candidate(n, float(values[n - 1]), gap, stability.get(n)) for n, gap in gaps.items())
    n = max(widest, key=lambda n: (gaps[n] * stability[n], -n))
    return ChosenNumber(n, candidates, "gap", affinity.n)


def _stabilities(affinity: Affinity, numbers: list[int], random_state: int | None) -> dict[int, float]:
    """For each number of clusters, how well clusterings of overlapping samples agree on the items they share."""
    rng = np.random.default_rng(random_state)
    dealt = rng.permutation(affinity.n).astype(np.int64)
    n_shared = min(_SHARED, affinity.n // 3)
    shared, others = dealt[:n_shared], dealt[n_shared:]
    points = []
    for sample in range(_SAMPLES):
        items = np.concatenate([shared, rng.permutation(others)[: min(_OWN, n_shared)]])
        block = DenseAffinity(affinity.block(items, items))
        # A sample that is slow to settle tells of little stability, which is what is asked.
        spectrum = leading_eigenvectors(block, min(max(numbers), len(items)), random_state=sample, warn=ignore_warning)
        points.append(spectrum.vectors / np.sqrt(spectrum.degree)[:, None])
    return {n: _agreement([_labels(of_sample, n) for of_sample in points], len(shared)) for n in numbers}


def _labels(points: npt.NDArray[np.float64], n: int) -> npt.NDArray[np.int32]:
    coordinates = points[:, 1:n]
    return k_means(coordinates, min(n, len(np.unique(coordinates, axis=0))))


def _agreement(labellings: list[npt.NDArray[np.int32]], n_shared: int) -> float:
    found = []
    for one, other in combinations(labellings, 2):
        mine, theirs = one[:n_shared], other[:n_shared]
        count = int(mine.max()) + 1
        jaccard, _ = match_clusters(mine, theirs, count)
        found.append(np.average(jaccard, weights=np.bincount(mine, minlength=count)))
    return float(np.mean(found))
