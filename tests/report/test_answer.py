"""The answer is made of codes and figures, in at most 60 words, and says "scatters" of lost groups only."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff import Comparison, answer
from repdiff.report.wording.answer import MOST_WORDS
from repdiff.report.wording.codes import border_sentence
from repdiff.report.wording.evidence import verdict
from repdiff.report.wording.groups import fate_sentence, in_order, numbers
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.evidence import ClusterEvidence
from repdiff.results.findings import (
    FATES,
    FINDING_CODES,
    Correctness,
    Finding,
    Neighbours,
    NeighbourShares,
    PairedAccuracy,
    Regression,
)

KINDS = ("none", "equal", "x", "y", "numbers", "predictions")
STATISTICS = ("false discovery", "eigen", "random", "significan", "p-value", "affinity")


@pytest.fixture(scope="module")
def plain() -> Comparison:
    rng = np.random.default_rng(0)
    items = pd.DataFrame({"kind of animal": np.array(["large flying insect", "ant", "bee"])[np.arange(60) % 3]})
    x, y = rng.normal(size=(60, 3)), rng.normal(size=(60, 3))
    return repdiff.compare(x, y, items=items, label="kind of animal", names=("epoch 50 of net", "dinov2"), n_clusters=5)


def accuracy(x: float, y: float, p_value: float) -> PairedAccuracy:
    return PairedAccuracy(1000, x, y, round(1000 * max(0, x - y)), round(1000 * max(0, y - x)), p_value, p_value)


RIGHT = {"equal": accuracy(0.9, 0.9, 1.0), "x": accuracy(0.93, 0.87, 1e-6), "y": accuracy(0.87, 0.93, 1e-6)}


def told_of(
    plain: Comparison, codes: tuple[str, str], *, fate: str | None = "lost", kind: str = "none", holds: bool = True,
    shared: float = 0.46,
) -> Comparison:  # fmt: skip
    """The comparison with these codes, every difference cluster of this fate."""
    found = ClusterEvidence(
        fate=fate, cohesion_x=8.0, cohesion_y=2.0, cohesion_chance=0.5, is_significant=holds, holds=holds, n_asked=10
    )
    clusters = {
        name: tuple(
            replace(one, is_no_change=False, mean_affinity=5.0, evidence=found) for one in getattr(plain, name).clusters
        )
        for name in DIRECTIONS
    }
    correctness = None
    if kind in RIGHT:
        correctness = Correctness(RIGHT[kind], {"large flying insect": RIGHT[kind], "ant": RIGHT["equal"]})
    shares = NeighbourShares(60, shared, 0.0, 0.5, 0.4, 0.1)
    evidence = replace(
        plain.evidence,
        findings={name: Finding(code) for name, code in zip(DIRECTIONS, codes, strict=True)},
        neighbours=Neighbours(10, 50, 0.01, shares, None, None, None, {}),
        correctness=correctness,
        predictions=Correctness(RIGHT["y"], {}) if kind == "predictions" else None,
        regression=Regression(60, 0.71, 0.69, 40, 20, 0.01) if kind == "numbers" else None,
    )
    directions = {name: replace(getattr(plain, name), clusters=clusters[name]) for name in DIRECTIONS}
    return replace(plain, evidence=evidence, **directions)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fate", [*FATES, None])
def test_at_most_sixty_words_whatever_the_codes(plain: Comparison, fate: str | None, kind: str) -> None:
    for codes, holds, shared in product(product(FINDING_CODES, repeat=2), (True, False), (0.46, 0.01)):
        found = answer(told_of(plain, codes, fate=fate, kind=kind, holds=holds, shared=shared))
        assert found.n_words <= MOST_WORDS, found.text
        assert 2 <= len(found.figures) <= 3
        assert not [word for word in STATISTICS if word in found.text], found.text
        assert found.text.endswith(".")
        assert "  " not in found.text


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        (("same", "same"), "epoch 50 of net and dinov2 arrange all 60 items alike."),
        (("noise", "noise"), "epoch 50 of net and dinov2 differ by no more than noise would make them."),
        (("directions", "noise"), "epoch 50 of net and dinov2 differ all over, but in no group of items: "),
        (("too_few", "too_few"), "60 items are too few to tell how epoch 50 of net and dinov2 differ."),
        (("untested", "untested"), "epoch 50 of net and dinov2 differ, but the clusterer could not group"),
        (("throughout", "throughout"), "epoch 50 of net and dinov2 scatter most of each other's groups."),
        (("local", "local"), "epoch 50 of net and dinov2 each scatter a few groups of the other ("),
    ],
)
def test_each_code_has_its_sentence(plain: Comparison, codes: tuple[str, str], says: str) -> None:
    assert answer(told_of(plain, codes)).headline.plain.startswith(says)


def test_little_in_common_is_said_whatever_the_codes(plain: Comparison) -> None:
    for codes in (("noise", "noise"), ("throughout", "noise")):
        found = answer(told_of(plain, codes, shared=0.02))
        assert "have little in common" in found.headline.plain
        assert "Neither can take the place of the other" in found.verdict.plain


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("none", "Which is better cannot be told: bring labels or predictions"),
        ("equal", "Both are right equally often"),
        ("x", "dinov2 is right less often; look at large flying… first."),
        ("y", "dinov2 is right more often"),
        ("numbers", "dinov2 is right less often"),
        ("predictions", "dinov2 is right more often"),
    ],
)
def test_who_is_better_is_said_or_that_it_cannot_be(plain: Comparison, kind: str, says: str) -> None:
    assert answer(told_of(plain, ("throughout", "throughout"), kind=kind)).verdict.plain.startswith(says)


def test_noise_with_unequal_accuracy_is_not_called_safe(plain: Comparison) -> None:
    found = answer(told_of(plain, ("noise", "noise"), kind="x"))
    assert found.headline.plain.endswith("yet dinov2 is right less often.")
    assert found.verdict.plain.startswith("Keep epoch 50 of net")


@pytest.mark.parametrize("fate", ["loosened", "reordered"])
def test_scatters_is_said_of_lost_groups_only(plain: Comparison, fate: str) -> None:
    for codes in product(FINDING_CODES, repeat=2):
        comparison = told_of(plain, codes, fate=fate)
        assert "scatter" not in repdiff.describe(comparison)
        for name in DIRECTIONS:
            for cluster in getattr(comparison, name).clusters:
                assert "scatter" not in fate_sentence(comparison, name, cluster.evidence)


def test_a_fate_is_told_with_its_figures(plain: Comparison) -> None:
    comparison = told_of(plain, ("local", "local"))
    evidence = comparison.x_only.clusters[0].evidence
    assert fate_sentence(comparison, "x_only", evidence) == (
        "Lost: dinov2 scatters it. Of 10 neighbours 8.0 are fellow members in epoch 50 of net, 2.0 in dinov2 "
        "(0.5 by chance)"
    )
    borderline = fate_sentence(comparison, "x_only", replace(evidence, borderline=True))
    assert borderline.startswith("Not called either way")
    noise = told_of(plain, ("noise", "noise"))
    doubtful = replace(evidence, holds=False)
    assert fate_sentence(noise, "x_only", doubtful).startswith("No more than noise would do to it.")
    assert fate_sentence(noise, "x_only", replace(evidence, holds=True)).startswith("Lost")  # its labels tell


def test_findings_are_ordered_by_what_they_mean(plain: Comparison) -> None:
    comparison = told_of(plain, ("local", "local"))
    fates = ("reordered", "lost", "loosened", "lost", "lost")
    values = ("gain", "neither", "loss", "loss", "gain")
    clusters = tuple(
        replace(one, evidence=replace(one.evidence, fate=fate, value=value))
        for one, fate, value in zip(comparison.x_only.clusters, fates, values, strict=True)
    )
    direction = replace(comparison.x_only, clusters=clusters)
    assert [one.index for one in in_order(direction)] == [4, 3, 1, 2, 0]  # y is worse, better, equal; loosened; kept
    assert numbers(direction) == {4: 1, 3: 2, 1: 3, 2: 4, 0: 5}
    doubtful = replace(clusters[4], evidence=replace(clusters[4].evidence, borderline=True))
    assert in_order(replace(direction, clusters=(*clusters[:4], doubtful)))[-1].index == 4


@pytest.mark.parametrize(
    "first",
    [
        {"is_significant": True, "borderline": True},
        {"holds": True, "borderline": True},
    ],
)
def test_the_group_to_look_at_first_is_number_one(plain: Comparison, first: dict[str, bool]) -> None:
    comparison = told_of(plain, ("local", "noise"), holds=False)
    small = comparison.x_only.clusters[0]
    clusters = (replace(small, evidence=replace(small.evidence, fate="reordered", **first)),)
    direction = replace(comparison.x_only, clusters=(*clusters, *comparison.x_only.clusters[1:]))
    told = answer(replace(comparison, x_only=direction))
    assert numbers(direction)[0] == 1
    assert "look at group 1 of epoch 50 of net" in told.verdict.plain


def test_the_group_to_look_at_first_is_named_with_its_direction(plain: Comparison) -> None:
    for codes, holder in ((("local", "noise"), "epoch 50 of net"), (("noise", "local"), "dinov2")):
        comparison = told_of(plain, codes)
        other = comparison.y_only if codes[0] == "local" else comparison.x_only
        bare = tuple(
            replace(one, evidence=replace(one.evidence, holds=False, is_significant=False)) for one in other.clusters
        )
        comparison = replace(comparison, **{other.name: replace(other, clusters=bare)})
        told = answer(comparison).verdict
        assert "look at group 1 of " in told.plain
        assert (holder, True) in told.parts


def test_without_evidence_there_is_no_answer() -> None:
    rng = np.random.default_rng(0)
    bare = repdiff.compare(rng.normal(size=(40, 3)), rng.normal(size=(40, 3)), n_clusters=3, evidence=False)
    assert answer(bare) is None
    assert bare.answer == ""


def test_a_saved_run_gives_the_same_answer(plain: Comparison, tmp_path) -> None:
    loaded = repdiff.load(plain.save(tmp_path / "run"))
    assert loaded.answer == plain.answer != ""
    assert loaded.evidence == plain.evidence


def test_a_verdict_that_is_close_to_another_says_so_with_the_evidence(plain):
    found = told_of(plain, ("local", "noise"))
    assert border_sentence(found) is None
    findings = dict(found.evidence.findings)
    findings["x_only"] = replace(findings["x_only"], close_to="throughout")
    close = replace(found, evidence=replace(found.evidence, findings=findings))
    told = 'What epoch 50 of net groups is close to the border between "in groups, and nowhere else" and "all over'
    assert told in verdict(close).plain
    assert verdict(close).plain.startswith(verdict(found).plain)
    findings["y_only"] = replace(findings["y_only"], close_to="directions")
    both = replace(found, evidence=replace(found.evidence, findings=findings))
    assert '"; what dinov2 groups is close to' in border_sentence(both).plain
