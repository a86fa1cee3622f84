"""How files are read, before anything is compared: rows, dimensions, ids, labels, images, and how rows match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from repdiff.core.errors import InputError, RepdiffError
from repdiff.inputs.checks import notes_on_rows
from repdiff.inputs.embeddings import Embeddings, as_embeddings
from repdiff.inputs.encoded import items_path, manifest_path, read_encoding
from repdiff.inputs.image_paths import check_images, is_there
from repdiff.inputs.items import ROLES, Items, as_items
from repdiff.inputs.keys import keys_of_columns
from repdiff.inputs.matching import AUTO, ORDER, left_out, match_items, match_sides
from repdiff.inputs.sources import beside

_SHOWN_IDS = 3


@dataclass(frozen=True)
class Inspected:
    """One file.

    Attributes
    ----------
    source : str
        The file.
    taken_for : {"embeddings", "items", "nothing"}
        What it is read as.
    facts : mapping of str to plain values
        What was found in it; the reason where it cannot be used.
    notes : tuple of str
        What a comparison would warn of.
    """

    source: str
    taken_for: str
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspection:
    """Several files, and how the rows of each would be matched with those of the first.

    Attributes
    ----------
    files : tuple of Inspected
        In the order given.
    matches : tuple of (str, str, str)
        For each of two files: which, and what their rows are matched by or why they cannot be matched.
    """

    files: tuple[Inspected, ...]
    matches: tuple[tuple[str, str, str], ...]

    def to_plain(self) -> dict[str, Any]:
        """Values that JSON holds."""
        files = [
            {"source": one.source, "taken_for": one.taken_for, **one.facts, "notes": list(one.notes)}
            for one in self.files
        ]
        matches = [{"first": first, "second": second, "matched": how} for first, second, how in self.matches]
        return {"files": files, "matches": matches}


def inspect_files(
    files: Sequence[str | Path], *, items: str | Path | None = None, images: str | Path | None = None, match: str = AUTO
) -> Inspection:
    """How files would be read, and how their rows would be matched; nothing is compared.

    Parameters
    ----------
    files : sequence of path
        Embeddings, or tables of items; a table that holds no vectors is read as items.
    items : path, optional
        A table of items, whatever else it holds.
    images : path, optional
        Folder that image paths start from.
    match : str
        As in :func:`repdiff.compare`.
    """
    id_column = None if match in (AUTO, ORDER) else match
    found = [(str(file), _embeddings_or_items(file, images, id_column)) for file in files]
    if items is not None:
        found.append((str(items), _items(items, images, id_column)))
    described = tuple(_describe(name, one, asked=images is not None) for name, one in found)
    usable = [(name, one) for name, one in found if not isinstance(one, RepdiffError)]
    sides = [(name, one) for name, one in usable if isinstance(one, Embeddings)]
    matches = [
        (sides[0][0], name, _how_matched(sides[0][1], one, name, match))
        for name, one in usable
        if sides and one is not sides[0][1]
    ]
    return Inspection(described, tuple(matches))


def _embeddings_or_items(file: str | Path, images: Any, id_column: str | None) -> Embeddings | Items | RepdiffError:
    try:
        side = as_embeddings(file, source=str(file), id_column=id_column)
        return _with_ids_beside(side, file)
    except RepdiffError as reason:
        found = _items(file, images, id_column)
        is_table = isinstance(found, Items) and not (str(reason).find("hold vectors") >= 0)
        return found if is_table else reason


def _with_ids_beside(side: Embeddings, file: str | Path) -> Embeddings:
    path = beside(file)
    encoding = None if path is None or side.ids is not None else read_encoding(path, side.sha256())
    if encoding is None or path is None:
        return side
    return replace(side, ids=encoding.ids, ids_from=f"{items_path(path).name}, beside {manifest_path(path).name}")


def _items(file: str | Path, images: Any, id_column: str | None) -> Items | RepdiffError:
    try:
        return as_items(file, images=images, id_column=id_column)
    except RepdiffError as error:
        return error


def _describe(name: str, found: Embeddings | Items | RepdiffError, *, asked: bool) -> Inspected:
    if isinstance(found, RepdiffError):
        return Inspected(name, "nothing", {"reason": str(found)})
    return _of_embeddings(name, found) if isinstance(found, Embeddings) else _of_items(name, found, asked=asked)


def _of_embeddings(name: str, side: Embeddings) -> Inspected:
    values = side.values
    facts: dict[str, Any] = {
        "rows": len(values),
        "dimensions": values.shape[1],
        "dtype": str(values.dtype),
        "ids": None if side.ids is None else f"{side.ids_from or 'id'}: {', '.join(side.ids[:_SHOWN_IDS])}, ...",
        "may_be_ids": [key.title for key in side.keys],
    }
    gaps = int((~np.isfinite(values).all(axis=1)).sum()) if values.size else 0
    facts["rows_with_gaps"] = gaps
    return Inspected(name, "embeddings", facts, (*side.warnings, *notes_on_rows(side, "euclidean")))


def _of_items(name: str, items: Items, *, asked: bool) -> Inspected:
    columns = items.frame.columns.drop("id")
    first = ", ".join(items.frame["id"][:_SHOWN_IDS])
    facts: dict[str, Any] = {
        "rows": len(items.frame),
        "columns": [str(column) for column in columns],
        "ids": f"{items.ids_from or 'id'}: {first}, ..." if items.has_ids else None,
        "may_be_ids": [key.title for key in keys_of_columns(items.frame[columns])],
        **{role: column for role in ROLES if (column := getattr(items, role)) is not None},
    }
    if items.label is not None:
        facts["labels"] = int(items.frame[items.label].nunique())
    notes: tuple[str, ...] = ()
    if items.image is not None:
        try:
            notes = check_images(items, name, asked=asked)
        except InputError as error:
            notes = (str(error),)
        facts["images_found"] = _images_found(items)
    return Inspected(name, "items", facts, notes)


def _images_found(items: Items) -> int:
    inside = items.pictures or (None,) * len(items.frame)
    root = items.image_root or Path.cwd()
    names = items.frame[items.image].tolist()
    return sum(
        file is not None or (isinstance(name, str) and name != "" and is_there(root, name))
        for name, file in zip(names, inside, strict=True)
    )


def _how_matched(x: Embeddings, other: Embeddings | Items, name: str, match: str) -> str:
    try:
        if isinstance(other, Items):
            found, how, _ = match_items(other, name, (x,), match=match)
            return "; ".join([f"by {how}", *left_out(other, found, name)])
        x, y, how, notes = match_sides(x, other, match=match)
        by = f"by {x.ids_from or 'id'} and {y.ids_from or 'id'}" if how == "id" else "by order"
        return "; ".join([by, *(note for note in notes if how == "order")])
    except InputError as error:
        return f"not at all: {error}"
