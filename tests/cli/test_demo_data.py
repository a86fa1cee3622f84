from __future__ import annotations

import numpy as np
import pytest

import repdiff
from repdiff import Comparison
from repdiff.cli import demo_data as demo

TRAIN = demo._train  # anew, whatever others keep


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, demo_trained_once: None) -> demo.DemoFiles:
    return demo.write_demo_files(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def found(files: demo.DemoFiles) -> Comparison:
    return repdiff.compare(files.x, files.y, **demo.options(files))


def test_the_known_difference_is_found(found: Comparison) -> None:
    clusters = found.x_only.difference_clusters
    assert len(clusters) >= 10
    shares = [max(cluster.label_counts.values()) / cluster.size for cluster in clusters]
    assert np.mean(shares) >= 0.9
    # All ten digits are found, not one digit many times.
    assert {next(iter(cluster.label_counts)) for cluster in clusters} == set("0123456789")


def test_the_two_networks_learned_what_they_were_told(files: demo.DemoFiles, found: Comparison) -> None:
    assert found.accuracy_x is not None
    assert found.accuracy_x > 0.97
    from sklearn.linear_model import LogisticRegression

    hidden, digit = np.load(files.y), found.items.frame[demo.LABEL].to_numpy()
    assert LogisticRegression(max_iter=2000).fit(hidden, digit % 2).score(hidden, digit % 2) > 0.97


def test_it_may_be_written_again(files: demo.DemoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {path.name: path.read_bytes() for path in files.x.parent.glob("*.*")}
    monkeypatch.setattr(demo, "_train", TRAIN)
    demo.write_demo_files(files.x.parent)
    assert {path.name: path.read_bytes() for path in files.x.parent.glob("*.*")} == first
