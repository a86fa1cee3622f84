from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
from repdiff.encoding.malloc import freed_memory_kept

def faults_of(blocks):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(blocks):
        np.ones(8_000_000)  # 64 MB, written and freed
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of(2)
usual = faults_of(20)
with freed_memory_kept():
    faults_of(2)
    kept = faults_of(20)
faults_of(2)
print(usual, kept, faults_of(20))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have their own ways")
def test_freed_memory_is_kept_and_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=60)
    usual, kept, afterwards = map(int, done.stdout.split())
    assert kept < usual / 5
    assert afterwards > usual / 2
