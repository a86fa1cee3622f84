"""Every check and figure that needs a GPU, in less than 8 minutes with 16 cores: ``python benchmarks/gpu.py``.

Every figure is printed when it is there. Sections can be chosen (``--sections checks 50k``), and none is begun, nor a
part of one, when the budget is used up (``--budget 300``, in seconds from the start of the script). The end is the text
for RESULTS.md; it is also kept in ``benchmarks/results/gpu.json`` after every section, so that a script that is killed
leaves what it has measured. ``--device cpu --small`` runs all of it in small, without a GPU, to see that it works.

Data are drawn on the device. Times are medians of repeats in seconds of wall time; the *floor* is the two matrix
products alone, in float32, on the same device.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from device_data import synthetic_pair_on
from harness import ResultTable, Section, as_text
from sklearn.metrics import adjusted_rand_score

import repdiff
from repdiff.affinity.base import Affinity, to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.on_device import SampledOnDevice
from repdiff.affinity.torch import Torch
from repdiff.affinity.torch_plan import Layout
from repdiff.affinity.torch_ranks import REFINING_BYTES, DeviceEmbedding
from repdiff.clustering.cluster import cluster_affinity, normalized_cut
from repdiff.clustering.device_kmeans import k_means_on
from repdiff.clustering.kmeans import Problem, k_means
from repdiff.core.device import Device
from repdiff.workflows.projection import project_side

_STARTED = time.perf_counter()
_CLUSTERS = 10
_CHECKED, _CHECKED_SMALL = 3_000, 200  # items of which every entry is compared with the exact engine
_FEWER_ITEMS, _FEWER_COLUMNS = 200, 20  # times, in small
_STAGES = 8  # of compare, the slowest
_OTHERS_NEED = 60.0  # seconds of the sections that are no cases


@dataclass(frozen=True)
class Case:
    """Data to measure on.

    Attributes
    ----------
    n, d : int
        Items, and columns of both sides.
    copied : float
        Share of the rows that are copies of others.
    bars : mapping
        Seconds that a measured part may take, on an H100.
    needs : float
        Seconds that it takes at most, data and all: it is not begun with less left.
    """

    n: int
    d: int
    copied: float = 0.0
    bars: dict[str, float] = field(default_factory=dict)
    needs: float = 45.0


_CASES = {
    "20k": Case(20_000, 1_280),
    "copies": Case(20_000, 1_280, 0.16),
    "50k": Case(50_000, 1_280, bars={"affinities": 1.5, "labels": 0.3, "compare": 5.0}, needs=90.0),
    "100k": Case(100_000, 256, bars={"compare": 12.0}, needs=120.0),
}
_SAMPLED = {
    "sampled-100k": Case(100_000, 256, needs=60.0),
    "sampled-1m": Case(1_000_000, 768, bars={"all": 90.0}, needs=150.0),
}
_SECTIONS = ("warm", "checks", *_CASES, *_SAMPLED)
_PARTS = ("floor", "affinities", "labels", "projection", "compare, no evidence", "compare")
_TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "engine": (
        "Against the exact engine, every pair of some items, the worse of both directions:",
        (
            "data", "items", "matrix on", "largest error of log affinity (bar: 1e-5)",
            "cut of its labels over that of exact labels", "labels, adjusted Rand",
        ),
    ),
    "steps": ("Steps after the affinities:", ("check", "found")),
    "seconds": (
        "Both directions, 10 clusters; labels are those of one direction, the projection that of one side:",
        ("n x d", *(f"{name}, s" for name in _PARTS), "peak on the device, GB"),
    ),
    "sampled": (
        "The sampled engine: affinities of both directions, labels and means of one; with those of the other, in all:",
        ("n x d", "data, s", "affinities, s", "labels, s", "means, s", "in all, s", "peak on the device, GB"),
    ),
    "tile": (
        "Ranks of a tile of 1,024 rows of one side, each with what comes before, ms:",
        ("n x d", "product", "with sorting", "with near ties put in order"),
    ),
    "stages": ("Where compare spends its time:", ("n x d", "stage", "s")),
}  # fmt: skip


class Bench:
    """The options, the clock and what was measured."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.device, self.small, self.repeats = options.device, options.small, options.repeats
        self.budget = options.budget
        self.rows: dict[str, list[list[str]]] = {name: [] for name in _TABLES}
        self.notes: list[str] = []

    @property
    def on_device(self) -> dict[str, str]:
        """Of the torch engine by name."""
        return {"engine": "torch", "device": self.device}

    @property
    def on_cuda(self) -> bool:
        """Whether the device is a GPU of NVIDIA's, or one that passes for it."""
        return bool(self.device.startswith("cuda"))

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return float(self.budget - (time.perf_counter() - _STARTED))

    def tell(self, *cells: str) -> None:
        """Print a line now."""
        print(f"[{time.perf_counter() - _STARTED:5.0f} s]", *cells, flush=True)

    def add(self, table: str, *cells: str) -> None:
        """A row of a table, printed now."""
        self.rows[table].append(list(cells))
        self.tell(*cells)

    def section(self) -> Section:
        """What there is, as a section of RESULTS.md."""
        title = torch.cuda.get_device_name(self.device) if self.on_cuda else f"torch's {self.device} device"
        tables = [ResultTable(*_TABLES[name], rows) for name, rows in self.rows.items() if rows]
        return Section(f"GPU: the torch engine on {title}", tables, notes=tuple(self.notes))

    def timed(self, work: Callable[[], Any], repeats: int | None = None) -> tuple[Any, float]:
        """What it gives, and the median of the seconds that it takes."""
        taken: list[float] = []
        found = None
        for _ in range(repeats or self.repeats):
            found = None  # frees the device before the next
            self.wait()
            start = time.perf_counter()
            found = work()
            self.wait()
            taken.append(time.perf_counter() - start)
        return found, float(np.median(taken))

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.on_cuda:
            torch.cuda.synchronize()

    def pair(self, case: Case) -> tuple[Any, Any]:
        """The data of a case."""
        n, d = (case.n // _FEWER_ITEMS, case.d // _FEWER_COLUMNS) if self.small else (case.n, case.d)
        return synthetic_pair_on(self.device, n, d, d, copied=case.copied)


def main(arguments: Sequence[str] | None = None) -> None:
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--sections", nargs="+", choices=_SECTIONS, default=list(_SECTIONS))
    parser.add_argument("--budget", type=float, default=450.0, help="seconds after which nothing more is begun")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="small data, to see that it works")
    options = parser.parse_args(arguments)
    bench = Bench(options)
    for name in _with_time(bench, options.sections):
        with _failing_alone(bench, name):
            if name in _CASES:
                _measure(bench, _CASES[name])
            elif name in _SAMPLED:
                _measure_sampled(bench, _SAMPLED[name])
            else:
                _OTHERS[name](bench)
        if not bench.small:
            bench.section().save("gpu")
    print(as_text(bench.section()), flush=True)


