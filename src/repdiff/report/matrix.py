"""The affinity matrix as a picture and as numbers, and the scale of the bars beside it."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.report.palette import diverging
from repdiff.results.clusters import AffinityMap, Direction

_LEVELS = 201  # odd, so that no change has a level of its own
_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0, 10_000.0)


@dataclass(frozen=True)
class MatrixPicture:
    """The affinity, the cluster of largest mean affinity at the top left.

    Attributes
    ----------
    light, dark : str
        PNG as data URI, one pixel a bin.
    bins : tuple of (int, int)
        Cluster and its number of bins, top to bottom.
    bound : float
        The colour scale spans 1 / bound to bound on a logarithmic scale, 1 in the middle.
    """

    light: str
    dark: str
    bins: tuple[tuple[int, int], ...]
    bound: float


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis from ``low`` to ``high``."""

    low: float
    high: float

    def position(self, value: float) -> float:
        """Place of a value on the axis, 0 at ``low`` and 1 at ``high``."""
        return min(max(math.log(value / self.low) / math.log(self.high / self.low), 0.0), 1.0)

    @property
    def ticks(self) -> tuple[float, ...]:
        """Round values on the axis."""
        return tuple(tick for tick in _TICKS if self.low <= tick * 1.0001 and tick <= self.high * 1.0001)


def picture(affinity_map: AffinityMap) -> MatrixPicture:
    """The map of one direction as PNG in both themes."""
    logs = np.log(np.maximum(affinity_map.means[::-1, ::-1].astype(np.float64), 1e-12))
    bound = max(float(np.abs(logs).max()), math.log(2))
    levels = np.round((logs / bound + 1) / 2 * (_LEVELS - 1)).astype(np.uint8)
    counts = np.bincount(affinity_map.cluster)
    return MatrixPicture(
        light=_png(levels, dark=False),
        dark=_png(levels, dark=True),
        bins=tuple((int(cluster), int(counts[cluster])) for cluster in reversed(range(len(counts)))),
        bound=math.exp(bound),
    )


def colour_bar(*, dark: bool) -> str:
    """The colours of the picture from left to right, PNG as data URI."""
    return _png(np.arange(_LEVELS, dtype=np.uint8)[None, :], dark=dark)


def means_between(direction: Direction) -> npt.NDArray[np.float64]:
    """Mean affinity between the items of two clusters, (k, k), in order of cluster index."""
    affinity_map = direction.affinity_map
    count = len(direction.clusters)
    weights = np.zeros((count, len(affinity_map.size)))
    weights[affinity_map.cluster, np.arange(len(affinity_map.size))] = affinity_map.size
    weights /= weights.sum(axis=1, keepdims=True)
    means: npt.NDArray[np.float64] = weights @ affinity_map.means.astype(np.float64) @ weights.T
    return means


def bar_scale(direction: Direction, threshold: float) -> Scale:
    """The axis that all mean affinities, no change and the threshold find room on."""
    means = [cluster.mean_affinity for cluster in direction.clusters]
    return Scale(min(1.0, *means) * 0.98, max(2.0, threshold * 1.2, *means) * 1.06)


def _png(levels: npt.NDArray[np.uint8], *, dark: bool) -> str:
    from PIL import Image

    image = Image.fromarray(levels).convert("P")
    image.putpalette(diverging(_LEVELS, dark=dark).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
