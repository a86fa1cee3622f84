"""Resident memory of a process that was given a limit, by the high-water mark that the system keeps."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from repdiff.affinity.exact import Exact
from repdiff.affinity.representation import Representation
from repdiff.settings import Settings

N, D = 5_000, 24
BITS = (8, 16, 32)  # each takes more memory than the one before, so one process can tell the mark of each

# A small comparison comes first, so that everything is imported and compiled before memory counts.
SCRIPT = """
import json, re, resource, sys
from pathlib import Path
import numpy as np
import repdiff

def high_water():
    status = Path("/proc/self/status")
    if status.exists():  # the mark of getrusage begins with that of the process that started this one
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

n, d, *limits = map(int, sys.argv[1:])
rng = np.random.default_rng(0)
x, y = (rng.normal(size=(n, d)).astype(np.float32) for _ in range(2))
repdiff.compare(x[:100], y[:100])
before = high_water()
found = []
for place, limit in enumerate(limits):
    # The evidence takes as much whatever the limit, so it is asked for under the tightest, which comes first.
    done = repdiff.compare(x, y, engine="exact", memory_limit=limit, evidence=place == 0)
    bits = done.provenance.engine["bits"]
    found.append((bits, high_water() - before))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def limits() -> dict[int, int]:
    side = Representation(np.empty((N, D), np.float32))
    exact = [Exact(bits=bits, n_neighbors=Settings.n_neighbors) for bits in BITS]
    return {one.bits: one.plan(side, side, memory_limit=10**12).need for one in exact}


@pytest.fixture(scope="module")
def found(limits: dict[int, int]) -> dict[int, tuple[int, int]]:
    """For each limit the bits that were taken and the most bytes held, by a process that kept to one after another."""
    arguments = [sys.executable, "-c", SCRIPT, *map(str, (N, D, *limits.values()))]
    done = subprocess.run(arguments, check=True, stdout=subprocess.PIPE, text=True, timeout=300)
    return dict(zip(limits, map(tuple, json.loads(done.stdout)), strict=True))


@pytest.mark.parametrize("bits", BITS)
def test_a_limit_is_kept(bits, limits, found):
    taken, peak = found[bits]
    assert taken == bits
    assert 0.5 * N * N * bits / 8 < peak <= limits[bits]
