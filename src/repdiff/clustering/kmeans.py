"""k-means on a few coordinates of many points: the rounding of the relaxed normalised cut.

Lloyd's iterations from several greedy k-means++ seedings (Arthur & Vassilvitskii 2007); the best is kept. With about
ten coordinates and ten centres, a library call per iteration costs more than its arithmetic; here a seeding is one
compiled loop, and all of its iterations another.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.core.interrupts import deferred_interrupts
from repdiff.core.kernels import kernel
from repdiff.core.parallel import stop_if_asked
from repdiff.core.progress import Progress, silent

RESTARTS = 10
_MOST_ITERATIONS = 300
_TOLERANCE = 1e-4  # of the mean variance: centres that move less than this have converged
_POINTS_AT_A_TIME = 1 << 23  # assigned in one call of the compiled loop
_CHUNK = 512  # number of points whose distances fit into the first-level cache
_KERNEL = {"nogil": True, "error_model": "numpy"}


def k_means(
    points: npt.ArrayLike,
    n_clusters: int,
    *,
    restarts: int = RESTARTS,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> npt.NDArray[np.int32]:
    """Cluster of each point.

    Parameters
    ----------
    points : array_like, (n, d)
        Finite. They are compared in float32, in units of the largest coordinate: subtract a large common offset first.
    n_clusters : int
        At most the number of different points; every cluster gets at least one.
    restarts : int
        Seedings; the clustering of least inertia is returned, the first in a tie.
    random_state : int or None
        Seed.
    progress : Progress, optional
        Receives the stage "k-means".

    Returns
    -------
    ndarray of int32, (n,)
        Labels from 0 to ``n_clusters - 1``.
    """
    given = np.asarray(points)
    scale = np.abs(given).max() or 1.0
    scaled = np.ascontiguousarray((given / scale).T, dtype=np.float32)  # one coordinate of all points lies together
    threshold = _TOLERANCE * float(scaled.var(axis=1, dtype=np.float64).mean())
    n_trials = 2 + int(np.log(n_clusters))
    rng = np.random.default_rng(random_state)
    draws = rng.random((restarts, n_clusters, n_trials))
    best: tuple[float, npt.NDArray[np.int32]] | None = None
    with deferred_interrupts():  # the first use compiles
        for restart in range(restarts):
            progress("k-means", restart, restarts)
            labels = np.full(len(given), -1, np.int32)
            inertia = _run(scaled, _seed_centres(scaled, draws[restart]), labels, threshold)
            if best is None or inertia < best[0]:
                best = inertia, labels
    progress("k-means", restarts, restarts)
    if best is None:
        raise ValueError(f"restarts must be at least 1, but is {restarts}")
    return best[1]


def _run(
    points: npt.NDArray[np.float32], centres: npt.NDArray[np.float32], labels: npt.NDArray[np.int32], threshold: float
) -> float:
    """The inertia after Lloyd's iterations; of many points a few at a time, so that Ctrl-C is noticed in between."""
    at_a_time = max(1, _POINTS_AT_A_TIME // len(labels))
    inertia, converged, done = np.inf, False, 0
    while not converged and done < _MOST_ITERATIONS:
        stop_if_asked()
        most = min(at_a_time, _MOST_ITERATIONS - done)
        inertia, converged = _iterate(points, centres, labels, threshold, most)
        done += most
    return float(inertia)


@kernel(**_KERNEL)
def _seed_centres(points, draws):  # type: ignore[no-untyped-def]
    """Greedy k-means++: each next centre is the best of a few points drawn by squared distance."""
    d, n = points.shape
    k, n_trials = draws.shape
    centres = np.empty((k, d), np.float32)
    nearest, best, trial = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    first = min(int(draws[0, 0] * n), n - 1)
    centres[0] = points[:, first]
    _squared_distances(points, 0, n, centres[0], nearest)
    for c in range(1, k):
        total, best_total, chosen = _sum(nearest), np.inf, 0
        for t in range(n_trials):
            candidate = _draw(nearest, draws[c, t] * total)
            _squared_distances(points, 0, n, points[:, candidate].copy(), trial)
            for i in range(n):
                trial[i] = min(trial[i], nearest[i])
            trial_total = _sum(trial)
            if trial_total < best_total:
                best_total, chosen = trial_total, candidate
                best, trial = trial, best
        nearest, best = best, nearest
        centres[c] = points[:, chosen]
    return centres


@kernel(fastmath={"contract", "nsz"}, **_KERNEL)
def _squared_distances(points, start, stop, centre, out):  # type: ignore[no-untyped-def]
    """Write the squared distances of some points from a centre; a row holds one coordinate of all points."""
    out[: stop - start] = np.float32(0)
    for f in range(len(centre)):
        row, place = points[f, start:stop], centre[f]
        for i in range(len(row)):
            step = row[i] - place
            out[i] += step * step


@kernel(**_KERNEL)
def _sum(values):  # type: ignore[no-untyped-def]
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total


@kernel(**_KERNEL)
def _draw(weights, target):  # type: ignore[no-untyped-def]
    """The first place where the running sum of weights exceeds the target, or the last with a weight."""
    running, last = 0.0, 0
    for i in range(len(weights)):
        if weights[i] > 0:
            last = i
            running += weights[i]
            if running > target:
                return i
    return last


@kernel(**_KERNEL)
def _iterate(points, centres, labels, threshold, most):  # type: ignore[no-untyped-def]
    """Run at most so many iterations; return the inertia, and whether labels or centres have converged."""
    distances = np.empty(points.shape[1], np.float32)
    for _ in range(most):
        if _assign(points, centres, labels, distances) == 0:
            return _sum(distances), True
        if _move(points, centres, labels, distances) <= threshold:
            _assign(points, centres, labels, distances)
            return _sum(distances), True
    return _sum(distances), False


@kernel(**_KERNEL)
def _assign(points, centres, labels, distances):  # type: ignore[no-untyped-def]
    """Label every point with its nearest centre; return how many labels changed."""
    n = points.shape[1]
    changed = 0
    to_centre, best = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        ours = labels[start:stop]
        before = ours.copy()
        ours[:] = 0
        _squared_distances(points, start, stop, centres[0], best)
        for c in range(1, len(centres)):
            _squared_distances(points, start, stop, centres[c], to_centre)
            name = np.int32(c)
            for i in range(len(ours)):
                closer = to_centre[i] < best[i]
                best[i] = to_centre[i] if closer else best[i]
                ours[i] = name if closer else ours[i]
        for i in range(len(ours)):
            changed += ours[i] != before[i]
        distances[start:stop] = best[: len(ours)]
    return changed


@kernel(**_KERNEL)
def _move(points, centres, labels, distances):  # type: ignore[no-untyped-def]
    """Move each centre to the mean of its points, an empty one to the farthest point; return the squared movement."""
    k, d = centres.shape
    sums, counts = np.zeros((k, d)), np.zeros(k)
    for i in range(len(labels)):
        counts[labels[i]] += 1
    for f in range(d):
        row = points[f]
        for i in range(len(labels)):
            sums[labels[i], f] += row[i]
    movement = 0.0
    for c in range(k):
        if counts[c] == 0:
            worst = np.argmax(distances)
            distances[worst] = 0
            for f in range(d):
                sums[c, f] = points[f, worst]
            counts[c] = 1
            movement = np.inf
        for f in range(d):
            place = np.float32(sums[c, f] / counts[c])
            movement += np.float64(place - centres[c, f]) ** 2
            centres[c, f] = place
    return movement
