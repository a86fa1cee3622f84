"""One representation in a comparison, and what is worked out of it once for several comparisons."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy.typing as npt

from repdiff.affinity.distances import KeptRanks, Ranked, ranked
from repdiff.affinity.exact import plan
from repdiff.core.memory import available_bytes
from repdiff.core.metrics import Metric
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.projection import Plane
from repdiff.settings import Settings
from repdiff.workflows.projection import project_side

_SHARE_OF_AVAILABLE = 0.5


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

    def project(self) -> None:
        """Work out :attr:`plane`, unless that was done before."""
        _ = self.plane


def room_for_ranks(pair: EmbeddingPair, settings: Settings, *, n_sides: int = 1) -> bool:
    """Whether ranks of that many sides can be kept without narrowing how the affinity is stored."""
    wanted = n_sides * KeptRanks.bytes_of(pair.n)
    if settings.engine != "exact":
        limit = settings.memory_bytes
        return wanted <= (_SHARE_OF_AVAILABLE * available_bytes() if limit is None else _SHARE_OF_AVAILABLE * limit)
    alone = plan(pair.x, pair.y, metric=pair.metrics, memory_limit=settings.memory_bytes, n_jobs=settings.n_jobs)
    return alone.need + wanted <= alone.limit
