"""Data that several tests share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import numpy as np
import planted
import pytest
from hypothesis import HealthCheck, settings

# The first example of a law compiles the kernels it needs, so a deadline would measure the compiler.
settings.register_profile("repdiff", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repdiff")


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """scikit-learn's digits as vectors of small integers, which have many equal distances."""
    from sklearn.datasets import load_digits

    return load_digits().data.astype(np.float32)


@pytest.fixture
def sigint_raises() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt, which it does not in a background job of a shell; the test over, as before."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def pair_xy() -> tuple[np.ndarray, np.ndarray]:
    """Two related representations with some structure, (300, 20) and (300, 9)."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(6, 20)) * 3
    x = (centres[rng.integers(0, 6, 300)] + rng.normal(size=(300, 20))).astype(np.float32)
    y = (x @ rng.normal(size=(20, 9)) + 4 * rng.normal(size=(300, 9))).astype(np.float32)
    return x, y


@pytest.fixture(scope="session")
def planted_pair() -> planted.Planted:
    return planted.split_in_x(np.random.default_rng(3))
