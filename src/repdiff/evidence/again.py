"""Both directions clustered again: halves of the items, and other settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import Affinity
from repdiff.core.errors import RepdiffError
from repdiff.core.geometry import neighbor_places
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.evidence.resampling import Clustered, Resample, draw_resamples
from repdiff.evidence.robustness import LARGEST_VARIED, Sample, vary_settings
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.evidence import Untested, Variation
from repdiff.settings import EvidenceSettings

Nearness = Callable[[npt.NDArray[np.int64], npt.NDArray[np.int64]], npt.NDArray[Any]]
Drawn = Mapping[DirectionName, tuple[Resample, ...]]
Varied = Mapping[DirectionName, tuple[tuple[Variation, ...], ...]]

_STAGE = "evidence"


@dataclass(frozen=True)
class Found:
    """One direction, and how it came about.

    Attributes
    ----------
    direction : Direction
        Its clusters.
    affinity : Affinity
        What was clustered.
    nearness : callable
        Rows and columns -> numbers that sort the columns from near to far, in the representation that holds the
        clusters.
    recluster : callable
        Affinity, seed and number of clusters (None for as many as before) -> labels.
    nearest : ndarray of int32, (n, q), or None
        The nearest other items of each item by ``nearness``, nearest first, where they are known.
    """

    direction: Direction
    affinity: Affinity
    nearness: Nearness
    recluster: Callable[[Affinity, int, int | None], npt.NDArray[np.int32]]
    nearest: npt.NDArray[np.int32] | None = None


@dataclass(frozen=True)
class ClusteredAgain:
    """What became of the clusters of both directions.

    Attributes
    ----------
    drawn : mapping to tuple of Resample
        For each direction, what halves of the items say; nothing where there are too few items.
    varied : mapping to tuple of tuple of Variation
        For each direction and cluster, what other settings say.
    untested : str
        Why there is nothing, where there is nothing.
    """

    drawn: Drawn
    varied: Varied
    untested: Untested = "sample_too_small"


def cluster_again(
    x_only: Found,
    y_only: Found,
    *,
    gamma: float,
    beta: float,
    groups: npt.NDArray[np.int32] | None = None,
    takes_number: bool = True,
    n_resamples: int = EvidenceSettings.n_resamples,
    n_jobs: int | None = None,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> ClusteredAgain:
    """How far clusters are found again when items are left out, and when settings change.

    Parameters
    ----------
    x_only, y_only : Found
        The directions.
    gamma, beta : float
        The settings of the comparison.
    groups : ndarray of int32, (n,), optional
        Where only pairs within a group count, the group of each item.
    takes_number : bool
        Whether the clustering can be asked for another number of clusters.
    n_resamples : int
        How often some of the items are clustered again.
    n_jobs, random_state, progress
        As in :func:`repdiff.compare`; the stage is "evidence".
    """
    seed = int(np.random.default_rng(random_state).integers(2**31))
    sides = (x_only, y_only)
    threads = resolve_n_jobs(n_jobs) if takes_number else 1  # a user's clusterer need not take several threads
    try:
        drawn = _drawn(sides, groups, n_resamples, threads, seed, progress)
        varied = _varied(sides, drawn, groups, gamma, beta, takes_number, threads, seed) if drawn else {}
    except RepdiffError:
        return ClusteredAgain({}, {}, "sample_too_small" if takes_number else "clusterer_failed")
    return ClusteredAgain(drawn, varied)


def _drawn(
    sides: tuple[Found, Found],
    groups: npt.NDArray[np.int32] | None,
    n_resamples: int,
    n_jobs: int,
    seed: int,
    progress: Progress,
) -> Drawn:
    """The resamples of both directions; nothing where there are too few items for one of them."""
    clustered = [
        Clustered(side.affinity, side.direction.labels, side.nearness, side.recluster, groups, side.nearest)
        for side in sides
    ]
    found = draw_resamples(
        clustered, n_resamples=n_resamples, n_jobs=n_jobs, seed=seed, stage=_STAGE, progress=progress
    )
    drawn = {side.direction.name: resamples for side, resamples in zip(sides, found, strict=True)}
    return drawn if all(drawn.values()) else {}


def _varied(
    sides: tuple[Found, Found],
    drawn: Drawn,
    groups: npt.NDArray[np.int32] | None,
    gamma: float,
    beta: float,
    takes_number: bool,
    n_jobs: int,
    seed: int,
) -> Varied:
    """Some of the items that the first resample saw, clustered under other settings."""
    seen = drawn["x_only"][0].seen
    rows = np.sort(np.random.default_rng(seed).permutation(seen)[:LARGEST_VARIED])
    ranks_x, ranks_y = (neighbor_places(side.nearness(rows, rows), np.arange(len(rows))) for side in sides)
    return vary_settings(
        Sample(ranks_x, ranks_y, None if groups is None else groups[rows]),
        {side.direction.name: side.direction.labels[rows] for side in sides},
        {side.direction.name: len(side.direction.clusters) for side in sides},
        {side.direction.name: side.recluster for side in sides},
        gamma=gamma,
        beta=beta,
        takes_number=takes_number,
        n_jobs=n_jobs,
        seed=seed,
    )
