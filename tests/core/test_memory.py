from __future__ import annotations

import pytest

from repdiff.core import memory
from repdiff.core.errors import RepdiffError


@pytest.mark.parametrize(
    ("text", "size"),
    [("4GB", 4 * 10**9), ("512 MiB", 512 * 2**20), ("1.5g", 15 * 10**8), (12345, 12345), ("7 kB", 7000)],
)
def test_sizes_are_read(text, size):
    assert memory.parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1GB", "0", "4 XB", "four"])
def test_what_is_no_size_is_named(text):
    with pytest.raises(RepdiffError, match="positive size such as 4GB"):
        memory.parse_bytes(text)


@pytest.mark.parametrize(
    ("size", "text"), [(999, "999 bytes"), (1234, "1.2 kB"), (2.5e9, "2.5 GB"), (4e12, "4000.0 GB")]
)
def test_sizes_are_said(size, text):
    assert memory.format_bytes(size) == text


def test_a_container_limit_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    free = memory.available_bytes()
    assert free > 0
    (tmp_path / "memory.current").write_text("400")
    (tmp_path / "memory.max").write_text("1000\n")
    assert memory.available_bytes() == 600
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.available_bytes() > 600
