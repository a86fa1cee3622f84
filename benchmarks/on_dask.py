"""The sampled engine on Dask workers of this machine, against the same engine on threads of this process."""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import data
import numpy as np
from harness import ResultTable, Section, in_child, resident_peak

from repdiff.affinity.engines import compute_affinities, engine_on
from repdiff.clustering.cluster import cluster_affinity
from repdiff.core.cluster import open_cluster

_N, _D, _CLUSTERS = 20_000, 128, 10
_WAYS: dict[str, dict[str, Any]] = {
    "no cluster, one thread": {"workers": 0},
    "one worker": {"workers": 1},
    "two workers": {"workers": 2},
}


def on_dask(options: argparse.Namespace) -> Section:
    """Time, memory of this process and bits, without a cluster and with one and two workers of one thread each."""
    n = min(_N, options.largest)
    with tempfile.TemporaryDirectory() as folder:
        for name, values in zip(("x", "y"), data.synthetic_pair(n, _D, _D), strict=True):
            np.save(Path(folder) / f"{name}.npy", values)
        found = {way: in_child("measured", "on_dask", folder=folder, **arguments) for way, arguments in _WAYS.items()}
    alone = next(iter(found.values()))
    rows = [
        [
            way, f"{one['start']:.1f}", f"{one['affinities']:.1f}", f"{one['labels']:.1f}", f"{one['peak'] / 1e6:,.0f}",
            f"{one['affinities'] / alone['affinities']:.2f}", "yes" if one["bits"] == alone["bits"] else "no",
        ]
        for way, one in found.items()
    ]  # fmt: skip
    columns = (
        "where", "s to start", "s for affinities, both directions", f"s for {_CLUSTERS} clusters, x_only",
        "MB in this process above the start", "affinities, of no cluster", "same bits",
    )  # fmt: skip
    notes = [
        "Bits: labels and means, which depend on every product. Workers are processes of this machine, one thread each."
    ]
    return Section(
        "Dask: the sampled engine on workers", [ResultTable(f"Synthetic, {n:,} x {_D}", columns, rows)], notes=notes
    )


def measured(folder: str, workers: int) -> dict[str, Any]:
    """Seconds of each step, the peak of memory of this process, and a digest of what was found."""
    import hashlib

    x, y = (np.load(Path(folder) / f"{name}.npy", mmap_mode="r") for name in ("x", "y"))
    engine: Any = "sampled"
    with ExitStack() as stack:
        start = time.perf_counter()
        if workers:
            engine = engine_on(stack.enter_context(open_cluster(workers, folder)), engine)
        ready = time.perf_counter()
        with resident_peak() as peak:
            affinities = compute_affinities(x, y, engine=engine, n_jobs=1)
            computed = time.perf_counter()
            labels = cluster_affinity(affinities.x_only, _CLUSTERS)
            means = affinities.x_only.group_means(labels).mean
            ended = time.perf_counter()
    digest = hashlib.sha256(labels.tobytes() + means.tobytes())
    return {
        "start": ready - start, "affinities": computed - ready, "labels": ended - computed, "peak": peak.above,
        "bits": digest.hexdigest(),
    }  # fmt: skip
