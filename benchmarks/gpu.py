"""Every check and figure that needs a GPU, in a few minutes: ``python benchmarks/gpu.py [--device cuda]``.

Prints a table for RESULTS.md. Times are medians of repeats; the *floor* is the two matrix products alone, in float32,
on the same device.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import data
import numpy as np
import torch
from harness import ResultTable, Section
from run import as_text

import repdiff
from repdiff.affinity.base import Affinities, Affinity, to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity, normalized_cut

Pair = data.Pair
_CHECKED = 3_000  # items for which every entry is compared with the exact engine
_CASES = ((20_000, 1_280, 0.0), (20_000, 1_280, 0.16), (50_000, 1_280, 0.0), (100_000, 256, 0.0))  # n, d, copied rows
_CLUSTERS = 10


def main() -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--largest", type=int, default=100_000, help="leave out larger numbers of items")
    options = parser.parse_args()
    tables = [_checks(options.device), _figures(options)]
    section = Section(f"GPU: the torch engine on {_title(options.device)}", tables)
    section.save("gpu")
    print(as_text(section))


def _checks(device: str) -> ResultTable:
    """The device against the exact engine, entry by entry."""
    rows = []
    for name, metric, pair in _checked_pairs():
        found = compute_affinities(*pair, engine="torch", device=device, metric=metric)
        exact = compute_affinities(*pair, metric=metric)
        far = max(_largest_error(found.x_only, exact.x_only), _largest_error(found.y_only, exact.y_only))
        off = max(_excess_cut(found, exact, name) for name in ("x_only", "y_only"))
        rows.append([name, f"{far:.1e}", f"{100 * off:+.2f} %"])
    columns = ("data", "largest error of log affinity", "cut of its labels over that of exact labels")
    return ResultTable(f"Against the exact engine, every pair of {_CHECKED:,} items:", columns, rows)


def _checked_pairs() -> list[tuple[str, str, Pair]]:
    x, y = data.synthetic_pair(_CHECKED, 256, 192)
    integers = np.random.default_rng(0).integers(0, 5, (2, _CHECKED, 12)).astype(np.float32)
    return [
        ("synthetic", "euclidean", (x, y)),
        ("synthetic, cosine", "cosine", (x, y)),
        ("small integers, full of ties", "euclidean", (integers[0], integers[1])),
        ("a sixth of the rows are copies", "euclidean", _with_copies((x, y), 0.16)),
    ]


def _largest_error(found: Affinity, exact: Affinity) -> float:
    return float(np.abs(np.log(to_dense(found)) - np.log(to_dense(exact))).max())


def _excess_cut(found: Affinities, exact: Affinities, name: str) -> float:
    reference = getattr(exact, name)
    cuts = [
        normalized_cut(reference, cluster_affinity(one, _CLUSTERS, random_state=0))
        for one in (getattr(found, name), reference)
    ]
    return cuts[0] / cuts[1] - 1


def _figures(options: argparse.Namespace) -> ResultTable:
    columns = (
        "n", "d", "copied rows", "floor, s", "affinities, s", "labels of a direction, s", "compare without evidence, s",
        "compare, s", "peak on the device, GB",
    )  # fmt: skip
    rows = [_figures_of(n, d, copied, options) for n, d, copied in _CASES if n <= options.largest]
    return ResultTable("Both directions, synthetic, 10 clusters:", columns, rows)


def _figures_of(n: int, d: int, copied: float, options: argparse.Namespace) -> list[str]:
    pair = _with_copies(data.synthetic_pair(n, d, d), copied)
    on_device = {"engine": "torch", "device": options.device}
    few = pair[0][:500], pair[1][:500]
    repdiff.compare(*few, **on_device)  # compiles, and warms the device
    affinities, seconds = _timed(lambda: compute_affinities(*pair, **on_device), options.repeats)
    _, labels = _timed(lambda: cluster_affinity(affinities.x_only, _CLUSTERS, random_state=0), options.repeats)
    affinities = None  # its matrix is stored on the host
    _, floor = _timed(lambda: _floor(pair, options.device), options.repeats)
    _, plain = _timed(lambda: repdiff.compare(*pair, evidence=False, **on_device), 1)
    found, whole = _timed(lambda: repdiff.compare(*pair, **on_device), 1)
    slowest = sorted(found.provenance.timings.items(), key=lambda stage: -stage[1])[:6]
    print(n, d, copied, slowest, file=sys.stderr, flush=True)
    on_cuda = options.device.startswith("cuda")
    peak = f"{torch.cuda.max_memory_allocated() / 1e9:.1f}" if on_cuda else "not measured"
    times = (f"{one:.2f}" for one in (floor, seconds, labels, plain, whole))
    return [f"{n:,}", f"{d:,}", f"{copied:.0%}", *times, peak]


def _with_copies(pair: Pair, share: float) -> Pair:
    """The pair, with that share of its rows overwritten by others, the same on both sides."""
    if not share:
        return pair
    rng = np.random.default_rng(0)
    n = len(pair[0])
    rows = rng.permutation(n)[: int(share * n)]
    sources = rng.integers(0, n, len(rows))
    x, y = (values.copy() for values in pair)
    x[rows], y[rows] = pair[0][sources], pair[1][sources]
    return x, y


def _floor(pair: Pair, device: str) -> None:
    for values in pair:
        points = torch.from_numpy(values).to(device)
        out = torch.empty((4096, len(values)), device=device)
        for start in range(0, len(values), 4096):
            rows = points[start : start + 4096]
            torch.matmul(rows, points.T, out=out[: len(rows)])
    _wait(device)


def _timed(work: Callable[[], Any], repeats: int) -> tuple[Any, float]:
    taken: list[float] = []
    found = None
    for _ in range(repeats):
        start = time.perf_counter()
        found = work()
        taken.append(time.perf_counter() - start)
    return found, float(np.median(taken))


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


def _title(device: str) -> str:
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


if __name__ == "__main__":
    main()
