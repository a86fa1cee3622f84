"""Ctrl-C, in a process of its own, at every stage of the work."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from stopped import stop

# The stages tell their names as they begin; the signal is sent a moment later.
SCRIPT = """
import sys
import numpy as np
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity

told = set()
def progress(stage, done, total):
    if stage and stage not in told and (done or stage.startswith("compiling")):
        told.add(stage)
        print(stage, file=sys.stderr, flush=True)

rng = np.random.default_rng(0)
x, y = rng.normal(size=(7000, 200)), rng.normal(size=(7000, 100))
if sys.argv[1] == "sampled":
    x, y = x.astype(np.float32), y.astype(np.float32)
found = compute_affinities(x, y, engine=sys.argv[1], progress=progress)
cluster_affinity(found.x_only, progress=progress)
for _ in range(100):
    cluster_affinity(found.x_only)
"""
STAGES = [
    ("exact", "compiling (first use only)"),
    ("exact", "ranks and affinity"),
    ("exact", "symmetrising"),
    ("exact", "eigenvectors"),
    ("sampled", "compiling (first use only)"),
    ("sampled", "x_only: candidates"),
]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to one process")
@pytest.mark.parametrize(("engine", "stage"), STAGES)
def test_an_interrupt_stops_the_work_within_two_seconds(engine, stage, tmp_path, monkeypatch):
    environment = dict(os.environ)
    if stage.startswith("compiling"):
        environment["NUMBA_CACHE_DIR"] = str(tmp_path)
    found = stop([sys.executable, "-c", SCRIPT, engine], once_it_says=f"{stage}\n", env=environment)
    assert found.code == -signal.SIGINT
    assert found.errors.strip().endswith("KeyboardInterrupt")
    assert found.seconds < 2
