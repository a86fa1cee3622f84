"""All scores of a pair as one table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.geometry import unit_rows
from repdiff.core.metrics import Metric
from repdiff.core.parallel import single_threaded_libraries
from repdiff.core.progress import Progress, silent
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.results.similarity import Score, SimilarityTable
from repdiff.settings import SimilarityCall, SimilaritySettings, takes
from repdiff.similarities.kernels import RbfSums, cka, cka_of_unrelated, debiased_cka, rbf_sums
from repdiff.similarities.neighbors import SharedNeighbors, shared_neighbors
from repdiff.similarities.points import Points, PointsOrDistances, as_distances, as_points, without_spread
from repdiff.similarities.shapes import procrustes, procrustes_of_points, rsa
from repdiff.similarities.subspaces import pwcca, pwcca_of_points, svcca, svcca_of_points

SAMPLED_ITEMS = 500
_AT_A_GLANCE = ("debiased_cka", "procrustes", "rsa", "mutual_knn")
_ONE_DIRECTION = 8  # of the last digit: unit rows that differ by less have the same direction
_FEW_ITEMS = 5  # per dimension: below this, canonical correlations are high whatever the data


@takes(SimilarityCall)
def similarity(call: SimilarityCall) -> SimilarityTable:
    """How alike two representations are as a whole, by several scores.

    Parameters
    ----------
    x, y : array_like (n, d_x) and (n, d_y), table, or path
        Embeddings of the same items, as for :func:`repdiff.compare`. The metric is used by the scores based on
        distances: "rbf_cka", "rsa", "mutual_knn", "jaccard".

    Returns
    -------
    SimilarityTable
        Each score with its range, its direction, and what it would be by chance.

    Raises
    ------
    RepdiffError
        For input that cannot be used, an unknown score, or one that needs embeddings where distances are given.
    """
    pair = make_pair(call.x, call.y, metric=call.metric, names=call.names, match=call.match)
    return score_pair(
        pair, scores=call.scores, n_neighbors=call.n_neighbors, max_items=call.max_items,
        random_state=call.random_state, progress=call.progress,
    )  # fmt: skip


def score_pair(
    pair: EmbeddingPair,
    *,
    scores: Iterable[str] | None = None,
    n_neighbors: int = SimilaritySettings.n_neighbors,
    max_items: int | None = SimilaritySettings.max_items,
    random_state: int | None = 0,
    progress: Progress = silent,
) -> SimilarityTable:
    """The same for a pair that is already checked."""
    recipes = _chosen(scores, pair.metrics)
    work = _Work(pair, n_neighbors, pair.n if max_items is None else max_items, random_state)
    found = []
    for done, recipe in enumerate(recipes):
        progress("similarity", done, len(recipes))
        value, chance, n_items = recipe.compute(work)
        found.append(replace(recipe.score, value=value, chance=chance, n_items=n_items))
    progress("similarity", len(recipes), len(recipes))
    return SimilarityTable(pair.names, pair.n, tuple(found), _warnings(pair, recipes, n_neighbors))


def score_sample(pair: EmbeddingPair, *, random_state: int | None = 0) -> SimilarityTable:
    """A few scores of a random sample of the items: a first look that takes little time beside a comparison."""
    rows = np.sort(np.random.default_rng(random_state).choice(pair.n, min(pair.n, SAMPLED_ITEMS), replace=False))
    x, y = (
        values[np.ix_(rows, rows)] if metric == "precomputed" else values[rows]
        for values, metric in zip((pair.x, pair.y), pair.metrics, strict=True)
    )
    names = [recipe.score.name for recipe in _chosen(None, pair.metrics)]
    with single_threaded_libraries():  # matrices of a few hundred rows take several times longer on several threads
        found = score_pair(
            replace(pair, x=x, y=y, warnings=()), scores=[name for name in _AT_A_GLANCE if name in names],
            random_state=random_state,
        )  # fmt: skip
    return replace(found, n_items=pair.n)


_Found = tuple[float, float, int]  # value, value by chance, items looked at


class _Work:
    """Data that the scores of one pair share, each computed on first use."""

    def __init__(self, pair: EmbeddingPair, n_neighbors: int, max_items: int, random_state: int | None) -> None:
        self.pair = pair
        self.n_neighbors = n_neighbors
        rng = np.random.default_rng(random_state)
        self.order = rng.permutation(pair.n)
        self.sample = np.sort(rng.choice(pair.n, min(pair.n, max_items), replace=False))

    @cached_property
    def points(self) -> tuple[Points, Points]:
        return as_points(self.pair.x), as_points(self.pair.y, "y")

    @cached_property
    def sides(self) -> tuple[PointsOrDistances, PointsOrDistances]:
        """All items, with the requested distances."""
        if self.pair.metrics == ("euclidean", "euclidean"):
            return self.points
        x, y = (_side(*side) for side in zip((self.pair.x, self.pair.y), self.pair.metrics, strict=True))
        return x, y

    @cached_property
    def sampled(self) -> tuple[PointsOrDistances, PointsOrDistances]:
        if len(self.sample) == self.pair.n:
            return self.sides
        x, y = (
            _side(values[np.ix_(self.sample, self.sample)] if metric == "precomputed" else values[self.sample], metric)
            for values, metric in zip((self.pair.x, self.pair.y), self.pair.metrics, strict=True)
        )
        return x, y

    @cached_property
    def shared(self) -> SharedNeighbors:
        return shared_neighbors(*self.sides, n_neighbors=self.n_neighbors, queries=self.sample)

    def of_all(self, value: Callable[..., float], chance: Callable[..., float]) -> _Found:
        return value(*self.points), chance(*self.points), self.pair.n

    def of_shuffled(self, value: Callable[..., float], ordered: Callable[..., float]) -> _Found:
        return value(*self.points), ordered(*self.points, order=self.order), self.pair.n

    def rbf_cka(self) -> _Found:
        """Both in one pass over the kernels."""
        degenerate = without_spread(*self.sampled)
        if degenerate is not None:
            return degenerate, degenerate, len(self.sample)
        sums: RbfSums = rbf_sums(*self.sampled)
        return sums.alignment, sums.alignment_of_unrelated, len(self.sample)


def _side(values: npt.NDArray[Any], metric: Metric) -> PointsOrDistances:
    if metric == "precomputed":
        return as_distances(values)
    return as_points(_directions(values) if metric == "cosine" else values)


def _directions(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Rows of length one; the same bits if all have one direction, since rounding would count as spread."""
    largest = np.abs(values).max(axis=1, keepdims=True).astype(np.float64)
    scaled = values / largest  # so that no row's squares vanish or overflow
    units = unit_rows(scaled)
    if np.abs(units - units[0]).max() <= _ONE_DIRECTION * np.finfo(values.dtype).eps:
        units[:] = units[0]
    return units


