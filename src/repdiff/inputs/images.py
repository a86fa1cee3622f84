"""Images -> small pictures to show; anything that cannot be opened safely is skipped and reported."""

from __future__ import annotations

import io
import logging
import os
import stat
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image, UnidentifiedImageError

from repdiff.core.errors import InputError
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.inputs.items import Items
from repdiff.inputs.picture_paths import picture_path
from repdiff.inputs.pixels import SPARE_PIXELS, upright_rgb

Result = TypeVar("Result")

THUMBNAIL_BUDGET = 5_500_000  # bytes of WebP; as base64 in a page a third more, which leaves a 12 MB page its room
THUMBNAIL_SIDE = 96  # pixels

_QUALITY = 75
_MOST_MEGAPIXELS = 50
_MOST_BYTES = 512 << 20
_LARGE_PIXELS = 8_000_000  # decoded one at a time: 50 megapixels take 200 MB, and twice that where they have alpha
_WAITING_PER_THREAD = 8
_LONGEST_SHOWN = 200  # characters of a name or a reason

# Pillow knows more formats, but some of them start other programs (EPS) and some have no signature (TGA).
_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")


@dataclass(frozen=True)
class Thumbnails:
    """Small pictures of some items.

    Attributes
    ----------
    rows : ndarray of int64, (k,)
        Rows of the items that have a picture here, ascending.
    widths, heights : ndarray of int32, (k,)
        Pixels of each picture, at true aspect ratio.
    images : tuple of bytes, k of them
        WebP files.
    skipped : tuple of str
        One line for each image that could not be opened: which, and why.
    """

    rows: npt.NDArray[np.int64]
    widths: npt.NDArray[np.int32]
    heights: npt.NDArray[np.int32]
    images: tuple[bytes, ...]
    skipped: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """How many images could not be opened; nothing of those that are not there, which the comparison tells of."""
        broken = [line for line in self.skipped if not line.endswith(("does not exist", "no image is named"))]
        if not broken:
            return ()
        tried = len(self.skipped) + len(self.rows)
        return (f"{len(broken):,} of {tried:,} images could not be opened (first: {broken[0]})",)


def make_thumbnails(
    items: Items,
    rows: npt.NDArray[np.int64],
    *,
    budget: int = THUMBNAIL_BUDGET,
    side: int = THUMBNAIL_SIDE,
    progress: Progress = silent,
) -> Thumbnails:
    """Pictures of these items, first come first served until the space is spent.

    Paths start from ``items.image_root`` and may not lead out of it (:mod:`repdiff.inputs.picture_paths`).

    Parameters
    ----------
    items : Items
        The table; without an image column there are no pictures.
    rows : ndarray of int64
        Rows of items, the most important first; a row that comes twice counts once.
    budget : int
        Bytes that all pictures may take. The first one that would exceed it ends the work, so that no later item
        overtakes a more important one; images after it are not opened, and ``skipped`` does not list them.
    side : int
        Pixels of the longest side. Smaller images keep their size.
    progress : Progress, optional
        Reports how many images were processed.
    """
    if items.image is None:
        return _in_row_order([], [])
    wanted = np.array(list(dict.fromkeys(np.asarray(rows).tolist())), np.int64)
    paths = items.frame[items.image].to_numpy(dtype=object)
    ids = items.frame["id"].to_numpy(dtype=object)
    pictures: list[tuple[int, _Picture]] = []
    skipped: list[tuple[int, str]] = []
    spent = 0

    def draw(row: int) -> _Picture | InputError:
        try:
            name = _name_of(paths[row])
            inside = None if items.pictures is None else items.pictures[row]
            file = picture_path(items.image_root, name) if inside is None else inside
            return _draw(open_image(file, name=name, longest_side=side))
        except InputError as error:
            return error

    with closing(_map_in_threads(draw, wanted.tolist())) as drawn:
        for done, (row, result) in enumerate(zip(wanted.tolist(), drawn, strict=True)):
            progress("thumbnails", done, len(wanted))
            if isinstance(result, InputError):
                skipped.append((row, f"item {_shown(str(ids[row]))}: {result}"))
            elif (spent := spent + len(result.webp)) <= budget:
                pictures.append((row, result))
            else:
                break
    progress("thumbnails", len(wanted), len(wanted))
    return _in_row_order(pictures, skipped)


