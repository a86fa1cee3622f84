"""What ``repdiff encode`` writes beside an embedding file: how it was made, and one row per item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.files import one_line
from repdiff.core.plain import from_plain
from repdiff.core.ranges import Count
from repdiff.core.regular import read_json
from repdiff.inputs.ids import Ids
from repdiff.inputs.parquet_files import open_parquet

FORMAT, SCHEMA_VERSION = "repdiff embeddings", 1


@dataclass(frozen=True)
class Encoding:
    """How embeddings were made, and of what.

    Attributes
    ----------
    manifest : mapping
        Plain values, as in the file.
    ids : ndarray of str objects, (n,)
        Items, in the order of the embeddings.
    digests : ndarray of str objects, (n,)
        Hash of each item's content.
    prediction : ndarray of objects, (n,), or None
        Class that the model's head finds most likely, where it has one.
    confidence : ndarray of float32, (n,), or None
        How likely.
    """

    manifest: Mapping[str, Any]
    ids: Ids
    digests: npt.NDArray[np.object_]
    prediction: npt.NDArray[np.object_] | None
    confidence: npt.NDArray[np.float32] | None

    @property
    def skipped(self) -> set[str]:
        """Ids of the items that could not be encoded."""
        return {str(entry["id"]) for entry in self.manifest["skipped"]}

    @property
    def numbered(self) -> bool:
        """Whether the ids are row numbers, because the items had none."""
        return bool(self.manifest["items"]["numbered"])


@dataclass(frozen=True)
class _Values:
    sha256: str
    shape: tuple[Count, Count]


@dataclass(frozen=True)
class _Model:
    spec: str
    weights_sha256: str | None


@dataclass(frozen=True)
class _Listed:
    numbered: bool


@dataclass(frozen=True)
class _Skipped:
    id: str


@dataclass(frozen=True)
class _Told:
    """What is read of a manifest."""

    embeddings: _Values
    model: _Model
    items: _Listed
    skipped: tuple[_Skipped, ...]
    layer: str | None
    pool: str | None


def manifest_path(path: Path) -> Path:
    """Where the manifest of an embedding file is."""
    return path.with_name(f"{path.name}.manifest.json")


def items_path(path: Path) -> Path:
    """Where the rows of the items of an embedding file are."""
    return path.with_name(f"{path.name}.items.parquet")


def read_manifest(path: Path) -> dict[str, Any] | None:
    """The manifest beside an embedding file; None where there is none that this version can read.

    Raises
    ------
    InputError
        Where it is there but damaged.
    """
    beside = manifest_path(path)
    try:
        manifest = read_json(beside)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{beside}: cannot be read: {one_line(error)}; delete it to go on without it") from error
    known = isinstance(manifest, dict) and (manifest.get("format"), manifest.get("schema_version")) == (
        FORMAT,
        SCHEMA_VERSION,
    )
    return manifest if known else None


def read_encoding(path: Path, sha256: str) -> Encoding | None:
    """The record beside an embedding file; None where it describes values with another hash than the given one.

    Raises
    ------
    InputError
        Where it is there but damaged.
    """
    manifest = read_manifest(path)
    if manifest is None:
        return None
    try:
        told = from_plain(_Told, manifest, manifest_path(path).name)
        if told.embeddings.sha256 != sha256:
            return None
        return _read_items(items_path(path), manifest, told.embeddings.shape[0])
    except InputError:
        raise
    except (OSError, LookupError, TypeError, ValueError) as error:  # pyarrow's errors are ValueErrors or OSErrors
        raise InputError(f"{items_path(path)}: cannot be read: {one_line(error)}; encode again") from error


def _read_items(path: Path, manifest: Mapping[str, Any], n: int) -> Encoding:
    table = open_parquet(path).read()
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    if len(table) != n:
        raise ValueError(f"it has {len(table)} rows, but there are {n} embeddings")
    for name in ("id", "digest"):
        if not all(isinstance(one, str) for one in columns[name].tolist()):
            raise TypeError(f"its column {name!r} must hold text")
    return Encoding(
        manifest,
        columns["id"].astype(object),
        columns["digest"].astype(object),
        columns.get("prediction"),
        columns.get("confidence"),
    )
