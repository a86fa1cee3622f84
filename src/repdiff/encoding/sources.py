"""A folder or a table -> the list of items to encode."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs import Items, as_items
from repdiff.inputs.folders import Folder, list_folder
from repdiff.inputs.ids import Ids
from repdiff.inputs.image_paths import told_outside
from repdiff.inputs.picture_paths import leads_out

Modality = Literal["image", "text"]


@dataclass(frozen=True)
class Source:
    """The items to encode, in order.

    Attributes
    ----------
    name : str
        Its name in messages and in the manifest.
    modality : {"image", "text"}
        What the entries are.
    ids : ndarray of str objects, (n,)
        Row identity.
    numbered : bool
        Whether the ids are row numbers because the source had none.
    entries : list of str or None, n of them
        Paths of images, or texts; None for a missing one.
    root : str
        Folder that the paths of images start with.
    unusable : tuple of (str, str)
        Items that could not be listed, and why.
    passed_over : mapping of str to int
        How many entries of a folder were ignored, by reason.
    """

    name: str
    modality: Modality
    ids: Ids
    numbered: bool
    entries: list[str | None]
    root: str = ""
    unusable: tuple[tuple[str, str], ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.entries)

    def name_of(self, index: int) -> str:
        """The name of an item in messages: an image's path below the root, otherwise its id."""
        entry = self.entries[index] if self.modality == "image" else None
        return str(self.ids[index]) if entry is None else entry.removeprefix(f"{self.root}/")

    def texts(self) -> list[str]:
        """The entries without missing ones."""
        return [entry for entry in self.entries if entry is not None]

    def fingerprint(self) -> str:
        """Hash of the ids and, for texts, the texts; for images, their paths, sizes and modification times."""
        digest = hashlib.sha256(self.modality.encode())
        for name, entry in zip(self.ids, self.entries, strict=True):
            what = "" if entry is None else entry if self.modality == "text" else _state_of(entry)
            for part in (name, what):
                encoded = part.encode("utf-8", "surrogatepass")
                digest.update(len(encoded).to_bytes(8, "little") + encoded)
        return digest.hexdigest()


def find_source(
    items: Any,
    modalities: Sequence[Modality],
    *,
    images: str | Path | None = None,
    image: str | None = None,
    text: str | None = None,
) -> Source:
    """The items that a model of these modalities can encode.

    Parameters
    ----------
    items : path, table
        A folder of images, or a table with a column of image paths or of texts.
    modalities : sequence of {"image", "text"}
        What the model takes, preferred first.
    images : path, optional
        Folder that the table's image paths are relative to.
    image, text : str, optional
        The column; naming one chooses it.

    Raises
    ------
    InputError
        If there is nothing that the model can encode.
    """
    if isinstance(items, str | Path) and Path(items).is_dir():
        given = [name for name, value in (("images", images), ("image", image), ("text", text)) if value is not None]
        if given:
            raise InputError(f"{given[0]} was given, but {items} is a folder of images, not a table; leave it out")
        return _of_folder(str(items), list_folder(items), modalities)
    name = str(items) if isinstance(items, str | Path) else "items"
    return _of_table(name, as_items(items, images=images, image=image, text=text), modalities, image, text)


def _of_folder(name: str, folder: Folder, modalities: Sequence[Modality]) -> Source:
    if "image" not in modalities:
        raise InputError(f"{name}: is a folder of images, but the model takes {modalities[0]}; give a table of texts")
    return Source(
        name=name,
        modality="image",
        ids=folder.table["id"].to_numpy(dtype=object),
        numbered=False,
        entries=[f"{folder.root / name}" for name in folder.table["image"]],
        root=str(folder.root),
        unusable=folder.unusable,
        passed_over=folder.passed_over,
    )


def _of_table(name: str, items: Items, modalities: Sequence[Modality], image: str | None, text: str | None) -> Source:
    columns: dict[Modality, str | None] = {"image": items.image, "text": items.text}
    named: list[Modality] = [modality for modality, given in (("image", image), ("text", text)) if given is not None]  # type: ignore[misc]
    found = [modality for modality in named or modalities if columns[modality] is not None]
    if not found:
        raise InputError(
            f"{name}: has no column {' or '.join(map(repr, modalities))}; name the column with "
            f"{' or '.join(f'{modality}= (--{modality})' for modality in modalities)}"
        )
    if found[0] not in modalities:
        raise InputError(f"{name}: the model takes {modalities[0]}, not {found[0]}")
    if not len(items.frame):
        raise InputError(f"{name}: has no rows")
    ids = items.frame["id"].to_numpy(dtype=object)
    if found[0] == "image":
        return _of_paths(name, items, ids)
    return Source(name, "text", ids, not items.has_ids, _texts(items), str(items.image_root))


def _of_paths(source: str, items: Items, ids: Ids) -> Source:
    """The images that a table names; those outside of their folder are not usable."""
    root = items.image_root or Path.cwd()
    column = items.frame[items.image]
    names = [None if missing else str(name) for name, missing in zip(column, _is_missing(column), strict=True)]
    outside = np.array([name is not None and leads_out(root, name) for name in names], bool)
    if outside.all():
        raise InputError(told_outside(source, root, [name for name in names if name is not None], len(names)))
    unusable = tuple((str(name), f"names an image outside of {root}") for name in ids[outside])
    entries = [
        None if name is None else f"{root / name}" for name, out in zip(names, outside.tolist(), strict=True) if not out
    ]
    return Source(source, "image", ids[~outside], not items.has_ids, entries, str(items.image_root), unusable)


def _texts(items: Items) -> list[str | None]:
    values = items.frame[items.text]
    return [None if missing else str(value) for value, missing in zip(values, _is_missing(values), strict=True)]


def _is_missing(column: pd.Series) -> list[bool]:
    blank = column.map(lambda value: isinstance(value, str) and not value.strip())
    return [bool(value) for value in (column.isna() | blank)]


def _state_of(path: str) -> str:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):  # a dangling link, or no possible path: it will be skipped and named
        return path
    return f"{path}\0{status.st_size}\0{status.st_mtime_ns}"
