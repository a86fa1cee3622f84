"""A comparison with other settings, tried on a sample of its items: which of its groups would be there still."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from repdiff.clustering.cluster import group_affinity
from repdiff.clustering.order import order_by_mean_affinity
from repdiff.core.errors import RunError
from repdiff.core.metrics import Metric, metrics_of
from repdiff.core.overlap import best_pairs, jaccard_index, shared_counts
from repdiff.inputs.pair import EmbeddingPair, groups_within
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.settings import ClusterSettings
from repdiff.similarities.alignment import align_pair
from repdiff.workflows.direction import contrasts_of
from repdiff.workflows.recall import recall_pair
from repdiff.workflows.representation import ShownRepresentation

MOST_ITEMS = 2_000
KEPT, CHANGED = 0.5, 0.2  # Jaccard index with the group that matches, at least
_FEWEST = 5  # members in the sample of a group of which anything can be said
_PURPOSE = 11  # of the random stream

State = Literal["kept", "changed", "gone", "unclear", "few"]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Sample:
    """Some items of a comparison, with their embeddings.

    Attributes
    ----------
    rows : ndarray of int64, (m,)
        Their rows, ascending.
    x, y : ndarray, (m, d_x) and (m, d_y)
        Embeddings; or distances, (m, m), where the metric is "precomputed".
    metrics : (str, str)
        Distance within each.
    groups : ndarray of int32, (m,), or None
        Where only pairs within a group count, the group of each.
    """

    rows: npt.NDArray[np.int64]
    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    metrics: tuple[Metric, Metric]
    groups: npt.NDArray[np.int32] | None = None


@dataclass(frozen=True)
class Found:
    """The groups of one direction on the sample.

    Attributes
    ----------
    labels : ndarray of int32, (m,)
        Difference cluster of each item of the sample, weakest first; -1 for no change.
    means : ndarray of float64, (k,)
        Mean affinity of each.
    """

    labels: Labels
    means: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fate:
    """What becomes of a group of the comparison.

    Attributes
    ----------
    index : int
        The group.
    state : {"kept", "changed", "gone", "unclear", "few"}
        By its overlap with the group that matches it. "unclear": the sample does no better with the comparison's own
        settings. "few": too few of its members are in the sample.
    match : int or None
        The group of the sample that matches it best.
    jaccard : float
        Of their members in the sample.
    """

    index: int
    state: State
    match: int | None
    jaccard: float


def draw_sample(comparison: Comparison, given: Mapping[str, Any], *, run: Path) -> Sample:
    """Up to :data:`MOST_ITEMS` items, from the embeddings that the run keeps, else from those it was made from.

    Parameters
    ----------
    comparison, run : Comparison, Path
        What was loaded, and from where.
    given : mapping
        For "x" and "y", where the embeddings are now; None where they are where the manifest says.

    Raises
    ------
    RunError
        Where the run keeps none, and they are not found or have changed; or where its clusterer was not the spectral.
    """
    made = comparison.provenance
    if made.parameters["clusterer"] != "spectral":
        raise RunError(f"its clusters come from {made.parameters['clusterer']}, which a run does not store")
    rng = np.random.default_rng([made.random_state or 0, _PURPOSE])
    kept = comparison.reference
    if kept is not None and kept.x is not None and kept.y is not None:
        chance = kept.weights / kept.weights.sum()  # small groups are kept more often than they occur
        places = np.sort(rng.choice(len(kept.rows), min(len(kept.rows), MOST_ITEMS), replace=False, p=chance))
        return Sample(kept.rows[places], kept.x[places], kept.y[places], metrics_of(made.parameters["metric"]))
    pair = recall_aligned(comparison, given, run=run)
    rows = np.sort(rng.permutation(pair.n)[:MOST_ITEMS])
    x, y = (
        values[np.ix_(rows, rows)] if metric == "precomputed" else values[rows]
        for values, metric in zip((pair.x, pair.y), pair.metrics, strict=True)
    )
    return Sample(rows, x, y, pair.metrics, None if pair.groups is None else pair.groups[rows])


def recall_aligned(comparison: Comparison, given: Mapping[str, Any], *, run: Path) -> EmbeddingPair:
    """The pair that was compared, with its own items, guided and aligned as it was; raises RunError as recall_pair."""
    made = comparison.provenance
    pair = recall_unaligned(comparison, given, run=run)
    return align_pair(pair, made.parameters.get("align", "none"), random_state=made.random_state)


def recall_unaligned(comparison: Comparison, given: Mapping[str, Any], *, run: Path) -> EmbeddingPair:
    """The same before it is aligned."""
    within = comparison.provenance.parameters.get("within")
    pair = replace(recall_pair(comparison, given, run=run), items=comparison.items)
    return pair if within is None else replace(pair, within=within, groups=groups_within(pair.items, within))


def cluster_sample(
    sample: Sample, n_clusters: Mapping[DirectionName, int], *, gamma: float, beta: float, threshold: float, seed: int
) -> dict[DirectionName, Found]:
    """The groups of both directions on the sample."""
    x, y = (
        ShownRepresentation(values, metric)
        for values, metric in zip((sample.x, sample.y), sample.metrics, strict=True)
    )  # fmt: skip
    settings = ClusterSettings(gamma=gamma, beta=beta, no_change_threshold=threshold, engine="exact", random_state=seed)
    contrasts = contrasts_of(x, y, settings, groups=sample.groups)
    found: dict[DirectionName, Found] = {}
    for name in DIRECTIONS:
        affinity = getattr(contrasts, name).affinity
        wanted = min(n_clusters[name], len(sample.rows))
        labels = group_affinity(affinity, wanted, random_state=seed, warn=lambda message: None).labels
        ordered, means, _ = order_by_mean_affinity(labels, affinity)
        first = int((means < threshold).sum())
        found[name] = Found(np.where(ordered < first, -1, ordered - first).astype(np.int32), means[first:])
    return found


def fates(direction: Direction, sample: Sample, found: Found, usual: Found) -> tuple[list[Fate], list[int]]:
    """What becomes of each group of a direction, and which groups of the sample are new.

    Parameters
    ----------
    direction : Direction
        Of the comparison.
    sample : Sample
        The items.
    found, usual : Found
        Its groups with other settings, and with those of the comparison.
    """
    labels = np.where(direction.no_change, -1, direction.labels)[sample.rows]
    sizes = np.bincount(labels[labels >= 0], minlength=len(direction.clusters))
    table, base = (_overlaps(labels, one, len(direction.clusters)) for one in (found, usual))
    matches = dict(zip(*(part.tolist() for part in best_pairs(table)), strict=True))
    anyway = dict(zip(*(part.tolist() for part in best_pairs(base)), strict=True))
    told = []
    for cluster in direction.difference_clusters:
        match = matches.get(cluster.index)
        jaccard = 0.0 if match is None else float(table[cluster.index, match])
        usually = base[cluster.index, anyway[cluster.index]] if cluster.index in anyway else 0.0
        state = _state(jaccard)
        if sizes[cluster.index] < _FEWEST:
            state = "few"
        elif state != "kept" and _state(float(usually)) == state:
            state = "unclear"
        told.append(Fate(cluster.index, state, match, jaccard))
    best = table.max(axis=0, initial=0.0)
    return told, [index for index in range(len(found.means)) if best[index] < CHANGED]


def _state(jaccard: float) -> State:
    return "kept" if jaccard >= KEPT else "changed" if jaccard >= CHANGED else "gone"


def _overlaps(labels: Labels, found: Found, n_clusters: int) -> npt.NDArray[np.float64]:
    sizes = np.bincount(labels[labels >= 0], minlength=n_clusters)
    others = np.bincount(found.labels[found.labels >= 0], minlength=len(found.means))
    shared = shared_counts(labels, found.labels, n_clusters, len(found.means))
    return jaccard_index(shared, sizes[:, None], others)
