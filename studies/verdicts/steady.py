"""Whether a verdict depends on the number of clusters or on a seed: digits against what a network makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from replicates import digits_of, hidden_layer

import repdiff
from repdiff.affinity.distances import ranked
from repdiff.evidence.findings import assess_findings

NUMBERS = (5, 8, 10, 15, 20)
FIGURES = ("excess", "excess_predicted", "excess_small", "excess_rest", "standard_error", "n_significant", "close_to")


def rows_of_seed(seed: int, *, n_jobs: int = 1) -> list[dict[str, Any]]:
    """A row for each number of clusters and direction; the seed is that of the network and of the evidence."""
    digits = digits_of()
    sides = [np.asarray(side, np.float32) for side in (digits.pixels, hidden_layer(digits, seed))]
    ready = [ranked(side, metric="euclidean") for side in sides]
    rows = []
    for number in NUMBERS:
        found = repdiff.compare(*sides, n_clusters=number, evidence=False, random_state=seed, n_jobs=n_jobs)
        directions = {"x_only": found.x_only, "y_only": found.y_only}
        findings = assess_findings(*ready, directions, n_jobs=n_jobs, random_state=seed)
        rows += [
            {"seed": seed, "clusters": number, "direction": name, "code": one.code}
            | {figure: getattr(one, figure) for figure in FIGURES}
            for name, one in findings.directions.items()
        ]
    return rows


def table_of_steadiness(frame: pd.DataFrame) -> str:
    """A line for each number of clusters: what was said, over all seeds, as Markdown."""
    lines = [
        "| clusters | seeds | x_only | y_only | least excess | least excess without groups | close to another |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, found in frame.groupby("clusters"):
        x, y = (found[found.direction == direction] for direction in ("x_only", "y_only"))
        rest = found.groupby("seed").excess_rest.max().min()
        lines.append(
            f"| {number} | {len(x)} | {_counts(x)} | {_counts(y)} | {found.excess.min():.2f} | {rest:.2f} | "
            f"{found.close_to.notna().sum()} of {len(found)} |"
        )
    return "\n".join(lines) + "\n"


def _counts(found: pd.DataFrame) -> str:
    return ", ".join(f"{code} {count}" for code, count in found.code.value_counts().items())
