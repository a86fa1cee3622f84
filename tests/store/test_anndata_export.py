"""A run as an ``.h5ad`` file, opened by anndata itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import cli


@pytest.fixture(scope="module")
def run(pair_xy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    n = len(pair_xy[0])
    items = pd.DataFrame(
        {
            "id": [f"item {row}" for row in range(n)],
            "kind": ["a", None, "b"] * (n // 3),
            "score": np.linspace(0, 1, n),
            "count": pd.array([1, None, 3] * (n // 3), dtype="Int64"),
            "when": pd.date_range("2020-01-01", periods=n),
            "flag": [True, False, None] * (n // 3),
        }
    )
    found = repdiff.compare(*pair_xy, items=items, label="kind", names=("old", "new"), n_clusters=5, evidence=False)
    return found.save(tmp_path_factory.mktemp("runs") / "run")


def test_anndata_reads_what_was_exported(run: Path, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    assert cli.run(["export", str(run), "--to", "anndata", "-o", str(tmp_path / "run.h5ad")]) == 0
    read, comparison = anndata.read_h5ad(tmp_path / "run.h5ad"), repdiff.load(run)
    n = len(comparison.items.frame)
    assert read.shape == (n, 0)
    assert read.obs_names.tolist() == comparison.items.frame["id"].tolist()
    assert read.obs["x_only"].astype(int).tolist() == comparison.x_only.labels.tolist()
    assert read.obs["y_only_no_change"].tolist() == comparison.y_only.no_change.tolist()
    assert read.obs["kind"].isna().tolist() == comparison.items.frame["kind"].isna().tolist()
    assert read.obs["score"].dtype == np.float64
    np.testing.assert_array_equal(read.obsm["X_pca_x"], comparison.projection.x)
    np.testing.assert_array_equal(read.obsm["X_y_only"], comparison.y_only.spectrum.vectors)
    np.testing.assert_array_equal(read.obsm["nearest_x"], comparison.neighbors.x)
    np.testing.assert_array_equal(read.obsm["nearest_x_in_y"], comparison.neighbors.x_in_y)
    assert list(read.uns["repdiff"]["names"]) == ["old", "new"]


def test_it_needs_a_file_to_write(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["export", str(run), "--to", "anndata"]) == 2
    assert "--output" in capsys.readouterr().err
