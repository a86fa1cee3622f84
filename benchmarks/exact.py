"""The exact engine against the floor of the hardware and against a naive version of the method."""

from __future__ import annotations

import argparse
import math
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import data
import numpy as np
import numpy.typing as npt
from harness import ResultTable, Section, in_child, interleaved, resident_peak

from repdiff.affinity.base import Affinities, Affinity
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity
from repdiff.core.parallel import Task, for_each_tile, resolve_n_jobs, row_tiles, run_side_by_side
from repdiff.settings import MethodSettings

FLOOR_BAR, NAIVE_BAR, MEMORY_BAR = 2.0, 8.0, 1.6
_TILE_ROWS = 256
_CLUSTERS = 10
_GROWTH = ((1_000, 5), (2_000, 5), (4_000, 3), (8_000, 3), (16_000, 1), (32_000, 1), (50_000, 1))
_RANKS_SIZES = (20_000, 50_000, 100_000)
_RANKS_D, _RANKS_MEMORY_BAR, _RANKS_TIME_BAR = 256, 4, 1.2
_MOST_MEMORY = 14 * 10**9  # of the exact engine beside the exact-ranks engine: fewer bits per pair, and the same time
_SCALE = ((50_000, 768, 1_280, 6, 12), (100_000, 256, 256, 25, 22))  # n, d_x, d_y, minutes, GB


def floor(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> None:
    """The products x @ x.T and y @ y.T, tiled and threaded like the engine's, and nothing else."""
    of_thread = threading.local()

    def multiply(values: npt.NDArray[np.float32], rows: slice) -> None:
        if not hasattr(of_thread, "out"):
            of_thread.out = np.empty((_TILE_ROWS, len(values)), np.float32)
        np.matmul(values[rows], values.T, out=of_thread.out[: rows.stop - rows.start])

    for values in (x, y):
        for_each_tile(
            lambda rows, values=values: multiply(values, rows),
            row_tiles(len(values), _TILE_ROWS),
            n_jobs=resolve_n_jobs(None),
        )


def labels_of(affinity: Affinity) -> npt.NDArray[np.int32]:
    """Eigenvectors and labels of one direction."""
    return cluster_affinity(affinity, _CLUSTERS, random_state=0)


def engine(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], **options: Any) -> Affinities:
    """Affinity, eigenvectors and labels of both directions, the labels side by side as in a comparison."""
    affinities = compute_affinities(x, y, **{"engine": "exact", **options})
    both = (Task(lambda _, of=of: labels_of(of), 0) for of in (affinities.x_only, affinities.y_only))
    run_side_by_side(both, n_at_once=2, budget=0)
    return affinities


