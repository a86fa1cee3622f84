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
from repdiff.evaluation.groups import Group
from repdiff.evaluation.measures import DISTANCES, Space, success_rate
from repdiff.evaluation.methods import CONTROLS, METHODS
from repdiff.inputs.embeddings import read_embeddings
from repdiff.inputs.encoded import items_path, manifest_path

FEW = ["rdc", "kmeans", "random-groups"]


@pytest.fixture(scope="module")
def evaluation(planted_pair) -> repdiff.Evaluation:
    return repdiff.evaluate(planted_pair.x, planted_pair.y, methods=FEW, n_groups=5, names=("one", "two"))


@pytest.fixture(scope="module")
def files(planted_pair, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("evaluated")
    for name in ("x", "y"):
        np.save(folder / f"{name}.npy", getattr(planted_pair, name))
    return folder / "x.npy", folder / "y.npy"


@pytest.fixture(scope="module")
def run(files) -> Path:
    return saved(files[0].with_name("run"), *files)


def saved(run: Path, x, y, **options) -> Path:
    options = {"n_clusters": 5, "random_state": 4, "evidence": False, **options}
    repdiff.compare(x, y, **options).save(run)
    return run


def test_the_table_has_a_row_per_method_and_direction(evaluation):
    frame = evaluation.to_frame()
    assert sorted(zip(frame["method"], frame["direction"], strict=True)) == [
        (method, direction) for method in sorted(FEW) for direction in ("x_only", "y_only")
    ]
    assert frame["success"].is_monotonic_decreasing
    assert frame["success"].tolist() == pytest.approx(frame[[f"success_{name}" for name in DISTANCES]].mean(axis=1))
    assert frame["held_out"].tolist() == pytest.approx(frame[[f"held_out_{name}" for name in DISTANCES]].mean(axis=1))
    assert frame["method"][0] == "rdc"


def test_all_methods_and_controls_are_tried(planted_pair):
    rows = np.arange(0, len(planted_pair.x), 8)
    found = repdiff.evaluate(planted_pair.x[rows], planted_pair.y[rows], n_groups=3, size=4)
    frame = found.to_frame()
    assert set(frame["method"]) == {method.name for method in METHODS + CONTROLS}
    assert len(frame) == 2 * len(METHODS + CONTROLS)
    shares = frame.filter(regex="success|members|held_out|redundancy")
    assert (shares.isna() | ((shares >= 0) & (shares <= 1))).all(axis=None)
    assert (frame["success"].isna() == (frame["n_groups"] == 0)).all()


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


def test_each_direction_may_have_its_own_number_of_groups(planted_pair):
    found = repdiff.evaluate(
        planted_pair.x, planted_pair.y, methods=["kmeans"], n_groups=(3, np.int64(6)), held_out=False
    )
    assert {score.direction: len(score.groups) for score in found.scores} == {"x_only": 3, "y_only": 6}


class FindsInOddNumbers:
    """A group where there is an odd number of items."""

    name, title, source = "odd", "odd", "none"

    def groups(self, x, y, n_groups, size, random_state):
        return [Group(np.arange(6), np.arange(3))] if len(x) % 2 else []


@pytest.mark.parametrize(("n", "finds"), [(21, True), (20, False)])
def test_a_half_in_which_nothing_is_found_does_not_count(n, finds, planted_pair):
    x, y = planted_pair.x[:n], planted_pair.y[:n]
    found = repdiff.evaluate(x, y, methods=[FindsInOddNumbers()], n_groups=2)
    for score in found.scores:
        assert all(np.isnan(value) != finds for value in score.held_out.values())


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
        ({"size": 1}, "size must be an integer of at least 2, but is 1"),
        ({"n_groups": 25}, "25 groups in each half of the items take at least 50"),
        ({"max_items": 5}, "max_items is 5"),
        ({"n_groups": 0}, "n_groups must be an integer of at least 1, or a pair of these"),
        ({"n_groups": "auto"}, "n_groups must be an integer of at least 1, or a pair of these"),
        ({"n_groups": (4, 4, 4)}, "n_groups must be an integer of at least 1, or a pair of these"),
        ({"methods": ["magic"]}, "there is no method 'magic'"),
    ],
)
def test_mistakes_are_told(options, message):
    square = np.abs(np.subtract.outer(np.arange(40.0), np.arange(40.0)))
    with pytest.raises(repdiff.RepdiffError, match=message):
        repdiff.evaluate(square, square, **{"n_groups": 4, **options})


