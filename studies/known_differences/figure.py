"""Success and recovery of every method, as one figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

_OWN, _OTHER, _CHANCE = "#0072b2", "#555555", "#b0b0b0"
_PANELS = (
    ("success", "success:\nitems shown"),
    ("members", "success:\nall members"),
    ("held_out", "success:\nitems held out"),
    ("ami", "adjusted mutual information\nwith the known groups"),
    ("on_target", "shown first: share\nof known groups"),
)


def write_figure(summary: pd.DataFrame, output: Path) -> None:
    """Write ``known-differences.png`` and ``.svg``: a row per kind of pair, a point per method, bars of one sd.

    Controls are hollow; a dotted line marks chance.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    kinds = list(dict.fromkeys(summary["kind"]))
    settings = {"svg.hashsalt": "repdiff", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    with mpl.rc_context(settings):
        figure, axes = plt.subplots(
            len(kinds), len(_PANELS), figsize=(13, 4 * len(kinds)), sharey="row", squeeze=False, layout="constrained"
        )
        for row, kind in zip(axes, kinds, strict=True):
            table = summary[summary["kind"] == kind].iloc[::-1]
            for axis, (name, title) in zip(row, _PANELS, strict=True):
                _panel(axis, table, name, title)
            row[0].set_yticks(range(len(table)), table["title"])
            row[0].set_ylabel(kind, fontweight="bold")
        figure.savefig(output / "known-differences.png", dpi=150, metadata={"Software": None})
        figure.savefig(output / "known-differences.svg", metadata={"Date": None})
        plt.close(figure)


def _panel(axis: Any, table: pd.DataFrame, name: str, title: str) -> None:
    for place, row in enumerate(table.to_dict("records")):
        own, chance = row["method"] == "rdc", row["method"].startswith("random")
        colour = _OWN if own else _CHANCE if chance else _OTHER
        filled = "none" if row["title"].startswith("control") else colour
        axis.errorbar(
            row[name], place, xerr=np.nan_to_num(row[f"{name}_sd"]), fmt="o", color=colour,
            markerfacecolor=filled, capsize=2, markersize=5,
        )  # fmt: skip
    axis.set_xlim(-0.03, 1.05)
    axis.set_title(title, fontsize=9)
    axis.grid(axis="x", alpha=0.3)
    if name in ("success", "members", "held_out"):
        axis.axvline(0.5, color=_CHANCE, linewidth=1, linestyle=":")
