"""The sampled engine against the exact one: cut, subspace, means, no change, labels, and growth."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import data
import numpy as np
import numpy.typing as npt
from harness import ResultTable, Section, in_child, resident_peak
from sklearn.metrics import adjusted_rand_score

from repdiff.affinity.base import Affinity
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.sampled.engine import Sampled
from repdiff.clustering.cluster import cluster_affinity, normalized_cut
from repdiff.clustering.spectral import leading_eigenvectors
from repdiff.settings import MethodSettings

CUT_BAR, MEAN_BAR, SUBSPACE_BAR, SUBSPACE_BAR_20 = 0.005, 0.02, 0.97, 0.95
GROWTH_BAR = 1.12
_CLUSTERS = 10
_LARGE_CLUSTER = 0.03  # share of the items
_LEAST_EIGENVALUE = 0.2  # below it the subspace is not judged
_NEAR_THRESHOLD = 0.03
_N = 8_000
_MEDIUM, _LARGE = 20_000, 50_000
_GROWTH = (25_000, 50_000, 100_000)
_D = 128
_COLUMNS = (
    "data", "direction", f"cut over exact (bar: {CUT_BAR:.1%})", f"subspace, k = 10 (bar: {SUBSPACE_BAR})",
    f"k = 20 (bar: {SUBSPACE_BAR_20})", f"worst mean of clusters of 3 % or more (bar: {MEAN_BAR:.0%})",
    "worst mean, in standard errors", "no change as exact", "labels: adjusted Rand", "two exact seeds",
)  # fmt: skip
_NOTES = (
    "Cuts are those of the sampled engine's labels under the exact affinity, over that of the exact labels. Means are "
    "compared for the same labels. Brackets: the eigenvalue is below 0.2, so the bar does not count.",
)


def against_exact(options: argparse.Namespace) -> Section:
    """Quality on every kind of data, both directions."""
    n = min(_N, options.largest)
    made: dict[str, tuple[Callable[[], data.Pair], Sampled]] = {
        f"synthetic, {n:,}": (lambda: data.synthetic_pair(n, _D, 96), Sampled()),
        **{name: (make, Sampled()) for name, make in _kinds(n).items()},
    }
    if options.largest >= 20_000:
        made["synthetic, 20,000"] = lambda: data.synthetic_pair(20_000, _D, 96), Sampled()
    if options.emoji:
        # The default number of candidates exceeds the number of emoji, so nothing would be sampled.
        made["emoji, 2,048 candidates"] = lambda: data.folder_pair(options.emoji), Sampled(2048, 512, 4)
    rows = [[name, *row] for name, (make, engine) in made.items() for row in _compared(*make(), engine)]
    return Section("Sampled against exact", [ResultTable("", _COLUMNS, rows)], notes=_NOTES)


def against_exact_large(_: argparse.Namespace) -> Section:
    """Every made kind at 20,000 items, and 50,000, for which the exact affinity is stored in 16 bits (5 GB)."""
    rows = [[name, *row] for name, make in _kinds(_MEDIUM).items() for row in _compared(*make(), Sampled())]
    rows += [
        [f"synthetic, {_LARGE:,}", *row]
        for row in _compared(*data.synthetic_pair(_LARGE, _D, 96), Sampled(), Exact(bits=16))
    ]
    return Section("Sampled against exact: 20,000 and 50,000 items", [ResultTable("", _COLUMNS, rows)], notes=_NOTES)


def _kinds(n: int) -> dict[str, Callable[[], data.Pair]]:
    """What is hard for a sample, by name."""
    return {
        f"digits tiled with noise, {n:,}": lambda: _digits(n),
        f"5 % duplicates, {n:,}": lambda: _with_duplicates(n),
        f"a clump of 20 %, {n:,}": lambda: _with_clump(n),
        f"ten groups of 0.1 %, {n:,}": lambda: _with_tiny_groups(n),
    }


def _compared(
    x: npt.NDArray[Any], y: npt.NDArray[Any], engine: Sampled, reference: Exact | None = None
) -> list[list[str]]:
    sampled = compute_affinities(x, y, engine=engine)
    exact = compute_affinities(x, y, engine=reference or Exact())
    return [
        ["x_only", *_compared_direction(sampled.x_only, exact.x_only)],
        ["y_only", *_compared_direction(sampled.y_only, exact.y_only)],
    ]


def _compared_direction(sampled: Affinity, exact: Affinity) -> list[str]:
    labels, expected_labels = cluster_affinity(sampled, _CLUSTERS), cluster_affinity(exact, _CLUSTERS)
    cut = normalized_cut(exact, labels) / normalized_cut(exact, expected_labels) - 1
    found, expected = leading_eigenvectors(sampled, 20), leading_eigenvectors(exact, 20)
    means, true = sampled.group_means(labels), np.diagonal(exact.group_means(labels).mean)
    mean, error = np.diagonal(means.mean), np.diagonal(means.standard_error)
    large = np.bincount(labels) >= _LARGE_CLUSTER * len(labels)
    decided = np.abs(true / MethodSettings.no_change_threshold - 1) > _NEAR_THRESHOLD
    as_exact = ((mean < MethodSettings.no_change_threshold) == (true < MethodSettings.no_change_threshold))[decided]
    seeds = adjusted_rand_score(expected_labels, cluster_affinity(exact, _CLUSTERS, random_state=1))
    return [
        f"{cut:+.2%}",
        _agreement(found.vectors, expected.vectors, expected.values, 10),
        _agreement(found.vectors, expected.vectors, expected.values, 20),
        f"{np.abs(mean / true - 1)[large].max():.2%}",
        f"{(np.abs(mean - true) / error).max():.1f}",
        f"{as_exact.sum()} of {len(as_exact)}",
        f"{adjusted_rand_score(expected_labels, labels):.2f}",
        f"{seeds:.2f}",
    ]


def _agreement(
    found: npt.NDArray[np.float32], expected: npt.NDArray[np.float32], values: npt.NDArray[np.float64], k: int
) -> str:
    agreement = np.linalg.norm(expected[:, :k].T @ found[:, :k]) ** 2 / k
    return f"{agreement:.3f}" if values[k - 1] >= _LEAST_EIGENVALUE else f"({agreement:.3f})"


def growth(options: argparse.Namespace) -> Section:
    """Time and memory as n grows, lists as for more than 200,000 items."""
    runs = [in_child("measured", module="sampled", n=n, d=_D) for n in _GROWTH if n <= options.largest]
    rows = [
        [f"{run['n']:,}", *(f"{run[part]:.1f}" for part in ("affinities", "labels", "means", "processor")),
         f"{run['above'] / 1e6:,.0f}"]
        for run in runs
    ]  # fmt: skip
    columns = (
        "n", "affinities, s", "labels, s", "means, s", "processor time in all, s", "peak above the interpreter, MB"
    )  # fmt: skip
    notes = [f"Both directions, d = {_D} and {_D}, memory-mapped inputs, 2,048 candidates, 256 kept, blocks of 8."]
    if len(runs) > 1:
        seconds = [run["processor"] for run in runs]
        exponent = np.polyfit(np.log([run["n"] for run in runs]), np.log(seconds), 1)[0]
        notes.append(f"Processor time grows like n^{exponent:.2f} (bar: {GROWTH_BAR}).")
    return Section("Sampled: growth", [ResultTable("", columns, rows)], notes=notes)


@dataclass
class _Clock:
    last: float

    def lap(self) -> float:
        """Seconds since the last lap."""
        now = time.perf_counter()
        taken, self.last = now - self.last, now
        return taken


def measured(n: int, d: int) -> Mapping[str, float]:
    """Seconds of each step and peak memory in this process, from files; run in a child."""
    engine = Sampled(candidates=2048, kept=256, block=8)
    with tempfile.TemporaryDirectory() as folder:
        for name, values in zip("xy", data.synthetic_pair(n, d, d), strict=True):
            np.save(Path(folder) / f"{name}.npy", values)
        del values
        x, y = (np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in "xy")
        compute_affinities(x[:3000], y[:3000], engine=engine)  # compiles
        clock, processor = _Clock(time.perf_counter()), time.process_time()
        with resident_peak() as peak:
            found = compute_affinities(x, y, engine=engine)
            taken = {"affinities": clock.lap()}
            both = found.x_only, found.y_only
            labels = [cluster_affinity(affinity, _CLUSTERS) for affinity in both]
            taken["labels"] = clock.lap()
            for affinity, of_items in zip(both, labels, strict=True):
                affinity.group_means(of_items)
            taken["means"] = clock.lap()
        return {"n": n, **taken, "processor": time.process_time() - processor, "above": peak.above}


def _digits(n: int) -> data.Pair:
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(0)
    digits = load_digits().data
    tiled = digits[rng.integers(0, len(digits), n)]
    x = tiled + 0.5 * rng.standard_normal(tiled.shape)
    y = tiled @ rng.standard_normal((64, 16)) + 20 * rng.standard_normal((n, 16))
    return x.astype(np.float32), y.astype(np.float32)


def _with_duplicates(n: int) -> data.Pair:
    x, y = data.synthetic_pair(n, _D, 96)
    copies, originals = np.random.default_rng(1).permutation(n)[: n // 10].reshape(2, -1)
    for side in (x, y):
        side[copies] = side[originals]
    return x, y


def _with_clump(n: int) -> data.Pair:
    """A fifth of the items lie in x within a thousandth of the spread of the others, far from them."""
    x, y = data.synthetic_pair(n, _D, 96)
    picked = np.random.default_rng(1).permutation(n)[: n // 5]
    x[picked] = x[picked] * 1e-3 + 30
    return x, y


def _with_tiny_groups(n: int) -> data.Pair:
    """Ten groups of a thousandth of the items each, in x alone."""
    x, y = data.synthetic_pair(n, _D, 96)
    rng, spread = np.random.default_rng(1), x.std()
    for members in rng.permutation(n)[: 10 * (n // 1000)].reshape(10, -1):
        centre = 1.5 * spread * rng.standard_normal(_D, dtype=np.float32)
        x[members] = centre + 0.2 * spread * rng.standard_normal((len(members), _D), dtype=np.float32)
    return x, y
