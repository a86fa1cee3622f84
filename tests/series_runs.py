"""A small series whose story is known, because we made it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import planted
from report_runs import HOSTILE, pictures

from repdiff.inputs.images import Thumbnails
from repdiff.results.timeline import Timeline
from repdiff.store.series import SeriesRun, series_run_of
from repdiff.workflows.series import compare_series

CHECKPOINTS = ("<b>first", "second & co", "third", "last")
REFERENCE = "<u>whole"


def learning_series(**options: Any) -> Timeline:
    """Four groups that the reference tells apart; the checkpoints learn none, one, two and all but one of them."""
    found = planted.split_in_x(np.random.default_rng(3))
    n = len(found.x)
    known = [found.group < step for step in range(4)]
    checkpoints = [np.where(learnt[:, None], found.x, found.y) for learnt in known]
    labels = [f"<i>group {group}" if group >= 0 else "blob" for group in found.group.tolist()]
    right = [np.where(learnt | (np.arange(n) % 3 > 0), labels, "?") for learnt in (*known, np.ones(n, bool))]
    items = pd.DataFrame({"id": [HOSTILE, *(f"item {row}" for row in range(1, n))], "kind": labels})
    defaults: dict[str, Any] = {
        "names": CHECKPOINTS, "reference_name": REFERENCE, "n_clusters": 6, "no_change_threshold": 2.5,
        "label": "kind", "predictions": right, "description": f"{HOSTILE} described",
    }  # fmt: skip
    return compare_series(checkpoints, found.x, items=items, **(defaults | options))


def series_run(timeline: Timeline, thumbnails: Thumbnails | None = None) -> SeriesRun:
    """The series as a report takes it, with a picture of all items but the last ten."""
    shown = pictures(range(len(timeline.items.frame) - 10)) if thumbnails is None else thumbnails
    return series_run_of(replace(timeline, thumbnails=shown))
