"""Whether a direction shows more than noise of the same amount would.

That two sides differ says little: noise makes them differ as well, and a clustering finds groups in it. So x_only is
compared with what it would be if x were y and noise, with as many neighbours in common (:mod:`.simulation`); y_only is
the mirror image. In each round

1. at most 1,000 items are drawn; half of them are seen, half unseen;
2. they are clustered as the comparison was, on the seen items, and S is the mean log affinity within clusters among
   the unseen (:mod:`.unseen`);
3. the same is done with each simulated side in place of the real one.

The excess is E = S - mean of S over the simulations, averaged over rounds: once over isotropic noise, once over noise
with the covariance of what one side does not say of the other ("shaped"). A cluster's own excess is its log mean
affinity above that of simulated neighbourhoods of its size, less what simulated clusters have above them; its p-value
is the tail of a t distribution whose scale comes from the simulated clusters of all rounds. The rounds' p-values are
combined by twice their median (Meinshausen, Meier & Buehlmann 2009).

Where the relation of the sides is curved, what a line leaves is more than noise. So once a cluster is significant, the
prediction is tried with a kernel as well, and where that says more a cluster is significant only if it is by both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked, RankedDistances
from repdiff.core.geometry import neighbor_places
from repdiff.core.parallel import for_each_tile
from repdiff.core.progress import Progress, silent
from repdiff.evidence.prediction import (
    FloatArray,
    Prediction,
    predict_linearly,
    predict_with_kernel,
    principal_coordinates,
    scaled_coordinates,
)
from repdiff.evidence.simulation import Noise, SharedNeighbours, matching_amount, ranks_of
from repdiff.evidence.unseen import Recluster, Setting, UnseenGroups, neighbourhood_curve, unseen_block, unseen_groups
from repdiff.results.clusters import DIRECTIONS, DirectionName

Ranks = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Kind = Literal["isotropic", "shaped"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LARGEST_SAMPLE = 1000
FEWEST_ITEMS = 300
N_ROUNDS = 4
N_DRAWS = 2
_KERNEL_SAYS_MORE = 0.02  # of the variance: below it the relation counts as straight


@dataclass(frozen=True)
class Drawn:
    """The items of one round.

    Attributes
    ----------
    rows : ndarray of int64, (m,)
        Which items.
    points : pair of ndarray of float64, (m, p)
        Both sides in their principal components.
    ranks : pair of ndarray of int32, (m, m)
        Neighbour ranks of both among these items.
    halves : pair of ndarray of int64
        Places of those seen, and of those unseen.
    groups : ndarray of int32, (m,), or None
        Where only pairs within a group count, the group of each.
    """

    rows: Rows
    points: tuple[FloatArray, FloatArray]
    ranks: tuple[Ranks, Ranks]
    halves: tuple[Rows, Rows]
    groups: npt.NDArray[np.int32] | None

    @property
    def overlap(self) -> float:
        """Share of nearest neighbours in common."""
        return SharedNeighbours(self.ranks[1]).overlap(self.ranks[0])


@dataclass(frozen=True)
class Round:
    """What one round says of one direction, by one prediction.

    Attributes
    ----------
    drawn : Drawn
        Its items.
    groups : UnseenGroups
        The clusters found.
    excess : mapping of str to float
        Of the direction, over each kind of noise.
    above : ndarray of float64, (g,)
        Log affinity of each cluster above that of simulated neighbourhoods of its size, noise shaped.
    null_above : ndarray of float64, (q,)
        The same of the simulated clusters.
    null_sizes : ndarray of int64, (q,)
        Unseen members of these.
    r2 : float
        Of the prediction.
    overlap, overlap_simulated : float
        Share of nearest neighbours in common.
    simulated : ndarray of int32, (m, m)
        Ranks of one simulated side, by the first kind of noise.
    """

    drawn: Drawn
    groups: UnseenGroups
    excess: Mapping[Kind, float]
    above: FloatArray
    null_above: FloatArray
    null_sizes: Rows
    r2: float
    overlap: float
    overlap_simulated: float
    simulated: Ranks


@dataclass(frozen=True)
class _Null:
    """Simulations of one kind: mean tightness; where shaped, neighbourhoods and what clusters have above these."""

    tightness: float
    overlap: float
    ranks: Ranks
    log_sizes: FloatArray = field(default_factory=lambda: np.zeros(0))
    curve: FloatArray = field(default_factory=lambda: np.zeros(0))
    above: FloatArray = field(default_factory=lambda: np.zeros(0))
    sizes: Rows = field(default_factory=lambda: np.zeros(0, np.int64))

    def usual(self, sizes: Rows) -> FloatArray:
        """Log affinity of neighbourhoods of these sizes."""
        return np.asarray(np.interp(np.log(sizes), self.log_sizes, self.curve))


def is_testable(n: int, n_clusters: int) -> bool:
    """Whether there are enough items to compare with noise: 300, and four unseen for each cluster."""
    return n >= FEWEST_ITEMS and min(n, LARGEST_SAMPLE) // 2 >= 4 * n_clusters


def draw_rounds(
    x: Ranked,
    y: Ranked,
    *,
    candidates: Rows | None = None,
    groups: npt.NDArray[np.int32] | None = None,
    n_rounds: int = N_ROUNDS,
    seed: int = 0,
    n_jobs: int = 1,
) -> tuple[Drawn, ...]:
    """The items of each round, of all or of some candidates, and what both directions need of them."""
    among = np.arange(x.n) if candidates is None else candidates
    places = [_places(among, np.random.default_rng([seed, number])) for number in range(n_rounds)]
    samples: dict[int, tuple[tuple[FloatArray, FloatArray], tuple[Ranks, Ranks]]] = {}

    def prepare(number: int) -> None:
        rows = places[number][0]
        (points_x, ranks_x), (points_y, ranks_y) = (_among(side, rows) for side in (x, y))
        samples[number] = (points_x, points_y), (ranks_x, ranks_y)

    all_alike = len(among) <= LARGEST_SAMPLE
    for_each_tile(prepare, range(1 if all_alike else n_rounds), n_jobs=n_jobs)
    return tuple(
        Drawn(rows, *samples[0 if all_alike else number], halves, None if groups is None else groups[rows])
        for number, (rows, halves) in enumerate(places)
    )


def _places(among: Rows, rng: np.random.Generator) -> tuple[Rows, tuple[Rows, Rows]]:
    m = min(len(among), LARGEST_SAMPLE)
    rows = among if m == len(among) else np.sort(rng.choice(among, m, replace=False))
    dealt = rng.permutation(m)
    return rows, (np.sort(dealt[: m // 2]), np.sort(dealt[m // 2 : 2 * (m // 2)]))


def _among(side: Ranked, rows: Rows) -> tuple[FloatArray, Ranks]:
    """Some items as points, and their ranks among each other."""
    if isinstance(side, RankedDistances):
        distances = side.distances(rows, rows)
        return scaled_coordinates(distances), neighbor_places(distances, np.arange(len(rows)))
    return principal_coordinates(side.coordinates[rows]), ranks_of(side.coordinates[rows])


def simulate_rounds(
    rounds: Sequence[Drawn],
    reclusters: Mapping[DirectionName, Recluster],
    *,
    gamma: float,
    beta: float,
    with_kernel: bool = False,
    kinds: Sequence[Kind] = KINDS,
    n_draws: int = N_DRAWS,
    seed: int = 0,
    n_jobs: int = 1,
    stage: str = "",
    progress: Progress = silent,
) -> Mapping[DirectionName, tuple[Round, ...]]:
    """Each direction of each round, real and simulated.

    Parameters
    ----------
    rounds : sequence of Drawn
        Their items.
    reclusters : mapping to callable
        For each direction that is tested: affinity, seed and None for as many clusters as there are -> labels.
    gamma, beta : float
        Of the affinity.
    with_kernel : bool
        Whether one side is predicted from the other with a kernel.
    kinds : sequence of str
        Of noise, the shaped among them: by it clusters are judged.
    n_draws : int
        Simulations of each kind in each round.
    seed : int
        Of folds and noise. Each round and direction has a stream of its own, so threads do not matter.
    n_jobs : int
        Threads.
    stage, progress
        What is told.
    """
    tasks = [(name, number) for number in range(len(rounds)) for name in reclusters]
    done: dict[tuple[DirectionName, int], Round] = {}

    def simulate(task: tuple[DirectionName, int]) -> None:
        name, number = task
        drawn = rounds[number]
        setting = Setting(*drawn.halves, gamma, beta, reclusters[name], drawn.groups)
        rng = np.random.default_rng([seed, number, DIRECTIONS.index(name), int(with_kernel)])
        turned = name == "y_only"
        done[task] = _simulate(drawn, setting, turned, with_kernel, kinds, n_draws, rng)

    for_each_tile(simulate, tasks, n_jobs=n_jobs, stage=stage, progress=progress)
    return {name: tuple(done[name, number] for number in range(len(rounds))) for name in reclusters}


def kernel_says_more(drawn: Drawn, name: DirectionName, seed: int) -> bool:
    """Whether a kernel predicts the side that holds the groups better from the other than a line does."""
    wanted, given = drawn.points if name == "x_only" else drawn.points[::-1]
    linear, curved = (
        predict(given, wanted, np.random.default_rng(seed)).r2 for predict in (predict_linearly, predict_with_kernel)
    )
    return curved >= linear + _KERNEL_SAYS_MORE


def _simulate(
    drawn: Drawn,
    setting: Setting,
    turned: bool,
    with_kernel: bool,
    kinds: Sequence[Kind],
    n_draws: int,
    rng: np.random.Generator,
) -> Round:
    """One direction of one round; ``turned`` where y holds the clusters."""
    points, given = drawn.points[::-1] if turned else drawn.points
    holder, other = drawn.ranks[::-1] if turned else drawn.ranks
    predict = predict_with_kernel if with_kernel else predict_linearly
    prediction = predict(given, points, rng)
    real = unseen_groups(setting, holder, other, unseen_block(setting, holder, other), seed=0)
    every = np.arange(len(other))
    shared = SharedNeighbours(setting.nearness(other, every, every))
    target = shared.overlap(holder)
    null = {kind: _null(prediction, kind == "shaped", setting, other, shared, target, n_draws, rng) for kind in kinds}
    shaped = null["shaped"]
    return Round(
        drawn,
        real,
        {kind: real.tightness - null[kind].tightness for kind in kinds},
        real.log_affinity - shaped.usual(real.sizes),
        shaped.above,
        shaped.sizes,
        prediction.r2,
        target,
        null[kinds[0]].overlap,
        null[kinds[0]].ranks,
    )


def _null(
    prediction: Prediction,
    shaped: bool,
    setting: Setting,
    other: Ranks,
    shared: SharedNeighbours,
    target: float,
    n_draws: int,
    rng: np.random.Generator,
) -> _Null:
    noise = Noise(prediction, shaped)
    amount = matching_amount(noise, shared, target, rng)
    found, curves, overlaps = [], [], []
    for draw in range(n_draws):
        ranks = noise.ranks(amount, noise.directions(rng))
        block = unseen_block(setting, ranks, other)
        found.append(unseen_groups(setting, ranks, other, block, seed=draw))
        if shaped:  # clusters are judged by it alone
            curves.append(neighbourhood_curve(setting, ranks, block, rng))
        overlaps.append(shared.overlap(ranks))
    tightness, overlap = (float(np.mean(each)) for each in ([one.tightness for one in found], overlaps))
    if not curves:
        return _Null(tightness, overlap, ranks)
    log_sizes, usual = curves[0][0], np.mean([curve for _, curve in curves], axis=0)
    sizes = np.concatenate([one.sizes for one in found])
    above = np.concatenate([one.log_affinity for one in found]) - np.interp(np.log(sizes), log_sizes, usual)
    return _Null(tightness, overlap, ranks, log_sizes, usual, above, sizes)
