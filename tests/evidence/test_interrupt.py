"""Ctrl-C, in a process of its own, while a comparison is weighed against noise and clustered again."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from stopped import stop

# Each stage tells its name as it begins; the signal is sent a moment later. One group of items moves, so that all
# stages are reached, at the largest sample and with more dimensions than are kept.
SCRIPT = """
import sys
import numpy as np
import repdiff
import repdiff.evidence.findings
from repdiff.core.errors import RepdiffError

def left_out(*args, **options):
    raise RepdiffError("left out")

if sys.argv[1] == "evidence":  # which comes after the noise, and needs nothing of it
    repdiff.evidence.findings.weigh_against_noise = left_out

told = set()
def progress(stage, done, total):
    if stage not in told:
        told.add(stage)
        print(stage, file=sys.stderr, flush=True)

rng = np.random.default_rng(0)
z = rng.normal(size=(2000, 200)) * np.arange(1, 201) ** -0.6
x = z.copy()
x[:160] = z[0] + 0.3 * z.std() * rng.normal(size=(160, 200))
x, y = (side + 0.3 * z.std() * rng.normal(size=z.shape) for side in (x, z))
repdiff.compare(np.float32(x), np.float32(y), n_clusters=10, n_jobs=2, progress=progress)
"""
STAGES = ["findings: noise", "findings: items outside of groups", "evidence"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to one process")
@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_stops_the_evidence_within_two_seconds(stage):
    found = stop([sys.executable, "-c", SCRIPT, stage], once_it_says=f"{stage}\n")
    assert found.code == -signal.SIGINT
    assert found.errors.strip().endswith("KeyboardInterrupt")
    assert found.seconds < 2
