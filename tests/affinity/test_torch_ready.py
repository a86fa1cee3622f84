"""Rows prepared on torch's CPU device: as on the host."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from repdiff.affinity import torch_ready
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.affinity.representation import Representation
from repdiff.affinity.torch import _prepare_meanwhile
from repdiff.affinity.torch_ready import ready_rows
from repdiff.core.device import Device
from repdiff.core.errors import RepdiffError

CPU = Device.named("cpu", tf32=False)


def rows(kind: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(500, 11)) * 1e-3 + 7
    if kind == "integers":
        values = rng.integers(-3, 4, (500, 11)).astype(np.float64)
    values[400:] = values[rng.integers(0, 400, 100)]
    values[::7, 2] = 0.0
    values[7::14, 2] = -0.0  # the same number
    values[300] = values[100]
    values[300, 2], values[100, 2] = 0.0, -0.0
    return values


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("kind", "metric"), [("normal", "euclidean"), ("normal", "cosine"), ("integers", "euclidean")])
def test_all_is_as_on_the_host(kind, metric, dtype, monkeypatch):
    monkeypatch.setattr(torch_ready, "_NUMBERS_AT_A_TIME", 11 * 64)
    values = rows(kind).astype(dtype)
    found, expected = ready_rows(values, metric, CPU), RankedEmbedding(values, metric=metric)
    assert found.exact == expected.exact == (kind == "integers")
    np.testing.assert_array_equal(found.originals.numpy(), expected.originals)
    np.testing.assert_array_equal(found.copies.numpy(), expected.copies)
    assert found.originals[300] == 100
    np.testing.assert_allclose(found.values.numpy(), expected.values, rtol=1e-15)
    np.testing.assert_allclose(found.coordinates.numpy(), expected.coordinates, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.squared_norms.numpy(), expected.squared_norms, rtol=1e-5)
    assert found.coordinates.numpy().dtype == np.float32


def test_unlike_rows_of_one_hash_are_told_apart(monkeypatch):
    values = rows("integers")
    monkeypatch.setattr(torch_ready, "_hashes", lambda given, *_: given[:, 0].long())
    found, expected = ready_rows(values, "euclidean", CPU), RankedEmbedding(values)
    np.testing.assert_array_equal(found.originals.numpy(), expected.originals)


def test_a_row_of_zeros_has_no_direction():
    values = np.ones((5, 3))
    values[3] = 0
    with pytest.raises(RepdiffError, match="row 3 is all zeros"):
        ready_rows(values, "cosine", CPU)


def test_the_host_prepares_while_the_device_computes():
    sides = Representation(rows("normal")), Representation(np.zeros((4, 2)), "cosine")  # the second cannot be
    for thread in _prepare_meanwhile(sides):
        thread.join()
    assert "ready" in vars(sides[0])
    with pytest.raises(RepdiffError, match="row 0 is all zeros"):
        _ = sides[1].ready
