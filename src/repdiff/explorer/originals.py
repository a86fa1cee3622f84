"""The pictures that a run's items name, larger than the run's thumbnails; read only where that is allowed."""

from __future__ import annotations

import base64
import io
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.core.regular import is_near
from repdiff.inputs import Items
from repdiff.inputs.images import open_image
from repdiff.inputs.picture_paths import picture_path

LONGEST_SIDE = 512  # pixels
_QUALITY = 82
_KEPT = 64  # pictures; 30 KB each
_AT_ONCE = 2  # pictures that are decoded at the same time


class Originals:
    """Pictures of items, drawn from the files that the items name.

    A run may be a stranger's, and name any file of this machine: its own folder of pictures is opened only if it lies
    in the working folder or beside the run, and links may not lead out of there. A folder that the person named who
    started the explorer may lie anywhere, and links in it are followed, as in a comparison.

    Parameters
    ----------
    items : Items
        The items, with the folder that their pictures were in.
    run : Path
        Directory of the run.
    given : Path or None
        Folder of the pictures that the person named.
    """

    def __init__(self, items: Items, run: Path, given: Path | None = None) -> None:
        self._items, self._run, self._given = items, run, given
        self._kept: OrderedDict[int, dict[str, Any]] = OrderedDict()
        self._lock, self._decoding = threading.Lock(), threading.Semaphore(_AT_ONCE)

    def larger(self, row: int) -> dict[str, Any]:
        """The picture of an item as a data address with its size in pixels, or ``why`` there is none, in one line."""
        with self._lock:
            if row in self._kept:
                self._kept.move_to_end(row)
                return self._kept[row]
        try:
            found = self._drawn(row)
        except InputError as error:
            return {"picture": None, "why": str(error)}
        with self._lock:
            self._kept[row] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def _drawn(self, row: int) -> dict[str, Any]:
        name, path = self._path(row)
        with self._decoding:
            image = open_image(path, name=name, longest_side=LONGEST_SIDE)
            file = io.BytesIO()
            image.save(file, "WEBP", quality=_QUALITY)
        address = f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
        return {"picture": address, "width": image.width, "height": image.height}

    def _path(self, row: int) -> tuple[str, Path]:
        """What the item calls its picture, and the file; raises InputError where it may not be read."""
        column = self._items.image
        value = None if column is None else self._items.frame[column].iat[row]
        if not isinstance(value, str) or not value.strip():
            raise InputError("the items of this run name no picture file for it")
        if self._given is not None:
            return value, picture_path(self._given.resolve(), value)
        root = self._items.image_root
        if root is None or not is_near(root, self._run):
            raise InputError(
                "its picture lies neither beside the run nor in the folder that the explorer was started in; "
                "start it with --images FOLDER"
            )
        path = picture_path(root if root.is_absolute() else root.resolve(), value)
        if not is_near(path, self._run):
            raise InputError(f"{value[-100:]} is a link to another place; start the explorer with --images FOLDER")
        return value, path
