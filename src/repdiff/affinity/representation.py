"""One representation in a comparison, and the data computed from it once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked, ranked
from repdiff.affinity.ranks import CentredRows, RankedEmbedding
from repdiff.core.memory import is_mapped
from repdiff.core.metrics import Metric
from repdiff.core.once import once

if TYPE_CHECKING:
    from repdiff.affinity.engine import Shared


_LARGE = 2**28  # bytes of memory-mapped embeddings above which no copy is made


class Representation:
    """Embeddings of the items, or distances between them.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Embeddings; or distances, (n, n), if the metric is "precomputed". Finite; kept by reference.
    metric : {"euclidean", "cosine", "precomputed"}
        Distance between rows.

    Attributes
    ----------
    shared : Shared or None
        What an engine keeps of it for later comparisons, from ``engine.shared``.
    """

    def __init__(self, values: npt.NDArray[Any], metric: Metric = "euclidean") -> None:
        self.values, self.metric = values, metric
        self.shared: Shared | None = None

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.values)

    @once
    def ready(self) -> Ranked:
        """The rows prepared to give distances, and after :meth:`prepare` ranks; computed on first use.

        Large memory-mapped embeddings are not copied for distances alone.
        """
        return ranked(self.values, metric=self.metric, keeps_copy=not self.reads_in_place)

    def prepare(self) -> None:
        """Make :attr:`ready` able to give ranks, unless it is."""
        if isinstance(self.ready, RankedEmbedding) and isinstance(self.ready.coordinates, CentredRows):
            self.ready = ranked(self.values, metric=self.metric)

    @property
    def reads_in_place(self) -> bool:
        """Whether the embeddings are so large that they are read where they lie."""
        return is_mapped(self.values) and self.values.nbytes > _LARGE

    @property
    def shared_bytes(self) -> int:
        """Bytes that are or will be kept for other comparisons."""
        return 0 if self.shared is None else self.shared.nbytes

    @property
    def largest_distance(self) -> float:
        """The largest distance between two items, in the unit of :meth:`distances`."""
        return self.ready.largest_distance

    def distances(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Distances between some items and others, (r, c)."""
        return self.ready.distances(rows, columns)
