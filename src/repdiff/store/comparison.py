"""Comparison <-> the tables and the manifest of its run: JSON and Parquet, nothing pickled.

Labels and clusters are read at once. Pictures, maps, the affinity's picture and the evidence are read when they are
asked for; that their files are there with the right columns is checked at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.core.plain import from_plain, to_plain
from repdiff.core.ranges import Count, Share
from repdiff.inputs.images import Thumbnails
from repdiff.inputs.items import RESULT_COLUMNS, ROLES, Items
from repdiff.results.clusters import DIRECTIONS, AffinityMap, DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.projection import Projection
from repdiff.results.spectrum import KeptSpectrum
from repdiff.store.annotations import checked_annotations, write_annotations
from repdiff.store.closer import neighbors_later, spectra_later, write_closer
from repdiff.store.consistency import check_affinity_map, check_clusters, check_items, check_pictures
from repdiff.store.directory import RUN, SCHEMA_VERSION
from repdiff.store.evidence import EVIDENCE, StoredEvidence, chooses_numbers, read_evidence, write_evidence
from repdiff.store.facts import read_provenance
from repdiff.store.lazy import Part, deferred, once, put_off
from repdiff.store.reference import REFERENCE, REFERENCE_COLUMNS, read_reference, write_reference
from repdiff.store.tables import (
    check_columns,
    check_table,
    read_columns,
    read_frame,
    read_rows,
    row_of,
    schema_of,
    value_of,
    write_rows,
)

THUMBNAILS = "thumbnails.parquet"
_ITEMS, _CLUSTERS = "items.parquet", "clusters.parquet"
_AFFINITY, _PROJECTION = "affinity.parquet", "projection.parquet"
_MANIFEST = "manifest.json"
_AXES = ["x_1", "x_2", "y_1", "y_2"]

_OF_CLUSTER = schema_of(DifferenceCluster, without=("items", "evidence"))  # follows from the labels of the items
_CLUSTERS_SCHEMA = pa.schema([("direction", pa.string()), ("size", pa.int64()), *_OF_CLUSTER])
_AFFINITY_SCHEMA = pa.schema(
    [("direction", pa.string()), ("cluster", pa.int32()), ("size", pa.int64()), ("means", pa.list_(pa.float32()))]
)
_PROJECTION_SCHEMA = pa.schema([(name, pa.float32()) for name in _AXES])
_THUMBNAILS_SCHEMA = pa.schema(
    [("row", pa.int64()), ("width", pa.int32()), ("height", pa.int32()), ("image", pa.binary())]
)


@dataclass(frozen=True)
class _Roles:
    image: str | None
    text: str | None
    label: str | None
    prediction_x: str | None
    prediction_y: str | None
    image_root: str | None
    has_ids: bool


@dataclass(frozen=True)
class _Accuracy:
    x: Share | None
    y: Share | None


@dataclass(frozen=True)
class _Projection:
    explained_x: tuple[Share, Share]
    explained_y: tuple[Share, Share]


@dataclass(frozen=True)
class _Manifest:
    """What the manifest says besides the provenance."""

    names: tuple[str, str]
    description: str | None
    n_items: Count
    items: _Roles
    accuracy: _Accuracy
    projection: _Projection
    skipped_images: tuple[str, ...]


def manifest_of(comparison: Comparison, thumbnails: Thumbnails) -> dict[str, Any]:
    """What ``manifest.json`` says of a comparison."""
    items, projection = comparison.items, comparison.projection
    told = _Manifest(
        names=comparison.names,
        description=comparison.description,
        n_items=len(items.frame),
        items=_Roles(
            **{role: getattr(items, role) for role in ROLES},
            image_root=None if items.image_root is None else str(items.image_root),
            has_ids=items.has_ids,
        ),
        accuracy=_Accuracy(comparison.accuracy_x, comparison.accuracy_y),
        projection=_Projection(projection.explained_x, projection.explained_y),
        skipped_images=thumbnails.skipped,
    )
    rest = to_plain(told)
    first = {name: rest.pop(name) for name in ("names", "description", "n_items")}
    made = to_plain(comparison.provenance)
    return {"format": RUN, "schema_version": SCHEMA_VERSION, **first, **made, **rest}


def write_comparison(folder: Path, comparison: Comparison, pictures: Thumbnails) -> None:
    """Write all files of a comparison except the manifest into an existing folder."""
    directions = (comparison.x_only, comparison.y_only)
    comparison.to_frame().to_parquet(folder / _ITEMS, index=False)
    write_rows(folder / _CLUSTERS, [row for one in directions for row in _cluster_rows(one)], _CLUSTERS_SCHEMA)
    write_rows(folder / _AFFINITY, [row for one in directions for row in _bin_rows(one)], _AFFINITY_SCHEMA)
    write_evidence(folder, comparison)
    write_annotations(folder, comparison.annotations)
    write_closer(folder, comparison)
    write_reference(folder, comparison)
    axes = np.hstack([comparison.projection.x, comparison.projection.y])
    pd.DataFrame(axes, columns=_AXES).to_parquet(folder / _PROJECTION, index=False)
    columns = [pa.array(pictures.rows), pa.array(pictures.widths), pa.array(pictures.heights), list(pictures.images)]
    pq.write_table(pa.table(columns, schema=_THUMBNAILS_SCHEMA), folder / THUMBNAILS)


def _cluster_rows(direction: Direction) -> Iterator[dict[str, Any]]:
    for cluster in direction.clusters:
        yield {"direction": direction.name, "size": cluster.size, **row_of(cluster, _OF_CLUSTER)}


def _bin_rows(direction: Direction) -> Iterator[dict[str, Any]]:
    picture = direction.affinity_map
    for means, cluster, size in zip(picture.means, picture.cluster, picture.size, strict=True):
        yield {"direction": direction.name, "cluster": int(cluster), "size": int(size), "means": means}


def read_comparison(folder: Path, manifest: Mapping[str, Any]) -> Comparison:
    """The comparison of a folder with that manifest; most of it is read when it is first used.

    Raises
    ------
    OSError, pyarrow.ArrowException, LookupError, TypeError, ValueError
        Where the folder holds no such comparison.
    """
    told = from_plain(_Manifest, manifest, _MANIFEST)
    n = told.n_items
    frame = read_frame(folder / _ITEMS, n_rows=n)
    check_items(frame, told.items, _ITEMS)
    check_table(folder / _PROJECTION, _PROJECTION_SCHEMA, n_rows=n)
    check_table(folder / _AFFINITY, _AFFINITY_SCHEMA)
    check_table(folder / THUMBNAILS, _THUMBNAILS_SCHEMA)
    rows = read_rows(folder / _CLUSTERS, most=2 * n)
    own = {name: [row for row in rows if row.get("direction") == name] for name in DIRECTIONS}
    if sum(map(len, own.values())) != len(rows):
        raise ValueError(f"{_CLUSTERS}: column 'direction' must be one of {', '.join(DIRECTIONS)}")
    counts: dict[DirectionName, int] = {name: len(clusters) for name, clusters in own.items()}
    evidence = _evidence_of(folder, manifest, counts, n)
    bins, axes, images = (Part(folder, name) for name in (_AFFINITY, _PROJECTION, THUMBNAILS))
    pictures = once(lambda: bins(lambda file: _read_affinity_maps(file, counts, n)))
    ready: dict[str, Any] = {
        "names": told.names,
        "items": _read_items(frame, told.items),
        "accuracy_x": told.accuracy.x,
        "accuracy_y": told.accuracy.y,
        "provenance": read_provenance(manifest, _MANIFEST),
        "description": told.description,
    }
    spectra = spectra_later(folder, len(frame))
    for name in DIRECTIONS:
        ready[name] = _read_direction(name, frame, own[name], pictures, evidence, spectra.get(name, lambda: None))
    ready["annotations"] = checked_annotations(folder, [ready[name] for name in DIRECTIONS], frame["id"])
    later: dict[str, Callable[[], Any]] = {
        "projection": lambda: axes(lambda file: _read_projection(file, told.projection)),
        "neighbors": neighbors_later(folder, len(frame)),
        "thumbnails": lambda: images(lambda file: _read_thumbnails(file, told.skipped_images, n)),
    }
    if evidence is None:
        ready |= {"evidence": None, "similarity": None, "chosen": {}}
    else:
        later["evidence"] = lambda: evidence().comparison
        later["similarity"] = lambda: evidence().similarity
        later["chosen"] = lambda: evidence().chosen
    if os.path.lexists(folder / REFERENCE):
        check_columns(folder / REFERENCE, REFERENCE_COLUMNS)
        reference = Part(folder, REFERENCE)
        later["reference"] = lambda: reference(lambda file: read_reference(file, counts, n, spectra))
    else:
        ready["reference"] = None
    return deferred(Comparison, ready, later)


def _evidence_of(
    folder: Path, manifest: Mapping[str, Any], counts: Mapping[DirectionName, int], n: int
) -> Callable[[], StoredEvidence] | None:
    if not os.path.lexists(folder / EVIDENCE):
        if chooses_numbers(manifest):
            raise LookupError(f"{EVIDENCE} is missing, which says why there are so many clusters")
        return None
    part = Part(folder, EVIDENCE)
    return once(lambda: part(lambda file: read_evidence(file, manifest, counts, n)))


def _read_items(frame: pd.DataFrame, told: _Roles) -> Items:
    return Items(
        frame.drop(columns=list(RESULT_COLUMNS)),
        **{role: getattr(told, role) for role in ROLES},
        image_root=None if told.image_root is None else Path(told.image_root),
        has_ids=told.has_ids,
    )


def _read_direction(
    name: DirectionName,
    frame: pd.DataFrame,
    rows: list[dict[str, Any]],
    pictures: Callable[[], Mapping[DirectionName, AffinityMap]],
    evidence: Callable[[], StoredEvidence] | None,
    spectrum: Callable[[], KeptSpectrum | None],
) -> Direction:
    labels = frame[name].to_numpy(np.int32)
    clusters = tuple(_read_cluster(row, labels, evidence) for row in rows)
    check_clusters(name, clusters, frame, [row["size"] for row in rows])
    ready = {"name": name, "labels": labels, "clusters": clusters}
    return deferred(Direction, ready, {"affinity_map": lambda: pictures()[name], "spectrum": spectrum})


def _read_cluster(
    row: dict[str, Any], labels: npt.NDArray[np.int32], evidence: Callable[[], StoredEvidence] | None
) -> DifferenceCluster:
    name, index = row["direction"], row["index"]
    items = np.flatnonzero(labels == index)
    cluster = value_of(DifferenceCluster, row, _CLUSTERS, items=items, evidence=None)
    if evidence is None:
        return cluster
    return put_off(cluster, evidence=lambda: evidence().clusters[name][index])


def _read_affinity_maps(file: Path, counts: Mapping[DirectionName, int], n: int) -> dict[DirectionName, AffinityMap]:
    bins = read_columns(file, _AFFINITY_SCHEMA, most=2 * n).to_pandas()
    found: dict[DirectionName, AffinityMap] = {}
    for name in DIRECTIONS:
        own = bins[bins["direction"] == name]
        means = np.stack(own["means"].to_list()) if len(own) else np.empty((0, 0), np.float32)
        found[name] = AffinityMap(means, own["cluster"].to_numpy(np.int32), own["size"].to_numpy(np.int64))
        check_affinity_map(name, found[name], counts[name], n)
    return found


def _read_projection(file: Path, explained: _Projection) -> Projection:
    axes = read_columns(file, _PROJECTION_SCHEMA).to_pandas().to_numpy(np.float32)
    x, y = (np.ascontiguousarray(part) for part in (axes[:, :2], axes[:, 2:]))
    return Projection(x, y, explained.explained_x, explained.explained_y)


def _read_thumbnails(file: Path, skipped: tuple[str, ...], n: int) -> Thumbnails:
    table = read_columns(file, _THUMBNAILS_SCHEMA, most=n)
    rows, widths, heights = (table[name].to_numpy() for name in ("row", "width", "height"))
    pictures = Thumbnails(rows, widths, heights, tuple(table["image"].to_pylist()), skipped)
    check_pictures(pictures, n, file.name)
    return pictures