@dataclass(frozen=True)
class _ScoreRecipe:
    """A score without its value, and the function that computes it."""

    score: Score
    compute: Callable[[_Work], _Found]
    of_distances: bool = False


def _recipe(
    name: str,
    title: str,
    meaning: str,
    source: str,
    compute: Callable[[_Work], _Found],
    *,
    low: float = 0.0,
    of_distances: bool = False,
) -> tuple[str, _ScoreRecipe]:
    empty = Score(name, title, 0.0, low, 1.0, 1.0, 0.0, 0, meaning, source)
    return name, _ScoreRecipe(empty, compute, of_distances)


_RECIPES: dict[str, _ScoreRecipe] = dict(
    (
        _recipe(
            "cka",
            "linear CKA",
            "Whether the same pairs of items have large products; dominated by the directions of most variance.",
            "Kornblith et al. 2019",
            lambda work: work.of_all(cka, cka_of_unrelated),
        ),
        _recipe(
            "debiased_cka",
            "linear CKA, debiased",
            "Linear CKA without the bias of few items: 0 means no more alike than by chance.",
            "Song et al. 2012; Nguyen et al. 2021",
            lambda work: work.of_all(debiased_cka, lambda *_: 0.0),
            low=-1.0,
        ),
        _recipe(
            "rbf_cka",
            "RBF CKA",
            "Whether the same pairs of items are close, with near pairs counting more than in linear CKA.",
            "Kornblith et al. 2019",
            lambda work: work.rbf_cka(),
            of_distances=True,
        ),
        _recipe(
            "svcca",
            "SVCCA",
            "Mean correlation of the leading directions of both (99 % of the variance), however large each is.",
            "Raghu et al. 2017",
            lambda work: work.of_shuffled(svcca, svcca_of_points),
        ),
        _recipe(
            "pwcca",
            "PWCCA",
            "Correlation of the directions of both, each weighted by how much of the representation it explains.",
            "Morcos et al. 2018",
            lambda work: work.of_shuffled(pwcca, pwcca_of_points),
        ),
        _recipe(
            "procrustes",
            "Procrustes",
            "How well a rotation with scale turns one into the other.",
            "Williams et al. 2021; Ding et al. 2021",
            lambda work: work.of_shuffled(procrustes, procrustes_of_points),
        ),
        _recipe(
            "rsa",
            "RSA (Spearman)",
            "Whether the distances of all pairs of items come in the same order; dominated by pairs far apart.",
            "Kriegeskorte et al. 2008",
            lambda work: (rsa(*work.sampled), 0.0, len(work.sample)),
            low=-1.0,
            of_distances=True,
        ),
        _recipe(
            "mutual_knn",
            "mutual nearest neighbours",
            "Share of an item's nearest neighbours that both agree on; sees nothing but the neighbourhood.",
            "Huh et al. 2024",
            lambda work: (work.shared.mutual, work.shared.mutual_of_unrelated, len(work.sample)),
            of_distances=True,
        ),
        _recipe(
            "jaccard",
            "Jaccard of neighbours",
            "Neighbours that both have, as a share of all that either has.",
            "Klabunde et al. 2025",
            lambda work: (work.shared.jaccard, work.shared.jaccard_of_unrelated, len(work.sample)),
            of_distances=True,
        ),
    )
)
SCORES = tuple(_RECIPES)


