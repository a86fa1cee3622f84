"""Files as `repdiff encode` leaves them, without a model: embeddings, and beside them what made them and of what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from repdiff.inputs.embeddings import as_embeddings


def write_encoded(
    path: Path, values: np.ndarray, ids: Sequence[str], prediction: Sequence[str] | None, *, skipped: Sequence[str] = ()
) -> Path:
    """Write embeddings of these ids, with what their model predicts and which items it could not encode."""
    np.savez(path, embeddings=values)
    manifest = {
        "format": "repdiff embeddings",
        "schema_version": 1,
        "embeddings": {"sha256": as_embeddings(path, source="x").sha256(), "shape": list(values.shape)},
        "skipped": [{"id": name, "why": "no picture"} for name in skipped],
        "items": {"numbered": False},
        "model": {"spec": "none", "weights_sha256": None},
        "layer": None,
        "pool": None,
    }
    path.with_name(f"{path.name}.manifest.json").write_text(json.dumps(manifest))
    told = {} if prediction is None else {"prediction": list(prediction), "confidence": np.linspace(0, 1, len(ids))}
    rows = pd.DataFrame({"id": list(ids), "digest": list(ids), **told})
    rows.to_parquet(path.with_name(f"{path.name}.items.parquet"))
    return path
