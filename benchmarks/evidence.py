"""Evidence: false alarms, power, the chosen number of clusters, and its cost."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import pandas as pd
from data import synthetic_pair
from harness import HERE, ResultTable, Section, interleaved

import repdiff

sys.path.insert(0, str(HERE.parent / "tests"))
import planted

_DRAWS = 20
_COST_BAR = 0.6
_NOISES = (0.3, 0.6, 1.0)  # standard deviations of the noise, in those of the embedding


def evidence(options: argparse.Namespace) -> Section:
    """False alarms, power, chosen numbers of clusters, and time."""
    tables = [_false_alarms(), _power(), _chosen_number(), _cost(options.repeats)]
    return Section("Evidence: false alarms, power and cost", tables)


def _false_alarms() -> ResultTable:
    rows = []
    for noise in _NOISES:
        found = [_noisy_views(seed, noise) for seed in range(_DRAWS)]
        alarms = sum(comparison.evidence.n_standing_out > 0 for comparison in found)
        tested = sum(comparison.evidence.n_tested for comparison in found)
        clusters = sum(comparison.evidence.n_standing_out for comparison in found)
        rows.append([f"{noise:g}", f"{alarms} of {_DRAWS} (bar: 2)", f"{clusters} of {tested}"])
    columns = ("noise", "comparisons with a significant cluster", "significant clusters")
    caption = "False alarms: two independent noisy views of one embedding, n = 1,000, d = 64, false discovery rate 5 %:"
    return ResultTable(caption, columns, rows)


def _noisy_views(seed: int, noise: float) -> repdiff.Comparison:
    shared, _ = synthetic_pair(1_000, 64, 64, seed=seed)
    rng = np.random.default_rng(seed)
    x, y = (shared + noise * shared.std() * rng.normal(size=shared.shape) for _ in range(2))
    return repdiff.compare(x, y, random_state=seed)


def _power() -> ResultTable:
    rows = []
    for n_groups in (2, 5, 10):
        size = 40
        draws = [
            planted.split_in_x(
                np.random.default_rng(seed), n_groups=n_groups, size=size, n_agreed=50 * size - n_groups * size
            )
            for seed in range(_DRAWS)
        ]
        found = [_reported(pair) for pair in draws]
        any_found, all_found = sum(1 for one in found if one.any()), sum(1 for one in found if one.all())
        rows.append([f"{n_groups}", f"{any_found} of {_DRAWS} (bar: 18)", f"{all_found} of {_DRAWS}"])
    columns = ("planted groups", "comparisons that report a planted group", "that report all of them")
    caption = (
        "Power: groups of 2 % of 2,000 items that x tells apart and y does not; reported: a significant cluster is the "
        "group (Jaccard index at least 0.5):"
    )
    return ResultTable(caption, columns, rows)


def _reported(pair: planted.Planted) -> np.ndarray:
    """For each planted group, whether a significant cluster is it."""
    found = repdiff.compare(pair.x, pair.y, n_clusters=int(pair.group.max()) + 2)
    significant = [set(c.items.tolist()) for c in found.x_only.clusters if c.evidence.stands_out()]
    groups = [set(np.flatnonzero(pair.group == group).tolist()) for group in range(pair.group.max() + 1)]
    return np.array([any(2 * len(g & c) >= len(g | c) for c in significant) for g in groups])


def _chosen_number() -> ResultTable:
    near, exact, told = 0, 0, []
    for seed in range(_DRAWS):
        n_groups = 3 + seed % 10
        pair = planted.split_in_x(np.random.default_rng(seed), n_groups=n_groups, size=40, n_agreed=0)
        chosen = repdiff.compare(pair.x, pair.y, n_clusters="auto", evidence=False).chosen["x_only"].n
        near, exact = near + (abs(chosen - n_groups) <= 1), exact + (chosen == n_groups)
        told.append(f"{n_groups}→{chosen}")
    columns = ("within one of the planted number", "exactly it", "planted → chosen")
    row = [f"{near} of {_DRAWS} (bar: 16)", f"{exact} of {_DRAWS}", ", ".join(told)]
    return ResultTable('`n_clusters="auto"`: comparisons with 3 to 12 planted groups of 40 items:', columns, [row])


def _cost(repeats: int) -> ResultTable:
    x, y = synthetic_pair(8_000, 1_280, 1_280)
    rng = np.random.default_rng(0)
    label = rng.integers(100, size=len(x))
    told = pd.DataFrame(
        {
            "label": label.astype(str),
            "x_says": np.where(rng.random(len(x)) < 0.8, label, 0).astype(str),
            "y_says": np.where(rng.random(len(x)) < 0.8, label, 0).astype(str),
            "kind": rng.integers(20, size=len(x)).astype(str),
            "size": rng.normal(size=len(x)),
        }
    )
    columns = {"label": "label", "prediction_x": "x_says", "prediction_y": "y_says"}
    rows = []
    for what, given in (("embeddings alone", {}), ("100 labels, predictions, 2 columns", {"items": told, **columns})):

        def call(evidence: bool, given: dict[str, Any] = given) -> None:
            repdiff.compare(x, y, evidence=evidence, **given)

        call(True)
        taken = interleaved({"without": lambda: call(False), "with": lambda: call(True)}, repeats)
        more = taken["with"] / taken["without"] - 1
        rows.append([what, f"{taken['without']:.2f}", f"{taken['with']:.2f}", f"{more:+.0%} (bar: +{_COST_BAR:.0%})"])
    caption = (
        "What evidence adds to a comparison: n = 8,000, d = 1,280, 10 clusters, the default number of resamples, the "
        "scores of similarity included, s:"
    )
    return ResultTable(caption, ("given", "without", "with", "more"), rows)
