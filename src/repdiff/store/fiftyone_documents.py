"""The documents of FiftyOne's own format, in which a dataset is written and read as a folder of JSON."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

VERSION = "1.22.1"  # of FiftyOne, whose documents these are; a later one converts them
TIME = {"$date": "2026-01-01T00:00:00Z"}  # FiftyOne puts the time of the import in its place
CLASSIFICATION = "fiftyone.core.labels.Classification"
_FIELDS = "fiftyone.core.fields."


def described(
    name: str, kind: str, subfield: str | None = None, *, document: str | None = None, db_field: str = "",
    read_only: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """A field as FiftyOne describes it."""
    if kind == CLASSIFICATION:
        kind, document = "EmbeddedDocumentField", CLASSIFICATION
    parts = []
    if document == CLASSIFICATION:
        parts = [
            described("id", "ObjectIdField", db_field="_id"), described("tags", "ListField", "StringField"),
            described("label", "StringField"), described("confidence", "FloatField"),
        ]  # fmt: skip
    return {
        "name": name, "ftype": _FIELDS + kind, "embedded_doc_type": document, "fields": parts,
        "subfield": None if subfield is None else _FIELDS + subfield, "db_field": db_field or name,
        "description": None, "info": None, "read_only": read_only, "created_at": TIME,
    }  # fmt: skip


def brain_run(name: str) -> dict[str, Any]:
    """What its panel of embeddings asks for a map."""
    config = {
        "cls": "fiftyone.brain.visualization.ManualVisualizationConfig", "type": "visualization", "method": "manual",
        "embeddings_field": None, "points_field": None, "similarity_index": None, "model": None, "model_kwargs": None,
        "patches_field": None, "num_dims": 2,
    }  # fmt: skip
    return {"key": name, "version": VERSION, "timestamp": TIME, "config": config, "results": None, "results_meta": {}}


def visualization(places: npt.NDArray[np.float32], ids: Sequence[str]) -> dict[str, Any]:
    """A map as that panel reads it."""
    return {
        "cls": "fiftyone.brain.visualization.VisualizationResults", "reducer_blob": None, "label_ids": None,
        "points": _compressed(places.astype(np.float64)), "sample_ids": _compressed(np.array(ids)),
    }  # fmt: skip


def _compressed(values: npt.NDArray[Any]) -> str:
    """An array as its library (eta) writes it: base64 of the zlib of an .npy file."""
    with io.BytesIO() as file:
        np.save(file, values, allow_pickle=False)
        return base64.b64encode(zlib.compress(file.getvalue())).decode("ascii")


def object_id(kind: str, text: str) -> str:
    """The same for the same item in any export."""
    return hashlib.sha256(f"repdiff {kind} {text}".encode(errors="surrogatepass")).hexdigest()[:24]
