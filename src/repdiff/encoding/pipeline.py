"""The pipeline: a model and items -> embedding files."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.core.files import one_line
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress
from repdiff.encoding import manifest
from repdiff.encoding.batch_size import measure_batch_size
from repdiff.encoding.batches import Batch, DecodingOptions, open_batches
from repdiff.encoding.malloc import freed_memory_kept
from repdiff.encoding.models import Model, Request, choose_kind
from repdiff.encoding.models.base import USUAL
from repdiff.encoding.repeatable import check_repeatable
from repdiff.encoding.shards import EncodingPlan, Shard, Shards, joined, open_shards, planned_batch_size, remove
from repdiff.encoding.sources import Source, find_source
from repdiff.encoding.writers import Rows, writer_for
from repdiff.inputs.encoded import items_path, manifest_path, read_manifest
from repdiff.settings import EncodeCall, takes

_SHARD_ITEMS = 256
_MOST_WORKERS = 8


@dataclass(frozen=True)
class Encoded:
    """Finished embedding files.

    Attributes
    ----------
    paths : mapping of str to Path
        The file of each layer; without named layers, the only one is called ``output``.
    manifests : mapping of str to mapping
        The manifest of each file.
    """

    paths: Mapping[str, Path]
    manifests: Mapping[str, Mapping[str, Any]]

    @property
    def path(self) -> Path:
        """The file of the first layer."""
        return next(iter(self.paths.values()))

    @property
    def n_items(self) -> int:
        """Number of items with an embedding."""
        return int(self.manifest["embeddings"]["shape"][0])

    @property
    def skipped(self) -> list[Mapping[str, str]]:
        """``id`` and ``reason`` of each item that could not be encoded."""
        return list(self.manifest["skipped"])

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The manifest of the first layer's file."""
        return next(iter(self.manifests.values()))


@takes(EncodeCall)
def encode(call: EncodeCall) -> Encoded:
    """Embeddings of items, written to a file; calling again after an interruption resumes the work.

    Parameters
    ----------
    model : str, (torch module, transform), or callable
        A spec such as ``"hf:folder"``, ``"onnx:file"``, ``"pt2:file"``, ``"py:module:attribute"``, ``"pixels"`` or
        ``"tfidf"``; or a torch module and the function that prepares one item for it; or a function from a list of
        images or texts to an array (b, d).
    items : path or table
        A folder of images, whose subfolders are labels, or a table with a column of image paths or of texts.
    output : path
        A .npz, .parquet or .npy file. A manifest (``.manifest.json``) and a table with one row per item
        (``.items.parquet``: id, prediction, confidence) are put beside it. Several layers get one file each, with the
        layer's name before the suffix.

    Returns
    -------
    Encoded
        The paths of the files, and the skipped items.

    Raises
    ------
    RepdiffError
        For a model or items that cannot be used. Images that cannot be opened are skipped and listed.
    """
    layers = (call.layer,) if isinstance(call.layer, str) else tuple(call.layer or ())
    targets = _targets(Path(call.output), layers)
    chosen = choose_kind(call.model)
    source = find_source(call.items, chosen.kind.modalities, images=call.images, image=call.image, text=call.text)
    loaded = chosen.kind.load(chosen.target, Request(source.modality, layers, call.pool, call.device, source))
    opening = DecodingOptions(_n_workers(call.n_workers), call.seconds_per_image)
    settings = manifest.settings_of(chosen, loaded, source, layers, call.pool)
    task = _EncodingJob(targets, source, loaded, chosen.spec, opening, settings)
    return task.run(call.batch, overwrite=call.overwrite, progress=call.progress)


