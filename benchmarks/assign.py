"""New items: do they fall where the whole comparison puts them, and how many a minute."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import data
import numpy as np
import numpy.typing as npt
from harness import ResultTable, Section, in_child
from scipy.optimize import linear_sum_assignment

import repdiff
from repdiff.results.clusters import DIRECTIONS, Direction

AGREEMENT_BAR, RATE_BAR = 0.9, 200_000
_HELD_OUT = 0.1  # share of the items
_D, _ITEMS, _NEW = 128, 8_000, 100_000


def assign(options: argparse.Namespace) -> Section:
    """Agreement on several kinds of data, and the rate on two threads."""
    made: dict[str, Callable[[], data.Pair]] = {
        "synthetic, 5,000": lambda: data.synthetic_pair(5_000, _D, _D),
        "groups of x or of y alone, 5,000": lambda: _with_groups(5_000),
        "digits and a noisy map of them": _digits,
    }
    if options.emoji:
        made["emoji"] = lambda: data.folder_pair(options.emoji)
    rows = [[name, *row] for name, make in made.items() for row in _agreement(*make())]
    columns = (
        "data", "direction", "clusters that hold", f"held out, in them (bar: {AGREEMENT_BAR:.0%})",
        "seen items, in them", "held out, all", "held out, by the whole comparison",
    )  # fmt: skip
    notes = [
        "A tenth of the items are held out; the others are compared again, and the held-out ones assigned to the "
        "clusters found. Counted are those that fall into the cluster of the whole comparison, after the best "
        "one-to-one match of the clusters. *Seen items*: how many of the others fall there, which no assignment can "
        "exceed by much. *By the whole comparison*: held-out items as new ones among all, against their own labels."
    ]
    rate = in_child("rate", module="assign", n=_ITEMS, m=_NEW, d=_D)
    speed = ResultTable(
        "Rate",
        ("threads", "new items", "seconds", f"a minute (bar: {RATE_BAR:,} on two threads)"),
        [[n_jobs, f"{_NEW:,}", f"{seconds:.1f}", f"{60 * _NEW / seconds:,.0f}"] for n_jobs, seconds in rate.items()],
        [f"Memory-mapped, d = {_D} and {_D}, among {_ITEMS:,} items."],
    )
    return Section("New items", [ResultTable("Agreement", columns, rows, notes), speed])


def rate(n: int, m: int, d: int) -> Mapping[str, float]:
    """Seconds that m new items take on one and on two threads; run in a child."""
    x, y = data.synthetic_pair(n, d, d)
    found = repdiff.compare(x, y, evidence=False)
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{name}.npy" for name in "xy"]
        for file, side in zip(files, data.synthetic_pair(m, d, d, seed=1), strict=True):
            np.save(file, side)
        for n_jobs in (1, 2):
            ready = repdiff.Assigner(found, n_jobs=n_jobs)
            ready(x[:500], y[:500])  # compiles
            start = time.perf_counter()
            for _ in ready.stream(*files):
                pass
            seconds[str(n_jobs)] = time.perf_counter() - start
    return seconds


def _agreement(x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]) -> list[list[str]]:
    held = np.random.default_rng(0).random(len(x)) < _HELD_OUT
    whole = repdiff.compare(x, y)
    part = repdiff.compare(x[~held], y[~held], evidence=False)
    assigned, own = part.assign(x[held], y[held]), whole.assign(x[held], y[held])
    rows = []
    for name in DIRECTIONS:
        of_whole: Direction = getattr(whole, name)
        seen, unseen = of_whole.labels[~held], of_whole.labels[held]
        named = _best_match(getattr(part, name).labels, seen)
        holds = np.array(
            [cluster.evidence is not None and bool(cluster.evidence.holds) for cluster in of_whole.clusters]
        )
        right = named[getattr(assigned, name).labels] == unseen
        right_seen = named[getattr(part, name).labels] == seen
        rows.append(
            [name, f"{holds.sum()} of {len(holds)}", _share(right[holds[unseen]]), _share(right_seen[holds[seen]]),
             _share(right), _share(getattr(own, name).labels == unseen)]
        )  # fmt: skip
    return rows


def _best_match(labels: npt.NDArray[np.int32], wanted: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """For each label the one of the other labelling that it shares most items with, one to one; -1 for none."""
    shared = np.zeros((labels.max() + 1, wanted.max() + 1))
    np.add.at(shared, (labels, wanted), 1)
    rows, columns = linear_sum_assignment(-shared)
    named = np.full(len(shared), -1)
    named[rows] = columns
    return named


def _share(right: npt.NDArray[np.bool_]) -> str:
    return f"{right.mean():.3f}" if len(right) else "–"


def _with_groups(n: int) -> data.Pair:
    """Eight groups that only x tells apart, and eight that only y does, on a shared structure."""
    x, y = data.synthetic_pair(n, 64, 64, seed=3)
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 24, n)
    centres = 2 * x.std() * rng.standard_normal((24, 64), dtype=np.float32)
    x[kind < 8] += centres[kind[kind < 8]]
    of_y = (kind >= 8) & (kind < 16)
    y[of_y] += centres[kind[of_y]]
    return x, y


def _digits() -> data.Pair:
    from sklearn.datasets import load_digits

    digits = load_digits().data.astype(np.float32)
    rng = np.random.default_rng(0)
    y = digits @ rng.standard_normal((64, 16)) + 20 * rng.standard_normal((len(digits), 16))
    return digits, y.astype(np.float32)
