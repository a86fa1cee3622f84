"""Replicates -> their ranks among a few items, read one at a time; and what they say of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.evidence.replicates import (
    Deal,
    Ranks,
    ReplicateRanks,
    assess_replicates,
    deal_rounds,
    ranks_in_rounds,
    ranks_of_unseen,
)
from repdiff.evidence.unseen import Recluster
from repdiff.evidence.verdict import judge
from repdiff.inputs.pair import EmbeddingPair
from repdiff.inputs.replicates import Replicate, SideName, check_is_another, list_replicates, read_replicate
from repdiff.results.clusters import DifferenceCluster, Direction, DirectionName
from repdiff.results.evidence import ComparisonEvidence
from repdiff.results.replicates import ClusterReplicates
from repdiff.settings import AlignMethod, Settings
from repdiff.similarities.alignment import align_pair

SIDES: tuple[SideName, ...] = ("x", "y")


@dataclass(frozen=True)
class HeldReplicates:
    """What is kept of the replicates of a comparison once they are read.

    Attributes
    ----------
    deals : tuple of Deal
        The items they are looked at on.
    ranks : mapping of str to tuple
        For "x" and "y", the ranks of each replicate among the unseen items of each round.
    inputs : mapping of str to list
        For "replicates_x" and "replicates_y", the facts on each for the manifest.
    warnings : tuple of str
        What a reader of the result must know.
    """

    deals: tuple[Deal, ...]
    ranks: Mapping[SideName, tuple[tuple[Ranks, ...], ...]]
    inputs: Mapping[str, list[dict[str, Any]]]
    warnings: tuple[str, ...]


def hold_replicates(
    pair: EmbeddingPair,
    replicates_x: Any,
    replicates_y: Any,
    *,
    align: AlignMethod = "none",
    random_state: int | None = 0,
    progress: Progress = silent,
) -> HeldReplicates | None:
    """Read and check all replicates, one after another; None where there are none.

    Parameters
    ----------
    pair : EmbeddingPair
        The pair, before it is aligned.
    replicates_x, replicates_y, align, random_state, progress
        As in :func:`repdiff.compare`. Replicates of y are aligned with x as y is.

    Raises
    ------
    InputError
        Where one could not be x or y itself, or holds the same values as another.
    """
    given = {side: list_replicates(one, side) for side, one in zip(SIDES, (replicates_x, replicates_y), strict=True)}
    total = sum(map(len, given.values()))
    if not total:
        return None
    deals = deal_rounds(pair.n, random_state=random_state)
    known = {digest: source for source, digest in zip(pair.sources, pair.sha256, strict=True)}
    ranks: dict[SideName, list[tuple[Ranks, ...]]] = {side: [] for side in SIDES}
    inputs: dict[str, list[dict[str, Any]]] = {f"replicates_{side}": [] for side in SIDES}
    warnings: list[str] = []
    done = 0
    for side in SIDES:
        for place, data in enumerate(given[side]):
            progress("reading replicates", done, total)
            replicate = read_replicate(data, pair, side, place)
            check_is_another(replicate, known)
            known[replicate.facts["sha256"]] = replicate.source
            values, told = _as_compared(replicate, pair, align if side == "y" else "none", random_state)
            ranks[side].append(ranks_of_unseen(values, pair.metrics[SIDES.index(side)], deals))
            inputs[f"replicates_{side}"].append(dict(replicate.facts))
            warnings += (*replicate.warnings, *told)
            done += 1
    progress("reading replicates", done, total)
    return HeldReplicates(deals, {side: tuple(found) for side, found in ranks.items()}, inputs, tuple(warnings))


def _as_compared(
    replicate: Replicate, pair: EmbeddingPair, align: AlignMethod, random_state: int | None
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """The values that are compared, and warnings of the alignment."""
    if align == "none":
        return replicate.values, ()
    try:
        aligned = align_pair(replace(pair, y=replicate.values, warnings=()), align, random_state=random_state)
    except InputError as error:
        raise InputError(f"{replicate.source}, in place of y: {error}") from error
    return aligned.y, tuple(f"{replicate.source}: {line}" for line in aligned.warnings)


def with_replicates(
    directions: Sequence[Direction],
    evidence: ComparisonEvidence,
    pair: EmbeddingPair,
    held: HeldReplicates,
    reclusters: Mapping[DirectionName, Recluster],
    settings: Settings,
    *,
    progress: Progress = silent,
) -> tuple[Direction, Direction, ComparisonEvidence]:
    """Both directions and the evidence of a comparison, with what replicates say of them.

    Parameters
    ----------
    directions : (Direction, Direction)
        With evidence for every cluster.
    evidence : ComparisonEvidence
        Of the comparison.
    pair : EmbeddingPair
        What was compared.
    held : HeldReplicates
        The replicates.
    reclusters : mapping to callable
        For each direction, the clustering as it was done, for some of the items.
    settings : Settings
        How the pair was compared.
    progress : Progress, optional
        Told how far the work is.
    """
    x, y = (
        ranks_in_rounds(values, metric, held.deals)
        for values, metric in zip((pair.x, pair.y), pair.metrics, strict=True)
    )
    own_clusterer = not isinstance(settings.clusterer, str)  # which need not be ready for several threads
    found = assess_replicates(
        ReplicateRanks(held.deals, x, y, held.ranks["x"], held.ranks["y"]),
        {one.name: one for one in directions}, reclusters, gamma=settings.gamma, beta=settings.beta,
        groups=pair.groups, level=evidence.fdr, n_jobs=1 if own_clusterer else resolve_n_jobs(settings.n_jobs),
        progress=progress,
    )  # fmt: skip
    x_only, y_only = (_judged_again(one, found.clusters[one.name], evidence) for one in directions)
    clusters = (*x_only.difference_clusters, *y_only.difference_clusters)
    n_holding = sum(cluster.evidence is not None and cluster.evidence.holds is True for cluster in clusters)
    return x_only, y_only, replace(evidence, replicates=found.whole, n_holding=n_holding)


def _judged_again(
    direction: Direction, told: Sequence[ClusterReplicates | None], evidence: ComparisonEvidence
) -> Direction:
    """The direction with what replicates say of each cluster, and whether it holds in their light."""

    def one(cluster: DifferenceCluster, said: ClusterReplicates | None) -> DifferenceCluster:
        if cluster.evidence is None or said is None:
            return cluster
        own = replace(cluster.evidence, replicates=said)
        if said.found is not None:
            own = judge(own, untested=evidence.untested or "sample_too_small")
        return replace(cluster, evidence=own)

    return replace(direction, clusters=tuple(map(one, direction.clusters, told)))
