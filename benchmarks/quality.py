"""Whether the answer is right: against a naive float64 version of the method, and by what a collage shows."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import data
import numpy as np
import numpy.typing as npt
from harness import Section, Table

from repdiff import neighbor_ranks
from repdiff.affinity.base import Affinity, to_dense
from repdiff.affinity.exact import exact_affinities
from repdiff.affinity.packed import PRECISIONS, Precision
from repdiff.clustering import cluster_affinity
from repdiff.clusters import DifferenceCluster, find_clusters
from repdiff.ranks import RankedEmbedding

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import oracle

_CLUSTERS = 10
_SEEDS = (0, 1, 2)
_COLLAGE = 9
_COLLAGE_BAR, _RANK_BAR, _LOG_BAR = 0.80, 0.9999, 0.999
_CUT_BAR = {32: 0.002, 16: 0.002, 8: 0.005}


def ranks(options: argparse.Namespace) -> Section:
    """Issue 3, bar 4: ranks that equal stable float64 ranks."""
    rng = np.random.default_rng(0)
    rows = []
    for name, sides in _pairs(options).items():
        for side, values in zip("xy", sides, strict=True):
            copies = values[rng.integers(0, len(values) // 2, len(values))]
            rows += [
                [f"{name}, {side}", f"{_equal_share(values):.6f} (bar: {_RANK_BAR})"],
                [f"{name}, {side}, half of the rows copies of others", f"{_equal_share(copies):.6f}"],
            ]
    return Section("Ranks: share equal to stable float64 ranks", [Table("", ("data", "share of entries"), rows)])


def _equal_share(values: npt.NDArray[np.float32]) -> float:
    return float(np.mean(neighbor_ranks(values) == oracle.ranks(values)))


def quality(options: argparse.Namespace) -> Section:
    """Issue 2, bars 2 and 5; issue 3, bar 3."""
    rows, collage_rows = [], []
    for name, (x, y) in _pairs(options).items():
        ranks_xy = oracle.ranks(x), oracle.ranks(y)
        G = oracle.difference(*ranks_xy)
        for direction, sign in (("x_only", 1), ("y_only", -1)):
            A = oracle.affinity(sign * G)
            best = min(oracle.normalized_cut(A, _reference_labels(A, seed)) for seed in _SEEDS)
            rows += [_storage_row(name, direction, bits, A, best, x, y) for bits in PRECISIONS]
            del A
        closer = ranks_xy[0] < ranks_xy[1], ranks_xy[1] < ranks_xy[0]
        collage_rows += _collage_rows(name, x, y, closer)
    columns = ("data", "direction", "bits", "log A within 1e-3 (bar at 32 bits: 0.999)", "normalised cut",
               "best of 3 reference seeds", "excess (bar: 0.2 %; 8 bits: 0.5 %)")  # fmt: skip
    notes = [
        "The reference is scikit-learn's SpectralClustering on the float64 affinity of `tests/oracle.py`; the cut of "
        "both is taken under that affinity."
    ]
    collage = Table(
        f"Ordered pairs inside the collages ({_COLLAGE} items, {_CLUSTERS} clusters, no-change left out) that are "
        f"closer by rank in the representation that holds the cluster (bar for emoji, x_only: {_COLLAGE_BAR}):",
        ("data", "direction", "clusters", "share of pairs"),
        collage_rows,
    )
    return Section("Quality of the answer", [Table("", columns, rows, notes), collage])


def _reference_labels(A: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.int32]:
    from sklearn.cluster import SpectralClustering

    model = SpectralClustering(_CLUSTERS, affinity="precomputed", random_state=seed)
    return np.asarray(model.fit(A).labels_)


def _storage_row(
    name: str,
    direction: str,
    bits: Precision,
    A: npt.NDArray[np.float64],
    best: float,
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
) -> list[str]:
    affinity: Affinity = getattr(exact_affinities(x, y, bits=bits), direction)
    near = np.mean(np.abs(np.log(to_dense(affinity)) - np.log(A)) <= 1e-3)
    cut = oracle.normalized_cut(A, cluster_affinity(affinity, _CLUSTERS, random_state=0))
    return [name, direction, str(bits), f"{near:.5f}", f"{cut:.4f}", f"{best:.4f}", f"{100 * (cut / best - 1):+.2f} %"]


def _collage_rows(
    name: str, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], closer: tuple[npt.NDArray[np.bool_], ...]
) -> list[list[str]]:
    found = exact_affinities(x, y)
    rows = []
    for direction, values, is_closer in (("x_only", x, closer[0]), ("y_only", y, closer[1])):
        affinity = getattr(found, direction)
        labels = cluster_affinity(affinity, _CLUSTERS, random_state=0)
        _, clusters = find_clusters(
            labels, affinity, RankedEmbedding(values).nearest_members, n_representatives=_COLLAGE
        )
        shown = [cluster for cluster in clusters if not cluster.is_no_change]
        rows.append([name, direction, str(len(shown)), f"{_share_closer(shown, is_closer):.3f}"])
    return rows


def _share_closer(clusters: list[DifferenceCluster], is_closer: npt.NDArray[np.bool_]) -> float:
    pairs = [
        is_closer[np.ix_(cluster.representatives, cluster.representatives)][
            ~np.eye(len(cluster.representatives), dtype=bool)
        ]
        for cluster in clusters
    ]
    return float(np.concatenate(pairs).mean()) if pairs else float("nan")


def _pairs(options: argparse.Namespace) -> dict[str, data.Pair]:
    n = min(2_000, options.largest)
    pairs = {f"synthetic, n = {n:,}": data.synthetic_pair(n, 256, 192)}
    if options.emoji:
        return {**pairs, "emoji": data.folder_pair(options.emoji)}
    print("the emoji embeddings were not given (--emoji), so they are left out", file=sys.stderr)
    return pairs
