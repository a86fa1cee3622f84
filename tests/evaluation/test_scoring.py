"""The table, from arrays and from a run, in Python and on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import cli
from repdiff.evaluation.measures import DISTANCES, Space, success_rate

FEW = ["rdc", "kmeans", "random-groups"]


@pytest.fixture(scope="module")
def evaluation(planted_pair) -> repdiff.Evaluation:
    return repdiff.evaluate(planted_pair.x, planted_pair.y, methods=FEW, n_groups=5, names=("one", "two"))


@pytest.fixture(scope="module")
def run(planted_pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluated")
    for name in ("x", "y"):
        np.save(folder / f"{name}.npy", getattr(planted_pair, name))
    repdiff.compare(folder / "x.npy", folder / "y.npy", n_clusters=5, random_state=4).save(folder / "run")
    return folder / "run"


def test_the_table_has_a_row_per_method_and_direction(evaluation):
    frame = evaluation.to_frame()
    assert sorted(zip(frame["method"], frame["direction"], strict=True)) == [
        (method, direction) for method in sorted(FEW) for direction in ("x_only", "y_only")
    ]
    assert frame["success"].is_monotonic_decreasing
    assert frame["success"].tolist() == pytest.approx(frame[[f"success_{name}" for name in DISTANCES]].mean(axis=1))
    assert frame["held_out"].tolist() == pytest.approx(frame[[f"held_out_{name}" for name in DISTANCES]].mean(axis=1))
    assert frame["method"][0] == "rdc"


def test_figures_are_those_of_the_groups(evaluation, planted_pair):
    x, y = Space(planted_pair.x), Space(planted_pair.y)
    for score in evaluation.scores:
        sides = (x, y) if score.direction == "x_only" else (y, x)
        found = [success_rate(*sides, group.collage, distance="local") for group in score.groups]
        assert score.success["local"] == pytest.approx(np.mean(found))
        found = [success_rate(*sides, group.items[:: len(group.items) // 64 + 1]) for group in score.groups]
        assert score.members["rank"] == pytest.approx(np.mean(found), abs=0.05)


def test_methods_are_averaged_over_both_directions(evaluation):
    frame, means = evaluation.to_frame(), evaluation.by_method()
    assert means["method"].tolist()[0] == "rdc"
    random = means[means["method"] == "random-groups"].iloc[0]
    assert random["success"] == pytest.approx(frame[frame["method"] == "random-groups"]["success"].mean())
    # Chance has no direction: where it favours one side under a distance, it takes as much from the other.
    assert random["success"] == pytest.approx(0.5, abs=0.05)


def test_held_out_success_of_what_is_real_stays(evaluation):
    found = {(one.method.name, one.direction): one for one in evaluation.scores}
    assert found["rdc", "x_only"].held_out["rank"] > 0.8
    assert found["random-groups", "x_only"].held_out["rank"] < 0.65


def test_the_same_seed_gives_the_same_table(evaluation, planted_pair):
    again = repdiff.evaluate(planted_pair.x, planted_pair.y, methods=FEW, n_groups=5, names=("one", "two"))
    pd.testing.assert_frame_equal(
        again.to_frame().drop(columns="seconds"), evaluation.to_frame().drop(columns="seconds")
    )


def test_of_many_items_a_sample_is_taken(planted_pair):
    options = {"methods": ["random-groups"], "n_groups": 4, "held_out": False, "max_items": 50}
    found = repdiff.evaluate(planted_pair.x, planted_pair.y, **options)
    assert len(found.rows) == len(set(found.rows.tolist())) == 50
    assert found.to_frame()["held_out"].isna().all()
    rows = found.rows
    direct = repdiff.evaluate(planted_pair.x[rows], planted_pair.y[rows], **options)
    assert direct.scores[0].success == found.scores[0].success


def test_where_nothing_differs_there_is_no_success_to_speak_of(planted_pair):
    found = repdiff.evaluate(planted_pair.x, planted_pair.x.copy(), methods=["rdc", "random-groups"], n_groups=4)
    frame = found.to_frame().set_index(["method", "direction"])
    assert frame.loc[("rdc", "x_only"), "n_groups"] == 0
    assert np.isnan(frame.loc[("rdc", "x_only"), "success"])
    assert frame.loc[("random-groups", "y_only"), "success"] == 0.5
    assert frame.index[-1][0] == "rdc"  # without groups last


def test_cosine_means_rows_of_length_one(planted_pair):
    options = {"methods": ["kmeans"], "n_groups": 4, "held_out": False}
    lengths = np.linspace(1, 5, len(planted_pair.x))[:, None]
    plain = repdiff.evaluate(planted_pair.x, planted_pair.y, metric="cosine", **options)
    scaled = repdiff.evaluate(planted_pair.x * lengths, planted_pair.y / lengths, metric="cosine", **options)
    assert [one.success for one in plain.scores] == [one.success for one in scaled.scores]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "precomputed"}, "need coordinates"),
        ({"size": 1}, "at least 2 items"),
        ({"n_groups": 25}, "25 groups in each half of the items take at least 50"),
        ({"max_items": 5}, "max_items is 5"),
        ({"methods": ["magic"]}, "there is no method 'magic'"),
    ],
)
def test_mistakes_are_told(options, message):
    square = np.abs(np.subtract.outer(np.arange(40.0), np.arange(40.0)))
    with pytest.raises(repdiff.RepdiffError, match=message):
        repdiff.evaluate(square, square, **{"n_groups": 4, **options})


def test_a_run_is_evaluated_on_its_own_embeddings(run, planted_pair):
    found = repdiff.evaluate_run(run, methods=["rdc", "pca"])
    assert (found.names, found.n_groups, found.size, found.random_state) == (("x", "y"), 5, 9, 4)
    rdc = next(one for one in found.scores if one.method.name == "rdc" and one.direction == "x_only")
    shown = [cluster.representatives for cluster in repdiff.load(run).x_only.difference_clusters]
    assert [group.collage.tolist() for group in rdc.groups] == [rows.tolist() for rows in reversed(shown)]


def test_embeddings_that_moved_have_to_be_named(run, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(run.parent, moved)
    original = run.parent.rename(run.parent.with_name("hidden"))
    try:
        with pytest.raises(repdiff.RunError, match=r"made from x = .*x\.npy, which is no file here; .* --x"):
            repdiff.evaluate_run(moved / "run", methods=["pca"])
        files = {name: moved / f"{name}.npy" for name in ("x", "y")}
        assert repdiff.evaluate_run(moved / "run", **files, methods=["pca"]).scores
        with pytest.raises(repdiff.RunError, match=r"y\.npy: does not hold the values"):
            repdiff.evaluate_run(moved / "run", x=files["y"], y=files["y"], methods=["pca"])
    finally:
        original.rename(run.parent)


def test_the_command_prints_a_table(run, tmp_path, capsys):
    assert cli.run(["evaluate", str(run), "--method", "rdc", "--method", "nmf", "-o", str(tmp_path / "t.csv")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.index("What `x` groups") < out.index("rdc") < out.index("nmf") < out.index("What `y` groups")
    assert len(pd.read_csv(tmp_path / "t.csv")) == 4


def test_the_command_speaks_json(run, capsys):
    options = ["--method", "random-groups", "--no-held-out", "--max-items", "60", "--seed", "2", "--json"]
    assert cli.run(["evaluate", str(run), *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["n_items"], facts["random_state"], len(facts["scores"])) == (60, 2, 2)
    assert facts["scores"][0]["held_out"] is None


def test_a_slip_is_one_line(run, capsys):
    assert cli.run(["evaluate", str(run), "--method", "magic"]) == 2
    assert capsys.readouterr().err.startswith("repdiff: error: there is no method 'magic'")


def test_the_table_stands_on_the_runs_report(run, capsys):
    assert cli.run(["evaluate", str(run), "--method", "rdc", "--method", "pca", "--no-held-out"]) == 0
    assert f"report: {run / 'report.html'}" in capsys.readouterr().out
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Beside other methods" in page
    assert page.count('<th scope="row">pca</th>') == 2
    kept = pd.read_csv(run / "evaluation.csv")
    assert sorted(kept["method"]) == ["pca", "pca", "rdc", "rdc"]
