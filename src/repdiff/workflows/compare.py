"""The pipeline: two representations of the same items -> Comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.affinity.engine import Plan
from repdiff.affinity.engines import engine_on
from repdiff.clustering.order import map_affinity
from repdiff.clustering.representatives import Contrast
from repdiff.core.cluster import open_cluster
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.evidence.agreement import agreement
from repdiff.evidence.outcomes import accuracy, correctness, count_labels
from repdiff.inputs import Items
from repdiff.inputs.laid_out import lay_out
from repdiff.inputs.matching import AUTO, ORDER
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.results.choice import ChosenNumber
from repdiff.results.clusters import DIRECTIONS, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.neighbors import NeighborLists
from repdiff.results.projection import Plane, Projection
from repdiff.results.provenance import Provenance
from repdiff.results.similarity import SimilarityTable
from repdiff.settings import AlignMethod, CompareCall, Settings, takes
from repdiff.similarities.alignment import align_pair
from repdiff.similarities.table import score_sample
from repdiff.workflows.direction import (
    Contrasts,
    FoundClusters,
    choose_numbers,
    contrasts_of,
    find_direction,
    undecided,
)
from repdiff.workflows.evidence import take_evidence
from repdiff.workflows.neighbors import neighbors_of, neighbors_wanted
from repdiff.workflows.projection import side_by_side
from repdiff.workflows.provenance import Clock, engine_warnings, inputs_of, now, versions, warning_recorder
from repdiff.workflows.reference import make_reference
from repdiff.workflows.replicates import HeldReplicates, hold_replicates
from repdiff.workflows.representation import ShownRepresentation, representations_of
from repdiff.workflows.side_by_side import run_all
from repdiff.workflows.two_seeds import agreement_of_two_seeds


@takes(CompareCall)
def compare(call: CompareCall) -> Comparison:
    """What x groups and y scatters, and the reverse (RDC, ICLR 2025 workshop on Bidirectional Human-AI Alignment).

    Parameters
    ----------
    x, y : array_like (n, d_x) and (n, d_y), table, or path
        Embeddings of the same items. Rows are matched by ids where there are ids, else by order; see ``match``. A path
        may name what it means in the file (``cells.h5ad:obsm/X_pca``), or several files (``part-*.npy``).

    Returns
    -------
    Comparison
        Both directions, with their clusters in order of mean affinity.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is; before any work is done.
    """
    if call.dask is None:
        return _compare(call, Settings.of(call), call.x, call.y)
    with open_cluster(call.dask, call.dask_folder) as cluster:
        column = None if call.match in (AUTO, ORDER) else call.match
        x, y = (
            lay_out(data, name, cluster, id_column=column, progress=prefixed(call.progress, name))
            for name, data in (("x", call.x), ("y", call.y))
        )
        settings = Settings.of(call)
        return _compare(call, replace(settings, engine=engine_on(cluster, settings.engine)), x, y)


def _compare(call: CompareCall, settings: Settings, x: Any, y: Any) -> Comparison:
    clock = Clock()
    with clock.time("input"):
        pair = make_pair(
            x, y, items=call.items, images=call.images, names=call.names, label=call.label,
            prediction_x=call.prediction_x, prediction_y=call.prediction_y, image=call.image, text=call.text,
            metric=call.metric, within=call.within, match=call.match, n_clusters=settings.fewest_clusters,
        )  # fmt: skip
        replicates = hold_replicates(
            pair, call.replicates_x, call.replicates_y, align=call.align, random_state=call.random_state,
            progress=call.progress,
        )  # fmt: skip
    return compare_as_asked(
        pair, settings, align=call.align, align_effect=call.align_effect, replicates=replicates,
        description=call.description, keep_rows=call.keep_rows, clock=clock, progress=call.progress,
    )  # fmt: skip


def compare_as_asked(
    pair: EmbeddingPair,
    settings: Settings,
    *,
    align: AlignMethod,
    align_effect: bool,
    clock: Clock,
    progress: Progress,
    **options: Any,
) -> Comparison:
    """A pair that is aligned first, if that is asked for; options as of :func:`compare_pair`."""
    options |= {"clock": clock, "progress": progress}
    if align == "none":
        return compare_pair(pair, settings, **options)
    with clock.time("alignment"):
        aligned = align_pair(pair, align, random_state=settings.random_state)
    if align_effect:
        with clock.time("comparison without alignment"):
            plain = compare_pair(
                pair, replace(settings, evidence=False), progress=prefixed(progress, "without alignment")
            )
    found = compare_pair(aligned, settings, **options)
    return _with_effect(found, plain) if align_effect else found


def compare_pair(
    pair: EmbeddingPair,
    settings: Settings,
    *,
    representations: tuple[ShownRepresentation, ShownRepresentation] | None = None,
    plan: Plan | None = None,
    replicates: HeldReplicates | None = None,
    description: str | None = None,
    keep_rows: bool = False,
    clock: Clock | None = None,
    progress: Progress = silent,
) -> Comparison:
    """The steps of the method, one after another.

    Parameters
    ----------
    pair, settings : EmbeddingPair, Settings
        What to compare, and how.
    representations : (ShownRepresentation, ShownRepresentation), optional
        Its two sides, where they take part in other comparisons too.
    plan : Plan, optional
        The engine's plan for it, where it was made before.
    replicates : HeldReplicates, optional
        Other seeds of both sides.
    description, keep_rows : str, optional, and bool
        A few words on what is compared; whether to keep a sample of the embeddings.
    clock, progress : Clock and Progress, optional
        Timings to go on with; told how far the work is.
    """
    clock = clock or Clock()
    x, y = representations or representations_of(pair, settings)
    contrasts, neighbors = _compute((x, y), pair, settings, plan, clock, progress)
    numbers = choose_numbers(x, y, settings, groups=pair.groups, clock=clock, progress=progress)
    seen = _look((x, y), pair, contrasts, numbers, settings, clock, progress)
    found, directions = seen.found, seen.directions
    evidence, engine = None, contrasts.engine
    if neighbors is not None and settings.evidence:
        directions["x_only"], directions["y_only"], evidence = take_evidence(
            pair, (x, y), contrasts, found, directions, neighbors, settings, replicates, clock=clock, progress=progress
        )
        wanted = {name: one.n_wanted for name, one in found.items()}
        seeds = agreement_of_two_seeds(pair, wanted, engine, settings, clock=clock, progress=progress)
        engine = {**engine, **seeds}
    warnings = [*pair.warnings, *engine_warnings(engine), *(replicates.warnings if replicates else ()), *seen.warnings]
    return Comparison(
        names=pair.names,
        items=pair.items,
        x_only=directions["x_only"],
        y_only=directions["y_only"],
        projection=seen.projection,
        accuracy_x=seen.accuracies[0],
        accuracy_y=seen.accuracies[1],
        provenance=_provenance(pair, settings, engine, clock, warnings, replicates, found),
        description=description,
        evidence=evidence,
        similarity=seen.similarity,
        chosen={name: one.chosen for name, one in found.items() if one.chosen is not None},
        reference=make_reference(pair, found, keep_rows=keep_rows, random_state=settings.random_state),
        neighbors=neighbors.first(settings.n_neighbors) if neighbors and settings.n_neighbors else None,
    )


def _compute(
    sides: tuple[ShownRepresentation, ShownRepresentation],
    pair: EmbeddingPair,
    settings: Settings,
    plan: Plan | None,
    clock: Clock,
    progress: Progress,
) -> tuple[Contrasts, NeighborLists | None]:
    """The affinities of both directions, and the neighbour lists."""
    wanted = neighbors_wanted(settings)
    with clock.time("affinity"):
        contrasts = contrasts_of(
            *sides, settings, groups=pair.groups, plan=plan, n_neighbors=wanted, progress=progress
        )  # fmt: skip
    with clock.time("neighbours"):
        return contrasts, neighbors_of(*sides, settings, found=contrasts.neighbors, progress=progress)


@dataclass(frozen=True)
class _Seen:
    """What is found from the affinities and the embeddings, before the evidence."""

    found: Mapping[DirectionName, FoundClusters]
    directions: dict[DirectionName, Direction]
    projection: Projection
    similarity: SimilarityTable | None
    accuracies: tuple[float | None, float | None]
    warnings: tuple[str, ...]


def _look(
    sides: tuple[ShownRepresentation, ShownRepresentation],
    pair: EmbeddingPair,
    contrasts: Contrasts,
    numbers: Mapping[DirectionName, ChosenNumber],
    settings: Settings,
    clock: Clock,
    progress: Progress,
) -> _Seen:
    """The clusters of both directions, the projection and a quick look at similarity, side by side."""
    outcomes = _Outcomes.of(pair.items)
    warnings: dict[DirectionName, list[str]] = {name: [] for name in DIRECTIONS}

    def find(name: DirectionName, progress: Progress) -> tuple[FoundClusters, Direction]:
        contrast: Contrast = getattr(contrasts, name)
        warn = warning_recorder(warnings[name], name)
        found = find_direction(
            contrast, settings, chosen=numbers.get(name), name=name, warn=warn, clock=clock, progress=progress
        )
        warnings[name] += [f"{name}: {line}" for line in undecided(found.clusters, settings.no_change_threshold)]
        return found, outcomes.describe(name, found, contrast)

    def project(side: ShownRepresentation, name: str, _: Progress) -> Plane:
        with clock.time(f"{name} projection"):
            return side.plane

    def score(_: Progress) -> SimilarityTable | None:
        if not settings.evidence:
            return None
        with clock.time("similarity"):
            return score_sample(pair, random_state=settings.random_state)

    steps: list[Callable[[Progress], Any]] = [
        *(partial(find, name) for name in DIRECTIONS),
        *(partial(project, side, name) for side, name in zip(sides, ("x", "y"), strict=True)),
        score,
    ]
    *found, x, y, similarity = run_all(steps, pair, settings, contrasts, progress=progress)
    return _Seen(
        {name: one[0] for name, one in zip(DIRECTIONS, found, strict=True)},
        {name: one[1] for name, one in zip(DIRECTIONS, found, strict=True)},
        side_by_side(x, y),
        similarity,
        (accuracy(outcomes.right_x), accuracy(outcomes.right_y)),
        tuple(line for name in DIRECTIONS for line in warnings[name]),
    )


def _provenance(
    pair: EmbeddingPair,
    settings: Settings,
    engine: Mapping[str, Any],
    clock: Clock,
    warnings: list[str],
    replicates: HeldReplicates | None,
    found: Mapping[DirectionName, FoundClusters],
) -> Provenance:
    numbers = {name: one.chosen.n for name, one in found.items() if one.chosen is not None}
    chosen = {"n_clusters_chosen": numbers} if numbers else {}
    return Provenance(
        created=now(),
        parameters={**settings.parameters, **chosen, **pair.parameters},
        random_state=settings.random_state,
        engine=engine,
        inputs={**inputs_of(pair), **({} if replicates is None else replicates.inputs)},
        versions=versions(),
        timings=clock.seconds,
        warnings=tuple(warnings),
    )


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

    def describe(self, name: DirectionName, found: FoundClusters, contrast: Contrast) -> Direction:
        described = (
            replace(
                cluster,
                label_counts=count_labels(self.labels, cluster.items),
                accuracy_x=accuracy(self.right_x, cluster.items),
                accuracy_y=accuracy(self.right_y, cluster.items),
            )
            for cluster in found.clusters
        )
        picture = map_affinity(contrast.affinity, found.labels)
        kept = None if found.coordinates is None else found.coordinates.kept
        return Direction(name, found.labels, tuple(described), picture, kept)
