"""What was recorded when two files were encoded: which items both have, whether they are the same, predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from repdiff.inputs.embeddings import Embeddings
from repdiff.inputs.encoded import Encoding, manifest_path, read_encoding, read_manifest
from repdiff.inputs.items import Items
from repdiff.inputs.sources import beside
from repdiff.inputs.wording import few

PREDICTED = ("prediction", "confidence")
OF_ONE_PAIR = tuple(f"{what}_{side}" for side in ("x", "y") for what in PREDICTED)  # columns that come from encodings


@dataclass(frozen=True)
class Encodings:
    """What ``repdiff encode`` recorded of the two sides; None for a side that it did not make.

    Attributes
    ----------
    x, y : Encoding or None
        One per side.
    warnings : tuple of str
        What a reader of the result must know.
    """

    x: Encoding | None = None
    y: Encoding | None = None
    warnings: tuple[str, ...] = ()

    @property
    def numbered(self) -> bool:
        """Whether the ids of both sides are the row numbers of a table."""
        return self.x is not None and self.y is not None and self.x.numbered and self.y.numbered


def agree(x: Embeddings, y: Embeddings, *, data: tuple[Any, Any], sha256: tuple[str, str]) -> Any:
    """The sides with the ids recorded beside their files, without the items that the other could not encode.

    Parameters
    ----------
    x, y : Embeddings
        The sides.
    data : (object, object)
        What the user gave for them; only files can have a record beside them.
    sha256 : (str, str)
        Hashes of their values.

    Returns
    -------
    (Embeddings, Embeddings, Encodings)
        The sides, and what was found.
    """
    found, warnings = [], []
    for given, side, digest in zip(data, (x, y), sha256, strict=True):
        encoding, told = _recorded(given, side, digest)
        found.append(encoding)
        warnings += told
    first, second = found
    x, y = _with_ids(x, first), _with_ids(y, second)
    if first is not None and second is not None:
        warnings += _differing_contents(x, y, first, second)
        for side, other in ((x, second), (y, first)):
            warnings += _left_out(side, other)
        x, y = _without(x, second.skipped), _without(y, first.skipped)
    return x, y, Encodings(first, second, tuple(warnings))


def agree_with(
    rows: Embeddings, side: Embeddings, *, data: Any, sha256: str, encodings: Encodings
) -> tuple[Embeddings, tuple[str, ...]]:
    """A further side with the ids recorded beside its file, without the items that the pair lacks; and warnings.

    Parameters
    ----------
    rows : Embeddings
        x of the pair, whose rows the further side is to have.
    side : Embeddings
        As it was read.
    data : object
        What the user gave for it.
    sha256 : str
        Hash of its values.
    encodings : Encodings
        Of the pair.
    """
    encoding, warnings = _recorded(data, side, sha256)
    side = _with_ids(side, encoding)
    for other in (encodings.x, encodings.y):
        if encoding is not None and other is not None:
            side = _without(side, other.skipped)
    if encoding is not None and encodings.x is not None:
        warnings += _differing_contents(rows, side, encodings.x, encoding)
    return side, tuple(warnings)


def _recorded(given: Any, side: Embeddings, digest: str) -> tuple[Encoding | None, list[str]]:
    """What was recorded when a side was encoded, where that is still true of it; and a warning where it is not."""
    path = beside(given)
    encoding = None if path is None else read_encoding(path, digest)
    told = []
    if path is not None and encoding is None and read_manifest(path) is not None:
        told = [f"{manifest_path(path)}: describes other values than those in {path}, so it was not used"]
    if encoding is not None and side.ids is not None and not np.array_equal(side.ids, encoding.ids):
        encoding = None  # the same values under other ids, as in a copy that was sorted or renamed
    return encoding, told


def with_predictions(items: Items, encodings: Encodings, ids: Any) -> Items:
    """The items with each model's predictions, where there are any and the table has none.

    Parameters
    ----------
    items : Items
        In the order of the embeddings.
    encodings : Encodings
        Of the two sides.
    ids : ndarray of str objects, (n,)
        The embeddings' own ids, in order.
    """
    for side, encoding in (("x", encodings.x), ("y", encodings.y)):
        if encoding is None or encoding.prediction is None or getattr(items, f"prediction_{side}") is not None:
            continue
        row_of = {name: row for row, name in enumerate(encoding.ids)}
        rows = np.array([row_of[name] for name in ids], np.int64)
        columns = {f"prediction_{side}": encoding.prediction[rows].astype(object)}
        if encoding.confidence is not None and f"confidence_{side}" not in items.frame:
            columns[f"confidence_{side}"] = encoding.confidence[rows]
        items = replace(items, frame=items.frame.assign(**columns))
        name = f"prediction_{side}"
        items = replace(items, prediction_x=name) if side == "x" else replace(items, prediction_y=name)
    return items


def _with_ids(side: Embeddings, encoding: Encoding | None) -> Embeddings:
    return replace(side, ids=encoding.ids) if encoding is not None and side.ids is None else side


def _without(side: Embeddings, skipped: set[str]) -> Embeddings:
    if side.ids is None or not skipped.intersection(side.ids):
        return side
    keep = np.array([name not in skipped for name in side.ids])
    return replace(side, values=side.values[keep], ids=side.ids[keep])


def _left_out(side: Embeddings, other: Encoding) -> list[str]:
    lost = [] if side.ids is None else [name for name in side.ids if name in other.skipped]
    if not lost:
        return []
    return [f"{len(lost):,} items of {side.source} were left out, since the other side skipped them ({few(lost)})"]


def _differing_contents(x: Embeddings, y: Embeddings, first: Encoding, second: Encoding) -> list[str]:
    theirs = dict(zip(second.ids, second.digests, strict=True))
    other = [
        str(name)
        for name, digest in zip(first.ids, first.digests, strict=True)
        if name in theirs and theirs[name] != digest
    ]
    if not other:
        return []
    return [
        f"{len(other):,} items had other contents when {y.source} was made than for {x.source} ({few(other)}); "
        "encode both sides from the same items"
    ]
