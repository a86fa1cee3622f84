"""Encoding: the whole of ``repdiff.encode`` against the bare model loop, and its memory as items grow."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from harness import HERE, ResultTable, Section, interleaved
from PIL import Image

EXAMPLE = HERE.parent / "examples" / "imagenet_efficientnet"
_ITEMS, _BATCH = 384, 32
_FEW, _MANY = 2_000, 20_000
_SPEED_BAR, _MEMORY_BAR = 0.9, 1.1


def encoding(options: argparse.Namespace) -> Section:
    """Speed of encode against the bare loop, and peak memory against the number of items."""
    with tempfile.TemporaryDirectory() as folder:
        tables = [_throughput(Path(folder), options.repeats), _memory(Path(folder))]
    return Section("Encoding: models and images to embeddings on disk", tables)


def _throughput(folder: Path, repeats: int) -> ResultTable:
    columns = ("bare loop", "bare loop, freed memory kept", "encode", f"encode / bare loop (bar: {_SPEED_BAR})",
               "encode / loop with memory kept")  # fmt: skip
    if not (find_spec("torch") and find_spec("efficientnet_lite_pytorch")):
        return ResultTable("", columns, [["not measured"] * len(columns)])
    sys.path.insert(0, str(EXAMPLE))
    import efficientnets
    import torch

    import repdiff
    from repdiff.encoding.malloc import freed_memory_kept

    module, transform = efficientnets.lite0()
    module.eval()
    pictures = _pictures(folder / "pictures", _ITEMS, side=72)
    prepared = [transform(Image.open(path).convert("RGB")) for path in sorted(pictures.iterdir())]
    batches = [torch.from_numpy(np.stack(prepared[i : i + _BATCH])) for i in range(0, _ITEMS, _BATCH)]

    def bare() -> None:
        with torch.inference_mode():
            for batch in batches:
                module(batch)

    def whole() -> None:
        repdiff.encode((module, transform), pictures, folder / f"{time.monotonic_ns()}.npz", batch=_BATCH)

    def bare_with_memory_kept() -> None:
        with freed_memory_kept():
            bare()

    taken = interleaved({"bare": bare, "kept": bare_with_memory_kept, "encode": whole}, repeats)
    rates = {name: _ITEMS / seconds for name, seconds in taken.items()}
    ratios = [rates["encode"] / rates[name] for name in ("bare", "kept")]
    row = [f"{rate:.1f}" for rate in rates.values()] + [f"{ratio:.2f}" for ratio in ratios]
    caption = (
        f"EfficientNet-Lite0, {_ITEMS} images in batches of {_BATCH}, images per second. The loops have their tensors "
        "ready; encode starts its processes and opens its images:"
    )
    notes = [
        "encode keeps freed memory between batches (`encoding/malloc.py`); the second loop does so, too, and is the "
        "fair comparison."
    ]
    return ResultTable(caption, columns, [row], notes)


def _memory(folder: Path) -> ResultTable:
    pictures = _pictures(folder / "many", _MANY, side=32)
    peaks = {}
    for n in (_FEW, _MANY):
        table = folder / f"{n}.csv"
        names = sorted(path.name for path in pictures.iterdir())[:n]
        table.write_text("image\n" + "\n".join(f"many/{name}" for name in names) + "\n")
        peaks[n] = _peak_of_child(
            ["encode", "--model", "pixels?size=16", "--items", str(table), "-o", str(folder / f"{n}.npz")]
        )
    ratio = peaks[_MANY] / peaks[_FEW]
    rows = [[f"{n:,}", f"{peak / 1e6:,.0f}", ""] for n, peak in peaks.items()]
    rows[-1][-1] = f"{ratio:.3f} (bar: {_MEMORY_BAR})"
    return ResultTable("Peak of all processes together, small images through `pixels`:", ("items", "MB", "ratio"), rows)


def _peak_of_child(arguments: list[str]) -> int:
    """Resident bytes of a command and its own children at their peak."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    process = psutil.Popen([sys.executable, "-m", "repdiff", *arguments], env=environment, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _resident(process))
        threading.Event().wait(0.02)
    if process.returncode:
        raise SystemExit(f"{json.dumps(arguments)} failed")
    return peak


def _resident(process: Any) -> int:
    total = 0
    for part in (process, *process.children(recursive=True)):
        try:
            total += part.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def _pictures(folder: Path, count: int, *, side: int) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((side, side)).save(folder / f"{number:06d}.png")
    return folder