def _with_time(bench: Bench, chosen: Sequence[str]) -> Iterator[str]:
    """The chosen sections, in their order, for which there is time."""
    for name in _SECTIONS:
        if name not in chosen:
            continue
        cases = _CASES | _SAMPLED
        needs = cases[name].needs if name in cases else _OTHERS_NEED
        if bench.left < (0 if bench.small else needs):
            bench.notes.append(f"{name}: not measured, for want of time.")
            bench.tell(name, f"left out: {bench.left:.0f} s are left of the budget, and it may need {needs:.0f}")
            continue
        bench.tell("#", name)
        yield name


@contextmanager
def _failing_alone(bench: Bench, name: str) -> Iterator[None]:
    """An error ends a section and not the script, unless it runs in small."""
    try:
        yield
    except Exception as error:
        if bench.small:
            raise
        bench.notes.append(f"{name}: failed with {type(error).__name__}: {error}.")
        bench.tell(name, "failed:", f"{type(error).__name__}: {error}")


def _warm(bench: Bench) -> None:
    """Compile, and start the device."""
    pair = synthetic_pair_on(bench.device, 400, 16, 16)
    start = time.perf_counter()
    repdiff.compare(*pair, evidence=not bench.small, **bench.on_device)
    compute_affinities(*pair, engine="exact")
    bench.tell(f"first use, with compiling: {time.perf_counter() - start:.1f} s")


