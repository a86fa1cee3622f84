"""Resident memory of a process that was given a limit."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation

N, D = 8_000, 24
ALLOWANCE = 300 * 10**6  # for the interpreter and what is loaded before the work, which no limit covers

SCRIPT = """
import sys
import numpy as np
import repdiff
n, d, limit = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
x, y = (rng.normal(size=(n, d)).astype(np.float32) for _ in range(2))
print(repdiff.compare(x, y, memory_limit=limit).provenance.engine["bits"])
"""


def peak_and_output(*arguments: object) -> tuple[int, str]:
    """Highest resident bytes of a child that runs SCRIPT, sampled, and what it printed."""
    peak = 0
    with subprocess.Popen([sys.executable, "-c", SCRIPT, *map(str, arguments)], stdout=subprocess.PIPE) as child:
        process = psutil.Process(child.pid)
        while child.poll() is None:
            try:
                peak = max(peak, process.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.005)
        output = child.stdout.read().decode()
    assert child.returncode == 0
    return peak, output


@pytest.mark.parametrize("bits", [32, 16, 8])
def test_a_limit_is_kept(bits):
    side = Representation(np.empty((N, D), np.float32))
    limit = Exact(bits=bits).plan(side, side, memory_limit=10**12).need
    peak, output = peak_and_output(N, D, limit)
    assert int(output) == bits
    assert 0.5 * N * N * bits / 8 < peak <= limit + ALLOWANCE
