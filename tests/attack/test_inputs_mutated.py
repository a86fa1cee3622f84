"""Damaged files of every format, each opened in a child: read, or refused in one line.

``benchmarks/attack.py`` opens thousands of each kind.
"""

from __future__ import annotations

from pathlib import Path

import mutations
import numpy as np
import opening
import pytest

from repdiff.core import apart
from repdiff.core.errors import InputError

PER_KIND = 12
NEEDS = {
    "onnx": "onnxruntime",
    "pt2": "torch",
    "pt": "torch",
    "safetensors": "safetensors",
    "hdf5": "h5py",
    "h5ad": "h5py",
}


@pytest.fixture(scope="module")
def opener():
    made = opening.Opener()
    yield made
    made.close()


@pytest.mark.parametrize("kind", mutations.SOUND)
def test_a_damaged_file_is_read_or_refused_in_one_line(kind, opener, tmp_path):
    for name, library in NEEDS.items():
        if kind.startswith(name):
            pytest.importorskip(library)
    (tmp_path / "sound").mkdir()
    sound = tmp_path / f"sound/x{mutations.SOUND[kind][0]}"
    sound.write_bytes(mutations.sound(kind))
    assert opener.open(sound).how == "read"
    for case in mutations.cases(tmp_path, [kind], PER_KIND, seed=11):
        found = opener.open(case.path)
        assert found.held, (case.made, case.path.name, found)


def test_the_same_seed_makes_the_same_files(tmp_path):
    first, again = (
        [case.path.read_bytes() for case in mutations.cases(tmp_path, ["npz", "csv"], 5, seed=3)] for _ in range(2)
    )
    assert first == again
    assert len(set(first)) > 5


def crash():
    import os
    import signal

    yield "alive"
    os.kill(os.getpid(), signal.SIGSEGV)


def work_without_end():
    apart.step(seconds=0.2)
    while True:
        pass


def fill_the_memory():
    apart.step(spare_bytes=200 << 20)
    yield np.ones(1 << 30, np.uint8)


def give(values):
    yield values
    yield {"id": "a"}


@pytest.mark.parametrize(
    ("function", "says"),
    [(crash, r"f\.h5: its library crashed on it \(SIGSEGV\)"), (work_without_end, r"f\.h5: .* without end")],
)
def test_a_library_that_crashes_or_hangs_does_it_in_a_child(function, says, monkeypatch):
    apart.close_idle()
    monkeypatch.syspath_prepend(Path(__file__).parent)
    with pytest.raises(InputError, match=says):
        list(apart.run_apart("test_inputs_mutated", function.__name__, source="f.h5"))
    assert list(apart.run_apart("test_inputs_mutated", "give", 1, source="f.h5")) == [1, {"id": "a"}]


def test_a_child_has_a_limit_on_its_memory(monkeypatch):
    apart.close_idle()
    monkeypatch.syspath_prepend(Path(__file__).parent)
    with pytest.raises(MemoryError):
        list(apart.run_apart("test_inputs_mutated", "fill_the_memory", source="f.h5"))


@pytest.mark.parametrize(
    "values", [np.arange(12.0).reshape(3, 4).T, np.float32(3) * np.ones(()), np.zeros((0, 4)), np.array(["a", "bc"])]
)
def test_arrays_come_out_of_a_child_as_they_are(values, monkeypatch):
    apart.close_idle()
    monkeypatch.syspath_prepend(Path(__file__).parent)
    found, _ = apart.run_apart("test_inputs_mutated", "give", values, source="f.h5")
    np.testing.assert_array_equal(found, values)
    assert found.shape == values.shape
    assert found.dtype == values.dtype


def test_what_the_caller_leaves_unread_ends_the_child(monkeypatch):
    apart.close_idle()
    monkeypatch.syspath_prepend(Path(__file__).parent)
    items = apart.run_apart("test_inputs_mutated", "give", 1, source="f.h5")
    assert next(items) == 1
    items.close()
    assert list(apart.run_apart("test_inputs_mutated", "give", 2, source="f.h5")) == [2, {"id": "a"}]
