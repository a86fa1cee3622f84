"""A run compared again: the same bits with the same settings, whatever it was made with, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files of embeddings with ids, in another order, and two replicates."""
    rng = np.random.default_rng(4)
    kind = np.arange(90) % 3
    x = 5 * np.eye(3, 8)[kind] + rng.normal(size=(90, 8))
    y = 5 * np.eye(3, 8)[kind // 2] + rng.normal(size=(90, 8))
    ids, order = np.array([f"i{row}" for row in range(90)]), rng.permutation(90)
    np.savez(tmp_path / "x.npz", embeddings=x, ids=ids)
    np.savez(tmp_path / "y.npz", embeddings=y[order], ids=ids[order])
    np.save(tmp_path / "plain_x.npy", x)
    np.save(tmp_path / "plain_y.npy", y)
    for name, values in (("again_x", x), ("again_y", y)):
        np.save(tmp_path / f"{name}.npy", values + 0.1 * rng.normal(size=values.shape))
    for name, values in (("far_x", x), ("far_y", y)):
        np.save(tmp_path / f"{name}.npy", np.linalg.norm(values[:, None] - values[None], axis=2))
    pd.DataFrame({"id": ids, "kind": kind}).to_csv(tmp_path / "items.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


MADE = {
    "ids": ("x.npz", "y.npz", {}),
    "order": ("plain_x.npy", "plain_y.npy", {"metric": ("cosine", "euclidean"), "n_neighbors": 5}),
    "distances": ("far_x.npy", "far_y.npy", {"metric": "precomputed"}),
    "aligned": ("x.npz", "y.npz", {"align": "linear", "align_effect": True}),
    "guided": ("x.npz", "y.npz", {"within": "label"}),
    "chosen": ("x.npz", "y.npz", {"n_clusters": "auto"}),
    "evidence": ("plain_x.npy", "plain_y.npy", {"evidence": True, "replicates_x": ["again_x.npy"],
                                                "replicates_y": ["again_y.npy"]}),
}  # fmt: skip


@pytest.mark.parametrize("made", MADE)
def test_the_same_settings_give_the_same_bits(folder: Path, made: str) -> None:
    x, y, options = MADE[made]
    asked: dict[str, Any] = {"n_clusters": 4, "evidence": False, "label": "kind", "description": "what it is"}
    before = repdiff.compare(x, y, items="items.csv", **{**asked, **options})
    before.save("run")
    assert cli.run(["rerun", "run", "-o", "again"]) == 0
    after = repdiff.load("again")
    for name in ("x_only", "y_only"):
        one, other = getattr(before, name), getattr(after, name)
        assert np.array_equal(one.labels, other.labels)
        assert [cluster.mean_affinity for cluster in one.clusters] == [
            cluster.mean_affinity for cluster in other.clusters
        ]
    assert after.provenance.parameters == before.provenance.parameters
    assert after.provenance.inputs == before.provenance.inputs
    assert (after.names, after.description) == (before.names, before.description)
    assert (after.evidence is None) == (before.evidence is None)
    assert after.items.frame.equals(before.items.frame)
    assert after.neighbors is not None
    assert before.neighbors is not None
    assert after.neighbors.k == before.neighbors.k


def test_settings_are_changed_and_mistakes_are_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repdiff.compare("x.npz", "y.npz", n_clusters=4, evidence=False).save("run")
    assert cli.run(["rerun", "run", "-o", "other", "--gamma", "0.3", "--threshold", "2", "-n", "3"]) == 0
    parameters = repdiff.load("other").provenance.parameters
    assert [parameters[name] for name in ("gamma", "beta", "no_change_threshold", "n_clusters")] == [0.3, 5.0, 2.0, 3]
    np.savez("y.npz", embeddings=np.ones((90, 8)), ids=np.arange(90))
    for options, words in (
        (["-o", "other"], "is a run already"),
        (["-o", "new", "--beta", "-1"], "must be"),
        (["-o", "new", "-n", "many"], "n_clusters"),
        (["-o", "new"], "the values differ from those that run was made from"),
    ):
        capsys.readouterr()
        assert cli.run(["rerun", "run", *options]) == 2
        error = capsys.readouterr().err
        assert words.replace("n_clusters", "clusters") in error
        assert error.count("\n") == 1
    assert not (folder / "new").exists()
    Path("y.npz").unlink()
    assert cli.run(["rerun", "run", "-o", "new"]) == 2
    assert "is not a file here" in capsys.readouterr().err
