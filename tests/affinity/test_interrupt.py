"""Ctrl-C, in a process of its own, at every stage of the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

# The stages tell their names as they begin; the signal is sent a moment later.
SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a child of a background job starts with SIGINT ignored
import numpy as np
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity

told = set()
def progress(stage, done, total):
    if stage and stage not in told and (done or stage.startswith("compiling")):
        told.add(stage)
        print(stage, flush=True)

rng = np.random.default_rng(0)
x, y = rng.normal(size=(9000, 200)), rng.normal(size=(9000, 100))
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
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, engine],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            for line in child.stdout:
                if line.strip() == stage:
                    break
            time.sleep(0.05)
            child.send_signal(signal.SIGINT)
            begin = time.monotonic()
            _, errors = child.communicate(timeout=30)
            seconds = time.monotonic() - begin
        finally:
            child.kill()
    assert child.returncode == -signal.SIGINT
    assert errors.strip().endswith("KeyboardInterrupt")
    assert seconds < 2
