"""The pipeline: two representations of the same items -> Comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.affinity.difference import BETA, GAMMA
from repdiff.affinity.engine import Plan
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.order import NO_CHANGE_THRESHOLD, map_affinity
from repdiff.clustering.representatives import Contrast, RepresentativeKind
from repdiff.clustering.spectral import unheard
from repdiff.core.errors import InputError
from repdiff.core.metrics import Metrics
from repdiff.core.parallel import for_each_tile, resolve_n_jobs
from repdiff.core.progress import Progress, silent, telling
from repdiff.evidence.agreement import agreement
from repdiff.evidence.assess import Weighed, weigh
from repdiff.evidence.outcomes import accuracy, correctness, count_labels
from repdiff.evidence.resampling import N_RESAMPLES, RECLUSTERING_RESTARTS
from repdiff.inputs import Items
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.provenance import Provenance
from repdiff.settings import Settings
from repdiff.similarities.alignment import Method, align_pair
from repdiff.similarities.table import score_sample
from repdiff.workflows.direction import Contrasts, FoundClusters, contrasts_of, find_direction, undecided
from repdiff.workflows.projection import side_by_side
from repdiff.workflows.provenance import Clock, inputs_of, noting, now, versions
from repdiff.workflows.representation import ShownRepresentation, representations_of

if TYPE_CHECKING:
    from repdiff.affinity.base import Affinity
    from repdiff.clustering.cluster import Clusterer


def compare(
    x: Any,
    y: Any,
    *,
    items: Any = None,
    images: str | Path | None = None,
    names: tuple[str, str] | None = None,
    label: str | None = None,
    prediction_x: str | None = None,
    prediction_y: str | None = None,
    image: str | None = None,
    text: str | None = None,
    n_clusters: int | Literal["auto"] = 10,
    gamma: float = GAMMA,
    beta: float = BETA,
    metric: Metrics = "euclidean",
    within: str | None = None,
    align: Method = "none",
    align_effect: bool = False,
    no_change_threshold: float = NO_CHANGE_THRESHOLD,
    clusterer: Clusterer = "spectral",
    n_representatives: int = 9,
    representatives: RepresentativeKind = "typical",
    engine: str = "exact",
    device: str | None = None,
    memory_limit: int | str | None = None,
    n_jobs: int | None = None,
    random_state: int | None = 0,
    evidence: bool = True,
    n_resamples: int = N_RESAMPLES,
    description: str | None = None,
    progress: Progress = silent,
) -> Comparison:
    """What x groups and y scatters, and the reverse (RDC, ICLR 2025 workshop on Bidirectional Human-AI Alignment).

    Parameters
    ----------
    x, y : array_like (n, d_x) and (n, d_y), table, or path
        Embeddings of the same items. Rows are matched by id where both carry ids, else by order.
    items : table or path, optional
        One row per item: ids, image paths, text, labels, predictions, any metadata.
    images : path, optional
        Folder that image paths start from; the table's own folder by default.
    names : (str, str), optional
        How to call x and y; the names of the files by default.
    label, prediction_x, prediction_y, image, text : str, optional
        Columns of ``items`` of that meaning. Labels give the make-up of each cluster, predictions its accuracies.
    n_clusters : int or "auto"
        Clusters per direction, what does not change among them. "auto": chosen for each direction by eigengap and
        stability; ``chosen`` of the result says why.
    gamma, beta : float
        Slope of the rank difference and sharpness of the affinity (RDC, equations 2 and 3).
    metric : {"euclidean", "cosine", "precomputed"}, or a pair of these
        Distance within each representation, or within x and within y. "precomputed": that side is a symmetric matrix,
        (n, n), of distances (the diagonal holds the smallest value of each row) or of similarities (the largest).
    within : str, optional
        Only pairs of items that agree in this count, so that differences inside a class are found (guided comparison;
        RDX, arXiv 2505.23917): "label", "prediction" (of both models), or any column of ``items``. The affinity of all
        other pairs is 1, no change.
    align : {"none", "procrustes", "linear", "cka"}
        Turn y towards x first: by rotation and scale (which changes no rank, and gives the fit), by least squares, or
        by the linear map of most CKA; see :func:`repdiff.align`. Fitted on a half of the items; the fit on both halves
        is in ``provenance.parameters["alignment"]``.
    align_effect : bool
        Compare without alignment too, and keep beside the fits how alike the clusters are (adjusted Rand index) and how
        many there are, per direction. Takes twice the time.
    no_change_threshold : float
        A cluster whose mean affinity is below it counts as no change.
    clusterer : "spectral", scikit-learn estimator with ``affinity="precomputed"``, or callable
        What groups the affinity.
    n_representatives : int
        Items in the collage of a cluster.
    representatives : {"typical", "spread", "border"}
        Which items: those of which all pairs show the difference, and which are tied most to the cluster; those that
        show its range; or those where it ends.
    engine : {"exact", "torch"}
        What computes the affinity: the cores, or a torch device.
    device : str, optional
        Of the torch engine: "cuda", "mps" or "cpu".
    memory_limit : int or str, optional
        Bytes, or a size such as "8GB", that the work may use; three quarters of what is free by default.
    n_jobs : int, optional
        Threads; all cores by default. The result does not depend on it.
    random_state : int or None
        Seed: the same seed gives the same bits.
    evidence : bool
        Say what each cluster consists of and whether to believe it: ``evidence`` of each cluster and of the result.
    n_resamples : int
        How often some of the items are clustered again for it.
    description : str, optional
        A few words on what is compared, for the report.
    progress : Progress, optional
        Told how far the work is.

    Returns
    -------
    Comparison
        Both directions, with their clusters in order of mean affinity.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is; before any work is done.
    """
    settings = Settings(
        n_clusters=n_clusters, gamma=gamma, beta=beta, no_change_threshold=no_change_threshold, clusterer=clusterer,
        n_representatives=n_representatives, representatives=representatives, engine=engine, device=device,
        memory_limit=memory_limit, n_jobs=n_jobs, random_state=random_state, evidence=evidence,
        n_resamples=n_resamples,
    )  # fmt: skip
    clock = Clock()
    with clock.time("input"):
        pair = make_pair(
            x, y, items=items, images=images, names=names, label=label, prediction_x=prediction_x,
            prediction_y=prediction_y, image=image, text=text, metric=metric, within=within,
            n_clusters=settings.fewest_clusters,
        )  # fmt: skip
    if align == "none":
        if align_effect:
            raise InputError("align_effect tells what an alignment changes, but align is 'none'; choose one")
        return compare_pair(pair, settings, description=description, clock=clock, progress=progress)
    with clock.time("alignment"):
        aligned = align_pair(pair, align, random_state=random_state)
    if align_effect:
        with clock.time("comparison without alignment"):
            plain = compare_pair(
                pair, replace(settings, evidence=False), progress=telling(progress, "without alignment")
            )
    found = compare_pair(aligned, settings, description=description, clock=clock, progress=progress)
    return _with_effect(found, plain) if align_effect else found


def compare_pair(
    pair: EmbeddingPair,
    settings: Settings,
    *,
    representations: tuple[ShownRepresentation, ShownRepresentation] | None = None,
    plan: Plan | None = None,
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
    representations : (ShownRepresentation, ShownRepresentation), optional
        Its two sides, where they take part in other comparisons too.
    plan : Plan, optional
        The engine's plan for it, where it was made before.
    description : str, optional
        A few words on what is compared.
    clock : Clock, optional
        Goes on with these timings.
    progress : Progress, optional
        Told how far the work is.
    """
    clock = Clock() if clock is None else clock
    x, y = representations_of(pair, settings) if representations is None else representations
    with clock.time("affinity"):
        contrasts = contrasts_of(x, y, settings, groups=pair.groups, plan=plan, progress=progress)
    warnings = list(pair.warnings)
    found = _find_both(contrasts, settings, warnings, clock, progress)
    outcomes = _Outcomes.of(pair.items)
    x_only = outcomes.describe("x_only", found["x_only"], contrasts.x_only)
    y_only = outcomes.describe("y_only", found["y_only"], contrasts.y_only)
    with clock.time("projection"):
        for_each_tile(ShownRepresentation.project, (x, y), n_jobs=min(2, resolve_n_jobs(settings.n_jobs)))
        projection = side_by_side(x.plane, y.plane)
    evidence, similarity = None, None
    if settings.evidence:
        with clock.time("similarity"):
            similarity = score_sample(pair, random_state=settings.random_state)
        with clock.time("evidence"):
            x_only, y_only, evidence = weigh(
                _weighed(x_only, contrasts.x_only, found["x_only"].n_wanted, settings),
                _weighed(y_only, contrasts.y_only, found["y_only"].n_wanted, settings),
                pair.items, pair.names, gamma=settings.gamma, beta=settings.beta, groups=pair.groups,
                takes_number=isinstance(settings.clusterer, str), n_resamples=settings.n_resamples,
                n_jobs=settings.n_jobs, random_state=settings.random_state, progress=progress,
            )  # fmt: skip
    return Comparison(
        names=pair.names,
        items=pair.items,
        x_only=x_only,
        y_only=y_only,
        projection=projection,
        accuracy_x=accuracy(outcomes.right_x),
        accuracy_y=accuracy(outcomes.right_y),
        provenance=_provenance(pair, settings, contrasts.engine, clock, warnings),
        description=description,
        evidence=evidence,
        similarity=similarity,
        chosen={name: one.chosen for name, one in found.items() if one.chosen is not None},
    )


