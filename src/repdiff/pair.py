"""Arrays and items -> EmbeddingPair: the only place that validates input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy.typing as npt

from repdiff.io import Items


@dataclass(frozen=True)
class EmbeddingPair:
    """Two representations of the same items, validated; row i of everything is item i.

    Attributes
    ----------
    x, y : ndarray of float32 or float64, (n, d_x) and (n, d_y), C-contiguous
        Finite, with some variance; not copied where the input already was so.
    items : Items
        The table of the items, in the same order.
    names : (str, str)
        How to call x and y for a person.
    sources : (str, str)
        Where x and y came from.
    sha256 : (str, str)
        Hashes of the values of x and y as given.
    matched_by : {"id", "order"}
        How rows of x and y were matched.
    warnings : tuple of str
        What a reader of the result must know, such as rows of the item table that were left out.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    items: Items
    names: tuple[str, str]
    sources: tuple[str, str]
    sha256: tuple[str, str]
    matched_by: Literal["id", "order"]
    warnings: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.x)


def make_pair(
    x: Any, y: Any, *, items: Any = None, names: tuple[str, str] | None = None, n_clusters: int = 1
) -> EmbeddingPair:
    """Match, check and order two sides and their items."""
    raise NotImplementedError
