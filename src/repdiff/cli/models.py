"""Sides of a comparison that are given as models: encoded next to the run, and kept in it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repdiff.core.errors import RepdiffError
from repdiff.core.plain import as_unicode

if TYPE_CHECKING:
    from repdiff.results.comparison import Comparison

_KEPT = "embeddings"


@dataclass(frozen=True)
class ModelOrFile:
    """One side: a file of embeddings, or a model that makes them.

    Attributes
    ----------
    name : {"x", "y"}
        Which.
    file : Path or None
        Where the embeddings are.
    model, layer, pool : str or None
        The model that makes them, the layer it is cut at, and how its maps become vectors.
    """

    name: str
    file: Path | None
    model: str | None = None
    layer: str | None = None
    pool: str | None = None


def sides_of(
    files: list[Path], models: Mapping[str, str | None], **options: Mapping[str, str | None]
) -> list[ModelOrFile]:
    """The two sides: files are taken in order for those without a model.

    Raises
    ------
    RepdiffError
        Where there are not two.
    """
    lacking = [name for name, model in models.items() if model is None]
    if len(files) < len(lacking):
        missing = lacking[len(files)].upper()
        raise RepdiffError(
            f"Missing argument {missing!r}: give two files of embeddings, or models with --model-x and "
            "--model-y. Try: repdiff compare --help"
        )
    if len(files) > len(lacking):
        raise RepdiffError(f"{files[-1]}: a model was given for this side too; give one or the other")
    for option, values in options.items():
        if given := [name for name in lacking if values[name] is not None]:
            raise RepdiffError(f"--{option}-{given[0]} was given, but no --model-{given[0]}")
    waiting = iter(files)
    return [
        ModelOrFile(name, next(waiting))
        if model is None
        else ModelOrFile(name, None, model, **{option: values[name] for option, values in options.items()})
        for name, model in models.items()
    ]


def display_names(sides: list[ModelOrFile]) -> tuple[str, str] | None:
    """Names of the sides for a person; None for two files, which are named elsewhere."""
    if all(side.file is not None for side in sides):
        return None
    for with_folder, with_layer in ((False, False), (False, True), (True, True)):
        first, second = (_name(side, with_folder=with_folder, with_layer=with_layer) for side in sides)
        if first != second:
            return first, second
    return "x", "y"


# Names that say nothing about a model: its folder is the better one.
_NAMELESS = {"model", "models", "checkpoint", "weights", "pytorch_model", "embeddings", "best", "last", "final"}


def _name(side: ModelOrFile, *, with_folder: bool, with_layer: bool) -> str:
    if side.model is None:
        kind, target = "", str(side.file)
    else:
        kind, _, target = side.model.partition("?")[0].partition(":")
    folder, _, last = target.rstrip("/").rpartition(":")[2].rpartition("/")
    name = (last if kind in ("hf", "st", "py") else Path(last).stem) or kind
    above = folder.rpartition("/")[2]
    if above not in ("", ".", ".."):
        name = f"{above}/{name}" if with_folder else above if name.lower() in _NAMELESS else name
    extras = [part for part in (side.layer, side.pool) if part] if with_layer else []
    return " ".join([name, *extras])


@contextmanager
def encoded(
    sides: list[ModelOrFile],
    run: Path,
    items: Mapping[str, Any],
    *,
    overwrite: bool,
    batch: str = "32",
    device: str | None = None,
) -> Iterator[dict[str, Path]]:
    """The file of each side, encoded where a model is given; those files are deleted on success.

    They are made in a hidden folder next to the run, so that a comparison that was killed goes on when it is started
    again. Embeddings of a run that is to be replaced are reused where they were made in the same way.

    Raises
    ------
    RepdiffError
        Where a model cannot be used.
    """
    if all(side.file is not None for side in sides):
        yield {side.name: side.file for side in sides if side.file is not None}
        return
    from repdiff.cli.encode import parse_batch
    from repdiff.core.files import link_or_copy
    from repdiff.encoding.models import choose_kind

    for side in sides:
        if side.model is not None:
            choose_kind(side.model)  # so that a mistake in the second is not found hours later
    folder = run.with_name(f".{run.name}.embeddings")
    if items.get("items") is None:
        raise RepdiffError("a model was given, but nothing to encode; give --items FOLDER or TABLE")
    _make_own(folder)
    try:
        if overwrite and (run / _KEPT).is_dir():
            for path in (run / _KEPT).iterdir():
                if path.is_file() and not path.is_symlink():
                    link_or_copy(path, folder / path.name)
        options = {name: items.get(name) for name in ("images", "image", "text")}
        options |= {"overwrite": overwrite, "batch": parse_batch(batch), "device": device}
        yield {side.name: side.file or _encode(side, folder, items["items"], **options) for side in sides}
    except BaseException:
        if not any(folder.iterdir()):
            folder.rmdir()
        raise
    shutil.rmtree(folder)


def _make_own(folder: Path) -> None:
    """Make the folder, or go on in it if it is this user's: another's could hold links that are written through.

    Raises
    ------
    RepdiffError
        Where it is a link, no folder, another user's, or cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise RepdiffError(f"{folder}: cannot be written: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        raise RepdiffError(f"{folder}: is a link, or belongs to another user; delete it, or write to another place")


def _encode(side: ModelOrFile, folder: Path, items: Any, **options: Any) -> Path:
    from repdiff.cli.encode import run_encoding

    what = f" {_name(side, with_folder=False, with_layer=True)}"
    return run_encoding(
        side.model, items, folder / f"{side.name}.npz", layer=side.layer, pool=side.pool, what=what, **options
    ).path


def with_places(comparison: Comparison, sides: list[ModelOrFile], run: Path) -> Comparison:
    """The comparison, with the paths that the embeddings made for it will have."""
    inputs = dict(comparison.provenance.inputs)
    for side in sides:
        if side.file is None:
            inputs[side.name] = {**inputs[side.name], "source": as_unicode(str(run / _KEPT / f"{side.name}.npz"))}
    return replace(comparison, provenance=replace(comparison.provenance, inputs=inputs))


def kept(files: Mapping[str, Path], sides: list[ModelOrFile]) -> dict[str, Path]:
    """The files to keep in the run, by their name there."""
    made = [files[side.name] for side in sides if side.file is None]
    return {f"{_KEPT}/{path.name}": path for file in made for path in file.parent.glob(f"{file.name}*")}
