"""``annotations.json``: the one file of a run that people change after it was made."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.files import one_line
from repdiff.core.plain import from_plain, to_plain
from repdiff.core.regular import read_json
from repdiff.core.unfinished import unfinished_file
from repdiff.results.annotations import Annotations, check_annotations
from repdiff.results.clusters import Direction, DirectionName
from repdiff.store.directory import ANNOTATIONS

_FORMAT, _SCHEMA_VERSION = "repdiff annotations", 1


class ConflictError(RunError):
    """Somebody else changed the annotations in the meantime."""


def read_annotations(folder: Path) -> Annotations:
    """The annotations of a run; empty ones where it has none.

    Whether they fit the run is checked by :func:`checked_annotations`.

    Raises
    ------
    RunError
        Where the file is damaged, or was written by a newer repdiff.
    """
    path = folder / ANNOTATIONS
    try:
        return _annotations_of(read_json(path), path)
    except FileNotFoundError:
        return Annotations()
    except (OSError, ValueError, TypeError, LookupError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path}: is damaged: {one_line(error)}; mend or delete it") from error


def checked_annotations(folder: Path, directions: Sequence[Direction], ids: Collection[str]) -> Annotations:
    """The annotations of a run with these directions and ids; those that name anything else raise RunError."""
    annotations = read_annotations(folder)
    try:
        check_against(annotations, directions, ids)
    except RunError as error:
        raise RunError(f"{folder / ANNOTATIONS}: is damaged: {error}; mend or delete it") from error
    return annotations


def check_against(annotations: Annotations, directions: Sequence[Direction], ids: Collection[str]) -> None:
    """Refuse annotations of clusters or items that a comparison does not have; raises RunError."""
    counts: dict[DirectionName, int] = {one.name: len(one.clusters) for one in directions}
    check_annotations(annotations, counts, set(ids) if annotations.selections else ())


def write_annotations(folder: Path, annotations: Annotations) -> None:
    """Write the annotations of a run that nobody else knows of yet; nothing where there are none."""
    if not annotations.is_empty:
        (folder / ANNOTATIONS).write_text(_text(annotations), encoding="utf-8")


def replace_annotations(
    folder: Path, annotations: Annotations, *, before_renaming: Callable[[], object] = lambda: None
) -> Annotations:
    """Write the annotations of a run, whole or not at all, unless somebody else has changed them since they were read.

    The new text goes to a file of a random name, which then takes the old one's place: whenever the process is killed,
    the old or the new file is whole. A lock on the folder, which ends with the process, keeps other processes out
    between the look at the old version and the change.

    Parameters
    ----------
    folder : Path
        The run.
    annotations : Annotations
        What to write, with the version that it was made from.
    before_renaming : callable
        Called when the new file is written and not yet in its place.

    Returns
    -------
    Annotations
        The same with the next version.

    Raises
    ------
    ConflictError
        Where the file has another version.
    RunError
        Where it is damaged, or cannot be written.
    """
    try:
        with _locked(folder):
            found = read_annotations(folder).version
            if found != annotations.version:
                raise ConflictError(
                    f"{folder / ANNOTATIONS}: was changed elsewhere (version {found}, not {annotations.version}); "
                    "load it again"
                )
            written = replace(annotations, version=found + 1)
            _write_whole(folder, _text(written), before_renaming)
    except OSError as error:
        raise RunError(f"{folder / ANNOTATIONS}: cannot be written: {error.strerror or one_line(error)}") from error
    return written


def _annotations_of(plain: Any, path: Path) -> Annotations:
    if not isinstance(plain, dict) or plain.get("format") != _FORMAT:
        raise RunError(f"{path}: is not a file of annotations; delete it")
    if plain.get("schema_version") != _SCHEMA_VERSION:
        raise RunError(
            f"{path}: has schema version {str(plain.get('schema_version'))[:20]}, but this repdiff reads "
            f"{_SCHEMA_VERSION}; upgrade repdiff"
        )
    return from_plain(Annotations, plain, ANNOTATIONS)


def _text(annotations: Annotations) -> str:
    plain = {"format": _FORMAT, "schema_version": _SCHEMA_VERSION, **to_plain(annotations)}
    return json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _write_whole(folder: Path, text: str, before_renaming: Callable[[], object]) -> None:
    with unfinished_file(folder / ANNOTATIONS) as partial:
        with partial.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(stat.S_IMODE((folder / "manifest.json").stat().st_mode))  # whoever reads the run reads this
        before_renaming()
        partial.replace(folder / ANNOTATIONS)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The only process, and the only thread, that changes a folder."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
