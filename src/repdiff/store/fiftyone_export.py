"""A comparison -> a folder that FiftyOne imports (``fo.types.FiftyOneDataset``): samples, fields, tags, saved views.

Written without the library, in the JSON that it exports itself (tested with version 1.22): ``metadata.json`` has the
fields and the saved views, ``samples.json`` the samples, ``brain/`` the two maps for its panel of embeddings, ``data/``
the pictures that the run holds itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from repdiff.core.errors import RepdiffError
from repdiff.inputs.images import Thumbnails
from repdiff.inputs.picture_paths import leads_out, picture_path
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.store.fiftyone_documents import (
    CLASSIFICATION,
    TIME,
    VERSION,
    brain_run,
    described,
    object_id,
    visualization,
)

_TAKEN = {"id", "filepath", "tags", "metadata", "created_at", "last_modified_at", "item_id", "frames", *DIRECTIONS}
_NO_CHANGE = "no change"


@dataclass(frozen=True)
class _Field:
    """A field of the samples: its name, its kind in FiftyOne, and the value of each item; None where there is none."""

    name: str
    kind: str
    values: Sequence[Any]
    subfield: str | None = None


def write_fiftyone(
    comparison: Comparison, thumbnails: Thumbnails, called: Mapping[DirectionName, Sequence[str]], folder: Path
) -> int:
    """Write the files into a folder that is there.

    ``x_only`` and ``y_only`` are classifications, whose labels are the names of the clusters and whose tags are those
    that people gave, with what they take the cluster for. Each cluster is a saved view, its notes the description.
    Selections that people kept are tags of samples. A sample is the image that the table names, where it is there, else
    the small picture in the run.

    Parameters
    ----------
    comparison : Comparison
        What to export.
    thumbnails : Thumbnails
        The pictures that the run holds.
    called : mapping
        What the clusters of each direction are called, by index.
    folder : Path
        Where.

    Returns
    -------
    int
        How many items have a picture, and so are samples.

    Raises
    ------
    RepdiffError
        Where no item has a picture.
    """
    paths = _paths(comparison, thumbnails, folder)
    rows = np.array(sorted(paths), np.int64)
    if not len(rows):
        raise RepdiffError("FiftyOne shows pictures, and no item of this run has one; export to embedding-atlas or csv")
    labels = {one.name: _labels(comparison, one, called[one.name]) for one in (comparison.x_only, comparison.y_only)}
    fields = _fields(comparison, labels)
    ids = [object_id("sample", text) for text in comparison.items.frame["id"].astype(str)]
    samples = [_sample(row, ids[row], paths[row], fields, _selections(comparison)) for row in rows.tolist()]
    maps = {"x_map": comparison.projection.x, "y_map": comparison.projection.y}
    (folder / "samples.json").write_text(json.dumps({"samples": samples}, allow_nan=False), encoding="utf-8")
    told = _metadata(comparison, fields, _views(comparison, labels), maps)
    (folder / "metadata.json").write_text(json.dumps(told), encoding="utf-8")
    (folder / "brain").mkdir()
    for name, places in maps.items():
        text = json.dumps(visualization(places[rows], [ids[row] for row in rows.tolist()]))
        (folder / "brain" / f"{name}.json").write_text(text, encoding="utf-8")
    return len(rows)


def _paths(comparison: Comparison, thumbnails: Thumbnails, folder: Path) -> dict[int, str]:
    """Where the picture of each item is, by row; those of the run itself are written."""
    items = comparison.items
    found: dict[int, str] = {}
    if items.image is not None:
        for row, name in enumerate(items.frame[items.image]):
            if isinstance(name, str) and name and not leads_out(items.image_root, name):
                path = picture_path(items.image_root, name)
                if _is_file(path):
                    found[row] = str(path)
    for place, row in enumerate(thumbnails.rows.tolist()):
        if row not in found:
            found[row] = f"data/{row}.webp"
            (folder / "data").mkdir(exist_ok=True)
            (folder / found[row]).write_bytes(thumbnails.images[place])
    return found


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no possible path
        return False


def _labels(comparison: Comparison, direction: Direction, called: Sequence[str]) -> dict[int, str]:
    """What each cluster is called, no two the same; those of no change share a name."""
    found: dict[int, str] = {}
    for cluster in direction.clusters:
        name = _NO_CHANGE if cluster.is_no_change else called[cluster.index] or f"group {cluster.index}"
        taken = name != _NO_CHANGE and name in found.values()
        found[cluster.index] = f"{name} ({cluster.index})" if taken else name
    return found


def _fields(comparison: Comparison, labels: Mapping[DirectionName, Mapping[int, str]]) -> list[_Field]:
    items = comparison.items
    found = [_Field("item_id", "StringField", items.frame["id"].astype(str).tolist())]
    for direction in (comparison.x_only, comparison.y_only):
        found.append(_Field(direction.name, CLASSIFICATION, _classes(comparison, direction, labels[direction.name])))
        found.append(_Field(f"{direction.name}_no_change", "BooleanField", direction.no_change.tolist()))
    found += [
        _Field(f"{side}_map", "ListField", getattr(comparison.projection, side).astype(float).tolist(), "FloatField")
        for side in "xy"
    ]
    found += _neighbours(comparison)
    taken = _TAKEN | {field.name for field in found}
    for column in items.frame.columns:
        if column != "id":
            name = _plain_name(str(column), taken)
            taken.add(name)
            found.append(_of_column(name, items.frame[column], of_labels=column in _label_columns(comparison)))
    return found


def _label_columns(comparison: Comparison) -> set[str]:
    items = comparison.items
    return {name for name in (items.label, items.prediction_x, items.prediction_y) if name is not None}


def _plain_name(column: str, taken: set[str]) -> str:
    """A name that FiftyOne takes and that is free."""
    name = re.sub(r"\W+", "_", column, flags=re.ASCII).strip("_") or "column"
    name = f"item_{name}" if name[0].isdigit() or name in taken else name
    while name in taken:
        name += "_"
    return name


def _of_column(name: str, column: pd.Series, *, of_labels: bool) -> _Field:
    known = column.notna().tolist()
    kinds = pd.api.types
    if of_labels:
        texts = [str(value) if there else None for value, there in zip(column, known, strict=True)]
        classes = [None if text is None else _class(name, row, text) for row, text in enumerate(texts)]
        return _Field(name, CLASSIFICATION, classes)
    kind: str
    of: Callable[[Any], Any]
    if kinds.is_bool_dtype(column.dtype):
        kind, of = "BooleanField", bool
    elif kinds.is_integer_dtype(column.dtype):
        kind, of = "IntField", int
    elif kinds.is_float_dtype(column.dtype):
        known = np.isfinite(column.to_numpy(np.float64, na_value=np.nan)).tolist()
        kind, of = "FloatField", float
    else:
        kind, of = "StringField", str
    return _Field(name, kind, [of(value) if there else None for value, there in zip(column, known, strict=True)])


def _classes(comparison: Comparison, direction: Direction, labels: Mapping[int, str]) -> list[dict[str, Any]]:
    """The cluster of each item, with the tags that people gave it and what they take it for."""
    notes = {index: comparison.annotations.of(direction.name, index) for index in labels}
    tags = {index: [*note.tags, *filter(None, [note.decision])] for index, note in notes.items()}
    return [
        {**_class(direction.name, row, labels[index]), "tags": tags[index]}
        for row, index in enumerate(direction.labels.tolist())
    ]


def _class(field: str, row: int, label: str) -> dict[str, Any]:
    return {"_id": {"$oid": object_id(field, str(row))}, "_cls": "Classification", "tags": [], "label": label}


def _neighbours(comparison: Comparison) -> list[_Field]:
    """Ids of the nearest on both sides, nearest first, where they are known."""
    lists = comparison.neighbors
    if lists is None:
        return []
    ids = comparison.items.frame["id"].astype(str).to_numpy(dtype=object)
    found = []
    for side in "xy":
        near: list[Any] = [None] * len(ids)
        for row, rows in zip(lists.rows.tolist(), getattr(lists, side), strict=True):
            near[row] = ids[rows].tolist()
        found.append(_Field(f"nearest_{side}", "ListField", near, "StringField"))
    return found


def _selections(comparison: Comparison) -> dict[str, list[str]]:
    """Names of the selections that people kept, by the id of an item."""
    found: dict[str, list[str]] = {}
    for selection in comparison.annotations.selections:
        for one in selection.items:
            found.setdefault(one, []).append(selection.name)
    return found


def _sample(
    row: int, own_id: str, path: str, fields: Sequence[_Field], selections: Mapping[str, list[str]]
) -> dict[str, Any]:
    known = {field.name: field.values[row] for field in fields if field.values[row] is not None}
    return {
        "_id": {"$oid": own_id},
        "filepath": path,
        "tags": selections.get(known["item_id"], []),
        "_media_type": "image",
        "_rand": int(own_id[:12], 16) / 16**12,
        **known,
    }


def _views(comparison: Comparison, labels: Mapping[DirectionName, Mapping[int, str]]) -> list[dict[str, Any]]:
    """A saved view for each difference cluster."""
    sides = zip((comparison.x_only, comparison.y_only), comparison.names, strict=True)
    return [
        _view(f"only in {holder}: {labels[direction.name][cluster.index]}",
              direction.name, labels[direction.name][cluster.index], _told(comparison, direction, cluster))
        for direction, holder in sides
        for cluster in direction.clusters
        if not cluster.is_no_change
    ]  # fmt: skip


def _told(comparison: Comparison, direction: Direction, cluster: DifferenceCluster) -> str:
    note = comparison.annotations.of(direction.name, cluster.index)
    taken = {"real": "taken for real", "noise": "taken for noise"}.get(note.decision or "", "")
    return "; ".join(filter(None, [f"{cluster.size} items", taken, ", ".join(note.tags), note.note]))


def _view(name: str, field: str, label: str, told: str) -> dict[str, Any]:
    stage = {
        "_cls": "fiftyone.core.stages.Match",
        "kwargs": [["filter", {"$expr": {"$eq": [f"${field}.label", {"$literal": label}]}}]],
    }
    own_id = object_id("view", name)
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80]
    return {
        "_id": {"$oid": own_id}, "name": name, "slug": f"{slug}-{own_id[:4]}", "description": told, "color": None,
        "view_stages": [json.dumps(stage)], "created_at": TIME, "last_modified_at": TIME, "last_loaded_at": None,
    }  # fmt: skip


def _metadata(
    comparison: Comparison, fields: Sequence[_Field], views: Sequence[dict[str, Any]], maps: Mapping[str, Any]
) -> dict[str, Any]:
    x, y = comparison.names
    usual = [
        described("id", "ObjectIdField", db_field="_id"),
        described("filepath", "StringField"),
        described("tags", "ListField", "StringField"),
        described("metadata", "EmbeddedDocumentField", document="fiftyone.core.metadata.ImageMetadata"),
        described("created_at", "DateTimeField", read_only=True),
        described("last_modified_at", "DateTimeField", read_only=True),
        described("_media_type", "StringField"),
        described("_rand", "FloatField"),
        described("_dataset_id", "ObjectIdField"),
    ]
    own = [described(field.name, field.kind, field.subfield) for field in fields]
    name = f"{x} and {y}"
    return {
        "_id": {"$oid": object_id("dataset", name)}, "name": name, "slug": "repdiff", "version": VERSION,
        "created_at": TIME, "last_modified_at": TIME, "last_loaded_at": TIME, "persistent": False,
        "media_type": "image", "tags": [], "description": comparison.answer,
        "info": {"made by": "repdiff", "x": x, "y": y},
        "app_config": {"grid_media_field": "filepath", "media_fields": ["filepath"], "modal_media_field": "filepath"},
        "classes": {}, "default_classes": [], "mask_targets": {}, "default_mask_targets": {}, "skeletons": {},
        "sample_fields": [*usual, *own], "frame_fields": [], "group_media_types": {},
        "saved_views": list(views), "workspaces": [], "annotation_runs": {}, "evaluations": {}, "runs": {},
        "brain_methods": {name: brain_run(name) for name in maps},
    }  # fmt: skip
