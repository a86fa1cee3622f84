from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from repdiff.affinity import compiled, packed
from repdiff.affinity import symmetric_products as mirror
from repdiff.affinity.difference import directed_affinity
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.rank_kernels import rank_rows

KERNELS = [
    rank_rows, directed_affinity, mirror._transpose,
    packed._decode, packed._encode, packed._symmetrise, packed._add_by_label,
]  # fmt: skip


def signatures() -> list[set]:
    return [set(kernel.signatures) for kernel in KERNELS]


@pytest.mark.parametrize("bits", [32, 16, 8])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_after_the_first_items_nothing_is_left_to_compile(bits, dtype, monkeypatch):
    monkeypatch.setattr(compiled, "_compiled", set())
    values = np.random.default_rng(0).normal(size=(700, 4)).astype(dtype)
    values.flags.writeable = False
    seen = []

    def note_signatures(stage, done, total):
        if stage == "ranks and affinity" and not seen:
            seen.extend(signatures())

    found = compute_affinities(values, values[::-1].copy(), engine=Exact(bits=bits), progress=note_signatures)
    found.x_only.group_means(np.arange(700, dtype=np.int32) % 3)
    found.y_only.block(np.arange(5), np.arange(7))
    assert seen == signatures()


SCRIPT = """
import numpy as np
from repdiff.affinity.engines import compute_affinities
told = []
x = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
compute_affinities(x, x, progress=lambda stage, done, total: told.append(stage))
print(*dict.fromkeys(told), sep=";")
"""


def test_compiling_is_told_once_for_a_machine(tmp_path):
    def stages() -> list[str]:
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip().split(";")

    assert stages() == ["compiling (first use only)", "ranks and affinity", "symmetrising"]
    assert stages() == ["ranks and affinity", "symmetrising"]
