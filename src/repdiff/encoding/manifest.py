"""The manifest beside each finished file: how it was made, from what, and what was skipped."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from repdiff import __version__
from repdiff.encoding.models import ChosenModel, Model
from repdiff.encoding.shards import EncodingPlan, Shard
from repdiff.encoding.sources import Source
from repdiff.encoding.writers import Rows
from repdiff.inputs.encoded import FORMAT, SCHEMA_VERSION


@dataclass(frozen=True)
class SharedFacts:
    """The manifest's facts that all layers of one encoding share."""

    facts: Mapping[str, Any]
    n: int

    def of_layer(self, path: Path, layer: str, pool: str, rows: Rows) -> dict[str, Any]:
        """The manifest of one layer's file."""
        return {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "file": path.name,
            "embeddings": {"shape": [rows.n, rows.d], "dtype": "float32", "sha256": rows.sha256()},
            "layer": layer,
            "pool": pool or None,
            **self.facts,
        }


def settings_of(
    chosen: ChosenModel, model: Model, source: Source, layers: Sequence[str], pool: str | None
) -> dict[str, Any]:
    """The settings in an encoding's plan: all that its bytes depend on, except batch sizes."""
    return {
        "model": {"spec": chosen.spec, "kind": chosen.kind.name, **model.facts},
        "layers": list(layers),
        "pool": pool,
        "items": {"source": source.name, "modality": source.modality, "listing_sha256": source.fingerprint()},
        "versions": _versions(),
    }


def summarise(
    source: Source, plan: EncodingPlan, shards: Iterable[Shard], classes: Sequence[str] | None
) -> SharedFacts:
    """The manifest's facts from all shards."""
    digest, n, skipped, predicts = hashlib.sha256(), 0, list[dict[str, str]](), False
    for shard in shards:
        n += len(shard.rows)
        predicts = predicts or shard.prediction is not None
        skipped += [{"id": str(source.ids[row]), "reason": reason} for row, reason in shard.skips]
        for row, one in zip(shard.rows, shard.digests, strict=True):
            digest.update(f"{source.ids[row]}\0{one}\n".encode("utf-8", "surrogatepass"))
    settings = plan.as_json()
    facts = {
        "model": settings["model"],
        "batch": plan.batch_size,
        "items": {
            "source": source.name,
            "modality": source.modality,
            "sha256": digest.hexdigest(),
            "n_listed": len(source) + len(source.unusable),
            "numbered": source.numbered,
            "passed_over": dict(source.passed_over),
        },
        "skipped": [*({"id": name, "reason": f"{name} {reason}"} for name, reason in source.unusable), *skipped],
        "predicts": (len(classes) if classes else True) if predicts else None,
        "plan_sha256": plan.sha256(),
        "versions": settings["versions"],
    }
    return SharedFacts(facts, n)


def _versions() -> dict[str, str]:
    libraries = {name: metadata.version(name) for name in ("numpy", "pillow")}
    return {"repdiff": __version__, "python": platform.python_version(), **libraries}


def write_items(path: Path, source: Source, shards: Iterable[Shard], classes: Sequence[str] | None) -> None:
    """One row per item: id, hash, and the model's prediction, if it has one."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    writer = None
    try:
        for shard in shards:
            table = pa.table(dict(_columns(source, shard, classes)))
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _columns(source: Source, shard: Shard, classes: Sequence[str] | None) -> Iterator[tuple[str, Any]]:
    import pyarrow as pa

    yield "id", pa.array(source.ids[shard.rows], pa.string())
    yield "digest", pa.array(shard.digests.tolist(), pa.string())
    if shard.prediction is not None:
        names = [str(index) if classes is None else classes[index] for index in shard.prediction.tolist()]
        yield "prediction", pa.array(names, pa.string())
        yield "confidence", pa.array(shard.confidence, pa.float32())
