"""Both directions clustered again: halves of the items, and other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from repdiff.core.errors import RepdiffError
from repdiff.core.geometry import neighbor_places
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.evidence.resampling import Clustered, Resample, draw_resamples
from repdiff.evidence.robustness import LARGEST_VARIED, Sample, vary_settings
from repdiff.results.clusters import DirectionName
from repdiff.results.evidence import Untested, Variation
from repdiff.settings import EvidenceSettings

Drawn = Mapping[DirectionName, tuple[Resample, ...]]
Varied = Mapping[DirectionName, tuple[tuple[Variation, ...], ...]]

_STAGE = "evidence"


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
    clustered: Mapping[DirectionName, Clustered],
    *,
    gamma: float,
    beta: float,
    takes_number: bool = True,
    n_resamples: int = EvidenceSettings.n_resamples,
    n_jobs: int | None = None,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> ClusteredAgain:
    """How far clusters are found again when items are left out, and when settings change.

    Parameters
    ----------
    clustered : mapping to Clustered
        Both directions, x_only first.
    gamma, beta : float
        The settings of the comparison.
    takes_number : bool
        Whether the clustering can be asked for another number of clusters.
    n_resamples : int
        How often some of the items are clustered again.
    n_jobs, random_state, progress
        As in :func:`repdiff.compare`; the stage is "evidence".
    """
    seed = int(np.random.default_rng(random_state).integers(2**31))
    threads = resolve_n_jobs(n_jobs) if takes_number else 1  # a user's clusterer need not take several threads
    try:
        found = draw_resamples(
            list(clustered.values()),
            n_resamples=n_resamples,
            n_jobs=threads,
            seed=seed,
            stage=_STAGE,
            progress=progress,
        )
        if not all(found):  # too few items for one of them
            return ClusteredAgain({}, {})
        drawn = dict(zip(clustered, found, strict=True))
        varied = _varied(clustered, drawn, gamma, beta, takes_number, threads, seed)
    except RepdiffError:
        return ClusteredAgain({}, {}, "sample_too_small" if takes_number else "clusterer_failed")
    return ClusteredAgain(drawn, varied)


def _varied(
    clustered: Mapping[DirectionName, Clustered],
    drawn: Drawn,
    gamma: float,
    beta: float,
    takes_number: bool,
    n_jobs: int,
    seed: int,
) -> Varied:
    """Some of the items that the first resample saw, clustered under other settings."""
    seen = drawn["x_only"][0].seen
    rows = np.sort(np.random.default_rng(seed).permutation(seen)[:LARGEST_VARIED])
    ranks_x, ranks_y = (neighbor_places(one.nearness(rows, rows), np.arange(len(rows))) for one in clustered.values())
    groups = clustered["x_only"].groups
    return vary_settings(
        Sample(ranks_x, ranks_y, None if groups is None else groups[rows]),
        {name: one.labels[rows] for name, one in clustered.items()},
        {name: one.n_clusters for name, one in clustered.items()},
        {name: one.recluster for name, one in clustered.items()},
        gamma=gamma, beta=beta, takes_number=takes_number, n_jobs=n_jobs, seed=seed,
    )  # fmt: skip
