"""Whether collages show pairs near in one representation and far in the other, also for unseen items."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from itertools import product
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from harness import ResultTable, Section
from quality import pairs

from repdiff import neighbor_ranks
from repdiff.affinity.base import to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.order import find_clusters
from repdiff.clustering.representatives import Contrast, RepresentativeKind, choose_representatives
from repdiff.core.geometry import squared_distances, squared_norms
from repdiff.results.clusters import DifferenceCluster

_CLUSTERS, _COLLAGE = 10, 9
_RANK_BAR, _DISTANCE_BAR, _TYPICAL_BAR, _HELD_OUT_BAR = 0.95, 0.90, 1, 0.85
_SPLITS = (0, 1, 2)
_VOTERS = 5
_RIGHT = ("by rank", "by distance")

Direction = Literal["x_only", "y_only"]
Values = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Truth:
    """Which ordered pairs of items show the difference of one direction."""

    by_rank: npt.NDArray[np.bool_]
    by_distance: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, near: Values, far: Values) -> Truth:
        """The truth for two representations."""
        return cls(neighbor_ranks(near) < neighbor_ranks(far), _normalised(near) < _normalised(far))

    def shares(self, collages: list[Rows]) -> tuple[float, float]:
        """Share of the ordered pairs inside collages, by rank and by distance."""
        return tuple(  # type: ignore[return-value]
            float(np.concatenate([holds[np.ix_(rows, rows)][_others(len(rows))] for rows in collages]).mean())
            for holds in (self.by_rank, self.by_distance)
        )


@dataclass(frozen=True)
class Fit:
    """One direction of a comparison, and its clusters."""

    near: Values
    contrast: Contrast
    truth: Truth
    labels: Labels
    clusters: tuple[DifferenceCluster, ...]
    seconds: float

    @property
    def shown(self) -> list[DifferenceCluster]:
        """The difference clusters."""
        return [cluster for cluster in self.clusters if not cluster.is_no_change]


def collages(options: argparse.Namespace) -> Section:
    """Success of collages, against the bars for typical representatives and unseen items."""
    rows, kinds, held_out = [], [], []
    for name, (x, y) in pairs(options).items():
        for direction, fitted in _fit(x, y).items():
            rows.append([name, direction, *_typical_cells(fitted)])
            kinds += [[name, direction, *_kind_cells(fitted, kind)] for kind in get_args(RepresentativeKind)]
        if name == "emoji":
            held_out = _held_out_rows(x, y)
    tables = [
        ResultTable(
            f"Typical representatives ({_COLLAGE} items, {_CLUSTERS} clusters, no-change left out): share of ordered "
            "pairs inside the collages that are nearer in the representation that holds the cluster, by rank and by "
            "Euclidean distance over the representation's largest; least, over the clusters, mean affinity inside a "
            "collage over the median affinity of two members:",
            ("data", "direction", "clusters", f"by rank (bar: {_RANK_BAR})", f"by distance (bar: {_DISTANCE_BAR})",
             f"affinity over median (bar: {_TYPICAL_BAR})", "seconds"),
            rows,
        ),
        ResultTable(
            "All kinds. Share of members that are tied less to their cluster than its representatives are, and "
            "distance between two representatives over that of two members, in the representation that holds it:",
            ("data", "direction", "kind", *_RIGHT, "tied less", "distance"),
            kinds,
        ),
    ]  # fmt: skip
    if held_out:
        tables.append(_held_out_table(held_out))
    return Section("Collages", tables)


def _held_out_table(rows: list[list[str]]) -> ResultTable:
    return ResultTable(
        f"Items unseen: clusters and collages are found on a random half of the emoji, and success is measured in the "
        f"other half, by its own ranks and largest distances; least and mean of {2 * len(_SPLITS)} halves "
        f"(bar: {_HELD_OUT_BAR}). Unseen items belong to the cluster of most of their {_VOTERS} nearest fitted items "
        "in the representation that holds it, whatever the other one says.",
        ("direction", "collage of unseen items", *(f"{right}, {of}" for right in _RIGHT for of in ("least", "mean"))),
        rows,
        [
            "*Same rule*, to which the bar applies: the groups were found without these items, and each shows a "
            "collage chosen among them in the usual way. *Nearest* is stricter: each representative is replaced by the "
            "unseen member nearest to it, a new one each time, so that the pairs shown are chosen only by their place "
            "in the representation that holds the cluster. *Random*: any of the unseen members."
        ],
    )


def _fit(x: Values, y: Values) -> dict[Direction, Fit]:
    found = compute_affinities(x, y)
    near, far = RankedEmbedding(x), RankedEmbedding(y)
    x_only, y_only = Contrast(found.x_only, near, far), Contrast(found.y_only, far, near)
    return {"x_only": _fit_direction(x_only, x, y), "y_only": _fit_direction(y_only, y, x)}


def _fit_direction(contrast: Contrast, near: Values, far: Values) -> Fit:
    labels = cluster_affinity(contrast.affinity, _CLUSTERS, random_state=0)
    start = time.perf_counter()
    ordered, clusters = find_clusters(labels, contrast, n_representatives=_COLLAGE)
    seconds = time.perf_counter() - start
    return Fit(near, contrast, Truth.of(near, far), ordered, clusters, seconds)


def _typical_cells(fitted: Fit) -> list[str]:
    by_rank, by_distance = fitted.truth.shares([cluster.representatives for cluster in fitted.shown])
    affinity = to_dense(fitted.contrast.affinity)
    over_median = min(
        np.mean(_between(affinity, cluster.representatives)) / np.median(_between(affinity, cluster.items))
        for cluster in fitted.shown
    )
    return [
        str(len(fitted.shown)), f"{by_rank:.3f}", f"{by_distance:.3f}", f"{over_median:.1f}", f"{fitted.seconds:.2f}",
    ]  # fmt: skip


def _kind_cells(fitted: Fit, kind: RepresentativeKind) -> list[str]:
    affinity, distances = to_dense(fitted.contrast.affinity), _normalised(fitted.near)
    chosen = choose_representatives(fitted.contrast, fitted.labels, n_representatives=_COLLAGE, kind=kind)
    tied_less, wider = [], []
    for cluster in fitted.shown:
        rows = chosen[cluster.index]
        tie = affinity[np.ix_(cluster.items, cluster.items)].mean(axis=1)
        own = tie[np.searchsorted(cluster.items, rows)]
        tied_less.append(np.mean(tie[:, None] < own))
        wider.append(_between(distances, rows).mean() / _between(distances, cluster.items).mean())
    shares = fitted.truth.shares([chosen[cluster.index] for cluster in fitted.shown])
    return [kind, *(f"{value:.3f}" for value in (*shares, np.mean(tied_less))), f"{np.mean(wider):.2f}"]


def _held_out_rows(x: Values, y: Values) -> list[list[str]]:
    found: dict[tuple[Direction, str], list[tuple[float, float]]] = {}
    for seed in _SPLITS:
        order = np.random.default_rng(seed).permutation(len(x))
        halves = [_fit(x[rows], y[rows]) for rows in np.array_split(order, 2)]
        for (seen, unseen), direction in product((halves, halves[::-1]), get_args(Direction)):
            carried = _carried_over(seen[direction], unseen[direction], np.random.default_rng(seed))
            for name, rows in carried.items():
                found.setdefault((direction, name), []).append(unseen[direction].truth.shares(rows))
    return [
        [*name, *(f"{value:.3f}" for pair in zip(*_least_and_mean(shares), strict=True) for value in pair)]
        for name, shares in sorted(found.items())
    ]


def _least_and_mean(shares: list[tuple[float, float]]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return np.min(shares, axis=0), np.mean(shares, axis=0)


def _carried_over(seen: Fit, unseen: Fit, rng: np.random.Generator) -> dict[str, list[Rows]]:
    """Collages of unseen items, by how they are chosen, for each difference cluster that has enough unseen members."""
    distances = _distances(unseen.near, seen.near)
    votes = seen.labels[np.argsort(distances, axis=1)[:, :_VOTERS]]
    labels = np.array([np.bincount(row, minlength=_CLUSTERS).argmax() for row in votes], dtype=np.int32)
    members = {cluster.index: np.flatnonzero(labels == cluster.index) for cluster in seen.shown}
    members = {index: rows for index, rows in members.items() if len(rows) >= _COLLAGE}
    occupied = np.unique(labels, return_inverse=True)[1].astype(np.int32)
    by_rule = {labels[rows[0]]: rows for rows in choose_representatives(unseen.contrast, occupied)}
    return {
        "nearest": [
            _nearest_each(distances, rows, seen.clusters[index].representatives) for index, rows in members.items()
        ],
        "same rule": [by_rule[index] for index in members],
        "random": [rng.choice(rows, _COLLAGE, replace=False) for rows in members.values()],
    }


def _nearest_each(distances: npt.NDArray[np.float64], members: Rows, representatives: Rows) -> Rows:
    chosen: list[int] = []
    for representative in representatives:
        free = np.setdiff1d(members, chosen)
        chosen.append(int(free[np.argmin(distances[free, representative])]))
    return np.array(chosen)


def _others(size: int) -> npt.NDArray[np.bool_]:
    return ~np.eye(size, dtype=bool)


def _between(matrix: npt.NDArray[np.floating], rows: Rows) -> npt.NDArray[np.floating]:
    return np.asarray(matrix[np.ix_(rows, rows)][_others(len(rows))])


def _distances(a: Values, b: Values) -> npt.NDArray[np.float64]:
    centre = b.mean(axis=0, dtype=np.float64)
    a, b = a - centre, b - centre
    return np.asarray(np.sqrt(squared_distances(a, b, squared_norms(a), squared_norms(b))))


def _normalised(values: Values) -> npt.NDArray[np.float64]:
    distances = _distances(values, values)
    return distances / distances.max()
