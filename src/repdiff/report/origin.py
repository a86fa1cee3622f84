"""How a comparison came about, as the page shows it: settings under names that a reader understands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from repdiff.report.wording import formatting as words
from repdiff.results.comparison import Comparison

# What the manifest calls a setting, in words. What is not named here goes by the manifest's name.
_NAMES = {
    "n_clusters": "clusters asked for, in each direction",
    "n_clusters_chosen": "clusters chosen",
    "gamma": "gamma: how fast a difference of ranks counts",
    "beta": "beta: how far apart affinities may lie",
    "no_change_threshold": "no change threshold: mean affinity",
    "clusterer": "clustering",
    "n_representatives": "items in a collage, at most",
    "representatives": "kind of items in it",
    "metric": "distance",
    "bits": "bits for an affinity",
    "relative_error": "largest error of an affinity, relative",
    "expected_error": "standard error of a cluster's mean affinity, relative, as expected",
    "two_seeds": "clusters of two seeds",
    "adjusted_rand": "agreement (adjusted Rand)",
    "estimated_seconds": "seconds expected for ranks and affinity",
    "n_jobs": "threads",
    "cluster": "on a cluster of",
    "workers": "workers of the cluster",
    "worker_threads": "threads of all workers",
    "worker_memory_need": "memory it takes on all workers",
    "memory_need": "memory it takes",
    "memory_limit": "memory it may take",
    "device_memory_need": "memory it takes on its device",
    "device_memory_limit": "memory it may take there",
    "shape": "items × dimensions",
    "dtype": "type of number",
    "sha256": "checksum (SHA-256)",
    "matched_by": "rows matched by",
    "affinity": "ranks and affinity",
}


@dataclass(frozen=True)
class Facts:
    """Settings of one kind: name and value of each."""

    title: str
    entries: tuple[tuple[str, str], ...]


def origin(comparison: Comparison) -> tuple[Facts, ...]:
    """Settings, engine, input, versions and timings of a comparison."""
    provenance = comparison.provenance
    x, y = comparison.names
    sides = {"x": x, "y": y}
    stages = {"x_only": f"only in {x},", "y_only": f"only in {y},", **sides}
    seed = "none" if provenance.random_state is None else f"{provenance.random_state}"
    return (
        Facts("Parameters", (*flatten(provenance.parameters), ("seed", seed))),
        Facts("Engine", flatten(provenance.engine, names={"x_only": f"only in {x}", "y_only": f"only in {y}"})),
        Facts("Input", flatten({sides.get(key, key): value for key, value in provenance.inputs.items()})),
        Facts("Versions", flatten(provenance.versions)),
        Facts("Seconds", flatten({_stage(name, stages): seconds for name, seconds in provenance.timings.items()})),
    )


def _stage(name: str, stages: Mapping[str, str]) -> str:
    direction, _, stage = name.partition(" ")
    return f"{stages[direction]} {stage}" if direction in stages else name


def flatten(
    values: Mapping[str, Any], prefix: str = "", *, names: Mapping[str, str] = MappingProxyType({})
) -> tuple[tuple[str, str], ...]:
    """Nested settings as rows of a table: ``resnet18 · items × dimensions`` and its value; ``names`` for some keys."""
    rows: list[tuple[str, str]] = []
    for key, value in values.items():
        name = f"{prefix}{names.get(key) or _NAMES.get(key) or str(key).replace('_', ' ')}"
        if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
            value = {str(place): one for place, one in enumerate(value, 1)}
        if isinstance(value, Mapping):
            rows.extend(flatten(value, f"{name} · ", names=names))
        else:
            rows.append((name, _written(str(key), value)))
    return tuple(rows)


def _written(key: str, value: Any) -> str:
    if value is None:
        return words.UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " × ".join(_written("", part) for part in value)
    if isinstance(value, int):
        return words.size(value) if "memory" in key else words.number(value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)
