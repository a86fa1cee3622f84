"""Runs to report on, made from a few arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import planted
import pytest
from report_runs import HOSTILE, make_run, pictures
from series_runs import learning_series, series_run

from repdiff.store.run import Run
from repdiff.store.series import SeriesRun


@pytest.fixture(scope="session")
def hostile_run() -> Run:
    """A planted difference, with pictures; ids, labels, columns, names and words all try to be markup."""
    found = planted.split_in_x(np.random.default_rng(3))
    n = len(found.x)
    ids = [HOSTILE, "=cmd()", "</script><script>alert(1)</script>", "-7", *(f'item "{row}"' for row in range(4, n))]
    truth = zip(found.group.tolist(), found.agreed.tolist(), strict=True)
    labels = [f"<b>group {group}" if group >= 0 else f"blob {blob}" for group, blob in truth]
    wrong_by_turns = np.where(np.arange(n) % 2, labels, "?")
    items = pd.DataFrame({"id": ids, "<i>kind": labels, "says x": labels, "says y": wrong_by_turns})
    return make_run(
        found.x, found.y, items=items, label="<i>kind", prediction_x="says x", prediction_y="says y",
        names=("<u>x", "y & co"), n_clusters=6, no_change_threshold=2.5, description=f"{HOSTILE} described",
        warnings=("<s>rows</s> left out",),
        thumbnails=pictures(range(n - 10), skipped=("<img src=y> cannot be opened",)),
    )  # fmt: skip


@pytest.fixture(scope="session")
def same_run() -> Run:
    """A representation against itself; items are bare numbers."""
    x = np.random.default_rng(1).normal(size=(80, 6)).astype(np.float32)
    return make_run(x, x.copy(), names=("one", "two"), n_clusters=3)


@pytest.fixture(scope="session")
def text_run() -> Run:
    """Items of text, without labels or pictures."""
    found = planted.split_in_x(np.random.default_rng(4), n_groups=3, size=20, n_agreed=60)
    items = pd.DataFrame({"text": [f"words  of\n{row} <em> " * 30 for row in range(len(found.x))]})
    return make_run(found.x, found.y, items=items, text="text", names=("old", "new"), n_clusters=4)


@pytest.fixture(scope="session")
def learning() -> SeriesRun:
    """Four checkpoints that learn what the reference knows, group by group; names, ids and labels try to be markup."""
    return series_run(learning_series())
