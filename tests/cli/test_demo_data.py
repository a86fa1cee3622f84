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


@pytest.fixture(scope="module")
def seeds(files: demo.DemoFiles) -> Comparison:
    return repdiff.compare(files.x, files.x_again, **demo.options(files))


def test_the_digits_that_one_tells_apart_are_found_each_in_groups_of_its_own(found: Comparison) -> None:
    clusters = [cluster for cluster in found.x_only.difference_clusters if cluster.size < 300]
    assert {next(iter(cluster.label_counts)) for cluster in clusters} == set("3459")
    for cluster in clusters:
        assert max(cluster.label_counts.values()) / cluster.size >= 0.9
        assert cluster.evidence is not None
        assert cluster.evidence.fate in ("lost", "loosened")


def test_the_digits_that_are_the_same_to_the_other_are_found_together(found: Comparison) -> None:
    pairs = []
    for cluster in found.y_only.difference_clusters[-6:]:
        (first, n_first), (second, n_second) = list(cluster.label_counts.items())[:2]
        assert (n_first + n_second) / cluster.size >= 0.9
        assert min(n_first, n_second) / cluster.size >= 0.2
        assert cluster.evidence is not None
        assert cluster.evidence.value == "loss"
        pairs.append({first, second})
    assert {"3", "5"} in pairs
    assert {"4", "9"} in pairs
    assert all(pair in ({"3", "5"}, {"4", "9"}) for pair in pairs)


def test_more_than_noise_is_claimed_of_it_and_who_is_right(found: Comparison) -> None:
    evidence = found.evidence
    assert evidence is not None
    assert evidence.correctness is not None
    assert evidence.findings["y_only"].code in ("throughout", "local")  # x_only lies near the border to noise
    fallen = {label for label, one in evidence.correctness.by_label.items() if one.x - one.y > 0.05}
    assert fallen <= set("3459")
    assert {"3", "5"} & fallen
    assert {"4", "9"} & fallen


def test_between_two_seeds_no_more_than_noise_is_claimed(seeds: Comparison) -> None:
    evidence = seeds.evidence
    assert evidence is not None
    assert evidence.correctness is not None
    assert {finding.code for finding in evidence.findings.values()} == {"noise"}
    assert evidence.n_significant == 0
    assert all(abs(one.x - one.y) <= 0.03 for one in evidence.correctness.by_label.values())
    values = [one.evidence.value for side in (seeds.x_only, seeds.y_only) for one in side.clusters if one.evidence]
    assert set(values) == {"neither"}


def test_the_gate_fails_on_the_merger_and_passes_two_seeds(found: Comparison, seeds: Comparison) -> None:
    rules = ["label accuracy drop > 5 %", "worse groups > 10 %"]
    assert [one.status for one in repdiff.check(found, rules).results] == ["broken", "broken"]
    assert repdiff.check(seeds, rules).passed


def test_the_networks_learned_what_they_were_told(files: demo.DemoFiles, found: Comparison) -> None:
    assert found.accuracy_x is not None
    assert found.accuracy_x > 0.97
    frame = found.items.frame
    told = {3: "3 or 5", 5: "3 or 5", 4: "4 or 9", 9: "4 or 9"}
    expected = frame[demo.LABEL].map(lambda digit: told.get(digit, str(digit)))
    assert (frame[demo.PREDICTION_Y].astype(str) == expected).mean() > 0.97
    assert [np.load(file).shape for file in (files.x, files.y, files.x_again)] == [(1797, 10), (1797, 8), (1797, 10)]


def test_it_may_be_written_again(files: demo.DemoFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    first = {path.name: path.read_bytes() for path in files.x.parent.glob("*.*")}
    monkeypatch.setattr(demo, "_train", TRAIN)
    demo.write_demo_files(files.x.parent)
    assert {path.name: path.read_bytes() for path in files.x.parent.glob("*.*")} == first
