"""Methods and a pair of representations -> a table of scores."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.core.geometry import unit_rows
from repdiff.core.parallel import single_threaded_libraries
from repdiff.core.progress import Progress, silent
from repdiff.evaluation.groups import SMALLEST, Group, evenly
from repdiff.evaluation.held_out import halves, stand_ins
from repdiff.evaluation.measures import DISTANCES, Space, mean_success, redundancy
from repdiff.evaluation.methods import Method, choose_methods
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.settings import EvaluateCall, takes

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_ITEMS = 8
_STAGE = "other methods"


@dataclass(frozen=True)
class MethodScore:
    """Scores of one method in one direction.

    Attributes
    ----------
    method : Method
        Which.
    direction : {"x_only", "y_only"}
        What it looked for: what x knows and y does not, or the reverse.
    groups : tuple of Group
        What it found, as rows of the evaluated items; may be empty.
    success : mapping of str to float
        Mean binary success rate over collages, by distance; NaN if it found no group.
    members : mapping of str to float
        The same over all members of a group, or an even sample of 64, instead of the collage.
    held_out : mapping of str to float
        The same over stand-ins of the collages among items that the fit never saw: the mean of both halves, or of the
        one in which it found a group; NaN if in neither, and empty if not requested.
    redundancy : float
        Mean Jaccard index of two collages, 0 to 1; NaN for fewer than two.
    seconds : float
        Time of the fit.
    """

    method: Method
    direction: DirectionName
    groups: tuple[Group, ...]
    success: Mapping[str, float]
    members: Mapping[str, float]
    held_out: Mapping[str, float]
    redundancy: float
    seconds: float

    @property
    def mean_success(self) -> float:
        """The mean over distances."""
        return float(np.mean(list(self.success.values())))


@dataclass(frozen=True)
class Evaluation:
    """Scores of all methods on one pair of representations.

    Attributes
    ----------
    names : (str, str)
        Display names of x and y.
    scores : tuple of MethodScore
        One for each method and direction, by mean success from high to low; without groups last.
    rows : ndarray of int64, (n_items,)
        The evaluated items, as rows of the pair; ascending.
    n_groups : (int, int)
        Groups requested in each direction.
    size : int
        Items in a collage.
    random_state : int
        Seed.
    """

    names: tuple[str, str]
    scores: tuple[MethodScore, ...]
    rows: npt.NDArray[np.int64]
    n_groups: tuple[int, int]
    size: int
    random_state: int

    def to_frame(self) -> pd.DataFrame:
        """One row per method and direction, by mean success from high to low.

        Columns: method, title, direction; success (mean over distances) and ``success_`` each distance; members and
        ``members_`` each; held_out and ``held_out_`` each; n_groups, items_per_group, redundancy, seconds, source.
        """
        import pandas as pd

        return pd.DataFrame([_row(score) for score in self.scores])

    def by_method(self) -> pd.DataFrame:
        """One row per method: means over both directions, by mean success from high to low."""
        frame = self.to_frame().drop(columns=["direction", "source"])
        means = frame.groupby(["method", "title"], sort=False).mean().reset_index()
        return means.sort_values("success", ascending=False, kind="stable", ignore_index=True)


def _row(score: MethodScore) -> dict[str, Any]:
    nothing = dict.fromkeys(DISTANCES, float("nan"))
    held_out = score.held_out or nothing
    return {
        "method": score.method.name,
        "title": score.method.title,
        "direction": score.direction,
        "success": score.mean_success,
        **{f"success_{name}": value for name, value in score.success.items()},
        "members": float(np.mean(list(score.members.values()))),
        **{f"members_{name}": value for name, value in score.members.items()},
        "held_out": float(np.mean(list(held_out.values()))),
        **{f"held_out_{name}": value for name, value in held_out.items()},
        "n_groups": len(score.groups),
        "items_per_group": float(np.mean([len(group.items) for group in score.groups])) if score.groups else 0.0,
        "redundancy": score.redundancy,
        "seconds": score.seconds,
        "source": score.method.source,
    }


@takes(EvaluateCall)
def evaluate(call: EvaluateCall) -> Evaluation:
    """How well this method and others find what x knows and y does not, and the reverse.

    Parameters
    ----------
    x, y : array_like (n, d_x) and (n, d_y), table, or path
        Embeddings of the same items. The metric "cosine" scales rows to length one for all methods, and "precomputed"
        is refused, since most methods need coordinates.

    Returns
    -------
    Evaluation
        One score per method and direction.

    Raises
    ------
    RepdiffError
        For input that cannot be used, an unknown method, or too few items.
    """
    methods = choose_methods(call.methods)
    numbers = call.n_groups if isinstance(call.n_groups, tuple) else (call.n_groups, call.n_groups)
    pair = make_pair(call.x, call.y, names=call.names, metric=call.metric, match=call.match)
    return evaluate_pair(
        pair, methods, n_groups=numbers, size=call.size, held_out=call.held_out, max_items=call.max_items,
        random_state=call.random_state, progress=call.progress,
    )  # fmt: skip


def evaluate_pair(
    pair: EmbeddingPair,
    methods: Sequence[Method],
    *,
    n_groups: tuple[int, int],
    size: int,
    held_out: bool,
    max_items: int,
    random_state: int,
    progress: Progress = silent,
) -> Evaluation:
    """Scores of methods on a pair; arguments as in :func:`evaluate`."""
    _check(pair, n_groups, max_items)
    order = np.random.default_rng(random_state).permutation(pair.n)
    rows = np.sort(order[:max_items])
    spaces = (
        Space(_coordinates(values[rows], name)) for values, name in zip((pair.x, pair.y), pair.metrics, strict=True)
    )
    bench = _Bench(_Sides(*spaces), n_groups, size, random_state, held_out=held_out)
    tasks = [(method, direction) for method in methods for direction in DIRECTIONS]
    scores = []
    for done, (method, direction) in enumerate(tasks):
        progress(_STAGE, done, len(tasks))
        scores.append(bench.score(method, direction))
    progress(_STAGE, len(tasks), len(tasks))
    scores.sort(key=lambda score: -score.mean_success if score.groups else np.inf)
    return Evaluation(pair.names, tuple(scores), rows, n_groups, size, random_state)


def _check(pair: EmbeddingPair, n_groups: tuple[int, int], max_items: int) -> None:
    if "precomputed" in pair.metrics:
        raise RepdiffError("other methods need coordinates, not precomputed distances; give embeddings on both sides")
    fewest = max(_FEWEST_ITEMS, 2 * max(n_groups))
    for what, n in (("there are", pair.n), ("max_items is", max_items)):
        if n < fewest:
            raise RepdiffError(
                f"{what} {n:,}, but {max(n_groups)} groups in each half of the items take at least {fewest}; "
                "ask for fewer groups, or give more items"
            )


def _coordinates(values: npt.NDArray[Any], metric: str) -> npt.NDArray[np.float64]:
    values = values.astype(np.float64)
    return unit_rows(values) if metric == "cosine" else values


@dataclass(frozen=True)
class _Sides:
    """Both representations of some items."""

    x: Space
    y: Space

    def seen_from(self, direction: DirectionName) -> _Sides:
        return self if direction == "x_only" else _Sides(self.y, self.x)

    def of(self, rows: npt.NDArray[np.int64]) -> _Sides:
        return _Sides(Space(self.x.values[rows]), Space(self.y.values[rows]))

    def mean_success(self, collages: list[npt.NDArray[np.int64]]) -> dict[str, float]:
        return mean_success(self.x, self.y, collages)


class _Bench:
    """The data, the same for all methods."""

    def __init__(
        self, sides: _Sides, n_groups: tuple[int, int], size: int, random_state: int, *, held_out: bool
    ) -> None:
        self._sides = sides
        self._requests = {name: (number, size, random_state) for name, number in zip(DIRECTIONS, n_groups, strict=True)}
        parts = halves(sides.x.n, random_state)
        # Groups found on one half are measured in the spaces of the other.
        self._folds = [(fit, rest, sides.of(rest)) for fit, rest in (parts, parts[::-1])] if held_out else []

    def score(self, method: Method, direction: DirectionName) -> MethodScore:
        """Fit on all items, and on each half."""
        sides = self._sides.seen_from(direction)
        start = time.perf_counter()
        groups = self._fit(method, direction, sides.x.values, sides.y.values)
        seconds = time.perf_counter() - start
        collages = [group.collage for group in groups]
        return MethodScore(
            method=method,
            direction=direction,
            groups=tuple(groups),
            success=sides.mean_success(collages),
            members=sides.mean_success([evenly(group.items) for group in groups if len(group.items) >= SMALLEST]),
            held_out=self._held_out(method, direction),
            redundancy=redundancy(collages),
            seconds=round(seconds, 3),
        )

    def _fit(self, method: Method, direction: DirectionName, x: npt.NDArray[Any], y: npt.NDArray[Any]) -> list[Group]:
        with single_threaded_libraries():  # so that sums have one order, and a seed gives the same bits on any machine
            return method.groups(x, y, *self._requests[direction])

    def _held_out(self, method: Method, direction: DirectionName) -> dict[str, float]:
        if not self._folds:
            return {}
        sides = self._sides.seen_from(direction)
        found = []
        for fit, rest, unseen in self._folds:
            groups = self._fit(method, direction, sides.x.values[fit], sides.y.values[fit])
            collages = [stand_ins(fit[group.collage], rest, sides.x.values) for group in groups]
            if collages:
                found.append(unseen.seen_from(direction).mean_success(collages))
        return {name: float(np.mean([one[name] for one in found])) if found else float("nan") for name in DISTANCES}
