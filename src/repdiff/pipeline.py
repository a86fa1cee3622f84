"""The pipeline: two representations of the same items -> Comparison."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter, warn_explicit

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff import __version__
from repdiff.affinity.base import Affinity
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering import cluster_affinity
from repdiff.clusters import (
    NO_CHANGE_THRESHOLD,
    DifferenceCluster,
    Direction,
    DirectionName,
    find_clusters,
    map_affinity,
)
from repdiff.comparison import Comparison, Provenance
from repdiff.difference import BETA, GAMMA
from repdiff.distances import ranked
from repdiff.errors import NotConvergedWarning, RepdiffError
from repdiff.evidence.outcomes import accuracy, correctness, count_labels
from repdiff.io import Items
from repdiff.memory import parse_bytes
from repdiff.metrics import Metric, Metrics
from repdiff.pair import EmbeddingPair, make_pair
from repdiff.progress import Progress, silent
from repdiff.projection import project

if TYPE_CHECKING:
    from repdiff.clustering import Clusterer


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
    n_clusters: int = 10,
    gamma: float = GAMMA,
    beta: float = BETA,
    metric: Metrics = "euclidean",
    no_change_threshold: float = NO_CHANGE_THRESHOLD,
    clusterer: Clusterer = "spectral",
    n_representatives: int = 9,
    engine: str = "exact",
    device: str | None = None,
    memory_limit: int | str | None = None,
    n_jobs: int | None = None,
    random_state: int | None = 0,
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
    n_clusters : int
        Clusters per direction.
    gamma, beta : float
        Slope of the rank difference and sharpness of the affinity (RDC, equations 2 and 3).
    metric : {"euclidean", "cosine", "precomputed"}, or a pair of these
        Distance within each representation, or within x and within y. "precomputed": that side is a symmetric matrix,
        (n, n), of distances (the diagonal holds the smallest value of each row) or of similarities (the largest).
    no_change_threshold : float
        A cluster whose mean affinity is below it counts as no change.
    clusterer : "spectral", scikit-learn estimator with ``affinity="precomputed"``, or callable
        What groups the affinity.
    n_representatives : int
        Items in the collage of a cluster.
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
    _check_parameters(gamma, beta, no_change_threshold, n_representatives)
    clock = _Clock()
    with clock.time("input"):
        pair = make_pair(
            x, y, items=items, images=images, names=names, label=label, prediction_x=prediction_x,
            prediction_y=prediction_y, image=image, text=text, metric=metric, n_clusters=n_clusters,
        )  # fmt: skip
    with clock.time("affinity"):
        affinities = compute_affinities(
            pair.x, pair.y, engine=engine, device=device, gamma=gamma, beta=beta, metric=pair.metrics,
            memory_limit=None if memory_limit is None else parse_bytes(memory_limit), n_jobs=n_jobs, progress=progress,
        )  # fmt: skip
    outcomes = _Outcomes.of(pair.items)
    sides: tuple[tuple[DirectionName, Any, Metric, Affinity], ...] = (
        ("x_only", pair.x, pair.metrics[0], affinities.x_only),
        ("y_only", pair.y, pair.metrics[1], affinities.y_only),
    )
    directions: dict[str, Direction] = {}
    warnings = list(pair.warnings)
    for name, values, metric_of_side, affinity in sides:
        with clock.time(f"{name} clustering"), _noted(warnings, name):
            labels = cluster_affinity(
                affinity, n_clusters, clusterer=clusterer, random_state=random_state, progress=progress
            )
        with clock.time(f"{name} representatives"):
            labels, clusters = find_clusters(
                labels, affinity, ranked(values, metric=metric_of_side).nearest_members,
                no_change_threshold=no_change_threshold, n_representatives=n_representatives,
            )  # fmt: skip
            described = tuple(outcomes.describe(cluster) for cluster in clusters)
            directions[name] = Direction(name, labels, described, map_affinity(affinity, labels))
    with clock.time("projection"):
        projection = project(pair.x, pair.y, metrics=pair.metrics, random_state=random_state)
    return Comparison(
        names=pair.names,
        items=pair.items,
        x_only=directions["x_only"],
        y_only=directions["y_only"],
        projection=projection,
        accuracy_x=accuracy(outcomes.right_x),
        accuracy_y=accuracy(outcomes.right_y),
        provenance=Provenance(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            parameters={
                "n_clusters": n_clusters,
                "gamma": gamma,
                "beta": beta,
                "metric": metric if isinstance(metric, str) else list(metric),
                "no_change_threshold": no_change_threshold,
                "clusterer": clusterer if isinstance(clusterer, str) else _name_of(clusterer),
                "n_representatives": n_representatives,
            },
            random_state=random_state,
            engine=affinities.engine,
            inputs=_inputs(pair),
            versions=_versions(),
            timings=clock.seconds,
            warnings=tuple(warnings),
        ),
        description=description,
    )


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


def _check_parameters(gamma: float, beta: float, no_change_threshold: float, n_representatives: int) -> None:
    for name, value in (("gamma", gamma), ("beta", beta), ("no_change_threshold", no_change_threshold)):
        if not (np.isfinite(value) and value > 0):
            raise RepdiffError(f"{name} must be a positive number, but is {value}")
    if beta > _LARGEST_BETA:
        raise RepdiffError(
            f"beta must be at most {_LARGEST_BETA:g}, since exp(beta) has to fit into a float, but is {beta}"
        )
    if n_representatives < 1:
        raise RepdiffError(f"n_representatives must be at least 1, but is {n_representatives}")


_LARGEST_BETA = 40.0


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[stage] = round(time.perf_counter() - start, 4)


@contextmanager
def _noted(messages: list[str], where: str) -> Iterator[None]:
    """Note what the spectral step warns of, and pass every warning on."""
    with catch_warnings(record=True) as caught:
        simplefilter("always")
        yield
    for warning in caught:
        if issubclass(warning.category, NotConvergedWarning):
            messages.append(f"{where}: {warning.message}")
        warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _inputs(pair: EmbeddingPair) -> dict[str, Any]:
    sides: dict[str, dict[str, Any]] = {
        side: {"source": source, "shape": list(values.shape), "dtype": str(values.dtype), "sha256": sha256}
        for side, values, source, sha256 in zip(("x", "y"), (pair.x, pair.y), pair.sources, pair.sha256, strict=True)
    }
    for side, encoding in (("x", pair.encodings.x), ("y", pair.encodings.y)):
        if encoding is not None:
            sides[side]["model"] = _how(encoding.manifest)
    return {**sides, "matched_by": pair.matched_by}


def _how(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What made an embedding, in short; the whole is in the manifest beside it."""
    model = manifest["model"]
    parts = {"spec": model["spec"], "weights_sha256": model["weights_sha256"]}
    return {**parts, "layer": manifest["layer"], "pool": manifest["pool"]}


def _versions() -> dict[str, str]:
    packages = ("numpy", "scipy", "scikit-learn", "numba", "pandas", "pyarrow", "pillow", "bokeh")
    libraries = {name: metadata.version(name) for name in packages}
    return {"repdiff": __version__, "python": platform.python_version(), **libraries}


def _name_of(clusterer: Any) -> str:
    return getattr(clusterer, "__name__", type(clusterer).__name__)
