"""k-means on a few coordinates of many points: the rounding of the relaxed normalised cut.

Lloyd's iterations from several greedy k-means++ seedings (Arthur & Vassilvitskii 2007); the best is kept. With about
ten coordinates and ten centres, a library call per iteration costs more than its arithmetic; here a seeding is one
compiled loop, and all of its iterations another.

Most points keep their centre in most iterations, and bounds show it without computing a distance (Hamerly 2010): no
centre can have come nearer than it moved. The bounds are widened by what rounding may do to a distance, so that labels
are those of comparing all distances, to the bit. The other points are compared with all centres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.core.interrupts import deferred_interrupts
from repdiff.core.kernels import kernel
from repdiff.core.parallel import end_if_stopped
from repdiff.core.progress import Progress, silent

RESTARTS = 10
MOST_ITERATIONS = 300
_TOLERANCE = 1e-4  # of the mean variance: centres that move less than this have converged
_POINTS_AT_A_TIME = 1 << 23  # assigned in one call of the compiled loop
_ROUNDING = 2.0**-23  # of a float32, relative
_CHUNK = 512  # number of points whose distances fit into the first-level cache
_KERNEL = {"nogil": True, "error_model": "numpy"}


@dataclass(frozen=True)
class Problem:
    """What is to be clustered, and how the seedings draw.

    Attributes
    ----------
    points : ndarray of float32, (d, n)
        In units of the largest coordinate; one coordinate of all points lies together.
    draws : ndarray of float64 in [0, 1), (restarts, k, trials)
        Where each seeding draws its candidates.
    threshold : float
        Squared movement of all centres below which they have converged.
    """

    points: npt.NDArray[np.float32]
    draws: npt.NDArray[np.float64]
    threshold: float

    @classmethod
    def of(cls, points: npt.ArrayLike, n_clusters: int, restarts: int, random_state: int | None) -> Problem:
        """The parameters of :func:`k_means`."""
        if restarts < 1:
            raise ValueError(f"restarts must be at least 1, but is {restarts}")
        given = np.asarray(points)
        scale = np.abs(given).max() or 1.0
        scaled = np.ascontiguousarray((given / scale).T, dtype=np.float32)
        threshold = _TOLERANCE * float(scaled.var(axis=1, dtype=np.float64).mean())
        n_trials = 2 + int(np.log(n_clusters))
        draws = np.random.default_rng(random_state).random((restarts, n_clusters, n_trials))
        return cls(scaled, draws, threshold)


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
    problem = Problem.of(points, n_clusters, restarts, random_state)
    best: tuple[float, npt.NDArray[np.int32]] | None = None
    with deferred_interrupts():  # the first use compiles
        for restart, draws in enumerate(problem.draws):
            progress("k-means", restart, restarts)
            labels = np.full(problem.points.shape[1], -1, np.int32)
            inertia = _run(problem.points, _seed_centres(problem.points, draws), labels, problem.threshold)
            if best is None or inertia < best[0]:
                best = inertia, labels
    progress("k-means", restarts, restarts)
    assert best is not None  # there is at least one seeding
    return best[1]


def _run(
    points: npt.NDArray[np.float32], centres: npt.NDArray[np.float32], labels: npt.NDArray[np.int32], threshold: float
) -> float:
    """The inertia after Lloyd's iterations; of many points a few at a time, so that Ctrl-C is noticed in between."""
    rows = np.ascontiguousarray(points.T)
    bounds = np.zeros((2, len(labels)), np.float32)  # nothing is known at first: all points are compared
    at_a_time = max(1, _POINTS_AT_A_TIME // len(labels))
    inertia, converged, done = np.inf, False, 0
    while not converged and done < MOST_ITERATIONS:
        end_if_stopped()
        most = min(at_a_time, MOST_ITERATIONS - done)
        inertia, converged = _iterate(points, rows, centres, labels, bounds, threshold, most)
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
    count, d = stop - start, len(centre)
    out[:count] = np.float32(0)
    whole = d - d % 4
    for f in range(0, whole, 4):  # four at a time, one after the other: a quarter of the reading and writing
        one, two, three, four = points[f], points[f + 1], points[f + 2], points[f + 3]
        at_one, at_two, at_three, at_four = centre[f], centre[f + 1], centre[f + 2], centre[f + 3]
        for i in range(count):
            step_one, step_two = one[start + i] - at_one, two[start + i] - at_two
            step_three, step_four = three[start + i] - at_three, four[start + i] - at_four
            found = out[i] + step_one * step_one
            found += step_two * step_two
            found += step_three * step_three
            out[i] = found + step_four * step_four
    for f in range(whole, d):
        row, place = points[f, start:stop], centre[f]
        for i in range(count):
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
def _iterate(points, rows, centres, labels, bounds, threshold, most):  # type: ignore[no-untyped-def]
    """Run at most so many iterations; return the inertia, and whether labels or centres have converged."""
    distances = np.empty(len(rows), np.float32)
    moved = np.empty(len(centres))
    converged = False
    for number in range(most):
        if _reassign(rows, centres, labels, bounds) == 0:
            converged = True
            break
        if number == most - 1:
            _assign_all(points, centres, labels, distances)
        if _move(points, rows, centres, labels, distances, moved) <= threshold:
            converged = True
            break
        _widen(labels, bounds, moved)
    if converged:
        _assign_all(points, centres, labels, distances)
    return _sum(distances), converged


@kernel(**_KERNEL)
def _reassign(rows, centres, labels, bounds):  # type: ignore[no-untyped-def]
    """Label every point with its nearest centre; return how many labels changed."""
    n, d = rows.shape
    margin = np.float32(1 + (d + 8) * _ROUNDING)
    few = np.empty((d, _CHUNK + 16), np.float32)  # its rows do not compete for the same places in the cache
    which = np.empty(_CHUNK, np.int64)
    changed, count = 0, 0
    for i in range(n):
        if bounds[0, i] * margin < bounds[1, i]:
            continue
        which[count] = i
        for f in range(d):
            few[f, count] = rows[i, f]
        count += 1
        if count == _CHUNK:
            changed += _compare(few, which, centres, labels, bounds, margin)
            count = 0
    return changed + _compare(few, which[:count], centres, labels, bounds, margin)


@kernel(**_KERNEL)
def _compare(few, which, centres, labels, bounds, margin):  # type: ignore[no-untyped-def]
    """Label these points by their distances from all centres, and renew their bounds; return how many changed."""
    count, changed = len(which), 0
    names = np.empty(_CHUNK, np.int32)
    best, second = np.empty(_CHUNK, np.float32), np.empty(_CHUNK, np.float32)
    _nearest_two(few, 0, count, centres, names, best, second)
    for j in range(count):
        place = which[j]
        changed += labels[place] != names[j]
        labels[place] = names[j]
        bounds[0, place] = np.sqrt(best[j]) * margin
        bounds[1, place] = np.sqrt(second[j]) / margin
    return changed


@kernel(**_KERNEL)
def _assign_all(points, centres, labels, distances):  # type: ignore[no-untyped-def]
    """Label every point with its nearest centre, and write the squared distance."""
    n = points.shape[1]
    second = np.empty(_CHUNK, np.float32)
    for start in range(0, n, _CHUNK):
        stop = min(start + _CHUNK, n)
        _nearest_two(points, start, stop, centres, labels[start:stop], distances[start:stop], second)


@kernel(**_KERNEL)
def _nearest_two(points, start, stop, centres, names, best, second):  # type: ignore[no-untyped-def]
    """The nearest centre of some points, and the squared distances to it and to the next; the first in a tie."""
    to_centre = np.empty(_CHUNK, np.float32)
    count = stop - start
    names[:count] = 0
    second[:count] = np.float32(np.inf)
    _squared_distances(points, start, stop, centres[0], best)
    for c in range(1, len(centres)):
        _squared_distances(points, start, stop, centres[c], to_centre)
        name = np.int32(c)
        for i in range(count):
            distance, least = to_centre[i], best[i]
            closer = distance < least
            second[i] = min(second[i], least if closer else distance)
            best[i] = distance if closer else least
            names[i] = name if closer else names[i]


@kernel(**_KERNEL)
def _widen(labels, bounds, moved):  # type: ignore[no-untyped-def]
    """Bounds after the centres have moved: at most so far from the own one, at least so far from any other."""
    first = np.argmax(moved)
    most, others = moved[first], 0.0
    for c in range(len(moved)):
        if c != first:
            others = max(others, moved[c])
    up, down = np.float32(1 + 4 * _ROUNDING), np.float32(1 - 4 * _ROUNDING)
    own = (moved * (1 + _ROUNDING)).astype(np.float32) * up
    other = np.full(len(moved), np.float32(most)) * up
    other[first] = np.float32(others) * up
    for i in range(len(labels)):
        bounds[0, i] = (bounds[0, i] + own[labels[i]]) * up
        bounds[1, i] = (bounds[1, i] - other[labels[i]]) * down


@kernel(**_KERNEL)
def _move(points, rows, centres, labels, distances, moved):  # type: ignore[no-untyped-def]
    """Move each centre to the mean of its points, an empty one to the farthest point; return the squared movement."""
    k, d = centres.shape
    sums, counts = np.zeros((k, d)), np.zeros(k)
    for i in range(len(labels)):
        label = labels[i]
        counts[label] += 1
        for f in range(d):
            sums[label, f] += rows[i, f]
    if counts.min() == 0:
        _assign_all(points, centres, labels, distances)
    movement = 0.0
    for c in range(k):
        if counts[c] == 0:
            worst = np.argmax(distances)
            distances[worst] = 0
            for f in range(d):
                sums[c, f] = rows[worst, f]
            counts[c] = 1
            movement = np.inf
        step = 0.0
        for f in range(d):
            place = np.float32(sums[c, f] / counts[c])
            squared = np.float64(place - centres[c, f]) ** 2
            movement += squared
            step += squared
            centres[c, f] = place
        moved[c] = np.sqrt(step)
    return movement