def _checks(bench: Bench) -> None:
    """The device against the exact engine, entry by entry, and its labels and projection against the host's."""
    n = _CHECKED_SMALL if bench.small else _CHECKED
    for name, metric, pair, options in _checked_pairs(bench, n):
        found = compute_affinities(*pair, metric=metric, engine=Torch(device=bench.device, **options))
        exact = compute_affinities(*pair, metric=metric, engine="exact")
        errors, cuts, agreements = [], [], []
        for direction in ("x_only", "y_only"):
            mine, reference = getattr(found, direction), getattr(exact, direction)
            errors.append(_largest_error(mine, reference))
            labels = [cluster_affinity(one, _CLUSTERS, random_state=0) for one in (mine, reference)]
            cuts.append(normalized_cut(reference, labels[0]) / normalized_cut(reference, labels[1]) - 1)
            agreements.append(float(adjusted_rand_score(*labels)))
        bench.add(
            "engine", name, f"{n:,}", found.engine["matrix_on"], f"{max(errors):.1e}", f"{100 * max(cuts):+.2f} %",
            f"{min(agreements):.3f}",
        )  # fmt: skip
    _check_steps(bench, n)
    _check_sampled(bench, n)


def _checked_pairs(bench: Bench, n: int) -> list[tuple[str, Any, tuple[Any, Any], dict[str, Any]]]:
    x, y = synthetic_pair_on(bench.device, n, 256, 192)
    integers = np.random.default_rng(0).integers(0, 5, (2, n, 12)).astype(np.float32)
    copies = synthetic_pair_on(bench.device, n, 256, 192, copied=0.16)
    tiles_only = Layout.least(n, REFINING_BYTES + 8 * (x.size + y.size)).need
    return [
        ("synthetic", "euclidean", (x, y), {}),
        ("synthetic, cosine", "cosine", (x, y), {}),
        ("small integers, full of ties", "euclidean", (integers[0], integers[1]), {}),
        ("16 % of the rows are copies", "euclidean", copies, {}),
        ("synthetic, little memory on the device", "euclidean", (x, y), {"device_memory_limit": tiles_only}),
    ]


def _largest_error(found: Affinity, exact: Affinity) -> float:
    return float(np.abs(np.log(to_dense(found)) - np.log(to_dense(exact))).max())


def _check_steps(bench: Bench, n: int) -> None:
    """k-means, the principal components and repeated bits."""
    device = Device.named(bench.device, tf32=False)
    x, y = synthetic_pair_on(bench.device, n, 64, 64)
    points = x[:, :9]
    labels = k_means_on(Problem.of(points, _CLUSTERS, 10, 0), device)
    same = float((labels == k_means(points, _CLUSTERS, random_state=0)).mean())
    planes = [project_side(x, device=one) for one in (device, None)]
    apart = float(np.abs(planes[0].coordinates - planes[1].coordinates).max() / np.abs(planes[1].coordinates).max())
    twice = [compute_affinities(x, y, **bench.on_device) for _ in range(2)]
    again = [cluster_affinity(one.x_only, _CLUSTERS, random_state=0) for one in twice]
    bench.add("steps", "k-means: labels equal to the host's", f"{same:.4f}")
    bench.add("steps", "projection: largest difference from the host's, relative", f"{apart:.1e}")
    bench.add("steps", "the same labels twice", "yes" if np.array_equal(*again) else "no")


def _sampled(bench: Bench, **options: Any) -> tuple[SampledOnDevice, Sampled]:
    """The sampled engine on the device and on the host; in small with short lists."""
    host = Sampled(candidates=150, kept=64) if bench.small else Sampled(**options)
    return SampledOnDevice(device=bench.device, sampled=host), host


def _check_sampled(bench: Bench, n: int) -> None:
    """The sampled engine on the device against that of the host, which draws the same lists."""
    pair = synthetic_pair_on(bench.device, n, 64, 64, copied=0.1)
    device, host = (compute_affinities(*pair, engine=one).x_only for one in _sampled(bench, candidates=1_200, kept=256))
    same = (device.stored.partners.cpu().numpy() == host.stored.partners).mean()
    labels = cluster_affinity(host, _CLUSTERS, random_state=0)
    means = [np.diagonal(one.group_means(labels).mean) for one in (device, host)]
    cuts = [normalized_cut(host, cluster_affinity(one, _CLUSTERS, random_state=0)) for one in (device, host)]
    bench.add("steps", "sampled: partners equal to the host's", f"{same:.4f}")
    bench.add(
        "steps", "sampled: largest difference of a cluster's mean", f"{np.abs(means[0] / means[1] - 1).max():.1e}"
    )
    bench.add("steps", "sampled: cut of its labels over that of the host's", f"{100 * (cuts[0] / cuts[1] - 1):+.2f} %")