def test_a_run_is_evaluated_on_its_own_embeddings(run, planted_pair):
    found = repdiff.evaluate_run(run, methods=["rdc", "pca"])
    assert (found.names, found.n_groups, found.size, found.random_state) == (("x", "y"), (5, 5), 9, 4)
    assert collages(found) == shown(run)


def shown(run: Path) -> dict[str, list[list[int]]]:
    """The collages of a run, by direction."""
    comparison = repdiff.load(run)
    return {
        direction.name: [cluster.representatives.tolist() for cluster in reversed(direction.difference_clusters)]
        for direction in (comparison.x_only, comparison.y_only)
    }


def collages(found: repdiff.Evaluation, method: str = "rdc") -> dict[str, list[list[int]]]:
    return {
        score.direction: [group.collage.tolist() for group in score.groups]
        for score in found.scores
        if score.method.name == method
    }


@pytest.mark.parametrize(
    "options",
    [
        {"n_clusters": "auto"},
        {"align": "linear"},
        {"n_clusters": 8, "no_change_threshold": 20.0},
        {"gamma": 0.03, "beta": 2.0, "n_representatives": 4},
        {"representatives": "border", "metric": "cosine"},
    ],
    ids=lambda options: " ".join(options),
)
def test_the_method_of_a_run_is_evaluated_as_it_was(options, files, tmp_path, monkeypatch):
    monkeypatch.chdir(files[0].parent)
    run = saved(tmp_path / "run", *files, **options)
    found = repdiff.evaluate_run(run, methods=["rdc"], held_out=False)
    assert collages(found) == shown(run)
    assert any(shown(run).values())


def test_runs_that_cannot_be_repeated_are_refused(files, tmp_path):
    def halves(affinity) -> np.ndarray:
        return np.arange(len(affinity)) % 2

    kinds = pd.DataFrame({"kind": np.arange(len(np.load(files[0]))) % 3})
    guided = saved(tmp_path / "guided", *files, items=kinds, within="kind")
    with pytest.raises(repdiff.RunError, match="only pairs that agree in 'kind' counted"):
        repdiff.evaluate_run(guided)
    other = saved(tmp_path / "other", *files, clusterer=halves)
    with pytest.raises(repdiff.RunError, match="its clusters come from halves, which a run does not store"):
        repdiff.evaluate_run(other)


def test_a_run_is_evaluated_on_the_items_that_both_encodings_have(planted_pair, tmp_path):
    ids = np.array([f"item {row}" for row in range(len(planted_pair.x))])
    kept = np.delete(np.arange(len(ids)), [3, 70])
    x = encoded(tmp_path / "x.npz", planted_pair.x[kept], ids[kept], skipped=ids[[3, 70]])
    y = encoded(tmp_path / "y.npz", planted_pair.y[::-1], ids[::-1], skipped=[])
    run = saved(tmp_path / "run", x, y)
    found = repdiff.evaluate_run(run, methods=["rdc"], held_out=False)
    assert len(found.rows) == len(kept)
    assert collages(found) == shown(run)


def encoded(path: Path, values: np.ndarray, ids: np.ndarray, *, skipped) -> Path:
    """A file as ``repdiff encode`` leaves it."""
    np.savez(path, embeddings=values, ids=ids)
    facts = {
        "format": "repdiff embeddings", "schema_version": 1, "layer": "last", "pool": None,
        "embeddings": {"shape": values.shape, "sha256": read_embeddings(path).sha256()},
        "model": {"spec": "none", "weights_sha256": "none"}, "items": {"numbered": False},
        "skipped": [{"id": name, "reason": "gone"} for name in skipped],
    }  # fmt: skip
    manifest_path(path).write_text(json.dumps(facts))
    pd.DataFrame({"id": ids, "digest": ids}).to_parquet(items_path(path))
    return path


