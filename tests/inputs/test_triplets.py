from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad

import repdiff
from repdiff import InputError, cli, embed_triplets
from repdiff.inputs.triplets import _loss

compare = functools.partial(repdiff.compare, evidence=False)


def judge(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Judgements of random triplets by distance, (count, 3)."""
    triplets = rng.integers(0, len(points), (4 * count, 3))
    a, b, c = triplets.T
    a, b, c = triplets[(a != b) & (a != c) & (b != c)][:count].T
    swap = np.linalg.norm(points[a] - points[b], axis=1) > np.linalg.norm(points[a] - points[c], axis=1)
    return np.stack([a, np.where(swap, c, b), np.where(swap, b, c)], axis=1)


def test_judgements_by_an_embedding_give_it_back() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(60, 2))
    judged = embed_triplets(judge(points, 20_000, rng))
    assert judged.violated == 0
    known = {"embeddings": points, "ids": np.arange(60)}
    found = compare(judged.arrays(), known, n_clusters=5)
    assert found.x_only.no_change.all()
    assert found.y_only.no_change.all()


def test_a_factor_that_judgements_ignore_is_found() -> None:
    rng = np.random.default_rng(1)
    factor = rng.integers(0, 3, 90)
    seen = rng.normal(size=(90, 2))
    known = {"embeddings": np.hstack([seen, 8 * np.eye(3)[factor]]), "ids": np.arange(90)}
    found = compare(embed_triplets(judge(seen, 20_000, rng)).arrays(), known, n_clusters=3)
    groups = found.items.frame["id"].astype(int).map(dict(enumerate(factor)))
    clusters = found.y_only.difference_clusters
    assert len(clusters) == 3
    assert {len(set(groups.iloc[cluster.items])) for cluster in clusters} == {1}


def test_contradictions_are_counted_and_do_no_harm() -> None:
    rng = np.random.default_rng(2)
    points = rng.normal(size=(30, 2))
    judgements = judge(points, 6000, rng)
    lies = rng.random(6000) < 0.1
    judgements[lies] = judgements[lies][:, [0, 2, 1]]
    assert 0.05 < embed_triplets(judgements).violated < 0.15


def test_the_gradient_is_that_of_the_loss() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(8, 3))
    judgements = judge(points, 40, rng)
    error = check_grad(
        lambda flat: _loss(flat.reshape(8, 3), judgements)[0],
        lambda flat: _loss(flat.reshape(8, 3), judgements)[1].ravel(),
        rng.normal(size=24),
    )
    assert error < 1e-4


def test_the_same_seed_gives_the_same_points() -> None:
    judgements = judge(np.random.default_rng(4).normal(size=(20, 2)), 500, np.random.default_rng(4))
    one, two = (embed_triplets(judgements, random_state=7).values for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_the_command_writes_embeddings_with_ids(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    points = np.random.default_rng(5).normal(size=(20, 3))
    judgements = judge(points, 4000, np.random.default_rng(5))
    names = np.array([f"item {k}" for k in range(20)], dtype=object)
    pd.DataFrame(names[judgements], columns=["anchor", "near", "far"]).to_csv(tmp_path / "j.csv", index=False)
    assert cli.run(["triplets", str(tmp_path / "j.csv"), "--dims", "3", "-o", str(tmp_path / "e.npz")]) == 0
    assert "20 items; 100.0% of 4,000 judgements hold in 3 dimensions" in capsys.readouterr().out
    known = {"embeddings": points, "ids": names}
    assert compare(tmp_path / "e.npz", known, n_clusters=2, names=("people", "model")).x_only.no_change.all()
    assert cli.run(["triplets", str(tmp_path / "j.csv"), "--json", "-o", str(tmp_path / "e.npz")]) == 0
    assert '"violated"' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("judgements", "says"),
    [
        ([[1, 2]], r"have shape \(1, 2\)"),
        (pd.DataFrame({"anchor": [1], "near": [2]}), "no column 'far'"),
        ([["a", "b", None]], "row 0 has no far"),
        ([["a", "b", "c"], ["a", "b", "b"]], "row 1 names one item twice"),
        (np.empty((0, 3)), "no judgement"),
        ([["a", "b", "c"]], "n_dims must be from 1 to 2"),
    ],
    ids=["two columns", "no far", "gap", "itself", "none", "too many dimensions"],
)
def test_what_is_no_judgement_is_refused(judgements, says: str) -> None:
    with pytest.raises(InputError, match=says):
        embed_triplets(judgements, n_dims=3)
