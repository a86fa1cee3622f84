"""The measuring side of the study: recovery, planted pairs, tables. The networks are trained by the study alone."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

import repdiff
from repdiff.evaluation.groups import Group

STUDY = Path(__file__).parents[2] / "studies/known_differences"


@pytest.fixture(autouse=True)
def _study(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(STUDY)
    for name in ("known", "planted", "recovery", "run", "tables", "figure", "widths"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def group(*items: int) -> Group:
    rows = np.array(items)
    return Group(rows, rows[:2])


def test_recovery_of_groups_that_are_known():
    from recovery import recovery

    known = [np.arange(10) < 4, (np.arange(10) >= 4) & (np.arange(10) < 6)]
    # Three of four items of the first group in two parts, one of them with a stranger; the second in a mixture.
    found = [group(0, 1), group(2, 8, 3, 4), group(5, 6)]
    facts = recovery(found, known)
    assert facts["precision"] == pytest.approx(6 / 8)  # 6 and 8 belong to no known group
    assert facts["recall"] == pytest.approx(2 / 6)  # neither mixture stands for a group: half is not more than half
    assert facts["on_target"] == pytest.approx(3 / 4)  # 0, 1 and 2 of 0, 1, 2, 8
    labels = [0, 0, 1, 1, 1, 2, 2, -1, 1, -1], [0, 0, 0, 0, 1, 1, -1, -1, -1, -1]
    assert facts["ami"] == pytest.approx(adjusted_mutual_info_score(*labels))


def test_recovery_is_one_for_the_truth_and_zero_for_nothing():
    from recovery import recovery

    known = [np.arange(10) < 4, np.arange(10) >= 7]
    right = recovery([group(0, 1, 2, 3), group(7, 8, 9)], known)
    assert right == {"precision": 1, "recall": 1, "ami": pytest.approx(1), "on_target": 1}
    assert set(recovery([], known).values()) == {0}


def test_planted_groups_are_apart_on_one_side_and_mixed_on_the_other():
    from planted import planted_pairs

    for pair in planted_pairs(1):
        for direction, masks in pair.known.items():
            knows, mixes = (pair.x, pair.y) if direction == "x_only" else (pair.y, pair.x)
            inside = np.any(masks, axis=0)
            label = np.argmax(masks, axis=0)[inside]
            share = [np.mean(label[_nearest(side[inside])] == label) for side in (knows, mixes)]
            assert share[0] > 0.95
            assert share[1] < 0.5


def test_the_kernels_that_were_tried_are_tabulated(monkeypatch, capsys):
    import widths
    from planted import planted_pairs

    monkeypatch.setattr(widths, "pairs_of", lambda family, seed: [next(planted_pairs(seed))])
    monkeypatch.setattr(widths, "WIDTHS", (0.25,))
    monkeypatch.setattr(sys, "argv", ["widths.py", "--families", "planted"])
    widths.main()
    assert [line.split()[1:3] for line in capsys.readouterr().out.splitlines()[1:]] == [
        ["disc", "0.25"], ["spec", "0.25"], ["spec", "cosine"],
    ]  # fmt: skip


def _nearest(values: np.ndarray) -> np.ndarray:
    return np.where(repdiff.neighbor_ranks(values) == 2)[1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_study_writes_its_tables_and_figure(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    import run
    from known import KnownPair
    from tables import write_results

    def small(family: str, seed: int):
        rng = np.random.default_rng(seed)
        label = np.repeat(np.arange(4), 15)
        x, y = (5.0 * np.eye(4)[kind] + rng.normal(size=(60, 4)) for kind in (label, label // 2))
        yield KnownPair("four kinds", x, y, {"x_only": tuple(label == one for one in range(4))}, {"x": 1.0, "y": 0.5})

    monkeypatch.setattr(run, "pairs_of", small)
    few = ["rdc", "kmeans", "disc", "random-groups", "rdc-central"]
    monkeypatch.setattr(run, "rows_of", partial(run.rows_of, methods=few))
    monkeypatch.setattr(run, "N_GROUPS", 4)
    rows = [row for family in ("left-right", "planted") for seed in (0, 1) for row in run.measure(family, seed)]
    text = write_results(rows, tmp_path / "out", seconds=90)
    assert text == (tmp_path / "out/results.md").read_text()
    assert "1 pairs, 2 seeds, 1.5 minutes" in text
    assert text.count("Difference clusters are") >= 4
    assert text.count("| method | groups | items per group | redundancy |") == 2
    assert "| four kinds | 1.000 | 0.500 |" in text
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"results.md", "scores.csv", "summary.csv", "known-differences.png", "known-differences.svg"}
    again = [row for family in ("left-right", "planted") for seed in (0, 1) for row in run.measure(family, seed)]
    write_results(again, tmp_path / "again", seconds=1)
    for name in ("scores.csv", "summary.csv", "known-differences.svg"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
