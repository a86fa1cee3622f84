"""How much memory there is, and sizes as text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from repdiff.core.errors import RepdiffError

if TYPE_CHECKING:
    import numpy.typing as npt

_UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}
_CGROUP = Path("/sys/fs/cgroup")


def available_bytes() -> int:
    """Bytes that this process can still allocate, within the machine and the limit of its container, if any."""
    available = int(psutil.virtual_memory().available)
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):
        return available
    return available if limit == "max" else min(available, max(0, int(limit) - used))


def parse_bytes(size: int | str) -> int:
    """Bytes of a size such as ``"4GB"``, ``"512MiB"`` or a plain number.

    Raises
    ------
    RepdiffError
        If it is not a positive size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?\s*", str(size).lower())
    if not match or float(match[1]) <= 0:
        raise RepdiffError(f"a memory limit must be a positive size such as 4GB or 512MiB, but is {size!r}")
    return int(float(match[1]) * _UNITS[match[2] or ""])


def most_that_fit(need: Callable[[int], int], limit: int, *, below: int) -> int:
    """The largest number of items, of three digits, whose need is within a limit; 0 where none is.

    Parameters
    ----------
    need : callable
        Number of items -> bytes; grows with the number.
    limit : int
        Bytes.
    below : int
        Numbers from here on do not come into question.
    """
    fits: int = max(0, bisect_right(range(below), limit, key=need) - 1)
    step: int = 10 ** max(0, len(str(fits)) - 3)
    return fits // step * step


def format_bytes(size: float) -> str:
    """A size as people read it: ``"2.6 GB"``."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size:.0f} bytes"


def is_mapped(values: npt.NDArray[Any]) -> bool:
    """Whether an array, or what it is a view of, is a memory-mapped file, which takes no memory of its own."""
    import numpy as np

    base: Any = values
    while base is not None:
        if isinstance(base, np.memmap | mmap):
            return True
        base = getattr(base, "base", None)
    return False
