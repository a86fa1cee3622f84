"""One representation in a comparison, and what is worked out of it once for several comparisons."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy.typing as npt

from repdiff.distances import KeptRanks, Ranked, ranked
from repdiff.metrics import Metric
from repdiff.projection import Plane, project_side


class Side:
    """A representation, validated.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Embeddings; or distances, (n, n), where the metric is "precomputed".
    metric : {"euclidean", "cosine", "precomputed"}
        Distance between rows.
    keep_ranks : bool
        Keep the neighbour ranks that a comparison computes for those after it.
    random_state : int or None
        Seed of the projection.

    Attributes
    ----------
    kept : KeptRanks or None
        Where ranks are kept.
    """

    def __init__(
        self, values: npt.NDArray[Any], metric: Metric, *, keep_ranks: bool = False, random_state: int | None = 0
    ) -> None:
        self.values, self.metric, self._random_state = values, metric, random_state
        self.kept = KeptRanks(values, metric=metric) if keep_ranks else None

    @cached_property
    def ready(self) -> Ranked:
        """The side made ready to give ranks and neighbours."""
        return ranked(self.values, metric=self.metric) if self.kept is None else self.kept.ready

    @cached_property
    def plane(self) -> Plane:
        """Coordinates for display."""
        return project_side(self.values, metric=self.metric, random_state=self._random_state)
