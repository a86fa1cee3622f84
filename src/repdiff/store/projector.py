"""A comparison -> the files of TensorBoard's projector: coordinates and what is known of the items, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import RepdiffError
from repdiff.results.comparison import Comparison

METADATA, CONFIG = "metadata.tsv", "projector_config.pbtxt"


def projector_files(comparison: Comparison, frame: pd.DataFrame) -> Mapping[str, str]:
    """Text of each file, by its name.

    For each direction ``x_only.tsv`` and ``y_only.tsv``, the eigenvectors that its clusters were cut from, without the
    constant first one: items lie together that one side groups and the other does not. ``metadata.tsv`` has a row for
    each item. ``projector_config.pbtxt`` names them for ``tensorboard --logdir``; the projector's web page loads the
    other files as they are.

    Parameters
    ----------
    comparison : Comparison
        What to export.
    frame : DataFrame, n rows
        What is told of the items; missing values stay empty.

    Raises
    ------
    RepdiffError
        Where no eigenvectors were kept.
    """
    kept = {one.name: one.spectrum for one in (comparison.x_only, comparison.y_only) if one.spectrum is not None}
    if not kept:
        raise RepdiffError("this run keeps no eigenvectors, which the projector shows; compare again")
    tensors = {f"{name}.tsv": _table(spectrum.vectors[:, 1:]) for name, spectrum in kept.items()}
    metadata = "\n".join(["\t".join(map(_cell, frame.columns)), *_rows(frame)]) + "\n"
    return {**tensors, METADATA: metadata, CONFIG: "".join(_entry(comparison, name) for name in kept)}


def write_projector(comparison: Comparison, frame: pd.DataFrame, folder: Path) -> None:
    """Write the files into a folder that is there."""
    for name, text in projector_files(comparison, frame).items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _table(values: npt.NDArray[np.float32]) -> str:
    scaled = values / (float(np.abs(values).max(initial=0.0)) or 1.0)
    return "\n".join("\t".join(f"{value:.6g}" for value in row) for row in scaled.tolist()) + "\n"


def _rows(frame: pd.DataFrame) -> list[str]:
    columns = [[_cell("" if missing else value) for value, missing in zip(frame[name], frame[name].isna(), strict=True)]
               for name in frame.columns]  # fmt: skip
    return ["\t".join(row) for row in zip(*columns, strict=True)]


def _cell(value: object) -> str:
    """Text without the characters that part cells and rows."""
    return " ".join(str(value).split())


def _entry(comparison: Comparison, name: str) -> str:
    holder = comparison.names[0] if name == "x_only" else comparison.names[1]
    return (
        "embeddings {\n"
        f"  tensor_name: {json.dumps(f'only in {holder}', ensure_ascii=False)}\n"
        f'  tensor_path: "{name}.tsv"\n'
        f'  metadata_path: "{METADATA}"\n'
        "}\n"
    )
