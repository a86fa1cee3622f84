"""Comparison <-> run directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.comparison import Comparison
from repdiff.io.images import Thumbnails

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Run:
    """All that a report, the explorer or an export may know.

    Attributes
    ----------
    comparison : Comparison
        The result.
    thumbnails : Thumbnails
        Small pictures of items; none where items have no images.
    manifest : mapping
        What ``manifest.json`` holds: plain dicts, lists, strings, numbers and None.
    path : Path or None
        The run's directory; None where it was never saved.
    """

    comparison: Comparison
    thumbnails: Thumbnails
    manifest: Mapping[str, Any]
    path: Path | None = None


def run_of(comparison: Comparison) -> Run:
    """A run in memory."""
    raise NotImplementedError


def write_run(comparison: Comparison, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write a run directory."""
    raise NotImplementedError


def read_run(path: str | Path) -> Run:
    """Read a run directory."""
    raise NotImplementedError


def load_run(path: str | Path) -> Comparison:
    """The comparison of a run directory."""
    return read_run(path).comparison
