"""Whether a direction shows more than noise of the same amount would.

That two sides differ says little: noise makes them differ as well, and a clustering finds groups in it. So x_only is
compared with what it would be if x were y and noise, with as many neighbours in common (:mod:`.simulation`); y_only is
the mirror image. In each round

1. at most 1,000 items are drawn; half of them are seen, half unseen;
2. they are clustered as the comparison was, on the seen items, and S is the mean log affinity within clusters among
   the unseen (:mod:`.unseen`);
3. the same is done with each simulated side in place of the real one.

The excess is E = S - mean of S over the simulations, averaged over rounds. A cluster's own excess is its log mean
affinity above that of simulated neighbourhoods of its size, less what simulated clusters have above them; its p-value
is the tail of a t distribution whose scale comes from the simulated clusters of all rounds. The rounds' p-values are
combined by twice their median (Meinshausen, Meier & Buehlmann 2009).

There are four kinds of simulations:

turned
    y, turned and scaled onto x, and noise with the covariance of what that leaves. If the two have one geometry and
    noise, x looks like this.
predicted
    What a linear map of y says of x, and noise with the covariance of what that leaves. Such a map may weigh directions
    in any way, so a difference that is nothing but other weights has no excess over this, however large it is.
isotropic
    The same map, and noise alike in all directions.
nearest
    The mean of x over the 20 nearest of y, and noise with the covariance of what that leaves. If both know the same
    groups, and what each has within them is noise of its own, x looks like this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from repdiff.affinity.distances import Ranked, RankedDistances
from repdiff.affinity.few import ranks_among
from repdiff.core.geometry import neighbor_places
from repdiff.core.parallel import end_if_stopped, for_each_tile
from repdiff.core.progress import Progress, silent
from repdiff.evidence.nested import compile_first
from repdiff.evidence.prediction import (
    FloatArray,
    Prediction,
    predict_from_nearest,
    predict_linearly,
    principal_coordinates,
    principal_of_products,
    scaled_coordinates,
    turn,
)
from repdiff.evidence.simulation import Noise, SharedNeighbours, matching_amount
from repdiff.evidence.unseen import Recluster, Setting, UnseenGroups, neighbourhood_curve, unseen_block, unseen_groups
from repdiff.results.clusters import DIRECTIONS, DirectionName

Ranks = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Kind = Literal["turned", "predicted", "isotropic", "nearest"]
KINDS: tuple[Kind, ...] = get_args(Kind)

LARGEST_SAMPLE = 1000
FEWEST_ITEMS, FEWEST_OF_REST = 300, 150
N_ROUNDS = 4
N_DRAWS = 3


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
    """What one round says of one direction, by one kind of simulations.

    Attributes
    ----------
    drawn : Drawn
        Its items.
    groups : UnseenGroups
        The clusters found.
    excess : float
        Of the direction.
    above : ndarray of float64, (g,)
        Log affinity of each cluster above that of simulated neighbourhoods of its size.
    null_above : ndarray of float64, (q,)
        The same of the simulated clusters.
    null_sizes, null_draws : ndarray of int64, (q,)
        Unseen members of these, and which of the simulations they are of.
    r2 : float
        Share of the variance that the other side explains.
    overlap, overlap_simulated : float
        Share of nearest neighbours in common.
    n_draws : int
        How many simulations.
    simulated : ndarray of int32, (m, m), or None
        Ranks of one simulated side; of the first round only.
    """

    drawn: Drawn
    groups: UnseenGroups
    excess: float
    above: FloatArray
    null_above: FloatArray
    null_sizes: Rows
    null_draws: Rows
    r2: float
    overlap: float
    overlap_simulated: float
    n_draws: int
    simulated: Ranks | None


@dataclass(frozen=True)
class _Null:
    """Simulations: mean tightness, neighbourhoods, and what clusters have above these."""

    tightness: float
    overlap: float
    ranks: Ranks
    log_sizes: FloatArray
    curve: FloatArray
    above: FloatArray
    sizes: Rows
    draws: Rows

    def usual(self, sizes: Rows) -> FloatArray:
        """Log affinity of neighbourhoods of these sizes."""
        return np.asarray(np.interp(np.log(sizes), self.log_sizes, self.curve))


def is_testable(n: int, n_clusters: int, *, rest: bool = False) -> bool:
    """Whether there are enough items to compare with noise: 300, of a rest 150; and four unseen for each cluster."""
    return n >= (FEWEST_OF_REST if rest else FEWEST_ITEMS) and min(n, LARGEST_SAMPLE) // 2 >= 4 * n_clusters


def draw_rounds(
    x: Ranked,
    y: Ranked,
    *,
    groups: npt.NDArray[np.int32] | None = None,
    n_rounds: int = N_ROUNDS,
    seed: int = 0,
    n_jobs: int = 1,
) -> tuple[Drawn, ...]:
    """The items of each round, and what both directions need of them."""
    among = np.arange(x.n)
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
    products, ranks = ranks_among(side, rows)
    wide = side.values.shape[1] > len(rows)
    return principal_of_products(products) if wide else principal_coordinates(side.coordinates[rows]), ranks


def without(drawn: Drawn, kept: npt.NDArray[np.bool_]) -> Drawn:
    """A round without some of its items: those that are kept, (m,), ranked among themselves."""
    new_place = np.cumsum(kept) - 1
    halves = tuple(new_place[half[kept[half]]] for half in drawn.halves)
    points_x, points_y = (side[kept] for side in drawn.points)
    ranks_x, ranks_y = (_ranked_anew(side[np.ix_(kept, kept)]) for side in drawn.ranks)
    groups = None if drawn.groups is None else drawn.groups[kept]
    return Drawn(drawn.rows[kept], (points_x, points_y), (ranks_x, ranks_y), (halves[0], halves[1]), groups)


def _ranked_anew(ranks: Ranks) -> Ranks:
    """Ranks of some items in lists of more, as ranks among themselves."""
    places = ranks - 1
    present = np.zeros((len(ranks), int(ranks.max(initial=0))), np.int32)
    np.put_along_axis(present, places, 1, axis=1)
    return np.asarray(np.take_along_axis(present.cumsum(axis=1, dtype=np.int32), places, axis=1))


def simulate_rounds(
    rounds: Sequence[Drawn],
    reclusters: Mapping[DirectionName, Recluster],
    *,
    gamma: float,
    beta: float,
    kind: Kind = "turned",
    known: Mapping[DirectionName, Sequence[Round]] | None = None,
    number: int | None = None,
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
    kind : str
        Of the simulations: see above.
    known : mapping, optional
        The same rounds by another kind, whose real clusters are taken.
    number : int, optional
        Clusters, real and simulated, where not as many as there are.
    n_draws : int
        Simulations in each round.
    seed, n_jobs : int
        Of folds and noise; each round and direction has a stream of its own, so threads do not matter.
    stage, progress
        What is told.
    """
    tasks = [(name, place) for place in range(len(rounds)) for name in reclusters]
    done: dict[tuple[DirectionName, int], Round] = {}

    def simulate(task: tuple[DirectionName, int]) -> None:
        name, place = task
        drawn = rounds[place]
        setting = Setting(*drawn.halves, gamma, beta, reclusters[name], drawn.groups, number)
        rng = np.random.default_rng([seed, place, DIRECTIONS.index(name), KINDS.index(kind)])
        real = None if known is None else known[name][place].groups
        made = _simulate(drawn, setting, name == "y_only", kind, real, n_draws, rng)
        done[task] = replace(made, simulated=None) if place else made

    compile_first()
    for_each_tile(simulate, tasks, n_jobs=n_jobs, stage=stage, progress=progress)
    return {name: tuple(done[name, place] for place in range(len(rounds))) for name in reclusters}


