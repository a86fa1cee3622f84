"""Finished parts on disk: a folder of shards beside the output, from which a killed job resumes.

A shard holds the results of a fixed range of items. Each is written to a temporary name and renamed, so it is complete
or absent; shards are made in order, so the number of files tells where to resume. ``plan.json`` records their settings:
with other settings they cannot be used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.core.regular import read_json
from repdiff.encoding.models.base import Matrix

_PLAN = "plan.json"


@dataclass(frozen=True)
class Shard:
    """Results of some items.

    Attributes
    ----------
    rows : ndarray of int64, (k,)
        Their places in the list of items.
    digests : ndarray of str, (k,)
        Hash of each item's bytes.
    layers : tuple of ndarray of float32, (k, d)
        Embeddings at each layer.
    pools : tuple of str
        How each layer was pooled.
    prediction : ndarray of int64, (k,), or None
        The most likely class.
    confidence : ndarray of float32, (k,), or None
        Its probability, from 0 to 1.
    skips : tuple of (int, str)
        Places of the skipped items, and the reasons.
    """

    rows: npt.NDArray[np.int64]
    digests: npt.NDArray[np.str_]
    layers: tuple[Matrix, ...]
    pools: tuple[str, ...]
    prediction: npt.NDArray[np.int64] | None
    confidence: npt.NDArray[np.float32] | None
    skips: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class EncodingPlan:
    """Everything that the bytes of the result depend on.

    Attributes
    ----------
    settings : mapping
        Plain values: the model and its facts, layers, pooling, the items, versions.
    n : int
        Number of items.
    batch_size : int
        Items per batch.
    batches_per_shard : int
        Batches per shard.
    """

    settings: Mapping[str, Any]
    n: int
    batch_size: int
    batches_per_shard: int

    @property
    def shard_size(self) -> int:
        """Items per shard."""
        return self.batch_size * self.batches_per_shard

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """Names of the settings that differ in another plan."""
        own, others = _flat(self.as_json()), _flat(other)
        return [name for name in {**own, **others} if own.get(name) != others.get(name)]

    def sha256(self) -> str:
        """Hash of the whole plan."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Plain values, as read back from a file."""
        facts = {
            **self.settings,
            "n_listed": self.n,
            "batch": self.batch_size,
            "batches_per_shard": self.batches_per_shard,
        }
        plain: dict[str, Any] = json.loads(json.dumps(facts))
        return plain


class Shards:
    """The folder of a running job."""

    def __init__(self, folder: Path, plan: EncodingPlan) -> None:
        self.folder, self.plan = folder, plan
        self.done = 0
        while self._path(self.done).exists():
            self.done += 1

    def write(self, shard: Shard) -> None:
        """Store the next shard."""
        arrays: dict[str, Any] = {"rows": shard.rows, "digests": shard.digests}
        arrays |= {f"layer{number}": values for number, values in enumerate(shard.layers)}
        if shard.prediction is not None and shard.confidence is not None:
            arrays |= {"prediction": shard.prediction, "confidence": shard.confidence}
        told = json.dumps({"pools": shard.pools, "skips": shard.skips})
        arrays["told"] = np.frombuffer(told.encode(), np.uint8)
        path = self._path(self.done)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez(file, **arrays)
        partial.replace(path)
        self.done += 1

    def __iter__(self) -> Iterator[Shard]:
        for number in range(self.done):
            yield _read(self._path(number))

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.npz"


def planned_batch_size(folder: Path) -> int | None:
    """The batch size of the unfinished job in a folder; None if there is none."""
    plan = _read_plan(folder)
    size = None if plan is None else plan.get("batch")
    return size if isinstance(size, int) else None


@contextmanager
def open_shards(folder: Path, plan: EncodingPlan, *, overwrite: bool) -> Iterator[Shards]:
    """The shards of a plan: those of an interrupted job, or none yet. One process at a time.

    Raises
    ------
    RepdiffError
        If another process is using the folder, or its content was made with other settings.
    """
    with _sole_user(folder):
        begun = _read_plan(folder)
        if begun is not None and (differing := plan.differences(begun)):
            if not overwrite:
                raise RepdiffError(
                    f"{folder}: holds an unfinished encoding with other settings ({', '.join(differing)} differ); use "
                    "those settings to resume it, or start again (--overwrite)"
                )
            begun = None
        if begun is None:
            _clear(folder)
            _write_whole(folder / _PLAN, json.dumps(plan.as_json(), indent=1))
        shards = Shards(folder, plan)
        try:
            yield shards
        except BaseException:
            if not shards.done:  # nothing to resume, so nothing is left behind
                remove(shards)
            raise


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested values as one level, with names such as ``model.device``."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def _read_plan(folder: Path) -> dict[str, Any] | None:
    try:
        plan = read_json(folder / _PLAN)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RepdiffError(f"{folder}: cannot be read; delete it to start again") from error
    if not isinstance(plan, dict):
        raise RepdiffError(f"{folder}: its {_PLAN} is another program's; delete it to start again")
    return plan


def _clear(folder: Path) -> None:
    (folder / _PLAN).unlink(missing_ok=True)
    for path in [*folder.glob("*.npz"), *folder.glob("*.partial")]:
        path.unlink()


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


@contextmanager
def _sole_user(folder: Path) -> Iterator[None]:
    """Create and lock the folder; the lock ends with the process, however it ends."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise RepdiffError(f"{folder}: cannot be written: {error.strerror}") from error
    if os.fstat(descriptor).st_uid != os.geteuid():  # another user could exchange what is in it
        os.close(descriptor)
        raise RepdiffError(f"{folder}: belongs to another user; write to another place")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise RepdiffError(f"{folder}: another process is using it; wait for it to end") from error
    try:
        yield
    finally:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        os.close(descriptor)


def remove(shards: Shards) -> None:
    """Delete the folder, once the finished files are in their places."""
    shutil.rmtree(shards.folder)


def joined(shards: Sequence[Shard]) -> Shard:
    """Several shards, or parts of one, joined into one."""
    first = next((shard for shard in shards if len(shard.rows)), shards[0])
    there = [shard for shard in shards if len(shard.rows)]
    whole = replace(first, skips=tuple(skip for shard in shards for skip in shard.skips))
    if not there:
        return whole
    return replace(
        whole,
        rows=np.concatenate([shard.rows for shard in there]),
        digests=np.concatenate([shard.digests for shard in there]),
        layers=tuple(np.concatenate(parts) for parts in zip(*(shard.layers for shard in there), strict=True)),
        prediction=_join([shard.prediction for shard in there]),
        confidence=_join([shard.confidence for shard in there]),
    )


def _join(parts: Sequence[Any]) -> Any:
    return None if parts[0] is None else np.concatenate(parts)


def _read(path: Path) -> Shard:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            told = json.loads(arrays["told"].tobytes())
            return Shard(
                rows=arrays["rows"],
                digests=arrays["digests"],
                layers=tuple(arrays[f"layer{number}"] for number in range(len(told["pools"]))),
                pools=tuple(told["pools"]),
                prediction=arrays.get("prediction"),
                confidence=arrays.get("confidence"),
                skips=tuple((int(row), str(reason)) for row, reason in told["skips"]),
            )
    except (OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
        raise RepdiffError(f"{path.parent}: is damaged ({path.name}); delete it to start again") from error
