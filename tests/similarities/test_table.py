"""All scores of a pair as one table."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

import repdiff
from repdiff import cli
from repdiff.core.errors import RepdiffError
from repdiff.core.plain import from_plain
from repdiff.results.similarity import SimilarityTable
from repdiff.similarities import jaccard, mutual_knn, rbf_cka, rsa
from repdiff.similarities.table import SCORES

OF_DISTANCES = ("rbf_cka", "rsa", "mutual_knn", "jaccard")


def unit_rows(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_every_score_is_in_the_table_as_its_function_gives_it(pair_xy):
    from repdiff import similarities

    found = repdiff.similarity(*pair_xy)
    assert tuple(score.name for score in found.scores) == SCORES == tuple(found.to_frame()["name"])
    assert set(SCORES) == set(similarities.__all__)
    for score in found.scores:
        assert score.value == pytest.approx(getattr(similarities, score.name)(*pair_xy), abs=1e-12)
        assert score.low <= score.chance < score.value < score.high
        assert score.n_items == found.n_items == len(pair_xy[0])
        assert score.meaning.endswith(".")
        assert found[score.name] is score
    with pytest.raises(KeyError):
        found["nonsense"]


@pytest.mark.parametrize("max_items", [2000, 100])
def test_identical_representations_have_the_documented_value(digits, max_items):
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))[0]
    for other in (digits, digits @ rotation * 7 - 3):
        for score in repdiff.similarity(digits, other, max_items=max_items).scores:
            assert score.value == pytest.approx(score.same, abs=1e-5)


def test_the_chance_of_shuffled_scores_is_theirs_for_a_random_pairing(pair_xy):
    x, y = pair_xy
    shuffled = y[np.random.default_rng(8).permutation(len(y))]
    names = ("svcca", "pwcca", "procrustes")
    found, expected = (repdiff.similarity(x, other, scores=names) for other in (y, shuffled))
    for name in names:
        assert found[name].chance == pytest.approx(expected[name].value, abs=0.08)
        assert found[name].chance == pytest.approx(expected[name].chance, abs=0.08)


def test_a_sample_is_near_the_whole_and_says_its_size(digits):
    y = digits[:, :40] + np.random.default_rng(0).normal(size=(len(digits), 40))
    whole, sample, again, other = (
        repdiff.similarity(digits, y, scores=OF_DISTANCES, max_items=size, random_state=seed)
        for size, seed in ((None, 0), (600, 0), (600, 0), (600, 1))
    )
    assert sample == again
    assert sample != other
    for name in OF_DISTANCES:
        assert sample[name].value == pytest.approx(whole[name].value, abs=0.03)
        assert (sample[name].n_items, whole[name].n_items) == (600, len(digits))


def test_neighbours_in_a_sample_are_drawn_from_all_items(digits):
    found = repdiff.similarity(digits, digits[:, ::2], scores=["mutual_knn"], max_items=300)["mutual_knn"]
    among_few = mutual_knn(digits[:300], digits[:300, ::2])
    assert found.value < among_few - 0.02
    assert found.value == pytest.approx(mutual_knn(digits, digits[:, ::2]), abs=0.03)


def test_the_metric_is_that_of_scores_that_look_at_distances(pair_xy):
    x, y = pair_xy
    found, plain = repdiff.similarity(x, y, metric=("cosine", "euclidean")), repdiff.similarity(x, y)
    for name in SCORES:
        assert (found[name].value == plain[name].value) == (name not in OF_DISTANCES)
    for score in (rbf_cka, rsa, mutual_knn, jaccard):
        assert found[score.__name__].value == pytest.approx(score(unit_rows(x.astype(float)), y), abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_one_direction_have_no_spread_under_the_cosine_metric(dtype):
    """Rounding is no spread."""
    rng = np.random.default_rng(0)
    x = np.outer(rng.uniform(1, 100, 60), rng.normal(size=20))
    found = repdiff.similarity(x.astype(dtype), rng.normal(size=(60, 3)), metric=("cosine", "euclidean"))
    assert [found[name].value for name in OF_DISTANCES] == [0] * 4


def test_a_few_items_in_wrong_places_move_no_score_much():
    """As docs/similarity.md says."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 30))
    y, wrong = x.copy(), rng.choice(2000, 40, replace=False)
    y[wrong] = rng.normal(size=(40, 30))
    for score in repdiff.similarity(x, y).scores:
        assert 0.9 < score.value < 0.99, score.name


