"""The files of TensorBoard's projector, by their documented format."""

from __future__ import annotations

import csv
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
        {"id": [f"item {row}" for row in range(n)], "says": ["a\tb", None, "two\nlines"] * (n // 3)}
    )  # fmt: skip
    found = repdiff.compare(*pair_xy, items=items, names=('the "old"', "new"), n_clusters=5, evidence=False)
    return found.save(tmp_path_factory.mktemp("runs") / "run")


def test_the_files_have_a_row_for_each_item_and_the_configuration_names_them(run: Path, tmp_path: Path) -> None:
    folder = tmp_path / "projector"
    assert cli.run(["export", str(run), "--to", "tensorboard", "-o", str(folder)]) == 0
    comparison = repdiff.load(run)
    n = len(comparison.items.frame)
    for direction in (comparison.x_only, comparison.y_only):
        vectors = np.loadtxt(folder / f"{direction.name}.tsv", delimiter="\t")
        expected = direction.spectrum.vectors[:, 1:]
        assert vectors.shape == expected.shape
        np.testing.assert_allclose(vectors, expected / np.abs(expected).max(), atol=1e-5)
    with (folder / "metadata.tsv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    assert len(rows) == n
    assert {len(row) for row in rows} == {len(head)}
    assert [row[head.index("id")] for row in rows] == comparison.items.frame["id"].tolist()
    assert [int(row[head.index("x_only")]) for row in rows] == comparison.x_only.labels.tolist()
    assert {row[head.index("says")] for row in rows} == {"a b", "", "two lines"}
    config = (folder / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert config.count("embeddings {") == config.count('metadata_path: "metadata.tsv"') == 2
    assert 'tensor_name: "only in the \\"old\\""' in config


def test_a_folder_that_holds_something_is_left_alone(run: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert cli.run(["export", str(run), "--to", "tensorboard", "-o", str(tmp_path)]) == 2
    assert "exists and is not a run, so it is not replaced" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
