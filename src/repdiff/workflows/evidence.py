"""The evidence of a comparison: what it comes to, and whether to believe each cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from warnings import catch_warnings, simplefilter

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.affinity.representation import Representation
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.few import cluster_few
from repdiff.clustering.representatives import Contrast
from repdiff.clustering.spectral import ignore_warning
from repdiff.core.errors import RepdiffError
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.evidence.again import ClusteredAgain, cluster_again
from repdiff.evidence.assess import weigh
from repdiff.evidence.findings import Columns, Findings, assess_findings
from repdiff.evidence.resampling import Clustered
from repdiff.inputs import Items
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.evidence import ComparisonEvidence
from repdiff.results.neighbors import NeighborLists
from repdiff.settings import Settings
from repdiff.workflows.direction import Contrasts, FoundClusters
from repdiff.workflows.provenance import Clock
from repdiff.workflows.replicates import HeldReplicates, with_replicates

if TYPE_CHECKING:
    from repdiff.affinity.base import Affinity

_Recluster = Callable[["Affinity", int, int | None], npt.NDArray[np.int32]]


def take_evidence(
    pair: EmbeddingPair,
    sides: tuple[Representation, Representation],
    contrasts: Contrasts,
    found: Mapping[DirectionName, FoundClusters],
    directions: Mapping[DirectionName, Direction],
    neighbors: NeighborLists,
    settings: Settings,
    replicates: HeldReplicates | None = None,
    *,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> tuple[Direction, Direction, ComparisonEvidence]:
    """Both directions with evidence for every cluster, and what the comparison comes to.

    Parameters
    ----------
    pair : EmbeddingPair
        What was compared.
    sides : (Representation, Representation)
        Its two sides.
    contrasts : Contrasts
        Its affinities.
    found, directions : mapping
        The clusters of both directions, as found and as described.
    neighbors : NeighborLists
        The nearest neighbours of the items, ten or more.
    settings : Settings
        How it was compared.
    replicates : HeldReplicates, optional
        Other seeds of both sides.
    clock : Clock, optional
        Gets the timings "findings", "evidence" and "replicates".
    progress : Progress, optional
        Told how far the work is.
    """
    clock = Clock() if clock is None else clock
    reclusters = {name: _recluster(found[name], settings) for name in DIRECTIONS}
    with clock.time("findings"):
        findings = _findings(pair, sides, directions, neighbors, reclusters, settings, progress)
    with clock.time("evidence"):
        again = _found_again(pair, contrasts, directions, neighbors, reclusters, settings, progress)
    taken = weigh(directions, pair.items, findings, again, no_change_threshold=settings.no_change_threshold)
    if replicates is None:
        return taken
    with clock.time("replicates"):
        return with_replicates(taken[:2], taken[2], pair, replicates, reclusters, settings, progress=progress)


def _found_again(
    pair: EmbeddingPair,
    contrasts: Contrasts,
    directions: Mapping[DirectionName, Direction],
    neighbors: NeighborLists,
    reclusters: Mapping[DirectionName, _Recluster],
    settings: Settings,
    progress: Progress,
) -> ClusteredAgain:
    lists = {"x_only": neighbors.x, "y_only": neighbors.y} if neighbors.holds_all else {}
    both: Mapping[DirectionName, Contrast] = {"x_only": contrasts.x_only, "y_only": contrasts.y_only}
    clustered = {
        name: Clustered(
            both[name].affinity, directions[name].labels, both[name].near.distances, reclusters[name], pair.groups,
            lists.get(name),
        )
        for name in DIRECTIONS
    }  # fmt: skip
    return cluster_again(
        clustered, gamma=settings.gamma, beta=settings.beta,
        takes_number=_is_ours(settings), n_resamples=settings.n_resamples, n_jobs=settings.n_jobs,
        random_state=settings.random_state, progress=progress,
    )  # fmt: skip


def _findings(
    pair: EmbeddingPair,
    sides: tuple[Representation, Representation],
    directions: Mapping[DirectionName, Direction],
    neighbors: NeighborLists,
    reclusters: Mapping[DirectionName, _Recluster],
    settings: Settings,
    progress: Progress,
) -> Findings:
    return assess_findings(
        sides[0].ready, sides[1].ready, directions,
        columns=_columns(pair.items), neighbors=neighbors, reclusters=reclusters,
        gamma=settings.gamma, beta=settings.beta,
        no_change_threshold=settings.no_change_threshold, groups=pair.groups,
        # A user's clusterer need not be ready for several threads.
        n_jobs=settings.n_jobs if _is_ours(settings) else 1, random_state=settings.random_state,
        progress=prefixed(progress, "findings"),
    )  # fmt: skip


def _columns(items: Items) -> Columns:
    def column(name: str | None) -> pd.Series | None:
        return None if name is None else items.frame[name]

    return Columns(column(items.label), column(items.prediction_x), column(items.prediction_y))


def _is_ours(settings: Settings) -> bool:
    return isinstance(settings.clusterer, str)


def _recluster(found: FoundClusters, settings: Settings) -> _Recluster:
    """The clustering as it was done, for samples of the items."""

    def recluster(affinity: Affinity, seed: int, other_number: int | None) -> npt.NDArray[np.int32]:
        return cluster_few(affinity, other_number or found.n_wanted, random_state=seed)

    def recluster_theirs(affinity: Affinity, seed: int, _: int | None) -> npt.NDArray[np.int32]:
        return cluster_affinity(affinity, clusterer=settings.clusterer, random_state=seed, warn=ignore_warning)

    return recluster if _is_ours(settings) else _guarded(recluster_theirs)


def _guarded(recluster: _Recluster) -> _Recluster:
    """A clusterer of the user's, which may not be able to label some of the items, and say so in any way.

    What it warns of shows in how little its clusters agree. Python's filters of warnings belong to the process, so this
    is for one thread alone.
    """

    def guarded(affinity: Affinity, seed: int, number: int | None) -> npt.NDArray[np.int32]:
        with catch_warnings():
            simplefilter("ignore")
            try:
                return recluster(affinity, seed, number)
            except Exception as error:
                raise RepdiffError("the clusterer could not label a sample of the items") from error

    return guarded