@pytest.mark.parametrize("max_items", [None, 120])
def test_a_matrix_of_distances_is_as_good_as_its_points(pair_xy, max_items):
    x, y = (side.astype(np.float64) for side in pair_xy)
    plain = repdiff.similarity(x, y, scores=OF_DISTANCES, max_items=max_items)
    found = repdiff.similarity(cdist(x, x), y, metric=("precomputed", "euclidean"), max_items=max_items)
    assert tuple(score.name for score in found.scores) == OF_DISTANCES
    for name in OF_DISTANCES:
        assert found[name].value == pytest.approx(plain[name].value, abs=1e-6)
    same = repdiff.similarity(cdist(x, x), cdist(x, x) * 3, metric="precomputed")
    assert [score.value for score in same.scores] == pytest.approx([1] * 4)


def test_input_comes_through_the_doors_of_compare(pair_xy, tmp_path):
    x, y = pair_xy
    ids = [f"i{k}" for k in range(len(x))]
    order = np.random.default_rng(0).permutation(len(x))
    pd.DataFrame(x).rename(columns=str).assign(id=ids).to_parquet(tmp_path / "old.parquet")
    np.savez(tmp_path / "new.npz", embeddings=y[order], ids=np.array(ids)[order])
    found = repdiff.similarity(tmp_path / "old.parquet", tmp_path / "new.npz", scores=["cka"])
    assert found.names == ("old", "new")
    assert found["cka"].value == pytest.approx(repdiff.similarity(x, y, scores="cka")["cka"].value)


def test_few_items_for_the_dimensions_are_told():
    rng = np.random.default_rng(0)
    found = repdiff.similarity(rng.normal(size=(20, 30)), rng.normal(size=(20, 30)), n_neighbors=25)
    assert any("few for 30 dimensions" in warning for warning in found.warnings)
    assert any("25 neighbours were requested, but an item has 19 others" in warning for warning in found.warnings)
    assert found["pwcca"].value == pytest.approx(found["pwcca"].chance) == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"scores": ["ckb"]}, "one is 'ckb'"),
        ({"scores": []}, "at least one"),
        ({"n_neighbors": 0}, "n_neighbors must be an integer of at least 1"),
        ({"max_items": 1}, "max_items must be an integer of at least 2, or None"),
        ({"random_state": -1}, "random_state must be an integer of at least 0"),
        ({"metric": "precomputed", "scores": ["pwcca"]}, "pwcca needs embeddings on both sides"),
    ],
)
def test_what_cannot_be_meant_is_said(options, says):
    points = np.arange(9.0)[:, None]
    with pytest.raises(RepdiffError, match=says):
        repdiff.similarity(cdist(points, points), cdist(points**2, points**2), **options)


@pytest.fixture
def files(pair_xy, tmp_path) -> list[str]:
    paths = [tmp_path / f"{name}.npy" for name in ("old", "new")]
    for path, values in zip(paths, pair_xy, strict=True):
        np.save(path, values)
    return [str(path) for path in paths]


def test_the_command_prints_a_table(files, capsys):
    assert cli.run(["similarity", *files]) == 0
    out, err = capsys.readouterr()
    assert "old and new, 300 items" in out
    assert "mutual nearest neighbours" in out
    assert err == ""


def test_the_command_for_machines(files, capsys, pair_xy):
    options = ["--json", "-k", "5", "--score", "mutual_knn", "--score", "cka", "--max-items", "0", "--metric", "cosine"]
    assert cli.run(["similarity", *files, *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = repdiff.similarity(*pair_xy, metric="cosine", n_neighbors=5, scores=["mutual_knn", "cka"])
    assert [score["value"] for score in facts["scores"]] == [score.value for score in expected.scores]
    assert facts["names"] == ["old", "new"]
    assert from_plain(SimilarityTable, facts) == expected.__class__(("old", "new"), 300, expected.scores)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--neighbors", "0"], "--neighbors must be an integer of at least 1, but is 0"),
        (["--max-items", "-3"], "max_items must be an integer of at least 2"),
        (["--score", "ckb"], "one is 'ckb'"),
        (["--metric-y", "manhattan"], "'--metric-y'"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_a_mistake_is_one_line(files, capsys, options, says):
    assert cli.run(["similarity", *files, *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("repdiff: error: ")
    assert err.count("\n") == 1
    assert says in err
