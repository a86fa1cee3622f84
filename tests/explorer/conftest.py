"""Runs to look at: one whose every text tries to be markup, and a series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pytest
from explorer_client import Client
from PIL import Image
from report_runs import HOSTILE, make_run, pictures
from series_runs import learning_series

from repdiff import cli
from repdiff.store.run import write_run


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A planted difference with pictures, labels and predictions."""
    found = planted.split_in_x(np.random.default_rng(3))
    n = len(found.x)
    ids = [HOSTILE, "=cmd()", "</script><script>alert(1)</script>", *(f'item "{row}"' for row in range(3, n))]
    truth = zip(found.group.tolist(), found.agreed.tolist(), strict=True)
    labels = [f"<b>group {group}" if group >= 0 else f"blob {blob}" for group, blob in truth]
    items = pd.DataFrame(
        {
            "id": ids,
            "name": [f"the {row}th <i>" for row in range(n)],
            "kind": labels,
            "says x": labels,
            "says y": np.where(np.arange(n) % 2, labels, "?"),
            "weight": np.linspace(0, 1, n),
            "half": [None, *["even", "odd"] * n][:n],
        }
    )
    run = make_run(
        found.x, found.y, items=items, label="kind", prediction_x="says x", prediction_y="says y",
        names=("<u>x", "y & co"), n_clusters=6, no_change_threshold=2.5, thumbnails=pictures(range(n - 10)),
        description=f"{HOSTILE} described", evidence=False,
    )  # fmt: skip
    return write_run(run, tmp_path_factory.mktemp("explored") / "run")


@pytest.fixture
def run(saved: Path) -> Path:
    """The same without a word of anybody."""
    (saved / "annotations.json").unlink(missing_ok=True)
    return saved


@pytest.fixture
def client(run: Path) -> Client:
    return Client(run)


@pytest.fixture(scope="session")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return learning_series().save(tmp_path_factory.mktemp("explored") / "series")


@pytest.fixture(scope="session")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run beside its embeddings and pictures, one of them broken, one a link to another place."""
    folder = tmp_path_factory.mktemp("pictured")
    (folder / "pictures").mkdir()
    rng = np.random.default_rng(5)
    corners = 6 * np.eye(6)
    for name, groups in (("x", np.arange(60) % 6), ("y", np.arange(60) // 10)):
        np.save(folder / f"{name}.npy", corners[groups] + rng.normal(size=(60, 6)))
    for row in range(60):
        Image.effect_noise((900, 600), 50).convert("RGB").save(folder / "pictures" / f"{row}.jpg")
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    Image.new("RGB", (40, 40), "red").save(outside)
    rows = "\n".join(f"item {row},{row}.jpg,{row % 4}" for row in range(60))
    (folder / "items.csv").write_text(f"id,image,kind\n{rows}\n")
    sides = [str(folder / "x.npy"), str(folder / "y.npy"), "--items", str(folder / "items.csv"), "-n", "6"]
    sides += ["--images", str(folder / "pictures"), "--no-evidence", "--label", "kind", "-o", str(folder / "run")]
    assert cli.run(["compare", *sides]) == 0
    (folder / "pictures" / "1.jpg").write_bytes(b"no picture")
    (folder / "pictures" / "2.jpg").unlink()
    (folder / "pictures" / "2.jpg").symlink_to(outside)
    return folder
