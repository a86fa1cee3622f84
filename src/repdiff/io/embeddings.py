"""One side's embeddings, from an array, a table or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Embeddings:
    """One side as it came in, not yet validated.

    Attributes
    ----------
    values : ndarray, (n, d)
        One row per item; float32 and float64 are kept, everything else numeric becomes float32 or float64.
    ids : ndarray of str, (n,), or None
        Row identity where the source carries one.
    source : str
        What to call it in messages: a file's path, or "x" / "y".
    sha256 : str
        Hash of the values' bytes, for the manifest.
    """

    values: npt.NDArray[Any]
    ids: npt.NDArray[np.str_] | None
    source: str
    sha256: str


def as_embeddings(data: Any, *, source: str) -> Embeddings:
    """Embeddings of an array, a path, a mapping of arrays or a pandas, polars or pyarrow table."""
    raise NotImplementedError


def read_embeddings(path: str | Path) -> Embeddings:
    """Embeddings of a .npy, .npz, .parquet, .csv or .safetensors file."""
    raise NotImplementedError
