"""Mean affinity of every two groups, with standard errors, from lists that the labels did not depend on.

Labels fit the noise of the affinity they were found in, so that means of the stored matrix come out too high (by about
1 %). So some rows of every group are assigned to several draws, each with new lists. With S the sum of W a over the
listed pairs from group g to group h and T the sum of W alone, the directed mean over those rows is the ratio S / T.

Rows differ from each other far more than their lists do. The stored matrix has every row: with D its mean over all rows
of g, and C its mean over the rows in the draws, D / C says how these differ from the others, and

    mean = (D / C)^t S / T

where D and C contain the same noise that labels fit. The exponent t, from 0 to 1, is the regression of the draws' S / T
on their C, since C has noise of its own. If the drawn rows have few stored partners in h, S / T is used alone.
The standard error follows from how the draws scatter about the totals (ratio estimation; Cochran 1977, chapter 6). The
mean of the symmetric affinity is that of both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import GroupMeans
from repdiff.affinity.sampled.list_kernels import add_by_group, add_partners
from repdiff.affinity.sampled.pairs import directed_pairs
from repdiff.core.parallel import for_each_tile

if TYPE_CHECKING:
    from repdiff.affinity.sampled.candidates import Sampler
    from repdiff.affinity.sampled.kept import Stored

FloatArray = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

PURPOSE = 1  # of the random streams
DRAWS = 16
_FEW_ROWS, _MANY_ROWS = 4_096, 16_384  # looked at in all, about
_SHARE_OF_ROWS = 8  # one in so many is looked at, within these bounds
_FEWEST_ROWS = 256  # of a group, while there are few groups; a smaller one is looked at several times
_FEWEST_PARTNERS = 1_000  # for the stored matrix to say how rows differ
_TINY = float(np.finfo(np.float64).tiny)
_MOST_MEMBERS = 32  # computed for two groups whose pairs no list held


_NOTHING = np.zeros((0, 0)), np.zeros((0, 0))


class RunDraws(Protocol):
    """Computes :func:`draw` of the rows of every draw."""

    def __call__(self, rows: list[Rows], labels: npt.NDArray[np.int32], k: int) -> list[tuple[FloatArray, FloatArray]]:
        """The sums of each draw."""


@dataclass(frozen=True)
class _Seen:
    """Sums of the draws for each pair of groups, all (draws, k, k) but the last.

    Attributes
    ----------
    sums, totals : ndarray of float64
        Of weighted affinities, and of the weights.
    stored, partners : ndarray of float64
        Sums of the rows of the stored matrix, and the number of stored partners.
    rows : ndarray of float64, (draws, k)
        Number of rows of each group.
    """

    sums: FloatArray
    totals: FloatArray
    stored: FloatArray
    partners: FloatArray
    rows: FloatArray

    @classmethod
    def nothing(cls, draws: int, k: int) -> _Seen:
        sums, totals, stored, partners = np.zeros((4, draws, k, k))
        return cls(sums, totals, stored, partners, np.zeros((draws, k)))


def group_means(
    sampler: Sampler,
    stored: Stored,
    labels: npt.NDArray[np.int32],
    *,
    n_jobs: int,
    run_draws: RunDraws | None = None,
) -> GroupMeans:
    """Means over every two groups, self-pairs included, and their standard errors.

    Parameters
    ----------
    sampler : Sampler
        The direction.
    stored : Stored
        Its stored matrix.
    labels : ndarray of int32, (n,)
        Groups 0 to k - 1, none of them empty.
    n_jobs : int
        Threads; the result does not depend on them.
    run_draws : RunDraws, optional
        Computes the draws elsewhere than on these threads.
    """
    sizes = np.bincount(labels)
    of_place = labels[stored.items]
    dealt = _deal(of_place, sizes, sampler.block, sampler.stream(PURPOSE))
    seen = _Seen.nothing(DRAWS, len(sizes))

    looked_at, ends = stored.rows(np.concatenate(dealt)), np.cumsum([len(places) for places in dealt])
    for number, places in enumerate(dealt):
        groups, own = of_place[places], np.arange(ends[number] - len(places), ends[number])
        seen.rows[number] = np.bincount(groups, minlength=len(sizes))
        add_partners(*looked_at, own, groups, of_place, seen.stored[number], seen.partners[number])
    rows = [stored.items[places].astype(np.int64) for places in dealt]
    drawn = run_draws(rows, labels, len(sizes)) if run_draws else _on_threads(sampler, rows, labels, len(sizes), n_jobs)
    seen.sums[:], seen.totals[:] = (np.stack(side) for side in zip(*drawn, strict=True))
    mean, error = _both_ways(*_directed_means(seen, _stored_means(stored, of_place, sizes)))
    _look_at_unseen(sampler, labels, mean, error, n_jobs)
    others = (sizes - 1) / sizes
    np.fill_diagonal(mean, 1 + (np.diagonal(mean) - 1) * others)
    np.fill_diagonal(error, np.diagonal(error) * others)
    return GroupMeans(mean, error)


def _deal(
    of_place: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64], block: int, rng: np.random.Generator
) -> list[Rows]:
    """Places of the rows of each draw, ascending, so that rows of a cell are together."""
    n = len(of_place)
    in_all = min(n, max(_FEW_ROWS, min(n // _SHARE_OF_ROWS, _MANY_ROWS)))
    wanted = max(1, in_all // len(sizes))
    if len(sizes) * _FEWEST_ROWS <= _FEW_ROWS:
        wanted = max(wanted, _FEWEST_ROWS)
    dealt: list[list[Rows]] = [[] for _ in range(DRAWS)]
    first = 0
    for members in np.split(np.argsort(of_place, kind="stable"), np.cumsum(sizes)[:-1]):
        # Runs of neighbours, which share lists, evenly spaced along the cells, so that each draw sees all regions;
        # a small group is used again.
        run = min(block, len(members))
        count = -(-min(wanted, DRAWS * len(members)) // run)
        begins = ((np.arange(count) + rng.random()) * max(run, len(members) / count)).astype(np.int64)
        picked = members[(begins[:, None] + np.arange(run)) % len(members)]
        for number in range(DRAWS):
            dealt[number].append(picked[(number - first) % DRAWS :: DRAWS].ravel())
        first += count
    return [np.sort(np.concatenate(of_draw)) for of_draw in dealt]


def draw(
    sampler: Sampler, rows: Rows, number: int, labels: npt.NDArray[np.int32], k: int
) -> tuple[FloatArray, FloatArray]:
    """Sums of the weighted affinities, and of the weights, of some rows with new lists, both (k, k)."""
    sums, totals = np.zeros((2, k, k))
    cells = sampler.cells.of_item[rows]
    for of_cell in np.split(rows, np.flatnonzero(np.diff(cells)) + 1):
        if not len(of_cell):
            continue
        for visit in sampler.visits(int(sampler.cells.of_item[of_cell[0]]), of_cell, PURPOSE, number):
            add_by_group(
                visit.rows, visit.candidates.items, visit.directed, visit.weights, labels, sums, totals
            )  # fmt: skip
    return sums, totals


def _on_threads(
    sampler: Sampler, rows: list[Rows], labels: npt.NDArray[np.int32], k: int, n_jobs: int
) -> list[tuple[FloatArray, FloatArray]]:
    """The sums of all draws."""
    found = [_NOTHING] * len(rows)

    def fill(number: int) -> None:
        found[number] = draw(sampler, rows[number], number, labels, k)

    for_each_tile(fill, range(len(rows)), n_jobs=n_jobs)
    return found


def _stored_means(stored: Stored, of_place: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64]) -> FloatArray:
    """Mean row of the stored matrix of each group, summed over the members of each group, (k, k)."""
    return np.asarray(stored.sums_by_group(of_place, len(sizes)).sum(axis=0) / sizes[:, None])


def _directed_means(seen: _Seen, stored_mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Directed means, (k, k), NaN without data, and each draw's part in their error, (draws, k, k)."""
    sums, totals, stored = seen.sums.sum(axis=0), seen.totals.sum(axis=0), seen.stored.sum(axis=0)
    rows = seen.rows[:, :, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums / totals
        deviation = (seen.sums - seen.totals * mean) / sums
        of_dealt = stored / rows.sum(axis=0)
        known = seen.partners.sum(axis=0) >= _FEWEST_PARTNERS
        difference = np.where(known, np.log(stored_mean / of_dealt), 0)
        deviation_stored = np.where(known, (seen.stored - rows * of_dealt) / stored, 0)
    both = (deviation * deviation_stored)[:, known].sum()
    trust = np.clip(both / max((deviation_stored**2).sum(), _TINY), 0, 1)
    mean = mean * np.exp(trust * difference)
    return mean, (deviation - trust * deviation_stored) * mean


def _both_ways(directed: FloatArray, deviation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Means and standard errors of the symmetric affinity; where one way has no data, the other is used for both."""
    back, deviation_back = directed.T, deviation.transpose(0, 2, 1)
    there = np.where(np.isnan(directed), back, directed)
    back = np.where(np.isnan(back), there, back)
    deviation_there = np.where(np.isnan(directed), deviation_back, deviation)
    deviation_back = np.where(np.isnan(directed.T), deviation, deviation_back)
    error = (((deviation_there + deviation_back) / 2) ** 2).sum(axis=0)
    return (there + back) / 2, np.sqrt(DRAWS / (DRAWS - 1) * error)


def _look_at_unseen(
    sampler: Sampler, labels: npt.NDArray[np.int32], mean: FloatArray, error: FloatArray, n_jobs: int
) -> None:
    """Means of tiny groups that no list held a pair of, from some of their pairs."""

    def look(pair: list[int]) -> None:
        g, h = pair
        rows, columns = (np.flatnonzero(labels == group)[:_MOST_MEMBERS] for group in pair)
        values = np.ones(1)  # a group of one has no pairs
        if g != h or len(rows) > 1:
            there = directed_pairs(sampler, rows, columns, n_jobs=1)
            back = directed_pairs(sampler, columns, rows, n_jobs=1)
            values = ((there + back.T) / 2)[rows[:, None] != columns].astype(np.float64)
        mean[g, h] = mean[h, g] = values.mean()
        error[g, h] = error[h, g] = values.std() / np.sqrt(len(values))

    # There may be thousands of pairs, each of little work: threads are started once for all of them.
    for_each_tile(look, np.argwhere(np.triu(np.isnan(mean))).tolist(), n_jobs=n_jobs)
