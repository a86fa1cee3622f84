"""Comparison <-> run directory: JSON and Parquet, nothing pickled, whole or not there at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from repdiff.core.errors import RunError
from repdiff.core.files import link_or_copy, one_line
from repdiff.core.progress import Progress, silent
from repdiff.inputs.images import Thumbnails, make_thumbnails
from repdiff.inputs.items import RESULT_COLUMNS, ROLES, Items
from repdiff.results.choice import Candidate, ChosenNumber
from repdiff.results.clusters import DIRECTIONS, AffinityMap, DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ClusterEvidence, ComparisonEvidence
from repdiff.results.projection import Projection
from repdiff.results.provenance import Provenance
from repdiff.results.similarity import SimilarityTable
from repdiff.store.directory import RUN, plain, read_manifest, write_manifest, written_folder

SCHEMA_VERSION = 2
_OF_EVALUATION = ("direction", "method", "title", "success", "n_groups", "items_per_group")
REPORT, THUMBNAILS, EVIDENCE, EVALUATION = "report.html", "thumbnails.parquet", "evidence.json", "evaluation.csv"

_CLUSTERS_SCHEMA = pa.schema(
    [
        ("direction", pa.string()),
        ("index", pa.int32()),
        ("size", pa.int64()),
        ("mean_affinity", pa.float64()),
        ("mean_error", pa.float64()),
        ("is_no_change", pa.bool_()),
        ("representatives", pa.list_(pa.int64())),
        ("label_counts", pa.map_(pa.string(), pa.int64())),
        ("accuracy_x", pa.float64()),
        ("accuracy_y", pa.float64()),
    ]
)
_AFFINITY_SCHEMA = pa.schema(
    [
        ("direction", pa.string()),
        ("cluster", pa.int32()),
        ("size", pa.int64()),
        ("means", pa.list_(pa.float32())),
    ]
)
_THUMBNAILS_SCHEMA = pa.schema(
    [("row", pa.int64()), ("width", pa.int32()), ("height", pa.int32()), ("image", pa.binary())]
)


@dataclass(frozen=True)
class Run:
    """All that a report, the explorer or an export may know.

    Attributes
    ----------
    comparison : Comparison
        The result.
    thumbnails : Thumbnails
        Small pictures of items; none where items have no images.
    manifest : mapping
        What ``manifest.json`` holds: plain dicts, lists, strings, numbers and None.
    path : Path or None
        The run's directory; None where it was never saved.
    evaluation : DataFrame or None
        How other methods fare on the same items, where ``repdiff evaluate`` has said so.
    """

    comparison: Comparison
    thumbnails: Thumbnails
    manifest: Mapping[str, Any]
    path: Path | None = None
    evaluation: pd.DataFrame | None = None


def run_of(comparison: Comparison, *, progress: Progress = silent) -> Run:
    """The run in memory; thumbnails are made where the comparison brings none.

    Pictures of representatives come first, then those of other items in random order, as far as there is room.
    """
    thumbnails = comparison.thumbnails
    if thumbnails is None:
        thumbnails = make_thumbnails(comparison.items, _rows_to_picture(comparison), progress=progress)
    return Run(comparison, thumbnails, _manifest(comparison, thumbnails))


def write_run(
    run: Run,
    path: str | Path,
    *,
    overwrite: bool = False,
    report: str | None = None,
    attachments: Mapping[str, Path] | None = None,
) -> Path:
    """Write a run directory, whole or not at all.

    Parameters
    ----------
    run : Run
        What to write.
    path : path
        Where; parents are made.
    overwrite : bool
        Replace a run that is there. Anything else that is there is never replaced.
    report : str, optional
        HTML to put beside the data, as ``report.html``.
    attachments : mapping of str to path, optional
        Files to keep in the run, by their name in it; they are linked or copied.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    RunError
        Where the path is taken, or cannot be written.
    """
    with written_folder(path, overwrite=overwrite) as folder:
        write_into(folder, run)
        for name, file in (attachments or {}).items():
            (folder / name).parent.mkdir(exist_ok=True)
            link_or_copy(file, folder / name)
        if report is not None:
            (folder / REPORT).write_text(report, encoding="utf-8")
    return Path(path)


def read_run(path: str | Path) -> Run:
    """The run of a directory.

    Raises
    ------
    RunError
        Where it is no run, was written by a newer or an older repdiff, or is damaged.
    """
    folder = Path(path)
    manifest = read_manifest(folder, RUN, SCHEMA_VERSION)
    try:
        thumbnails = _read_thumbnails(folder, manifest)
        comparison = _with_evidence(_read_comparison(folder, manifest, thumbnails), folder / EVIDENCE)
        evaluation = _read_evaluation(folder / EVALUATION) if (folder / EVALUATION).exists() else None
        return Run(comparison, thumbnails, manifest, folder, evaluation)
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError) as error:
        raise RunError(f"{path}: the run is damaged: {one_line(error)}; compare again") from error


def _read_evaluation(file: Path) -> pd.DataFrame:
    table = pd.read_csv(file)
    missing = [name for name in _OF_EVALUATION if name not in table]
    if missing:
        raise LookupError(f"{EVALUATION} has no column {missing[0]!r}")
    return table


def load_run(path: str | Path) -> Comparison:
    """The comparison that was saved in a run directory.

    Raises
    ------
    RunError
        Where it is no run, was written by a newer repdiff, or is damaged.
    """
    return read_run(path).comparison


def representatives_of(comparison: Comparison) -> npt.NDArray[np.int64]:
    """Rows of all representatives of both directions, in order of their clusters."""
    directions = (comparison.x_only, comparison.y_only)
    return np.concatenate([cluster.representatives for one in directions for cluster in one.clusters])


def _rows_to_picture(comparison: Comparison) -> npt.NDArray[np.int64]:
    representatives = representatives_of(comparison).tolist()
    others = np.random.default_rng(0).permutation(len(comparison.items.frame))
    return np.array(list(dict.fromkeys([*representatives, *others.tolist()])), dtype=np.int64)


def _manifest(comparison: Comparison, thumbnails: Thumbnails) -> dict[str, Any]:
    items = comparison.items
    facts = {
        "format": RUN,
        "schema_version": SCHEMA_VERSION,
        "names": list(comparison.names),
        "description": comparison.description,
        "n_items": len(items.frame),
        **asdict(comparison.provenance),
        "items": {
            **{role: getattr(items, role) for role in ROLES},
            "image_root": None if items.image_root is None else str(items.image_root),
            "has_ids": items.has_ids,
        },
        "accuracy": {"x": comparison.accuracy_x, "y": comparison.accuracy_y},
        "projection": {
            "explained_x": list(comparison.projection.explained_x),
            "explained_y": list(comparison.projection.explained_y),
        },
        "skipped_images": list(thumbnails.skipped),
    }
    return plain(facts)


def write_into(folder: Path, run: Run) -> None:
    """Write the files of a run into a folder that is there."""
    comparison = run.comparison
    directions = (comparison.x_only, comparison.y_only)
    write_manifest(folder, run.manifest)
    comparison.to_frame().to_parquet(folder / "items.parquet", index=False)
    _write_rows(folder / "clusters.parquet", [row for d in directions for row in _cluster_rows(d)], _CLUSTERS_SCHEMA)
    _write_rows(folder / "affinity.parquet", [row for d in directions for row in _bin_rows(d)], _AFFINITY_SCHEMA)
    _write_evidence(folder / EVIDENCE, comparison)
    projection = comparison.projection
    axes = np.hstack([projection.x, projection.y])
    pd.DataFrame(axes, columns=["x_1", "x_2", "y_1", "y_2"]).to_parquet(folder / "projection.parquet", index=False)
    pictures = run.thumbnails
    columns = [pa.array(pictures.rows), pa.array(pictures.widths), pa.array(pictures.heights), list(pictures.images)]
    pq.write_table(pa.table(columns, schema=_THUMBNAILS_SCHEMA), folder / THUMBNAILS)


def _write_evidence(path: Path, comparison: Comparison) -> None:
    """Nothing where there is none."""
    if comparison.evidence is None and not comparison.chosen:
        return
    facts = {
        "comparison": None if comparison.evidence is None else comparison.evidence.to_plain(),
        "similarity": None if comparison.similarity is None else comparison.similarity.to_plain(),
        "chosen": {name: asdict(number) for name, number in comparison.chosen.items()},
        "clusters": {
            direction.name: [
                None if cluster.evidence is None else cluster.evidence.to_plain() for cluster in direction.clusters
            ]
            for direction in (comparison.x_only, comparison.y_only)
        },
    }
    text = json.dumps(plain(facts), indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _with_evidence(comparison: Comparison, path: Path) -> Comparison:
    if not path.exists():
        return comparison
    told = json.loads(path.read_text(encoding="utf-8"))
    whole = told["comparison"]
    return replace(
        comparison,
        x_only=_evident(comparison.x_only, told["clusters"]["x_only"]),
        y_only=_evident(comparison.y_only, told["clusters"]["y_only"]),
        evidence=None if whole is None else ComparisonEvidence.from_plain(whole),
        similarity=None if told["similarity"] is None else SimilarityTable.from_plain(told["similarity"]),
        chosen={name: _chosen(number) for name, number in told["chosen"].items()},
    )


def _evident(direction: Direction, told: list[dict[str, Any] | None]) -> Direction:
    clusters = (
        replace(cluster, evidence=None if facts is None else ClusterEvidence.from_plain(facts))
        for cluster, facts in zip(direction.clusters, told, strict=True)
    )
    return replace(direction, clusters=tuple(clusters))


def _chosen(told: dict[str, Any]) -> ChosenNumber:
    return ChosenNumber(**{**told, "candidates": tuple(Candidate(**one) for one in told["candidates"])})


def _write_rows(path: Path, rows: list[dict[str, Any]], schema: pa.Schema) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)


def _cluster_rows(direction: Direction) -> Iterator[dict[str, Any]]:
    for cluster in direction.clusters:
        yield {
            "direction": direction.name,
            "index": cluster.index,
            "size": cluster.size,
            "mean_affinity": cluster.mean_affinity,
            "mean_error": cluster.mean_error,
            "is_no_change": cluster.is_no_change,
            "representatives": cluster.representatives,
            "label_counts": list(cluster.label_counts.items()),
            "accuracy_x": cluster.accuracy_x,
            "accuracy_y": cluster.accuracy_y,
        }


def _bin_rows(direction: Direction) -> Iterator[dict[str, Any]]:
    picture = direction.affinity_map
    for means, cluster, size in zip(picture.means, picture.cluster, picture.size, strict=True):
        yield {"direction": direction.name, "cluster": int(cluster), "size": int(size), "means": means}


def _read_comparison(folder: Path, manifest: dict[str, Any], thumbnails: Thumbnails) -> Comparison:
    frame = pd.read_parquet(folder / "items.parquet")
    clusters = pq.read_table(folder / "clusters.parquet", schema=_CLUSTERS_SCHEMA).to_pylist(maps_as_pydicts="strict")
    bins = pq.read_table(folder / "affinity.parquet", schema=_AFFINITY_SCHEMA).to_pandas()
    x_only, y_only = (_read_direction(name, frame, clusters, bins) for name in DIRECTIONS)
    axes = pd.read_parquet(folder / "projection.parquet").to_numpy(np.float32)
    if len(frame) != manifest["n_items"] or len(axes) != len(frame):
        raise ValueError(f"it tells of {manifest['n_items']} items, but holds {len(frame)} and {len(axes)} coordinates")
    roles = dict(manifest["items"])
    root = roles.pop("image_root")
    return Comparison(
        names=(manifest["names"][0], manifest["names"][1]),
        items=Items(frame.drop(columns=list(RESULT_COLUMNS)), **roles, image_root=None if root is None else Path(root)),
        x_only=x_only,
        y_only=y_only,
        projection=Projection(
            np.ascontiguousarray(axes[:, :2]),
            np.ascontiguousarray(axes[:, 2:]),
            tuple(manifest["projection"]["explained_x"]),
            tuple(manifest["projection"]["explained_y"]),
        ),
        accuracy_x=manifest["accuracy"]["x"],
        accuracy_y=manifest["accuracy"]["y"],
        provenance=_provenance(manifest),
        description=manifest["description"],
        thumbnails=thumbnails,
    )


def _read_direction(
    name: DirectionName, frame: pd.DataFrame, clusters: list[dict[str, Any]], bins: pd.DataFrame
) -> Direction:
    labels = frame[name].to_numpy(np.int32)
    own = bins[bins["direction"] == name]
    picture = AffinityMap(
        np.stack(own["means"].to_list()), own["cluster"].to_numpy(np.int32), own["size"].to_numpy(np.int64)
    )
    found = tuple(_read_cluster(row, labels) for row in clusters if row["direction"] == name)
    return Direction(name, labels, found, picture)


def _read_cluster(row: dict[str, Any], labels: Any) -> DifferenceCluster:
    items = np.flatnonzero(labels == row["index"])
    if len(items) != row["size"]:
        raise ValueError(
            f"cluster {row['index']} of {row['direction']} has {row['size']} items, but {len(items)} labels"
        )
    return DifferenceCluster(
        index=row["index"],
        items=items,
        mean_affinity=row["mean_affinity"],
        is_no_change=row["is_no_change"],
        representatives=np.array(row["representatives"], dtype=np.int64),
        label_counts=row["label_counts"],
        accuracy_x=row["accuracy_x"],
        accuracy_y=row["accuracy_y"],
        mean_error=row["mean_error"] or 0.0,  # runs from before engines could estimate have none
    )


def _provenance(manifest: dict[str, Any]) -> Provenance:
    facts = {field.name: manifest[field.name] for field in fields(Provenance)}
    return Provenance(**{**facts, "warnings": tuple(facts["warnings"])})


def _read_thumbnails(folder: Path, manifest: dict[str, Any]) -> Thumbnails:
    table = pq.read_table(folder / THUMBNAILS, schema=_THUMBNAILS_SCHEMA)
    return Thumbnails(
        table["row"].to_numpy(),
        table["width"].to_numpy(),
        table["height"].to_numpy(),
        tuple(table["image"].to_pylist()),
        tuple(manifest["skipped_images"]),
    )
