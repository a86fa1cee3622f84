"""The neighbour lists of a comparison: read off the engine's ranks, or looked up."""

from __future__ import annotations

from repdiff.affinity.nearest import look_up, rows_to_ask
from repdiff.affinity.representation import Representation
from repdiff.core.parallel import resolve_n_jobs
from repdiff.core.progress import Progress, silent
from repdiff.evidence.nearest import N_NEIGHBOURS
from repdiff.results.neighbors import NeighborLists
from repdiff.settings import Settings


def neighbors_wanted(settings: Settings) -> int:
    """Neighbours of each item that a comparison needs: those that are kept, and those that the evidence reads."""
    return max(settings.n_neighbors, N_NEIGHBOURS if settings.evidence else 0)


def neighbors_of(
    x: Representation,
    y: Representation,
    settings: Settings,
    *,
    found: NeighborLists | None = None,
    progress: Progress = silent,
) -> NeighborLists | None:
    """The neighbour lists that a comparison needs; None where it needs none.

    Parameters
    ----------
    x, y : Representation
        Both sides.
    settings : Settings
        How they are compared.
    found : NeighborLists, optional
        What the engine gave. Otherwise they are looked up: of all items up to 20,000, of more for a random sample.
    progress : Progress, optional
        Receives the stage "neighbours".
    """
    wanted = neighbors_wanted(settings)
    if found is not None or not wanted:
        return found
    rows = rows_to_ask(x.n, settings.random_state or 0)
    threads = resolve_n_jobs(settings.n_jobs)
    return look_up(x.ready, y.ready, rows, wanted, n_jobs=threads, stage="neighbours", progress=progress)
