"""Whether the answer is right: against a naive float64 version of the method."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import data
import numpy as np
import numpy.typing as npt
from harness import ResultTable, Section

from repdiff import neighbor_ranks
from repdiff.affinity.base import Affinity, to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.packed import PRECISIONS, Precision
from repdiff.clustering.cluster import cluster_affinity

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import oracle

_CLUSTERS = 10
_SEEDS = (0, 1, 2)
_RANK_BAR, _LOG_BAR = 0.9999, 0.999
_CUT_BAR = {32: 0.002, 16: 0.002, 8: 0.005}


def ranks(options: argparse.Namespace) -> Section:
    """Share of ranks that equal stable float64 ranks."""
    rng = np.random.default_rng(0)
    rows = []
    for name, sides in pairs(options).items():
        for side, values in zip("xy", sides, strict=True):
            copies = values[rng.integers(0, len(values) // 2, len(values))]
            rows += [
                [f"{name}, {side}", f"{_equal_share(values):.6f} (bar: {_RANK_BAR})"],
                [f"{name}, {side}, half of the rows copies of others", f"{_equal_share(copies):.6f}"],
            ]
    return Section("Ranks: share equal to stable float64 ranks", [ResultTable("", ("data", "share of entries"), rows)])


def _equal_share(values: npt.NDArray[np.float32]) -> float:
    return float(np.mean(neighbor_ranks(values) == oracle.ranks(values)))


def quality(options: argparse.Namespace) -> Section:
    """Affinities and normalised cuts against the reference."""
    rows = []
    for name, (x, y) in pairs(options).items():
        ranks_xy = oracle.ranks(x), oracle.ranks(y)
        G = oracle.difference(*ranks_xy)
        for direction, sign in (("x_only", 1), ("y_only", -1)):
            A = oracle.affinity(sign * G)
            best = min(oracle.normalized_cut(A, _reference_labels(A, seed)) for seed in _SEEDS)
            rows += [_storage_row(name, direction, bits, A, best, x, y) for bits in PRECISIONS]
            del A
    columns = ("data", "direction", "bits", "log A within 1e-3 (bar at 32 bits: 0.999)", "normalised cut",
               "best of 3 reference seeds", "excess (bar: 0.2 %; 8 bits: 0.5 %)")  # fmt: skip
    notes = [
        "The reference is scikit-learn's SpectralClustering on the float64 affinity of `tests/oracle.py`; the cut of "
        "both is taken under that affinity."
    ]
    return Section("Quality of the answer", [ResultTable("", columns, rows, notes)])


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
    affinity: Affinity = getattr(compute_affinities(x, y, engine=Exact(bits=bits)), direction)
    near = np.mean(np.abs(np.log(to_dense(affinity)) - np.log(A)) <= 1e-3)
    cut = oracle.normalized_cut(A, cluster_affinity(affinity, _CLUSTERS, random_state=0))
    return [name, direction, str(bits), f"{near:.5f}", f"{cut:.4f}", f"{best:.4f}", f"{100 * (cut / best - 1):+.2f} %"]


def pairs(options: argparse.Namespace) -> dict[str, data.Pair]:
    """The pairs that quality is measured on, by name."""
    n = min(2_000, options.largest)
    found = {f"synthetic, n = {n:,}": data.synthetic_pair(n, 256, 192)}
    if options.emoji:
        return {**found, "emoji": data.folder_pair(options.emoji)}
    print("the emoji embeddings were not given (--emoji), so they are left out", file=sys.stderr)
    return found