def naive(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> None:
    """A naive version of the method, both directions."""
    import torch
    from sklearn.cluster import SpectralClustering

    def neighbour_ranks(values: npt.NDArray[np.float32]) -> torch.Tensor:
        points = torch.from_numpy(values)
        return torch.cdist(points, points).argsort(dim=1).argsort(dim=1) + 1

    ranks_x, ranks_y = neighbour_ranks(x), neighbour_ranks(y)
    G = torch.tanh(MethodSettings.gamma * (ranks_x - ranks_y) / torch.minimum(ranks_x, ranks_y))
    for sign in (-1, 1):
        A = torch.exp(sign * MethodSettings.beta * G)
        A = ((A + A.T) / 2).numpy()
        SpectralClustering(_CLUSTERS, affinity="precomputed", random_state=0).fit(A)


def speed(options: argparse.Namespace) -> Section:
    """Wall time of the engine over that of the floor, and of the naive pipeline over the engine's."""
    n = min(8_000, options.largest)
    pairs = {f"synthetic, n = {n:,}, d = 1,280": data.synthetic_pair(n, 1_280, 1_280)}
    pairs |= {f"emoji, n = {len(x):,}, d = {x.shape[1]:,}": (x, y) for x, y in _emoji(options)}
    rows, stage_rows = [], []
    for name, pair in pairs.items():
        row, floor_seconds = _speed_row(name, *pair, options)
        rows.append(row)
        stage_rows += [[name, *stage] for stage in _stages(*pair, options.repeats, floor_seconds)]
    columns = (
        "data", "floor", "engine", f"engine / floor (bar: {FLOOR_BAR})", "naive",
        f"naive / engine (bar: {NAIVE_BAR:g})",
    )  # fmt: skip
    notes = [] if options.emoji else ["The emoji embeddings were not given (`--emoji`), so they were left out."]
    return Section(
        "Speed: affinity, eigenvectors and labels of both directions",
        [
            ResultTable(
                "", columns, rows, ["The naive pipeline, where it was measured, was run once; it needs torch."]
            ),
            ResultTable("Where the time goes:", ("data", "stage", "seconds", "share of the floor"), stage_rows),
        ],
        notes=notes,
    )


def _speed_row(
    name: str, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], options: argparse.Namespace
) -> tuple[list[str], float]:
    engine(x[:500], y[:500])  # compiles
    taken = interleaved({"floor": lambda: floor(x, y), "engine": lambda: engine(x, y)}, options.repeats)
    with_naive = find_spec("torch") and not options.no_naive
    plainly = interleaved({"naive": lambda: naive(x, y)}, 1)["naive"] if with_naive else math.nan
    row = [
        name, f"{taken['floor']:.2f}", f"{taken['engine']:.2f}", _ratio(taken["engine"] / taken["floor"]),
        _seconds(plainly), _ratio(plainly / taken["engine"]),
    ]  # fmt: skip
    return row, taken["floor"]


def _stages(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], repeats: int, floor_seconds: float) -> list[Any]:
    affinities = compute_affinities(x, y, engine="exact")
    taken = interleaved(
        {
            "affinities of both directions": lambda: compute_affinities(x, y, engine="exact"),
            "eigenvectors and labels, x_only": lambda: labels_of(affinities.x_only),
            "eigenvectors and labels, y_only": lambda: labels_of(affinities.y_only),
        },
        repeats,
    )
    return [[stage, f"{seconds:.2f}", f"{seconds / floor_seconds:.2f}"] for stage, seconds in taken.items()]


def measured(n: int, d_x: int, d_y: int, repeats: int = 1, folder: str | None = None, **options: Any) -> dict[str, Any]:
    """Seconds and peak memory of the engine in this process; run in a child."""
    x, y = data.folder_pair(Path(folder)) if folder else data.synthetic_pair(n, d_x, d_y)
    engine(x[:500], y[:500], **options)
    taken: list[tuple[float, float, float]] = []
    with resident_peak() as peak:
        for _ in range(repeats):
            start, processor = time.perf_counter(), time.process_time()
            found = compute_affinities(x, y, **{"engine": "exact", **options})
            of_affinities = time.process_time() - processor
            labels_of(found.x_only)
            labels_of(found.y_only)
            taken.append((time.perf_counter() - start, time.process_time() - processor, of_affinities))
    seconds, processor, of_affinities = np.median(taken, axis=0).tolist()
    return {
        "n": len(x), "seconds": seconds, "processor": processor, "affinities": of_affinities, "above": peak.above,
        "highest": peak.highest, "engine": found.engine,
    }  # fmt: skip


def memory(options: argparse.Namespace) -> Section:
    """Resident memory above the inputs, over n * n * 4 bytes."""
    n = min(8_000, options.largest)
    runs = [("synthetic", in_child("measured", n=n, d_x=1_280, d_y=1_280))]
    if options.emoji:
        runs.append(("emoji", in_child("measured", n=0, d_x=0, d_y=0, folder=str(options.emoji.resolve()))))
    rows = [
        [name, f"{run['n']:,}", f"{run['above'] / 1e6:,.0f}", _ratio(run["above"] / (4 * run["n"] ** 2))]
        for name, run in runs
    ]
    columns = ("data", "n", "peak above the inputs, MB", f"over 4 n² bytes (bar: {MEMORY_BAR})")
    return Section("Memory: resident peak of a child process above its inputs", [ResultTable("", columns, rows)])