def open_image(
    path: str | Path | bytes,
    *,
    longest_side: int | None = None,
    name: str | None = None,
    before_large: Callable[[], object] = lambda: None,
) -> Image.Image:
    """The image of a file, upright, in 8-bit RGB; what is transparent is laid on white.

    Of an animation this is the first frame. Greyscale of 16 bits is scaled to 8, not clipped. May be called from
    several threads at once; large images then wait for each other, so that memory stays bounded.

    Parameters
    ----------
    path : str, Path or bytes
        A regular file in AVIF, BMP, GIF, JPEG, JPEG 2000, PNG, PPM, TIFF or WebP format, or a link to one; or what such
        a file holds.
    longest_side : int, optional
        Shrink to at most this many pixels on the longest side, at true aspect ratio; never enlarged.
    name : str, optional
        What to call the file in messages; its path by default.
    before_large : callable, optional
        Called before an image of more than 8 megapixels is decoded.

    Raises
    ------
    InputError
        In one line: the file, and why there is no image. Files over 512 MB and, judged by their headers before
        anything is decoded, images over 50 megapixels are refused.
    """
    if name is None:
        name = "the image" if isinstance(path, bytes) else os.fspath(path)
    name = _shown(name)
    try:
        if not isinstance(path, bytes):
            _check_file(path)
        file = io.BytesIO(path) if isinstance(path, bytes) else path
        with _pillow_keeps_quiet(), Image.open(file, formats=_known_formats()) as image:
            if image.width * image.height > _LARGE_PIXELS:
                before_large()
            return _decode(image, longest_side)
    except _RefusedError as refusal:
        raise InputError(f"{name} {refusal}") from None
    except UnidentifiedImageError:
        raise InputError(f"{name} is not an image in a known format ({', '.join(_FORMATS)})") from None
    except Image.DecompressionBombError:
        raise InputError(f"{name} has more than {_MOST_MEGAPIXELS} megapixels") from None
    except MemoryError:
        raise InputError(f"{name} needs too much memory to be decoded") from None
    except OSError as error:
        failed = "cannot be decoded" if error.errno is None else "cannot be read"
        raise InputError(f"{name} {failed}: {_shown(error.strerror or str(error))}") from None
    except Exception as error:  # a broken file makes Pillow's decoders raise anything from SyntaxError to MemoryError
        raise InputError(f"{name} cannot be decoded: {_shown(str(error) or type(error).__name__)}") from None


class _RefusedError(Exception):
    """Why a file is not opened, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class _Picture:
    width: int
    height: int
    webp: bytes


def _name_of(value: Any) -> str:
    if value is None or value is pd.NA or value != value or not str(value).strip():
        raise InputError("no image is named")
    return str(value)


def _draw(image: Image.Image) -> _Picture:
    file = io.BytesIO()
    image.save(file, "WEBP", quality=_QUALITY)
    return _Picture(*image.size, file.getvalue())


def _in_row_order(pictures: list[tuple[int, _Picture]], skipped: list[tuple[int, str]]) -> Thumbnails:
    pictures = sorted(pictures, key=lambda entry: entry[0])
    return Thumbnails(
        rows=np.array([row for row, _ in pictures], np.int64),
        widths=np.array([picture.width for _, picture in pictures], np.int32),
        heights=np.array([picture.height for _, picture in pictures], np.int32),
        images=tuple(picture.webp for _, picture in pictures),
        skipped=tuple(line for _, line in sorted(skipped)),
    )


def _map_in_threads(function: Callable[[int], Result], values: Iterable[int]) -> Generator[Result]:
    """``map`` on all cores, in order, with few results waiting; closing it cancels what has not begun."""
    n_threads = resolve_n_jobs(None)
    rest = iter(values)
    pool = ThreadPoolExecutor(n_threads, thread_name_prefix="repdiff-images")
    try:
        waiting: deque[Future[Result]] = deque(
            pool.submit(function, value) for value in islice(rest, _WAITING_PER_THREAD * n_threads)
        )
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(function, value) for value in islice(rest, 1))
    finally:
        pool.shutdown(cancel_futures=True)


def _check_file(path: str | Path) -> None:
    """Refuse anything but a regular file before it is opened: opening a named pipe would wait for ever."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        raise _RefusedError("is a broken link" if Path(path).is_symlink() else "does not exist") from None
    except OSError as error:
        raise _RefusedError(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a null byte, or a character that the file system's encoding lacks
        raise _RefusedError("is not a possible path") from None
    if stat.S_ISDIR(status.st_mode):
        raise _RefusedError("is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise _RefusedError("is not a regular file")
    if status.st_size == 0:
        raise _RefusedError("is empty (0 bytes)")
    if status.st_size > _MOST_BYTES:
        raise _RefusedError(f"is larger than {_MOST_BYTES >> 20} MB")


def _known_formats() -> list[str]:
    Image.init()  # AVIF is not part of every Pillow, and a name that Pillow does not know is a KeyError
    return [name for name in _FORMATS if name in Image.OPEN]


def _decode(image: Image.Image, longest_side: int | None) -> Image.Image:
    if image.width * image.height > _MOST_MEGAPIXELS * 1_000_000:
        raise _RefusedError(f"has {image.width} x {image.height} pixels, more than {_MOST_MEGAPIXELS} megapixels")
    if longest_side is not None:
        image.draft(None, (int(SPARE_PIXELS * longest_side),) * 2)  # a JPEG can be decoded at 1/2, 1/4 or 1/8
    with _one_large_image if image.width * image.height > _LARGE_PIXELS else nullcontext():
        image.load()
        return upright_rgb(image, longest_side)


_one_large_image = threading.Lock()


_pillow_log = logging.getLogger("PIL")


class _PillowKeepsQuiet:
    """Pillow's warnings and log ignored while any thread asks for it.

    Filters belong to the process. Two threads that each saved and restored them would restore each other's, so the
    holders are counted: the first sets the filter, the last removes it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._saved: warnings.catch_warnings[None] | None = None
        self._level = logging.NOTSET

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._saved = warnings.catch_warnings()
                self._saved.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL\.")
                self._level = _pillow_log.level
                _pillow_log.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            with self._lock:
                self._holders -= 1
                if self._holders == 0 and self._saved is not None:
                    self._saved.__exit__(None, None, None)
                    self._saved = None
                    _pillow_log.setLevel(self._level)


_pillow_keeps_quiet = _PillowKeepsQuiet()


def _shown(text: str) -> str:
    """Text for a message: shortened, on one line, with characters that cannot be printed written as escapes."""
    if len(text) > _LONGEST_SHOWN:
        text = "..." + text[-_LONGEST_SHOWN:]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
