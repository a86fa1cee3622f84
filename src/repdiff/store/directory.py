"""What all run directories have in common: a manifest that names the kind; written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.files import one_line
from repdiff.core.regular import read_json
from repdiff.core.unfinished import exchange, put_in_place, unfinished_folder

SCHEMA_VERSION = 3  # of all three; it rises when a file or a column changes its meaning
RUN, SERIES, MATRIX = "repdiff run", "repdiff series", "repdiff matrix"
_KINDS = {RUN: "a run", SERIES: "a series", MATRIX: "a matrix"}
_MANIFEST = "manifest.json"
_FOLDERS = ("runs", "embeddings")  # that there are in directories of any kind
ANNOTATIONS = "annotations.json"  # the one file that people change afterwards


def kind_of(path: str | Path) -> str:
    """The format of a run directory: :data:`RUN`, :data:`SERIES` or :data:`MATRIX`.

    Raises
    ------
    RunError
        Where it is not one of them.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise RunError(f"{folder}: no such run directory; check the path")
    return str(_manifest_in(folder)["format"])


def _manifest_in(folder: Path) -> dict[str, Any]:
    """The manifest of any kind of run."""
    try:
        manifest = read_json(folder / _MANIFEST)
    except FileNotFoundError as error:
        raise RunError(f"{folder}: is not a run: it has no {_MANIFEST}") from error
    except (OSError, ValueError) as error:
        raise RunError(f"{folder / _MANIFEST}: cannot be read: {_reason(error)}") from error
    kind = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise RunError(f"{folder}: is not a run: its {_MANIFEST} is another program's")
    return dict(manifest)


def read_manifest(path: str | Path, kind: str, older_versions: Collection[int] = ()) -> dict[str, Any]:
    """The manifest of a run directory of that format.

    Parameters
    ----------
    path : path
        The directory.
    kind : str
        Its format.
    older_versions : collection of int
        Schema versions before :data:`SCHEMA_VERSION` that can be read too.

    Raises
    ------
    RunError
        Where it is of another format, or was written by a newer repdiff or by one that is too old.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise RunError(f"{folder}: no such run directory; check the path")
    manifest = _manifest_in(folder)
    if (found := manifest["format"]) != kind:
        raise RunError(f"{folder}: is {_KINDS[found]}, but {_KINDS[kind]} is needed; give the directory of one")
    written = manifest.get("schema_version")
    if type(written) is not int or written not in (SCHEMA_VERSION, *older_versions):
        older, read = isinstance(written, int) and written < SCHEMA_VERSION, (*older_versions, SCHEMA_VERSION)
        raise RunError(
            f"{folder}: has schema version {str(written)[:40]}, but this repdiff reads {_listed(read)}; "
            f"{'compare again' if older else 'upgrade repdiff'}"
        )
    return manifest


def _listed(versions: Sequence[int]) -> str:
    *most, last = sorted(versions)
    return f"{', '.join(map(str, most))} and {last}" if most else str(last)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest, for people and machines."""
    text = json.dumps(manifest, indent=2, ensure_ascii=False)
    (folder / _MANIFEST).write_text(text + "\n", encoding="utf-8")


def check_target(path: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a path to which no run can be written, before any work is done.

    Raises
    ------
    RunError
        Where something there may not be replaced, or the place cannot be written to.
    """
    if Path(path).name in ("", ".."):
        raise RunError(f"{path}: cannot name a directory; give the path of a new one")
    try:
        _check_ground(Path(path).resolve(), str(path), overwrite=overwrite)
    except (OSError, RuntimeError) as error:  # a name that is too long; links that lead in a circle
        raise RunError(f"{path}: cannot be written: {_reason(error)}") from error


def _check_ground(target: Path, path: str, *, overwrite: bool) -> None:
    if target.exists() and not _is_empty_folder(target):
        if not _is_run(target):
            raise RunError(f"{path}: exists and is not a run, so it is not replaced; choose another path")
        if not overwrite:
            raise RunError(f"{path}: is a run already; choose another path, or overwrite it (--overwrite)")
        if written := next((one for part in ("", "runs/*/") for one in target.glob(part + ANNOTATIONS)), None):
            raise RunError(
                f"{path}: holds names and notes that overwriting would lose; move {written.relative_to(target)} away "
                "first, or choose another path"
            )
        if foreign := next(iter(_foreign(target)), None):
            raise RunError(
                f"{path}: holds {foreign!r}, which is not of the run and would be lost; move it to another place, "
                "or choose another path"
            )
    if above := next((parent for parent in target.parents if _is_run(parent)), None):
        raise RunError(f"{path}: lies inside the run {above}; choose a path outside of it")
    ground = next(parent for parent in target.parents if parent.exists())
    if not ground.is_dir() or not os.access(ground, os.W_OK):
        raise RunError(f"{path}: {ground} is not a folder that can be written to; choose another path")


@contextmanager
def written_folder(path: str | Path, *, overwrite: bool = False) -> Iterator[Path]:
    """A new folder beside the path that takes its place on success, and is deleted otherwise.

    Raises
    ------
    RunError
        Where the path is taken, at the end too, or cannot be written.
    """
    check_target(path, overwrite=overwrite)
    target = Path(path).resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with unfinished_folder(target) as workplace:
            new = workplace / "new"
            new.mkdir()
            yield new
            check_target(path, overwrite=overwrite)  # hours may have gone by
            if target.exists() and not _is_empty_folder(target):
                exchange(new, target)
            else:
                put_in_place(new, target)
    except FileExistsError as error:
        raise RunError(f"{path}: was written by another job in the meantime; choose another path") from error
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or one_line(error)


def _is_run(folder: Path) -> bool:
    try:
        kind_of(folder)
    except RunError:
        return False
    return True


def _foreign(folder: Path) -> Iterator[str]:
    """Names of the folders in a run's directory that repdiff does not write."""
    with os.scandir(folder) as entries:
        yield from sorted(one.name for one in entries if one.is_dir() and one.name not in _FOLDERS)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
