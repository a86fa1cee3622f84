"""One representation in several comparisons: what engines share of it, and its projection, computed once."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from repdiff.affinity.representation import Representation
from repdiff.core.device import Device
from repdiff.core.metrics import Metric
from repdiff.core.once import once
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.projection import Plane
from repdiff.settings import Settings
from repdiff.workflows.engine import device_for, engine_for
from repdiff.workflows.neighbors import neighbors_wanted
from repdiff.workflows.projection import project_side


class ShownRepresentation(Representation):
    """A representation with its coordinates for display.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Embeddings; or distances, (n, n), where the metric is "precomputed".
    metric : {"euclidean", "cosine", "precomputed"}
        Distance between rows.
    random_state : int or None
        Seed of the projection.
    device : Device, optional
        Where to compute it.
    """

    def __init__(
        self,
        values: npt.NDArray[Any],
        metric: Metric,
        *,
        random_state: int | None = 0,
        device: Device | None = None,
    ) -> None:
        super().__init__(values, metric)
        self._random_state, self._device = random_state, device

    @once
    def plane(self) -> Plane:
        """Coordinates for display, computed on first use."""
        return project_side(self.values, metric=self.metric, random_state=self._random_state, device=self._device)

    def project(self) -> None:
        """Compute :attr:`plane`, unless that was done before."""
        _ = self.plane


def representations_of(pair: EmbeddingPair, settings: Settings) -> tuple[ShownRepresentation, ShownRepresentation]:
    """Both sides of a pair."""
    device = device_for(settings)
    x, y = (
        ShownRepresentation(values, metric, random_state=settings.random_state, device=device)
        for values, metric in zip((pair.x, pair.y), pair.metrics, strict=True)
    )
    return x, y


def share_if_it_fits(representations: list[ShownRepresentation], pair: EmbeddingPair, settings: Settings) -> None:
    """Let the engine keep what these comparisons can share, where that leaves each of them enough memory.

    Parameters
    ----------
    representations : list of ShownRepresentation
        Those that take part in several comparisons.
    pair : EmbeddingPair
        One of these comparisons.
    settings : Settings
        How they are compared.
    """
    engine = engine_for(settings, n_neighbors=neighbors_wanted(settings))
    places = [engine.shared(representation) for representation in representations]
    wanted = sum(place.nbytes for place in places if place is not None)
    if not wanted:
        return
    x, y = representations_of(pair, settings)
    alone = engine.plan(x, y, memory_limit=settings.memory_bytes, n_jobs=settings.n_jobs)
    if alone.need + wanted <= alone.limit:
        for representation, place in zip(representations, places, strict=True):
            representation.shared = place
