"""The k-means of :mod:`repdiff.clustering.kmeans` on a device, its seedings side by side.

The same draws, rules and sums as there, so the same labels, but for points whose nearest two centres are equally far to
rounding. A seeding that has converged takes no further part. Nothing is added in an order that may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.clustering.kmeans import MOST_ITERATIONS, Problem
from repdiff.core.device import Device
from repdiff.core.parallel import end_if_stopped
from repdiff.core.progress import Progress, silent

_NUMBERS_AT_A_TIME = 1 << 24  # distances of points from centres; of more points fewer seedings run side by side


def k_means_on(problem: Problem, device: Device, *, progress: Progress = silent) -> npt.NDArray[np.int32]:
    """Cluster of each point.

    Parameters
    ----------
    problem : Problem
        Points and draws.
    device : Device
        Where to compute.
    progress : Progress, optional
        Receives the stage "k-means".
    """
    points = device.put(problem.points)
    restarts, n_clusters, n_trials = problem.draws.shape
    at_a_time = max(1, _NUMBERS_AT_A_TIME // (points.shape[1] * max(n_clusters, n_trials)))
    best: tuple[float, Any] | None = None
    with device.exact_products():
        for start in range(0, restarts, at_a_time):
            progress("k-means", start, restarts)
            centres = _seed_centres(points, problem.draws[start : start + at_a_time], device)
            inertia, labels = _Lloyd.begun(points, centres, problem.threshold, device).run()
            place = int(inertia.argmin())
            if best is None or inertia[place] < best[0]:
                best = float(inertia[place]), labels[place]
    progress("k-means", restarts, restarts)
    assert best is not None  # there is at least one seeding
    return device.get(best[1]).astype(np.int32)


def _squared_distances(points: Any, centres: Any) -> Any:
    """Of every point from some centres, (..., d) -> (..., n): sums of squares, which keep the digits of small ones."""
    total: Any = None
    for place, row in enumerate(points):
        step = row - centres[..., place, None]
        total = step.square_() if total is None else total.add_(step.square_())
    return total


def _seed_centres(points: Any, draws: npt.NDArray[np.float64], device: Device) -> Any:
    """Greedy k-means++ of several seedings, (r, k, d)."""
    torch, n = device.torch, points.shape[1]
    r, k, _ = draws.shape
    on_device = device.put(draws.astype(np.float32 if device.precise is torch.float32 else np.float64))
    centres = torch.empty((r, k, len(points)), dtype=torch.float32, device=device.name)
    first = np.minimum((draws[:, 0, 0] * n).astype(np.int64), n - 1)
    centres[:, 0] = points[:, device.put(first)].T
    nearest = _squared_distances(points, centres[:, 0])
    each = torch.arange(r, device=device.name)
    for c in range(1, k):
        running = nearest.to(device.precise).cumsum(1)
        total = running[:, -1:].contiguous()
        drawn = torch.searchsorted(running, on_device[:, c] * total, right=True)
        drawn = torch.minimum(drawn, torch.searchsorted(running, total))  # the last that has a weight
        candidates = points.T[drawn]
        trials = torch.minimum(_squared_distances(points, candidates), nearest[:, None])
        chosen = trials.sum(2, dtype=device.precise).argmin(1)
        nearest, centres[:, c] = trials[each, chosen], candidates[each, chosen]
    return centres


@dataclass
class _Lloyd:
    """Iterations of several seedings; those that have converged are not among ``running``."""

    points: Any  # (d, n)
    centres: Any  # (r, k, d), of those that run
    threshold: float
    device: Device
    labels: Any  # (all, n)
    inertia: npt.NDArray[np.float64]  # (all,)
    running: npt.NDArray[np.int64]  # (r,)
    settled: npt.NDArray[np.bool_]  # (r,) their centres hardly move: one more assignment

    @classmethod
    def begun(cls, points: Any, centres: Any, threshold: float, device: Device) -> _Lloyd:
        """Before the first iteration."""
        count = len(centres)
        labels = device.torch.full((count, points.shape[1]), -1, dtype=device.torch.int64, device=device.name)
        inertia, running = np.full(count, np.inf), np.arange(count)
        return cls(points, centres, threshold, device, labels, inertia, running, np.zeros(count, bool))

    def run(self) -> tuple[npt.NDArray[np.float64], Any]:
        """Inertia and labels of each seeding."""
        for _ in range(MOST_ITERATIONS):
            end_if_stopped()
            distances, unchanged = self._assign()
            stays = ~(unchanged | self.settled)
            if not stays.any():
                break
            self._keep(stays)
            self._move(distances[self.device.put(np.flatnonzero(stays))])
        return self.inertia, self.labels

    def _assign(self) -> tuple[Any, npt.NDArray[np.bool_]]:
        """Label every point with its nearest centre; the distances from these, and where no label has changed."""
        distances, found = _squared_distances(self.points, self.centres).min(dim=1)
        where = self.device.put(self.running)
        unchanged = (found == self.labels[where]).all(dim=1)
        self.labels[where] = found
        self.inertia[self.running] = self.device.get(distances.sum(1, dtype=self.device.precise))
        return distances, self.device.get(unchanged)

    def _keep(self, stays: npt.NDArray[np.bool_]) -> None:
        self.centres = self.centres[self.device.put(np.flatnonzero(stays))]
        self.running, self.settled = self.running[stays], self.settled[stays]

    def _move(self, distances: Any) -> None:
        """Move each centre to the mean of its points, an empty one to the farthest point."""
        device, torch = self.device, self.device.torch
        names = torch.arange(self.centres.shape[1], device=device.name)[:, None]
        members = (self.labels[device.put(self.running)][:, None] == names).to(device.precise)
        sums, counts = members @ self.points.T.to(device.precise), members.sum(2)
        refilled = np.zeros(len(self.running), bool)
        for seeding, centre in np.argwhere(device.get(counts) == 0):
            worst = int(distances[seeding].argmax())
            distances[seeding, worst] = 0
            sums[seeding, centre], counts[seeding, centre] = self.points[:, worst].to(device.precise), 1
            refilled[seeding] = True
        places = (sums / counts[..., None]).to(torch.float32)
        moved = device.get((places - self.centres).to(device.precise).square().sum((1, 2)))
        self.centres = places
        self.settled = (moved <= self.threshold) & ~refilled
