"""What a comparison keeps so that new items can be assigned to its clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from repdiff.clustering.spectral import NO_INFORMATION
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.clusters import DirectionName
from repdiff.results.reference import Reference, ReferenceDirection
from repdiff.workflows.direction import FoundClusters

MOST_ITEMS, FEWEST_ITEMS = 4096, 2048
MOST_BYTES = 32 * 2**20  # of the embeddings that are kept
_PURPOSE = 7  # of the random stream


def make_reference(
    pair: EmbeddingPair, found: Mapping[DirectionName, FoundClusters], *, keep_rows: bool, random_state: int | None
) -> Reference | None:
    """The reference items of a comparison; None where new items cannot be assigned (see :func:`why_none`).

    Items of small clusters are drawn more often: a third evenly from all items, and a third evenly from the clusters of
    each direction.

    Parameters
    ----------
    pair : EmbeddingPair
        What was compared.
    found : mapping
        The clusters of both directions.
    keep_rows : bool
        Keep the embeddings of the reference items, if that takes no more than :data:`MOST_BYTES` for at least
        :data:`FEWEST_ITEMS` of them.
    random_state : int or None
        Seed.
    """
    if "precomputed" in pair.metrics or pair.groups is not None or pair.alignment is not None:
        return None
    if any(one.coordinates is None for one in found.values()):
        return None
    bytes_of_row = pair.x[:1].nbytes + pair.y[:1].nbytes
    fits = MOST_BYTES // bytes_of_row
    keeps = keep_rows and fits >= min(FEWEST_ITEMS, pair.n)
    count = min(MOST_ITEMS, fits) if keeps else MOST_ITEMS
    rng = np.random.default_rng([0 if random_state is None else random_state, _PURPOSE])
    rows, weights = draw_items([found["x_only"].labels, found["y_only"].labels], count, rng)
    x, y = (np.ascontiguousarray(side[rows]) if keeps else None for side in (pair.x, pair.y))
    return Reference(rows, weights, places_of(found["x_only"], rows), places_of(found["y_only"], rows), x, y)


def draw_items(
    labelings: Sequence[npt.NDArray[np.int32]], count: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Rows of about ``count`` items, ascending, and how many items each stands for.

    Systematic sampling: points at distance 1 along the running sum of the probabilities, with the items of one cluster
    in each direction together, so that each gets its share.
    """
    n = len(labelings[0])
    if n <= count:
        return np.arange(n), np.ones(n)
    density = np.full(n, 1 / n)
    for labels in labelings:
        sizes = np.bincount(labels)
        density += 1 / (len(sizes) * sizes[labels])
    share = np.minimum(1, density * (count / density.sum()))
    for _ in range(16):  # what the certain items leave goes to the others
        rest = share < 1
        share[rest] = np.minimum(1, share[rest] * ((count - np.count_nonzero(~rest)) / share[rest].sum()))
    order = np.lexsort(np.stack([rng.permutation(n), *labelings]))
    running = np.floor(np.cumsum(share[order]) + rng.random()).astype(np.int64)
    picked = np.sort(order[np.diff(running, prepend=0) > 0])
    weights = 1 / share[picked]
    return picked, weights * (n / weights.sum())


def places_of(found: FoundClusters, rows: npt.NDArray[np.int64]) -> ReferenceDirection:
    """Where some items lie in the coordinates of the spectral clusterer."""
    assert found.coordinates is not None
    tells = np.abs(found.coordinates.values) > NO_INFORMATION
    tells[0] = False  # the constant one
    vectors = found.coordinates.vectors[:, tells]
    centres = np.stack([vectors[cluster.items].mean(axis=0, dtype=np.float64) for cluster in found.clusters])
    return ReferenceDirection(vectors[rows], found.coordinates.values[tells], centres)
