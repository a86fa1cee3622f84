"""The pipeline: two representations of the same items -> Comparison."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.order import find_clusters, map_affinity
from repdiff.clustering.representatives import Contrast
from repdiff.clustering.spectral import unheard
from repdiff.core.parallel import for_each_tile, resolve_n_jobs
from repdiff.core.progress import Progress, silent, telling
from repdiff.evidence.agreement import agreement
from repdiff.evidence.assess import Weighed, weigh
from repdiff.evidence.choice import choose_number
from repdiff.evidence.outcomes import accuracy, correctness, count_labels
from repdiff.evidence.resampling import RECLUSTERING_RESTARTS
from repdiff.inputs import Items
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.results.choice import ChosenNumber
from repdiff.results.clusters import DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.provenance import Provenance
from repdiff.settings import CompareCall, Settings, takes
from repdiff.similarities.alignment import align_pair
from repdiff.similarities.table import score_sample
from repdiff.workflows.projection import side_by_side
from repdiff.workflows.provenance import Clock, inputs_of, noting, now, versions
from repdiff.workflows.representation import Side

if TYPE_CHECKING:
    from repdiff.affinity.base import Affinity


@takes(CompareCall)
def compare(call: CompareCall) -> Comparison:
    """What x groups and y scatters, and the reverse (RDC, ICLR 2025 workshop on Bidirectional Human-AI Alignment).

    Parameters
    ----------
    x, y : array_like (n, d_x) and (n, d_y), table, or path
        Embeddings of the same items. Rows are matched by id where both carry ids, else by order.

    Returns
    -------
    Comparison
        Both directions, with their clusters in order of mean affinity.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is; before any work is done.
    """
    settings = Settings.of(call)
    clock = Clock()
    with clock.time("input"):
        pair = make_pair(
            call.x, call.y, items=call.items, images=call.images, names=call.names, label=call.label,
            prediction_x=call.prediction_x, prediction_y=call.prediction_y, image=call.image, text=call.text,
            metric=call.metric, within=call.within, n_clusters=settings.fewest_clusters,
        )  # fmt: skip
    if call.align == "none":
        return compare_pair(pair, settings, description=call.description, clock=clock, progress=call.progress)
    with clock.time("alignment"):
        aligned = align_pair(pair, call.align, random_state=call.random_state)
    if call.align_effect:
        with clock.time("comparison without alignment"):
            plain = compare_pair(
                pair, replace(settings, evidence=False), progress=telling(call.progress, "without alignment")
            )
    found = compare_pair(aligned, settings, description=call.description, clock=clock, progress=call.progress)
    return _with_effect(found, plain) if call.align_effect else found


def compare_pair(
    pair: EmbeddingPair,
    settings: Settings,
    *,
    sides: tuple[Side, Side] | None = None,
    description: str | None = None,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> Comparison:
    """The steps of the method, one after another.

    Parameters
    ----------
    pair : EmbeddingPair
        What to compare.
    settings : Settings
        How.
    sides : (Side, Side), optional
        Its two sides, where they take part in other comparisons too.
    description : str, optional
        A few words on what is compared.
    clock : Clock, optional
        Goes on with these timings.
    progress : Progress, optional
        Told how far the work is.
    """
    clock = Clock() if clock is None else clock
    x, y = _sides_of(pair, settings) if sides is None else sides
    with clock.time("affinity"):
        affinities = compute_affinities(
            pair.x, pair.y, engine=settings.engine, device=settings.device, gamma=settings.gamma, beta=settings.beta,
            metric=pair.metrics, groups=pair.groups, kept=(x.kept, y.kept), memory_limit=settings.memory_bytes,
            n_jobs=settings.n_jobs, progress=progress,
        )  # fmt: skip
    outcomes = _Outcomes.of(pair.items)
    x_only = Contrast(affinities.x_only, affinities.y_only, x.ready, y.ready)
    both: tuple[tuple[DirectionName, Contrast], ...] = (("x_only", x_only), ("y_only", x_only.reversed()))
    directions: dict[DirectionName, Direction] = {}
    numbers: dict[DirectionName, int] = {}
    chosen: dict[DirectionName, ChosenNumber] = {}
    warnings = list(pair.warnings)
    for name, contrast in both:
        note = noting(warnings, name)
        if isinstance(settings.n_clusters, str):
            with clock.time(f"{name} number of clusters"):
                chosen[name] = choose_number(
                    contrast.affinity, random_state=settings.random_state, warn=note, progress=progress
                )
        numbers[name] = chosen[name].n if isinstance(settings.n_clusters, str) else settings.n_clusters
        with clock.time(f"{name} clustering"):
            labels = cluster_affinity(
                contrast.affinity, numbers[name], clusterer=settings.clusterer,
                random_state=settings.random_state, warn=note, progress=progress,
            )  # fmt: skip
        with clock.time(f"{name} representatives"):
            labels, clusters = find_clusters(
                labels, contrast, no_change_threshold=settings.no_change_threshold,
                n_representatives=settings.n_representatives, representatives=settings.representatives,
            )  # fmt: skip
            described = tuple(outcomes.describe(cluster) for cluster in clusters)
            directions[name] = Direction(name, labels, described, map_affinity(contrast.affinity, labels))
    with clock.time("projection"):
        for_each_tile(lambda side: side.project(), (x, y), n_jobs=min(2, resolve_n_jobs(settings.n_jobs)))
        projection = side_by_side(x.plane, y.plane)
    evidence, similarity = None, None
    if settings.evidence:
        with clock.time("similarity"):
            similarity = score_sample(pair, random_state=settings.random_state)
        with clock.time("evidence"):
            directions["x_only"], directions["y_only"], evidence = weigh(
                _weighed(directions["x_only"], x_only, numbers["x_only"], settings),
                _weighed(directions["y_only"], x_only.reversed(), numbers["y_only"], settings),
                pair.items, pair.names, gamma=settings.gamma, beta=settings.beta,
                no_change_threshold=settings.no_change_threshold, groups=pair.groups,
                takes_number=isinstance(settings.clusterer, str), n_resamples=settings.n_resamples,
                n_jobs=settings.n_jobs, random_state=settings.random_state, progress=progress,
            )  # fmt: skip
    return Comparison(
        names=pair.names,
        items=pair.items,
        x_only=directions["x_only"],
        y_only=directions["y_only"],
        projection=projection,
        accuracy_x=accuracy(outcomes.right_x),
        accuracy_y=accuracy(outcomes.right_y),
        provenance=Provenance(
            created=now(),
            parameters={**settings.parameters, **pair.parameters},
            random_state=settings.random_state,
            engine=affinities.engine,
            inputs=inputs_of(pair),
            versions=versions(),
            timings=clock.seconds,
            warnings=tuple(warnings),
        ),
        description=description,
        evidence=evidence,
        similarity=similarity,
        chosen=chosen,
    )


def _weighed(direction: Direction, contrast: Contrast, number: int, settings: Settings) -> Weighed:
    """A direction, with what evidence for it is taken from."""

    def recluster(affinity: Affinity, seed: int, other_number: int | None) -> npt.NDArray[np.int32]:
        return cluster_affinity(
            affinity, other_number or number, clusterer=settings.clusterer, restarts=RECLUSTERING_RESTARTS,
            random_state=seed, warn=unheard,
        )  # fmt: skip

    return Weighed(direction, contrast.affinity, contrast.near.distances, recluster)


def _sides_of(pair: EmbeddingPair, settings: Settings) -> tuple[Side, Side]:
    x, y = (
        Side(values, metric, random_state=settings.random_state)
        for values, metric in zip((pair.x, pair.y), pair.metrics, strict=True)
    )
    return x, y


def _with_effect(found: Comparison, plain: Comparison) -> Comparison:
    """The comparison with what its alignment has changed, against the one without."""
    effect = {
        name: {
            "adjusted_rand": agreement(without.groups, aligned.groups),
            "clusters_without": len(without.difference_clusters),
            "clusters_with": len(aligned.difference_clusters),
        }
        for name, without, aligned in (("x_only", plain.x_only, found.x_only), ("y_only", plain.y_only, found.y_only))
    }
    parameters = dict(found.provenance.parameters)
    parameters["alignment"] = {**parameters["alignment"], "effect": effect}
    return replace(found, provenance=replace(found.provenance, parameters=parameters))


@dataclass(frozen=True)
class _Outcomes:
    """Labels, and where each model is right."""

    labels: pd.Series | None
    right_x: npt.NDArray[np.float64] | None
    right_y: npt.NDArray[np.float64] | None

    @classmethod
    def of(cls, items: Items) -> _Outcomes:
        def column(name: str | None) -> pd.Series | None:
            return None if name is None else items.frame[name]

        labels = column(items.label)
        return cls(
            labels,
            correctness(labels, column(items.prediction_x)),
            correctness(labels, column(items.prediction_y)),
        )

    def describe(self, cluster: DifferenceCluster) -> DifferenceCluster:
        return replace(
            cluster,
            label_counts=count_labels(self.labels, cluster.items),
            accuracy_x=accuracy(self.right_x, cluster.items),
            accuracy_y=accuracy(self.right_y, cluster.items),
        )
