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
from threadpoolctl import threadpool_limits

from repdiff.core.parallel import resolve_n_jobs

# The first example of a law compiles the kernels it needs, so a deadline would measure the compiler.
settings.register_profile("repdiff", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("repdiff")

# The files that take longest come first, so that no process is left alone with one of them at the end. The first of all
# compiles most kernels; those after it need none, so that they are not compiled by two processes at once. Files that
# wait, for a browser or a child, take turns with those that compute.
SLOW_FILES = (
    "test_docs.py", "test_resume.py", "test_models.py", "test_decoders.py", "test_hostile_images.py",
    "test_other_viewers.py", "test_sampled.py", "test_series_browser.py", "test_known_answers.py",
    "test_explorer_closer_browser.py", "test_demo_data.py", "test_explorer_browser.py", "test_findings.py",
    "test_browser.py", "test_guard.py", "test_closer_browser.py", "test_assess.py", "test_environments.py",
    "test_significance.py", "test_on_dask.py", "test_commands.py", "test_tampered_runs.py", "test_series_page.py",
    "test_interrupt.py", "test_beside_and_trials.py", "test_memory_limit.py", "test_in_place.py", "test_umap.py",
    "test_third_engine.py", "test_auto.py", "test_series.py", "test_compiled.py", "test_series_commands.py",
    "test_known_differences.py", "test_scoring.py", "test_scheduler.py", "test_compare.py", "test_parity.py",
    "test_bad_input.py", "test_verdicts.py",
)  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores: while some test waits for a browser or for a child, another computes."""
    return resolve_n_jobs(None) + 1


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
def threaded_libraries() -> Iterator[None]:
    """BLAS and OpenMP take two threads where nobody limits them, as on a user's machine; `make test` gives them one."""
    with threadpool_limits(2):
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
