"""How much of the neighbourhoods changed: figures that no cluster has a part in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.evidence.nearest import N_NEIGHBOURS, Nearest, wide_size
from repdiff.results.findings import NeighbourShares

Ranks = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]

KEPT = 0.5  # of the nearest neighbours, from which on a neighbourhood is kept
FOUND = 0.5  # of them within the wider neighbourhood of the other side, below which it is lost


def neighbour_shares(nearest: Nearest) -> NeighbourShares:
    """What became of the neighbourhoods of the items asked.

    A neighbourhood is kept where both sides agree on at least half of the nearest neighbours; reordered where at least
    half of one side's nearest are in the wider neighbourhood of the other (a twentieth of the items, 50 at least); else
    lost. The standard error is that of a sample drawn without replacement.
    """
    return _shares(nearest.shared / nearest.k, nearest.found_wide, nearest.n)


def neighbour_shares_of_ranks(ranks_x: Ranks, ranks_y: Ranks) -> NeighbourShares:
    """The same of all items of a sample among themselves, from their ranks, (m, m)."""
    m = len(ranks_x)
    k, wide = min(N_NEIGHBOURS, m - 1), wide_size(m)
    near_x, near_y = ((ranks > 1) & (ranks <= k + 1) for ranks in (ranks_x, ranks_y))
    shared = (near_x & near_y).sum(axis=1) / k
    found = ((near_x & (ranks_y <= wide + 1)).sum(axis=1) + (near_y & (ranks_x <= wide + 1)).sum(axis=1)) / (2 * k)
    return _shares(shared, found, m)


def share_of_change(nearest: Nearest, members: npt.NDArray[np.bool_]) -> float:
    """Share of all neighbours not shared that belong to some of the items, (n,); 0 where all are shared."""
    changed = nearest.k - nearest.shared
    return float(changed[members[nearest.asked]].sum() / max(1, int(changed.sum())))


def _shares(shared: FloatArray, found: FloatArray, n: int) -> NeighbourShares:
    q = len(shared)
    kept = shared >= KEPT
    reordered = ~kept & (found >= FOUND)
    spread = float(shared.std(ddof=1)) if q > 1 else 0.0
    return NeighbourShares(
        n=q,
        shared=float(shared.mean()),
        standard_error=float(spread * np.sqrt((1 - q / n) / q)),
        kept=float(kept.mean()),
        reordered=float(reordered.mean()),
        lost=float((~kept & ~reordered).mean()),
    )