def _simulate(
    drawn: Drawn,
    setting: Setting,
    turned: bool,
    kind: Kind,
    real: UnseenGroups | None,
    n_draws: int,
    rng: np.random.Generator,
) -> Round:
    """One direction of one round; ``turned`` where y holds the clusters."""
    wanted, given = drawn.points[::-1] if turned else drawn.points
    holder, other = drawn.ranks[::-1] if turned else drawn.ranks
    prediction = _predict(kind, given, wanted, other, rng)
    if real is None:
        real = unseen_groups(setting, holder, other, unseen_block(setting, holder, other), seed=0)
    every = np.arange(len(other))
    shared = SharedNeighbours(setting.nearness(other, every, every))
    target = shared.overlap(holder)
    null = _null(Noise(prediction, kind != "isotropic"), setting, other, shared, target, n_draws, rng)
    return Round(
        drawn,
        real,
        real.tightness - null.tightness,
        real.log_affinity - null.usual(real.sizes),
        null.above,
        null.sizes,
        null.draws,
        prediction.r2,
        target,
        null.overlap,
        n_draws,
        null.ranks,
    )


def _predict(kind: Kind, given: FloatArray, wanted: FloatArray, ranks: Ranks, rng: np.random.Generator) -> Prediction:
    """What the other side says of the one that is simulated."""
    if kind == "turned":
        return turn(given, wanted)
    return predict_from_nearest(ranks, wanted) if kind == "nearest" else predict_linearly(given, wanted, rng)


def _null(
    noise: Noise,
    setting: Setting,
    other: Ranks,
    shared: SharedNeighbours,
    target: float,
    n_draws: int,
    rng: np.random.Generator,
) -> _Null:
    amount = matching_amount(noise, shared, target, rng)
    found, curves, overlaps = [], [], []
    for draw in range(n_draws):
        end_if_stopped()
        ranks = noise.ranks(amount, noise.directions(rng))
        block = unseen_block(setting, ranks, other)
        end_if_stopped()
        found.append(unseen_groups(setting, ranks, other, block, seed=draw))
        curves.append(neighbourhood_curve(setting, ranks, block, rng))
        overlaps.append(shared.overlap(ranks))
    tightness, overlap = (float(np.mean(each)) for each in ([one.tightness for one in found], overlaps))
    log_sizes, usual = curves[0][0], np.mean([curve for _, curve in curves], axis=0)
    sizes = np.concatenate([one.sizes for one in found])
    above = np.concatenate([one.log_affinity for one in found]) - np.interp(np.log(sizes), log_sizes, usual)
    draws = np.repeat(np.arange(n_draws), [len(one.sizes) for one in found])
    return _Null(tightness, overlap, ranks, log_sizes, usual, above, sizes, draws)
