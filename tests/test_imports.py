"""Importing is quick because it is lazy; held by what is loaded, since seconds depend on the machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

import repdiff

HEAVY = {"numpy", "scipy", "numba", "pandas", "pyarrow", "sklearn", "bokeh", "jinja2", "PIL", "torch", "polars"}
EXTRAS = {"torch", "polars", "safetensors", "matplotlib", "dask", "transformers", "onnxruntime"}


def loaded_by(statement: str) -> set[str]:
    """Top-level packages that a fresh interpreter holds after a statement."""
    code = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


@pytest.mark.parametrize("module", ["repdiff", "repdiff.cli"])
def test_importing_loads_nothing_heavy(module):
    loaded = loaded_by(f"import {module}")
    assert "repdiff" in loaded
    assert not loaded & HEAVY


def test_comparing_loads_no_extra_and_nothing_of_the_page():
    loaded = loaded_by("import numpy as n, repdiff; x = n.random.default_rng(0).random((50, 4)); repdiff.compare(x, x)")
    assert "numba" in loaded
    assert not loaded & (EXTRAS | {"bokeh", "sklearn", "typer"})


def test_every_public_name_is_there_and_listed():
    assert {name for name in repdiff.__all__ if not hasattr(repdiff, name)} == set()
    assert set(repdiff.__all__) <= set(dir(repdiff))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = repdiff.nonsense