def _measure_sampled(bench: Bench, case: Case) -> None:
    """The sampled engine: affinities, labels and means."""
    pair, data_seconds = bench.timed(lambda: bench.pair(case), 1)
    n, d = pair[0].shape
    title = f"{n:,} x {d:,}"
    bench.tell(f"{title}: data {data_seconds:.1f} s")
    if bench.on_cuda:
        torch.cuda.reset_peak_memory_stats(bench.device)
    found, affinities = bench.timed(lambda: compute_affinities(*pair, engine=_sampled(bench)[0]), 1)
    bench.tell(title, f"affinities {affinities:.1f} s")
    labels, clustering = bench.timed(lambda: cluster_affinity(found.x_only, _CLUSTERS, random_state=0), 1)
    bench.tell(title, f"labels {clustering:.1f} s")
    _, means = bench.timed(lambda: found.x_only.group_means(labels), 1)
    peak = f"{torch.cuda.max_memory_allocated(bench.device) / 1e9:.1f}" if bench.on_cuda else "not measured"
    whole = _with_bar(affinities + 2 * (clustering + means), None if bench.small else case.bars.get("all"))
    told = (f"{one:.1f}" for one in (data_seconds, affinities, clustering, means))
    bench.add("sampled", title, *told, whole, peak)


def _measure(bench: Bench, case: Case) -> None:
    """The parts of a comparison, one after another; those for which no time is left are not measured."""
    start = time.perf_counter()
    pair = bench.pair(case)
    n, d = pair[0].shape
    title = f"{n:,} x {d:,}" + (f", {case.copied:.0%} copies" if case.copied else "")
    bench.tell(f"{title}: data {time.perf_counter() - start:.1f} s")
    if bench.on_cuda:
        torch.cuda.reset_peak_memory_stats(bench.device)
    seconds: dict[str, float] = {}

    def part(name: str, work: Callable[[], Any], repeats: int | None = None) -> Any:
        if bench.left <= 0:
            bench.tell(title, name, "not measured: the budget is used up")
            return None
        found, seconds[name] = bench.timed(work, repeats)
        bench.tell(title, name, f"{seconds[name]:.3f} s")
        return found

    part("floor", lambda: _floor(pair, bench.device))
    affinities = part("affinities", lambda: compute_affinities(*pair, **bench.on_device))
    if affinities is not None:
        part("labels", lambda: cluster_affinity(affinities.x_only, _CLUSTERS, random_state=0))
    affinities = None  # its matrix is on the device
    part("projection", lambda: project_side(pair[0], device=Device.named(bench.device, tf32=False)))
    part("compare, no evidence", lambda: repdiff.compare(*pair, evidence=False, **bench.on_device), 1)
    found = part("compare", lambda: repdiff.compare(*pair, **bench.on_device), 1)
    peak = f"{torch.cuda.max_memory_allocated(bench.device) / 1e9:.1f}" if bench.on_cuda else "not measured"
    told = (_with_bar(seconds.get(name), None if bench.small else case.bars.get(name)) for name in _PARTS)
    bench.add("seconds", title, *told, peak)
    _measure_tile(bench, title, pair[0])
    if found is not None:
        for stage, taken in sorted(found.provenance.timings.items(), key=lambda stage: -stage[1])[:_STAGES]:
            bench.add("stages", title, stage, f"{taken:.2f}")


def _with_bar(seconds: float | None, bar: float | None) -> str:
    told = "not measured" if seconds is None else f"{seconds:.2f}"
    return told if bar is None else f"{told} (bar: {bar:g})"


def _measure_tile(bench: Bench, title: str, values: Any) -> None:
    """Where the time of a tile's ranks goes."""
    device = Device.named(bench.device, tf32=False)
    side = DeviceEmbedding.of(RankedEmbedding(values), device)
    rows = slice(0, min(1024, len(values)))
    unrefined = DeviceEmbedding(**{**vars(side), "refine": False})
    _, product = bench.timed(lambda: side.coordinates[rows] @ side.coordinates.T)
    _, sorted_only = bench.timed(lambda: unrefined.ranks(rows))
    _, ranks = bench.timed(lambda: side.ranks(rows))
    bench.add("tile", title, *(f"{1000 * one:.1f}" for one in (product, sorted_only, ranks)))


def _floor(pair: tuple[Any, Any], device: str) -> None:
    for values in pair:
        points = torch.from_numpy(values).to(device)
        out = torch.empty((4096, len(values)), device=device)
        for start in range(0, len(values), 4096):
            rows = points[start : start + 4096]
            torch.matmul(rows, points.T, out=out[: len(rows)])


_OTHERS: dict[str, Callable[[Bench], None]] = {"warm": _warm, "checks": _checks}


if __name__ == "__main__":
    main(sys.argv[1:])
