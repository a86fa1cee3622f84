"""What follows the affinities of a comparison and does not wait for each other, at the same time.

k-means, representatives, the small steps of the eigenvectors, the projection and the quick look at similarity keep one
core busy. Side by side they take half the time on two cores, with the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from repdiff.affinity.engine import spectral_bytes
from repdiff.core.parallel import Task, resolve_n_jobs, run_side_by_side
from repdiff.core.progress import Progress
from repdiff.inputs.pair import EmbeddingPair
from repdiff.settings import Settings
from repdiff.workflows.direction import Contrasts
from repdiff.workflows.engine import device_for, engine_for
from repdiff.workflows.projection import copied_bytes

_AT_ONCE = 2
_FEWEST_ITEMS = 2000  # below it a second thread saves less than it costs


def run_all(
    steps: list[Callable[[Progress], Any]],
    pair: EmbeddingPair,
    settings: Settings,
    contrasts: Contrasts,
    *,
    progress: Progress,
) -> list[Any]:
    """What each step returns, in order; two at a time where there are threads and memory for it.

    Parameters
    ----------
    steps : list of callable
        Each takes a :class:`Progress`. None waits for another.
    pair, settings, contrasts
        The comparison.
    progress : Progress
        Told how far the first of the running steps is.
    """
    n_at_once = _AT_ONCE if _may_share(pair, settings, contrasts) else 1
    return run_side_by_side((Task(step, 0) for step in steps), n_at_once=n_at_once, budget=0, progress=progress)


def _may_share(pair: EmbeddingPair, settings: Settings, contrasts: Contrasts) -> bool:
    """Whether there are threads, and beside what is planned the memory of a second step.

    A user's clusterer may not be safe to run in several threads. On a device, steps share its queue and its plan counts
    two of them, but with TF32 they would want products of different precisions at the same time.
    """
    engine, device = engine_for(settings), device_for(settings)
    threadsafe = engine.runs_side_by_side if device is None else not device.tf32
    if pair.n < _FEWEST_ITEMS or resolve_n_jobs(settings.n_jobs) < _AT_ONCE or not isinstance(settings.clusterer, str):
        return False
    need, limit = (contrasts.engine.get(fact) for fact in ("memory_need", "memory_limit"))
    if not threadsafe or need is None or limit is None:
        return False
    copies = sum(copied_bytes(*side) for side in zip((pair.x, pair.y), pair.metrics, strict=True))
    return bool(need + spectral_bytes(pair.n) + copies <= limit)
