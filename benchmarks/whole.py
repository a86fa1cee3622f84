"""A whole comparison with all its evidence against the floor, stage by stage."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import data
import exact
import numpy as np
from harness import ResultTable, Section

import repdiff
from repdiff.workflows.provenance import Clock

_BAR, _EMOJI_BAR, _ENGINE_BAR = 2.5, 4.0, 1.6
_MOST_REPEATS = 3  # so that the section ends within six minutes on a busy machine
_COPIES = 0.16  # of the rows, as among the images of scraped sets
_STAGES = (
    "input", "affinity", "neighbours", "x_only clustering", "y_only clustering", "x_only representatives",
    "y_only representatives", "x projection", "y projection", "similarity", "findings", "evidence",
)  # fmt: skip


def whole(options: argparse.Namespace) -> Section:
    """Seconds of ``compare`` with all its evidence over those of the floor, in the same run."""
    n = min(8_000, options.largest)
    x, y = data.synthetic_pair(n, 1_280, 1_280)
    pairs = {f"synthetic, n = {n:,}": (x, y), f"the same, {_COPIES:.0%} copies": _with_copies(x, y)}
    if options.emoji:
        pairs["emoji, n = 3,786"] = data.folder_pair(options.emoji)
    found = {name: _measure(*pair, min(_MOST_REPEATS, options.repeats)) for name, pair in pairs.items()}
    rows = [_row(name, one, _EMOJI_BAR if "emoji" in name else _BAR) for name, one in found.items()]
    columns = (
        "data, d = 1,280", "floor, s", f"affinities and labels / floor (bar: {_ENGINE_BAR})", "compare, s",
        "compare / floor", "processor time of compare / of the floor",
    )  # fmt: skip
    stages = [
        [stage, *(f"{one[stage] / one['floor cpu']:.2f}" if stage in one else "" for one in found.values())]
        for stage in _STAGES
    ]
    caption = "Processor time of each stage over that of the floor, on one thread so that stages can be told apart:"
    return Section(
        "The whole wait: compare with all its evidence",
        [ResultTable("", columns, rows), ResultTable(caption, ("stage", *found), stages)],
    )


def _with_copies(x: np.ndarray, y: np.ndarray) -> data.Pair:
    """Both sides with some rows replaced by copies of others, the same on both."""
    rng = np.random.default_rng(0)
    dealt = rng.permutation(len(x))
    copies = dealt[: int(_COPIES * len(x))]
    originals = rng.choice(dealt[len(copies) :], len(copies))
    x, y = x.copy(), y.copy()
    x[copies], y[copies] = x[originals], y[originals]
    return x, y


def _measure(x: np.ndarray, y: np.ndarray, repeats: int) -> dict[str, float]:
    """Medians of wall time and processor time, all in turn; stages by processor time on one thread."""
    work: dict[str, Callable[[], object]] = {
        "floor": lambda: exact.floor(x, y),
        "engine": lambda: exact.engine(x, y),
        "compare": lambda: repdiff.compare(x, y),
    }
    repdiff.compare(x[:600], y[:600])  # compiles
    taken: dict[str, list[float]] = {}
    for _ in range(repeats):
        for name, call in work.items():
            wall, processor = time.perf_counter(), time.process_time()
            call()
            taken.setdefault(name, []).append(time.perf_counter() - wall)
            taken.setdefault(f"{name} cpu", []).append(time.process_time() - processor)
        with _processor_clock() as stages:
            repdiff.compare(x, y, n_jobs=1)
        for stage, seconds in stages.items():
            taken.setdefault(stage, []).append(seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


@contextmanager
def _processor_clock() -> Iterator[dict[str, float]]:
    """Processor time of each stage of the comparisons within."""
    stages: dict[str, float] = {}
    measure = Clock.time

    @contextmanager
    def timed(self: Clock, stage: str) -> Iterator[None]:
        start = time.process_time()
        with measure(self, stage):
            yield
        stages[stage] = time.process_time() - start

    Clock.time = timed  # type: ignore[method-assign]
    try:
        yield stages
    finally:
        Clock.time = measure  # type: ignore[method-assign]


def _row(name: str, found: dict[str, float], bar: float) -> list[str]:
    floor = found["floor"]
    return [
        name, f"{floor:.2f}", f"{found['engine'] / floor:.2f}", f"{found['compare']:.2f}",
        f"{found['compare'] / floor:.2f} (bar: {bar})", f"{found['compare cpu'] / found['floor cpu']:.2f}",
    ]  # fmt: skip