@dataclass(frozen=True)
class _EncodingJob:
    """Everything known before the work starts, except the batch size."""

    targets: Mapping[str, Path]
    source: Source
    model: Model
    spec: str
    opening: DecodingOptions
    settings: Mapping[str, Any]

    def run(self, batch: int | str, *, overwrite: bool, progress: Progress) -> Encoded:
        """Reuse finished files, resume unfinished work, or start."""
        folder = _folder(self.targets)
        size = self._batch_size(batch, folder)
        plan = EncodingPlan(self.settings, len(self.source), size, max(1, _SHARD_ITEMS // size))
        if (finished := _finished(self.targets, plan, overwrite=overwrite)) is not None:
            shutil.rmtree(folder, ignore_errors=True)  # exists only if a process was killed during its cleanup
            return finished
        with open_shards(folder, plan, overwrite=overwrite) as shards:
            start = shards.done * plan.shard_size
            if start < len(self.source):
                opened = open_batches(self.source, self.model, size=size, start=start, opening=self.opening)
                with opened as batches, freed_memory_kept():
                    _fill(shards, batches, self.model, self.spec, progress)
            return _finish(shards, self.targets, self.source, self.model.classes)

    def _batch_size(self, batch: int | str, folder: Path) -> int:
        if self.model.batch_size is not None:
            return self.model.batch_size
        if batch == "auto":
            made = read_manifest(next(iter(self.targets.values()))) or {}
            known = planned_batch_size(folder) or made.get("batch")
            return known or measure_batch_size(self.source, self.model, self.opening)
        return int(batch)


def _targets(output: Path, layers: Sequence[str]) -> dict[str, Path]:
    """The file of each layer."""
    writer_for(output)
    if output.is_dir():
        raise RepdiffError(f"{output}: is a folder; give the name of a file")
    if not output.absolute().parent.is_dir():
        raise RepdiffError(f"{output}: there is no folder {output.parent}; create it first")
    if len(layers) < 2:
        return {next(iter(layers), USUAL): output}
    names = [re.sub(r"[^A-Za-z0-9._-]+", "_", layer) for layer in layers]
    if len(set(names)) < len(names):
        raise RepdiffError(f"layers {', '.join(layers)}: two would get the same file name; encode them one by one")
    return {
        layer: output.with_name(f"{output.stem}-{name}{output.suffix}")
        for layer, name in zip(layers, names, strict=True)
    }


def _folder(targets: Mapping[str, Path]) -> Path:
    """The hidden folder beside the output that holds unfinished work."""
    first = next(iter(targets.values()))
    return first.with_name(f".{first.name}.unfinished")


def _n_workers(n_workers: int | None) -> int:
    return min(_MOST_WORKERS, resolve_n_jobs(None)) if n_workers is None else resolve_n_jobs(n_workers)


def _finished(targets: Mapping[str, Path], plan: EncodingPlan, *, overwrite: bool) -> Encoded | None:
    """The existing files if they were made with the same plan; None if the work has to be done."""
    there = [path for path in targets.values() if path.exists()]
    manifests = {layer: read_manifest(path) if path.exists() else None for layer, path in targets.items()}
    made = {layer: found for layer, found in manifests.items() if found and found["plan_sha256"] == plan.sha256()}
    if len(made) == len(targets):
        return Encoded(targets, made)
    others = [path for layer, path in targets.items() if path in there and layer not in made]
    if others and not overwrite:
        raise RepdiffError(
            f"{others[0]}: exists with other settings; choose another name, or overwrite it (--overwrite)"
        )
    return None


def _fill(shards: Shards, batches: Iterator[Batch], model: Model, spec: str, progress: Progress) -> None:
    """Make the missing shards."""
    plan = shards.plan
    progress("encoding", min(shards.done * plan.shard_size, plan.n), plan.n)
    parts: list[Shard] = []
    for number, batch in enumerate(batches):
        if not number:
            _check_fit(batch, spec)
        parts.append(_embedded(batch, model, spec))
        if batch.stop % plan.shard_size == 0 or batch.stop == plan.n:
            shards.write(joined(parts))
            parts = []
        progress("encoding", batch.stop, plan.n)


def _check_fit(batch: Batch, spec: str) -> None:
    """Refuse a preparation that fails on every image that could be opened."""
    unfit = [skip for skip in batch.skips if skip.unfit]
    if unfit and not len(batch.rows):
        raise RepdiffError(f"{spec}: {unfit[0].reason}")


def _embedded(batch: Batch, model: Model, spec: str) -> Shard:
    skips = tuple((skip.index, skip.reason) for skip in batch.skips)
    digests = np.array(batch.digests, np.str_)
    if batch.data is None:
        return Shard(batch.rows, digests, (), (), None, None, skips)
    try:
        output = model.embed(batch.data)
        if batch.samples:
            check_repeatable(model, batch.samples, output, spec)
    except (RepdiffError, MemoryError):
        raise
    except Exception as error:
        first, last = int(batch.rows[0]), int(batch.rows[-1])
        raise RepdiffError(
            f"{spec}: the model failed on items {first:,} to {last:,} with {type(error).__name__}: {one_line(error)}"
        ) from error
    prediction, confidence = _predicted(output.logits)
    layers = tuple(output.layers.values())
    return Shard(batch.rows, digests, layers, tuple(output.pools.values()), prediction, confidence, skips)


def _predicted(
    logits: npt.NDArray[Any] | None,
) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.float32] | None]:
    """The most likely class of each item, and its softmax probability."""
    if logits is None or logits.ndim != 2 or logits.shape[1] < 2:
        return None, None
    values = logits.astype(np.float64)
    odds = np.exp(values - values.max(axis=1, keepdims=True))
    return logits.argmax(axis=1).astype(np.int64), (1 / odds.sum(axis=1)).astype(np.float32)


def _finish(shards: Shards, targets: Mapping[str, Path], source: Source, classes: Sequence[str] | None) -> Encoded:
    """Make the final files beside the shards, move them to their places, embeddings last, and delete the folder."""
    made = manifest.summarise(source, shards.plan, shards, classes)
    if not made.n:
        skipped = made.facts["skipped"]
        remove(shards)
        raise RepdiffError(f"{source.name}: none of {len(skipped):,} items can be encoded: {skipped[0]['reason']}")
    sample = next(shard for shard in shards if len(shard.rows))
    table = shards.folder / "items.partial"
    manifest.write_items(table, source, (shard for shard in shards if len(shard.rows)), classes)
    manifests = {}
    for place, (layer, path) in enumerate(targets.items()):
        rows = Rows(made.n, sample.layers[place].shape[1], partial(_chunks, shards, source, place))
        values = shards.folder / f"{place}.partial"
        writer_for(path)(values, rows)
        manifests[layer] = made.of_layer(path, layer, sample.pools[place], rows)
        _place(shards.folder, path, values, table, manifests[layer], last=place == len(targets) - 1)
    remove(shards)
    return Encoded(targets, manifests)


def _chunks(shards: Shards, source: Source, place: int) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.float32]]]:
    for shard in shards:
        if len(shard.rows):
            yield source.ids[shard.rows], shard.layers[place]


def _place(folder: Path, path: Path, values: Path, table: Path, told: Mapping[str, Any], *, last: bool) -> None:
    text = folder / "manifest.partial"
    text.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if last:
        table.replace(items_path(path))
    else:
        copy = folder / "items-copy.partial"
        shutil.copyfile(table, copy)
        copy.replace(items_path(path))
    text.replace(manifest_path(path))
    values.replace(path)
