"""Data that several tests share."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import planted
import pytest
from hypothesis import HealthCheck, settings

# The first example of a law compiles the kernels it needs, so a deadline would measure the compiler.
settings.register_profile("repdiff", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repdiff")

# The files that take longest, so that no process is left alone with one of them at the end.
SLOW_FILES = (
    "test_docs.py", "test_commands.py", "test_demo_data.py", "test_resume.py", "test_findings.py", "test_assess.py",
    "test_models.py", "test_significance.py", "test_memory_limit.py", "test_nearest.py", "test_series_browser.py",
    "test_browser.py", "test_guard.py", "test_explorer_browser.py", "test_known_differences.py", "test_series.py",
    "test_scores.py", "test_methods.py", "test_on_dask.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(SLOW_FILES)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(scope="session")
def digits() -> np.ndarray:
    """scikit-learn's digits as vectors of small integers, which have many equal distances."""
    from sklearn.datasets import load_digits

    return load_digits().data.astype(np.float32)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is made once for all processes of a session of tests."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def demo_trained_once(shared: Path) -> Iterator[None]:
    """The demo's networks are trained by whoever needs them first; another test trains them again."""
    import fcntl

    from repdiff.cli import demo_data

    train = demo_data._train

    def kept(pixels: np.ndarray, target: np.ndarray, random_state: int) -> tuple[np.ndarray, np.ndarray]:
        key = hashlib.sha256(pixels.tobytes() + target.tobytes() + str(random_state).encode()).hexdigest()
        path = shared / f"network-{key}.npz"
        with (shared / "network.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                layer, said = train(pixels, target, random_state)
                np.savez(path, layer=layer, said=said)
        with np.load(path) as found:
            return found["layer"], found["said"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_data, "_train", kept)
        yield


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
