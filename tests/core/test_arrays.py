from __future__ import annotations

import threading

import numpy as np
import pytest

from repdiff.clustering.spectral import orthonormal_to
from repdiff.core import arrays, parallel
from repdiff.core.arrays import HOST


@pytest.fixture
def in_stripes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_AT_ONCE", 100)
    monkeypatch.setattr(arrays, "STRIPE", 64)


@pytest.mark.parametrize("n", [101, 128, 513])
def test_a_basis_from_stripes_is_that_of_all_rows(n: int, monkeypatch: pytest.MonkeyPatch, in_stripes: None) -> None:
    matrix = np.random.default_rng(n).normal(size=(n, 7)).astype(np.float32)
    matrix[:, 4] = 2 * matrix[:, 1]
    found, kept = HOST.orthonormal(matrix)
    np.testing.assert_allclose(found.T @ found, np.eye(7), atol=2e-6)
    monkeypatch.setattr(arrays, "MOST_AT_ONCE", n)
    whole, lengths = HOST.orthonormal(matrix)
    assert max(kept[4], lengths[4]) < 1e-4
    before = [0, 1, 2, 3]  # what follows the repeated column depends on what took its place
    np.testing.assert_allclose(kept[before], lengths[before], rtol=1e-5)
    np.testing.assert_allclose(np.abs(found[:, before]), np.abs(whole[:, before]), atol=2e-5)


def test_columns_of_many_rows_that_are_lost_are_replaced(in_stripes: None) -> None:
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(500, 20)))[0].astype(np.float32)
    block = rng.normal(size=(500, 6)).astype(np.float32)
    block[:, 1], block[:, 2] = basis[:, 3], 3 * block[:, 0]
    both = np.hstack([basis, orthonormal_to(basis, block)])
    np.testing.assert_allclose(both.T @ both, np.eye(26), atol=5e-6)


def test_many_rows_are_not_made_orthonormal_for_nobody(monkeypatch: pytest.MonkeyPatch, in_stripes: None) -> None:
    """Ctrl-C waits for a stripe, not for all of them."""
    stop, done, qr = threading.Event(), [], np.linalg.qr

    def stopped_after_two(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        done.append(len(matrix))
        if len(done) == 2:
            stop.set()
        return tuple(qr(matrix))

    monkeypatch.setattr(np.linalg, "qr", stopped_after_two)
    monkeypatch.setattr(parallel._of_thread, "stops", (stop,), raising=False)
    with pytest.raises(parallel._Stopped):
        HOST.orthonormal(np.ones((640, 3), np.float32))
    assert done == [64, 64]
