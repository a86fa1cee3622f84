"""Large memory-mapped embeddings are read where they lie, with the same results."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import repdiff
from repdiff.affinity import representation
from repdiff.affinity.ranks import CentredRows, RankedEmbedding
from repdiff.affinity.representation import Representation
from repdiff.affinity.sampled.engine import Sampled
from repdiff.core.memory import is_mapped
from repdiff.inputs import arrays
from repdiff.workflows import projection


@pytest.fixture
def mapped(pair_xy, tmp_path: Path, monkeypatch) -> tuple[Path, Path]:
    monkeypatch.setattr(arrays, "_MAPPED_ABOVE", 1000)
    monkeypatch.setattr(representation, "_LARGE", 1000)
    files = tmp_path / "x.npy", tmp_path / "y.npy"
    for file, side in zip(files, pair_xy, strict=True):
        np.save(file, side)
    return files


@pytest.mark.parametrize("engine", ["exact", Sampled(candidates=128, kept=32)])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_comparison_of_mapped_files_is_that_of_arrays(pair_xy, mapped, engine, metric) -> None:
    options = {"n_clusters": 4, "engine": engine, "metric": metric, "n_resamples": 2}
    of_files, of_arrays = repdiff.compare(*mapped, **options), repdiff.compare(*pair_xy, **options)
    for name in ("x_only", "y_only"):
        mine, other = getattr(of_files, name), getattr(of_arrays, name)
        np.testing.assert_array_equal(mine.labels, other.labels)
        assert [list(c.representatives) for c in mine.clusters] == [list(c.representatives) for c in other.clusters]
        assert [c.evidence for c in mine.clusters] == [c.evidence for c in other.clusters]
    assert of_files.evidence.neighbours == of_arrays.evidence.neighbours


def test_no_copy_is_made_for_distances_alone(mapped) -> None:
    values = arrays.read_npy(mapped[0])[""]
    assert is_mapped(values)
    side = Representation(values)
    assert isinstance(side.ready.coordinates, CentredRows)
    assert side.largest_distance == RankedEmbedding(np.array(values)).largest_distance
    side.prepare()
    assert isinstance(side.ready.coordinates, np.ndarray)


def test_a_large_file_of_objects_is_refused_as_a_small_one_is(tmp_path: Path, monkeypatch) -> None:
    np.save(tmp_path / "objects.npy", np.array([{}] * 50), allow_pickle=True)
    for above in (2**28, 10):
        monkeypatch.setattr(arrays, "_MAPPED_ABOVE", above)
        with pytest.raises(repdiff.InputError, match=r"objects\.npy: holds Python objects, which only pickle can read"):
            repdiff.compare(tmp_path / "objects.npy", tmp_path / "objects.npy")


@pytest.mark.parametrize("d", [1, 2, 70])
def test_components_of_many_rows_are_those_of_few(monkeypatch, d) -> None:
    values = np.random.default_rng(0).normal(size=(900, d)) * np.geomspace(30, 1, d) + 100
    expected = projection.project_side(values)
    monkeypatch.setattr(projection, "_LARGE", 10)
    found = projection.project_side(values)
    assert found.explained == pytest.approx(expected.explained, rel=1e-4)
    for mine, other in zip(found.coordinates.T, expected.coordinates.T, strict=True):
        assert min(np.abs(mine - other).max(), np.abs(mine + other).max()) < 1e-3


def test_components_take_no_copy_of_the_rows(monkeypatch) -> None:
    monkeypatch.setattr(projection, "_LARGE", 10)
    monkeypatch.setattr(projection, "_ROWS_AT_A_TIME", 256)
    values = np.random.default_rng(0).normal(size=(30_000, 20)).astype(np.float32)
    tracemalloc.start()
    projection.project_side(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes / 2
