"""New items -> clusters, some rows at a time: the same step on this machine and on the workers of a cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.core.cluster import Cluster, Future
from repdiff.core.metrics import Metric
from repdiff.core.shared_files import SharedArray
from repdiff.inputs.checks import check_directions, check_finite, check_scale
from repdiff.inputs.embeddings import Embeddings
from repdiff.results.assignment import AssignedDirection
from repdiff.results.clusters import DirectionName
from repdiff.workflows.extension import Extension, Rule, Values

Assigned: TypeAlias = dict[DirectionName, AssignedDirection]
_AHEAD_PER_THREAD = 3  # tasks that wait or run, so that results do not pile up
_NONE = np.empty((0, 0))


@dataclass(frozen=True)
class Ingredients:
    """What an :class:`Extension` is made of; its parameters."""

    values: Values
    weights: npt.NDArray[np.float64]
    metrics: tuple[Metric, Metric]
    gamma: float
    beta: float
    rules: Mapping[DirectionName, Rule]

    def extension(self, n_jobs: int) -> Extension:
        """The extension."""
        return Extension(
            self.values, self.weights, self.metrics, gamma=self.gamma, beta=self.beta, rules=self.rules, n_jobs=n_jobs
        )


def assign_rows(extension: Extension, x: Embeddings, y: Embeddings, rows: slice) -> Assigned:
    """The clusters of some new items.

    Raises
    ------
    InputError
        For values that cannot be compared, with the first row and column that is wrong.
    """
    values = np.ascontiguousarray(x.values[rows]), np.ascontiguousarray(y.values[rows])
    parts = replace(x, values=values[0]), replace(y, values=values[1])
    for part, metric in zip(parts, extension.metrics, strict=True):
        check_finite(part, first_row=rows.start)
        check_scale(part)
        if metric == "cosine":
            check_directions(part, first_row=rows.start)
    return extension(values)


def assign_on_cluster(
    made: Ingredients, sides: tuple[Embeddings, Embeddings], tiles: list[slice], cluster: Cluster
) -> Generator[Assigned, None, None]:
    """The clusters of new items, tile by tile, from the workers of a cluster, which work a few tiles ahead."""
    places = [cluster.share(values) for values in made.values]
    (extension,) = cluster.submit(_extension, [(replace(made, values=(_NONE, _NONE)), places)])
    new = [_Side(cluster.share(side.values), side.source, side.columns) for side in sides]
    ahead: deque[Future] = deque()
    waiting = iter(tiles)
    try:
        while True:
            free = _AHEAD_PER_THREAD * cluster.n_threads - len(ahead)
            ahead += cluster.submit(_assign_shared, [(extension, *new, rows) for rows in islice(waiting, max(0, free))])
            if not ahead:
                return
            cluster.wait([ahead[0]])
            (found,) = cluster.fetch([ahead.popleft()])
            yield found
    finally:
        cluster.cancel(ahead)


@dataclass(frozen=True)
class _Side:
    """One side of the new items, for workers."""

    values: SharedArray
    source: str
    columns: tuple[str, ...] | None

    def open(self) -> Embeddings:
        return Embeddings(self.values.open(), None, self.source, self.columns)


# What follows runs on workers.


def _extension(made: Ingredients, places: list[SharedArray]) -> Extension:
    x, y = (place.open() for place in places)
    return replace(made, values=(x, y)).extension(n_jobs=1)


def _assign_shared(extension: Extension, x: _Side, y: _Side, rows: slice) -> Assigned:
    return assign_rows(extension, x.open(), y.open(), rows)
