"""How far clusters depend on what an engine happened to draw: two seeds of it, on a sample of the items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.engine import Engine
from repdiff.affinity.engines import compute_affinities, drawing_as
from repdiff.affinity.representation import Representation
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.spectral import ignore_warning
from repdiff.core.errors import MemoryLimitError
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.evidence.agreement import agreement
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.settings import Settings
from repdiff.workflows.provenance import Clock

MOST_ITEMS = 8000
_ITEMS_PER_CANDIDATE = 2  # at least: with fewer items, lists hold most of them, and seeds differ less than they do


def agreement_of_two_seeds(
    pair: EmbeddingPair,
    n_clusters: Mapping[DirectionName, int],
    engine: Mapping[str, Any],
    settings: Settings,
    *,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """How alike the clusters of two seeds are, as a fact of the engine; nothing for one that draws nothing.

    Parameters
    ----------
    pair : EmbeddingPair
        What was compared.
    n_clusters : mapping to int
        How many clusters each direction was asked for.
    engine : mapping
        How its affinities were computed.
    settings : Settings
        How it was compared.
    clock : Clock, optional
        Gets the timing "two seeds", where there is something to measure.
    progress : Progress, optional
        Told how far the work is.

    Returns
    -------
    dict
        ``{"two_seeds": {"items": n, "adjusted_rand": {"x_only": r, "y_only": r}}}``: how many items were drawn for and
        clustered with two seeds, and how alike these clusters are. On three kinds of 20,000 items that was what two
        seeds of all items gave, within 0.1, but where k-means has two optima of which the sample met one. None in place
        of both where there is no memory left for it.

    Notes
    -----
    Only for spectral clustering: a clusterer of the user's may need the whole matrix.
    """
    drawing = drawing_as(engine)
    if drawing is None or not isinstance(settings.clusterer, str):
        return {}
    clock = Clock() if clock is None else clock
    n = min(pair.n, max(MOST_ITEMS, _ITEMS_PER_CANDIDATE * engine["candidates"]))
    seeds = np.random.default_rng(settings.random_state).integers(2**31, size=3).tolist()
    rows = np.sort(np.random.default_rng(seeds[0]).permutation(pair.n)[:n])
    sides = Representation(pair.x[rows], pair.metrics[0]), Representation(pair.y[rows], pair.metrics[1])
    heard = prefixed(progress, "two seeds")
    with clock.time("two seeds"):
        try:
            first, second = (_labels(sides, n_clusters, drawing, settings, seed, heard) for seed in seeds[1:])
        except MemoryLimitError:  # the comparison is done, and should not be lost for this
            return {"two_seeds": None}
    alike = {name: agreement(first[name], second[name]) for name in DIRECTIONS}
    return {"two_seeds": {"items": n, "adjusted_rand": alike}}


def _labels(
    sides: tuple[Representation, Representation],
    n_clusters: Mapping[DirectionName, int],
    engine: Engine,
    settings: Settings,
    seed: int,
    progress: Progress,
) -> dict[DirectionName, npt.NDArray[np.int32]]:
    found = compute_affinities(
        *sides, engine=engine, gamma=settings.gamma, beta=settings.beta, n_jobs=settings.n_jobs, random_state=seed,
        progress=progress,
    )  # fmt: skip
    both = {"x_only": found.x_only, "y_only": found.y_only}
    warn = ignore_warning  # of the comparison's own eigenvectors it is told
    return {
        name: cluster_affinity(both[name], n_clusters[name], random_state=seed, warn=warn, progress=progress)
        for name in DIRECTIONS
    }