def test_rows_are_matched_as_the_run_matched_them(planted_pair, tmp_path):
    x, y = planted_pair.x, planted_pair.y
    ids = np.arange(len(x)).astype(str)
    plain, with_ids = tmp_path / "x.npy", tmp_path / "x.npz"
    np.save(plain, x)
    np.savez(with_ids, embeddings=x, ids=ids[::-1])
    np.savez(tmp_path / "y.npz", embeddings=y, ids=ids)
    by_order = saved(tmp_path / "by order", x, y)
    given = {"x": with_ids, "y": tmp_path / "y.npz"}
    assert collages(repdiff.evaluate_run(by_order, **given, methods=["rdc"], held_out=False)) == shown(by_order)
    by_id = saved(tmp_path / "by id", with_ids, tmp_path / "y.npz")
    assert collages(repdiff.evaluate_run(by_id, methods=["rdc"], held_out=False)) == shown(by_id)
    with pytest.raises(repdiff.RunError, match=r"matched by their ids, which .*x\.npy and .* no longer hold"):
        repdiff.evaluate_run(by_id, x=plain, methods=["rdc"])


def test_embeddings_that_moved_have_to_be_named(run, tmp_path):
    moved = tmp_path / "elsewhere"
    shutil.copytree(run.parent, moved)
    original = run.parent.rename(run.parent.with_name("hidden"))
    try:
        with pytest.raises(repdiff.RunError, match=r"made from x = .*x\.npy, which lies neither .* --x"):
            repdiff.evaluate_run(moved / "run", methods=["pca"])
        files = {name: moved / f"{name}.npy" for name in ("x", "y")}
        assert repdiff.evaluate_run(moved / "run", **files, methods=["pca"]).scores
        with pytest.raises(repdiff.RunError, match=r"y\.npy: the values differ from those"):
            repdiff.evaluate_run(moved / "run", x=files["y"], y=files["y"], methods=["pca"])
    finally:
        original.rename(run.parent)


def test_the_command_prints_a_table(run, tmp_path, capsys):
    assert cli.run(["evaluate", str(run), "--method", "rdc", "--method", "nmf", "-o", str(tmp_path / "t.csv")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.index("What `x` keeps") < out.index("rdc") < out.index("nmf") < out.index("What `y` keeps")
    assert len(pd.read_csv(tmp_path / "t.csv")) == 4


def test_the_command_speaks_json(run, capsys):
    options = ["--method", "random-groups", "--no-held-out", "--max-items", "60", "--seed", "2", "--json"]
    assert cli.run(["evaluate", str(run), *options]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["n_items"], facts["random_state"], len(facts["scores"])) == (60, 2, 2)
    assert facts["scores"][0]["held_out"] is None
    assert facts["n_groups"] == {"x_only": 5, "y_only": 5}


def test_a_slip_is_one_line(run, capsys):
    assert cli.run(["evaluate", str(run), "--method", "magic"]) == 2
    assert capsys.readouterr().err.startswith("repdiff: error: there is no method 'magic'")


def test_nothing_is_kept_where_one_file_cannot_be_written(run, tmp_path, capsys):
    there = {name: (run / name).read_bytes() for name in ("evaluation.csv", "report.html") if (run / name).exists()}
    (tmp_path / "file").write_text("")
    for target, message in (("file/t.csv", "cannot be written"), (".", "is a folder; give the path of a file")):
        assert cli.run(["evaluate", str(run), "--method", "random-groups", "-o", str(tmp_path / target)]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert message in err
        assert err.count("\n") == 1
    kept = {name: (run / name).read_bytes() for name in ("evaluation.csv", "report.html") if (run / name).exists()}
    assert kept == there
    assert not list(run.glob(".*partial"))


def test_the_table_stands_on_the_runs_report(run, capsys):
    assert cli.run(["evaluate", str(run), "--method", "rdc", "--method", "pca", "--no-held-out"]) == 0
    assert f"report: {run / 'report.html'}" in capsys.readouterr().out
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Beside other methods" in page
    assert page.count('<th scope="row">principal components</th>') == 2
    for head in ("locally scaled", "unseen items", "redundancy", "groups", "items per group"):
        assert page.count(f'<th scope="col">{head}</th>') == 2
    kept = pd.read_csv(run / "evaluation.csv")
    assert sorted(kept["method"]) == ["pca", "pca", "rdc", "rdc"]