def growth(options: argparse.Namespace) -> Section:
    """Time and memory as n grows."""
    sizes = [(n, repeats) for n, repeats in _GROWTH if n <= options.largest]
    runs = [in_child("measured", n=n, d_x=1_280, d_y=1_280, repeats=repeats) for n, repeats in sizes]
    rows = [
        [f"{run['n']:,}", f"{run['seconds']:.2f}", f"{run['above'] / 1e6:,.0f}", str(run["engine"]["bits"])]
        for run in runs
    ]
    table = ResultTable("", ("n", "seconds", "peak above the inputs, MB", "bits per pair"), rows)
    large = [run for run in runs if run["n"] >= 4_000]
    notes = []
    if len(large) > 1:
        exponent = np.polyfit(np.log([run["n"] for run in large]), np.log([run["seconds"] for run in large]), 1)[0]
        notes = [f"Time grows like n^{exponent:.2f} from n = 4,000 on (least squares in logarithms)."]
    return Section("Growth: both directions, synthetic, d = 1,280", [table], notes=notes)


def scale(options: argparse.Namespace) -> Section:
    """As many items as ImageNet's validation set, and twice that."""
    rows = []
    for n, d_x, d_y, minutes, gigabytes in _SCALE:
        if n > options.largest:
            continue
        run = in_child("measured", n=n, d_x=d_x, d_y=d_y, memory_limit=gigabytes * 10**9)
        rows.append(
            [f"{n:,}", f"{d_x:,} and {d_y:,}", f"{run['seconds'] / 60:.1f} (bar: {minutes})",
             f"{run['highest'] / 1e9:.1f} (bar: {gigabytes})", str(run["engine"]["bits"])]
        )  # fmt: skip
    columns = ("n", "d", "minutes", "peak in all, GB", "bits per pair")
    return Section("Scale: both directions, synthetic, one child process each", [ResultTable("", columns, rows)])


def exact_ranks(options: argparse.Namespace) -> Section:
    """The same ranks, with few partners stored of each item, against the exact engine in the same run."""
    rows = []
    for n in (size for size in _RANKS_SIZES if size <= options.largest):
        found = {
            name: in_child("measured", n=n, d_x=_RANKS_D, d_y=_RANKS_D, engine=name, memory_limit=_MOST_MEMORY)
            for name in ("exact", "exact-ranks")
        }
        ratios = [found["exact-ranks"][key] / found["exact"][key] for key in ("affinities", "processor", "seconds")]
        rows += [
            [f"{n:,}", name, f"{run['affinities']:.1f}", f"{run['processor']:.1f}", f"{run['seconds']:.1f}",
             f"{run['above'] / 1e9:.2f}", f"{run['highest'] / 1e9:.2f}",
             ", ".join(f"{ratio:.2f}" for ratio in ratios) if name == "exact-ranks" else ""]
            for name, run in found.items()
        ]  # fmt: skip
    columns = (
        "n", "engine", "affinities, processor s", "in all, processor s", "in all, wall s",
        "peak above the inputs, GB", f"peak in all, GB (bar at 100,000: {_RANKS_MEMORY_BAR})",
        f"over exact: affinities, processor time, wall time (bar: {_RANKS_TIME_BAR})",
    )  # fmt: skip
    return Section(
        "Exact ranks with sampled storage",
        [ResultTable("", columns, rows)],
        notes=[f"Affinities and labels of both directions, d = {_RANKS_D} and {_RANKS_D}, one child process each."],
    )


def _emoji(options: argparse.Namespace) -> list[data.Pair]:
    return [data.folder_pair(options.emoji)] if options.emoji else []


def _ratio(value: float) -> str:
    return "not measured" if math.isnan(value) else f"{value:.2f}"


def _seconds(value: float) -> str:
    return "not measured" if math.isnan(value) else f"{value:.1f}"