def _chosen(names: Iterable[str] | None, metrics: tuple[Metric, Metric]) -> list[_ScoreRecipe]:
    has_points = "precomputed" not in metrics
    if names is None:
        return [recipe for recipe in _RECIPES.values() if has_points or recipe.of_distances]
    asked = [names] if isinstance(names, str) else list(names)
    if not asked:
        raise InputError(f"scores must name at least one of {', '.join(SCORES)}")
    for name in asked:
        if name not in _RECIPES:
            raise InputError(f"scores must be of {', '.join(SCORES)}, but one is {name!r}")
        if not (has_points or _RECIPES[name].of_distances):
            possible = ", ".join(name for name, recipe in _RECIPES.items() if recipe.of_distances)
            raise InputError(f"{name} needs embeddings on both sides; a matrix of distances gives {possible}")
    return [_RECIPES[name] for name in dict.fromkeys(asked)]


def _warnings(pair: EmbeddingPair, recipes: list[_ScoreRecipe], n_neighbors: int) -> tuple[str, ...]:
    names = {recipe.score.name for recipe in recipes}
    found = list(pair.warnings)
    dimensions = max(pair.x.shape[1], pair.y.shape[1])
    if names & {"svcca", "pwcca"} and pair.n < _FEW_ITEMS * dimensions:
        found.append(
            f"{pair.n:,} items are few for {dimensions:,} dimensions: SVCCA and PWCCA are high whatever the data; "
            "compare them with their chance value"
        )
    if names & {"mutual_knn", "jaccard"} and n_neighbors > pair.n - 1:
        found.append(f"{n_neighbors} neighbours were requested, but an item has {pair.n - 1} others")
    return tuple(found)