def _find_both(
    contrasts: Contrasts, settings: Settings, warnings: list[str], clock: Clock, progress: Progress
) -> dict[DirectionName, FoundClusters]:
    """The clusters of both directions; what a reader must know of them is added to the warnings."""
    both: dict[DirectionName, Contrast] = {"x_only": contrasts.x_only, "y_only": contrasts.y_only}
    found: dict[DirectionName, FoundClusters] = {}
    for name, contrast in both.items():
        found[name] = find_direction(
            contrast, settings, name=name, warn=noting(warnings, name), clock=clock, progress=progress
        )
        warnings += [f"{name}: {line}" for line in undecided(found[name].clusters, settings.no_change_threshold)]
    return found


def _provenance(
    pair: EmbeddingPair, settings: Settings, engine: Mapping[str, Any], clock: Clock, warnings: list[str]
) -> Provenance:
    return Provenance(
        created=now(),
        parameters={**settings.parameters, **pair.parameters},
        random_state=settings.random_state,
        engine=engine,
        inputs=inputs_of(pair),
        versions=versions(),
        timings=clock.seconds,
        warnings=tuple(warnings),
    )


def _weighed(direction: Direction, contrast: Contrast, number: int, settings: Settings) -> Weighed:
    """A direction, with what evidence for it is taken from."""

    def recluster(affinity: Affinity, seed: int, other_number: int | None) -> npt.NDArray[np.int32]:
        return cluster_affinity(
            affinity, other_number or number, clusterer=settings.clusterer, restarts=RECLUSTERING_RESTARTS,
            random_state=seed, warn=unheard,
        )  # fmt: skip

    return Weighed(direction, contrast.affinity, contrast.near.distances, recluster)


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
        return Direction(name, found.labels, tuple(described), map_affinity(contrast.affinity, found.labels))
