"""Runs that are made once for all attacks on them."""

from __future__ import annotations

from pathlib import Path

import pytest
import tampered_runs


@pytest.fixture(scope="session")
def intact(shared: Path) -> dict[str, Path]:
    """A run, a series and a matrix of today and of version 0.1; to be copied, not changed."""
    import fcntl

    folder = shared / "intact-runs"
    with (shared / "intact-runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            return tampered_runs.make_runs(folder)
    return {kind: folder / kind.replace(" ", "/") for kind in tampered_runs.KINDS}
