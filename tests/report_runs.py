"""Runs to report on, and pictures for their items."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from repdiff import compare
from repdiff.inputs.images import Thumbnails
from repdiff.store.run import Run, run_of

HOSTILE = "<img src=x onerror=alert(1)>"


def make_run(
    x: Any, y: Any, *, thumbnails: Thumbnails | None = None, warnings: tuple[str, ...] = (), **options: Any
) -> Run:
    """The run of a comparison, with these pictures."""
    comparison = compare(x, y, **options)
    provenance = replace(comparison.provenance, warnings=(*comparison.provenance.warnings, *warnings))
    return run_of(replace(comparison, thumbnails=thumbnails or pictures([]), provenance=provenance))


def pictures(rows: Iterable[int], *, width: int = 24, height: int = 16, skipped: tuple[str, ...] = ()) -> Thumbnails:
    """A plain picture, wider than high, of each of these items."""
    places = np.array(list(rows), np.int64)
    count = len(places)
    images = tuple(_webp((37 * row % 256, 90, 200 - row % 200), (width, height)) for row in places.tolist())
    sizes = (np.full(count, width, np.int32), np.full(count, height, np.int32))
    return Thumbnails(places, *sizes, images, skipped)


def _webp(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "WEBP")
    return buffer.getvalue()
