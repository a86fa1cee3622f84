"""A series of checkpoints against as many comparisons one by one."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile

import numpy as np
from data import synthetic_pair
from harness import ResultTable, Section, interleaved

import repdiff

_N, _T = 4_000, 8
_WIDTHS = (512, 768, 2_048)  # ResNet-18, ViT-B, ResNet-50
_BAR = 0.65


def series(options: argparse.Namespace) -> Section:
    """Time of a series against that of single comparisons."""
    rows = []
    for width in _WIDTHS:
        reference, checkpoints = _training(width)
        repdiff.compare(reference, checkpoints[0])  # compiles

        def one_by_one(reference=reference, checkpoints=checkpoints) -> None:
            for checkpoint in checkpoints:
                repdiff.compare(reference, checkpoint, evidence=False)  # as in a series

        def together(reference=reference, checkpoints=checkpoints) -> None:
            repdiff.compare_series(checkpoints, reference)

        taken = interleaved({"one by one": one_by_one, "series": together}, options.repeats)
        ratio = taken["series"] / taken["one by one"]
        rows.append(
            [f"{width:,}", f"{taken['one by one']:.2f}", f"{taken['series']:.2f}", f"{ratio:.2f} (bar: {_BAR})"]
        )
    columns = ("width", "one by one, s", "series, s", "ratio")
    caption = f"n = {_N:,}, {_T} checkpoints against one reference, both directions with labels and maps:"
    return Section("Checkpoint series", [ResultTable(caption, columns, rows), _as_commands()])


def _as_commands() -> ResultTable:
    """The same from the command line: one command per checkpoint against one for all, files and reports included."""
    reference, checkpoints = _training(_WIDTHS[0])
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/last.npy", reference)
        files = [f"{folder}/epoch{place}.npy" for place in range(_T)]
        for file, checkpoint in zip(files, checkpoints, strict=True):
            np.save(file, checkpoint)

        def repdiff_(*words: str) -> None:
            subprocess.run([sys.executable, "-m", "repdiff", *words], check=True, stdout=subprocess.DEVNULL)

        def one_by_one() -> None:
            for place, file in enumerate(files):
                repdiff_(
                    "compare", f"{folder}/last.npy", file, "--no-evidence", "--overwrite", "-o", f"{folder}/{place}"
                )

        def together() -> None:
            repdiff_("series", *files, "--reference", f"{folder}/last.npy", "--overwrite", "-o", f"{folder}/series")

        taken = interleaved({"one by one": one_by_one, "series": together}, 2)
    ratio = taken["series"] / taken["one by one"]
    row = [f"{taken['one by one']:.1f}", f"{taken['series']:.1f}", f"{ratio:.2f} (bar: {_BAR})"]
    caption = f"The same as commands, start of the program, files and reports included; width {_WIDTHS[0]}:"
    return ResultTable(caption, ("compare, 8 times, s", "series, s", "ratio"), [row])


def _training(width: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """A reference, and checkpoints that get closer and closer to it."""
    reference, other = synthetic_pair(_N, width, width)
    stages = np.linspace(0.1, 0.95, _T, dtype=np.float32)
    return reference, [other * (1 - stage) + reference * stage for stage in stages]
