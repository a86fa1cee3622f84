from __future__ import annotations

from pathlib import Path

import encoders
import pytest


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encoders.write_pictures(tmp_path_factory.mktemp("pictures") / "pictures")


@pytest.fixture
def opened_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images are prepared in this process."""
    monkeypatch.setattr("repdiff.encoding.batches.Decoders", encoders.OpenedHere)


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
