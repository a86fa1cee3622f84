"""The estimator: a list of candidates with known probabilities gives ranks, affinities and sums over all items.

Sums. Let item j be drawn pi_j times in expectation, and weigh each draw by W = 1 / pi_j. For any function f of the
items, the sum of W f over the list estimates the sum of f over all items without bias (Hansen & Hurwitz 1943; Horvitz &
Thompson 1952). The weights are scaled to sum to n - 1, so that a row of ones, and with it the degree of items that do
not change, is exact.

Ranks. The rank of j in i's list is 1 plus the number of items before it and itself. In order of distance from i, the
candidates before j represent sum(W before) items, and j itself represents W items, half of which on average come before
it:

    N[i, j] = max(2, 1 + sum(W before j) + (W_j + 1) / 2)

The list serves both representations: sorted by distance in x it gives N_X, sorted by distance in y it gives N_Y. Where
every item is a candidate (W = 1) these are the exact ranks.

Probabilities. The affinity depends on the ratio of ranks, and entries stay high out to ranks of about n / 10, so
candidates are spread about evenly over the logarithm of the rank: with R the number of items up to the cell of j, seen
from the cell of i, p is proportional to 1 / (R / n + 0.02), at most 1. Points at distance 1 along the running sum of p
from near to far, each moved by a random part of its interval, pick the items (stratified sampling). An eighth of the
candidates are drawn uniformly from all items: they bound every weight, for pairs that are far apart in the near
representation and near in the other. So pi_j = p_j + u / n with u the number of uniform draws.

Sharing. A block of a few rows of one cell shares one list, so that its products are matrix products. Errors within a
block are correlated; this was harmless with blocks of 4 rows, but not of 16.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.difference import directed_affinity
from repdiff.affinity.sampled.cells import Cells
from repdiff.affinity.sampled.list_kernels import draw_items, fill_uniform, weighted_ranks
from repdiff.affinity.sampled.reader import FloatArray, Reader, Rows

_FLOOR = 0.02  # of R / n: within the nearest 2 % candidates are spread evenly
_UNIFORM_SHARE = 8  # one in this many candidates is drawn uniformly from all items


@dataclass(frozen=True)
class CandidateList:
    """Candidates that some rows of one cell share.

    Attributes
    ----------
    items : ndarray of int64, (m,)
        Candidates in index order; an item can occur more than once.
    weights : ndarray of float64, (m,)
        How many items each draw represents.
    """

    items: Rows
    weights: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Visit:
    """A block of rows with their list.

    Attributes
    ----------
    rows : ndarray of int64, (b,)
        Items of one cell.
    candidates : CandidateList
        The list they share.
    directed : ndarray of float32, (b, m)
        exp(-beta G) of each row with each candidate.
    weights : ndarray of float32, (b, m)
        Weights of the list, scaled to sum to n - 1 in each row, 0 for the row itself.
    order : ndarray of uint32, (b, m)
        Places in the list from near to far, in the near representation.
    """

    rows: Rows
    candidates: CandidateList
    directed: FloatArray
    weights: FloatArray
    order: npt.NDArray[np.uint32]


class Sampler:
    """One direction: draws lists for rows, and computes the ranks and directed affinities on them.

    Parameters
    ----------
    near, far : Reader
        The representation in which the groups are close, and the other.
    cells : Cells
        Of ``near``.
    n_candidates, block : int
        Length of a list, less than the number of items; number of rows that share a list.
    gamma, beta : float
        Slope of the difference and sharpness of the affinity (RDC, equations 2 and 3).
    key : sequence of int
        Seed and direction; all random streams follow from it.
    """

    def __init__(
        self,
        near: Reader,
        far: Reader,
        cells: Cells,
        *,
        n_candidates: int,
        block: int,
        gamma: float,
        beta: float,
        key: Sequence[int],
    ) -> None:
        self.near, self.far, self.cells = near, far, cells
        self.n, self.n_candidates, self.block = near.n, n_candidates, block
        self.gamma, self.beta = np.float32(gamma), np.float32(beta)
        self._key = tuple(key)
        self._n_uniform = max(1, n_candidates // _UNIFORM_SHARE)
        self._sizes = cells.sizes

    def stream(self, *place: int) -> np.random.Generator:
        """The random numbers for one part of the work, the same on any thread."""
        return np.random.default_rng([*self._key, *place])

    def uniform(self, count: int, *place: int) -> npt.NDArray[np.float64]:
        """Random numbers in [0, 1), (count,), for one part of the work, the same on any thread: a stream made fast."""
        out = np.empty(count)
        fill_uniform(np.array([*self._key, *place], np.uint64), out)
        return out

    def lists(self, cell: int, count: int, *purpose: int) -> Iterator[CandidateList]:
        """``count`` independent lists for rows of a cell."""
        order = self.cells.from_near_to_far(cell)
        density, running = self._densities(order)
        n_stratified = self.n_candidates - self._n_uniform
        by_cell = np.empty(len(order))
        by_cell[order] = 1 / (density + self._n_uniform / self.n)
        for number in range(count):
            jitter = self.uniform(self.n_candidates, *purpose, cell, number)
            items = np.empty(self.n_candidates, np.int64)
            draw_items(running, order, self.cells.start, self.cells.items, n_stratified, jitter, items)
            items.sort()  # candidates at equal distance keep the order of the list
            yield CandidateList(items, by_cell[self.cells.of_item[items]])

    def visits(self, cell: int, rows: Rows, *purpose: int) -> Iterator[Visit]:
        """Rows of a cell, a block at a time, each block with its own list."""
        blocks = [rows[start : start + self.block] for start in range(0, len(rows), self.block)]
        for block, candidates in zip(blocks, self.lists(cell, len(blocks), *purpose), strict=True):
            yield self._visit(block, candidates)

    def _densities(self, order: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Expected stratified draws of an item, by cell from near to far, and their running sum over the items."""
        sizes = self._sizes[order]
        reached = (np.cumsum(sizes) - sizes / 2) / self.n
        wanted = 1 / (reached + _FLOOR)
        n_stratified = float(self.n_candidates - self._n_uniform)
        # Densities fall from near to far, so those that reach 1 are the first ones: find how many.
        from_here = np.cumsum((wanted * sizes)[::-1])[::-1]
        before = np.cumsum(sizes) - sizes
        factors = (n_stratified - before) / from_here
        first = int(np.argmax(factors * wanted <= 1))
        density = np.where(np.arange(len(order)) < first, 1.0, factors[first] * wanted)
        running = np.concatenate([[0.0], np.cumsum(density * sizes)])
        return density, running * (n_stratified / running[-1])

    def _visit(self, rows: Rows, candidates: CandidateList) -> Visit:
        shape = len(rows), len(candidates.items)
        weights = np.empty(shape, np.float32)
        order = np.empty(shape, np.uint32)
        ranks_near = self._ranks(self.near, rows, candidates, weights, order)
        ranks_far = self._ranks(self.far, rows, candidates, weights, np.empty(shape, np.uint32))
        directed = np.empty(shape, np.float32)
        directed_affinity(ranks_near, ranks_far, self.gamma, self.beta, directed)
        return Visit(rows, candidates, directed, weights, order)

    def _ranks(
        self,
        side: Reader,
        rows: Rows,
        candidates: CandidateList,
        weights: FloatArray,
        order: npt.NDArray[np.uint32],
    ) -> FloatArray:
        """Estimated ranks of the candidates in one representation, (b, m); writes the scaled weights and the order."""
        ranks = np.empty(weights.shape, np.float32)
        distances = side.squared_distances(rows, candidates.items)
        weighted_ranks(distances, rows, candidates.items, candidates.weights, self.n, ranks, weights, order)
        return ranks
