"""The claims of the study of checkpoints, on series whose truth is known."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from repdiff import DifferenceCluster, Direction, Timeline, compare_series
from repdiff.workflows.series import timeline_of

EPOCHS = (0, 1, 5, 10, 20)
GROUP = np.repeat(np.arange(8), 20)
# Items of no change at each checkpoint: none, groups 4 to 7, then of groups 3 and 2 as well, at last all.
SETTLED = tuple(np.arange(160) >= first for first in (160, 80, 70, 50, 0))


def _load(name: str):
    path = Path(__file__).parents[2] / f"studies/checkpoints/{name}.py"
    spec = importlib.util.spec_from_file_location(f"checkpoints_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


claims = _load("claims")


@pytest.fixture(scope="module")
def features() -> list[np.ndarray]:
    """All is scattered at first, then groups 0 to 3 alone, and at the end all groups stand apart."""
    rng = np.random.default_rng(0)
    last = rng.normal(size=(160, 8)) + 30 * np.eye(8)[GROUP]
    scattered = 60 * rng.normal(size=(160, 8))
    half = np.where(GROUP[:, None] < 4, scattered, last)
    return [scattered, half, half, half, last]


def series(features, settled=SETTLED, right=None) -> Timeline:
    """A real series whose clusters are put in place by hand; ``right`` is where every checkpoint is right."""
    said = GROUP if right is None else np.where(right, GROUP, -1)
    timeline = compare_series(
        {f"epoch {epoch}": values for epoch, values in zip(EPOCHS, features, strict=True)}, features[-1],
        items=pd.DataFrame({"id": range(160), "group": GROUP}), label="group", predictions=[said] * 6,
        reference_name="reference", n_clusters=3,
    )  # fmt: skip
    planted = [
        replace(comparison, x_only=_direction(comparison.x_only, mask))
        for comparison, mask in zip(timeline.comparisons, settled, strict=True)
    ]
    return timeline_of(planted)


def _direction(direction: Direction, settled: np.ndarray) -> Direction:
    """No change first, then a cluster for each group of what changes."""
    kinds = [("no change", settled), *((group, (group == GROUP) & ~settled) for group in range(8))]
    clusters = []
    for kind, mask in kinds:
        if mask.any():
            items = np.flatnonzero(mask)
            mean = 1.0 if kind == "no change" else 9.0 + len(clusters)
            clusters.append(DifferenceCluster(len(clusters), items, mean, kind == "no change", items[:9]))
    labels = np.empty(len(settled), np.int32)
    for cluster in clusters:
        labels[cluster.items] = cluster.index
    return replace(direction, labels=labels, clusters=tuple(clusters))


def test_what_holds_is_found_to_hold(features) -> None:
    right = (GROUP >= 4) | (np.arange(160) % 4 == 0)
    findings = claims.examine(series(features, right=right), EPOCHS, features, confusable=list("0123"))
    assert [finding for finding in findings if not finding.holds] == []
    found = [finding.found for finding in findings]
    assert found[0] == "from epoch 1 on (mean affinity 1.00 there)"
    assert found[1].startswith("1.00 for all items of no change")
    assert found[2].startswith("at 3 of 3; inside minus outside +0.6")
    assert found[4] == (
        "1.00 at epoch 1 (accuracy 0.62); of all items 0.50; 1.00 of 80 at epoch 1, 1.00 of 70 at epoch 5, "
        "1.00 of 50 at epoch 10"
    )
    assert [finding.value for finding in findings[:5]] == [1.0, findings[1].value, 1.0, 1.0, 1.0]
    assert found[6] == "mean affinities {1}, 0 difference clusters"


def test_accuracy_that_is_lower_inside_is_said(features) -> None:
    finding = claims.no_change_is_more_accurate(series(features, right=GROUP < 4), EPOCHS, side="reference")
    assert not finding.holds
    assert finding.found.startswith("at 0 of 3; inside minus outside -0.")
    assert "not at epoch 1 (0.000 inside, 1.000 outside, 80 items)" in finding.found


def test_saturated_accuracy_is_not_looked_at(features) -> None:
    finding = claims.no_change_is_more_accurate(series(features), EPOCHS, side="checkpoint")
    assert (finding.holds, finding.found) == (False, "at 0 of 0")


def test_differences_in_other_classes_are_said(features) -> None:
    right = np.arange(160) % 10 > 0
    finding = claims.differences_are_confusable(series(features, right=right), EPOCHS, confusable=list("2345"))
    assert (finding.holds, finding.found[:4]) == (False, "0.50")
    assert finding.value == 0.5


def with_accuracies(features, accuracies) -> Timeline:
    """The series with these accuracies of the checkpoints."""
    timeline = series(features)
    changed = [
        replace(comparison, accuracy_y=accuracy)
        for comparison, accuracy in zip(timeline.comparisons, accuracies, strict=True)
    ]
    return timeline_of(changed)


def test_c_and_d_are_judged_where_some_items_have_settled_and_accuracy_is_not_saturated(features) -> None:
    # At the first checkpoint nothing has settled, at the last everything has.
    assert claims.judged_at(with_accuracies(features, (0.2, 0.8, 0.9, 0.96, 0.96))) == [1, 2, 3]
    assert claims.judged_at(with_accuracies(features, (0.2, 0.8, 0.97, 0.98, 1.0))) == [1]
    assert claims.judged_at(series(features)) == []  # always right


def test_most_like_c5_is_the_first_with_a_group_and_the_papers_accuracy(features) -> None:
    assert claims.most_like_c5(with_accuracies(features, (0.8, 0.5, 0.75, 0.9, 0.9))) == 2
    assert claims.most_like_c5(with_accuracies(features, (0.8, 0.5, 0.6, 0.965, 1.0))) == 3  # the nearest
    assert claims.most_like_c5(with_accuracies(features, (0.8, 0.99, 0.99, 0.99, 1.0))) is None
    none = claims.differences_are_confusable(series(features), EPOCHS, confusable=["0"])
    assert (none.holds, none.value) == (False, None)
    assert none.found == "no checkpoint has a no-change group before its accuracy is saturated"


def test_seeds_are_summed_up_claim_by_claim(features, tmp_path: Path) -> None:
    right = (GROUP >= 4) | (np.arange(160) % 4 == 0)
    tables = {}
    for seed, said in enumerate((right, right, None)):
        table = claims.as_table(claims.examine(series(features, right=said), EPOCHS, features, confusable=["0", "1"]))
        table.to_csv(tmp_path / f"{seed}.csv", index=False)  # as the study keeps them
        tables[seed] = pd.read_csv(tmp_path / f"{seed}.csv")
    found = claims.over_seeds(tables).set_index("claim")
    of_c = found.loc["(c) The checkpoint is more accurate in the no-change group than outside it"]
    assert of_c["holds"] == "in 2 of 3 seeds"
    assert (of_c["figure"], of_c["by seed"]) == ("1 (1 to 1)", "1, 1, -")
    of_d = found.loc["(d) Items in difference clusters are of the confusable classes (0, 1)"]
    assert (of_d["holds"], of_d["by seed"]) == ("in 0 of 3 seeds", "0.5, 0.5, -")
    assert found["holds"].iloc[0] == "in 3 of 3 seeds"


def test_pairs_that_are_not_closer_are_said(features) -> None:
    finding = claims.pairs_are_closer_in_the_reference(
        series(features), EPOCHS, [features[-1], *([features[-1]] * 3), features[0]]
    )
    assert not finding.holds
    assert float(finding.found.split()[0]) < 0.2


def test_a_lowest_cluster_that_rises_again_counts_from_where_it_stays(features) -> None:
    up_again = series(features, (SETTLED[1], SETTLED[1], SETTLED[0], SETTLED[3], SETTLED[4]))
    assert claims.lowest_becomes_no_change(up_again, EPOCHS).found.startswith("from epoch 10 on")
    assert not claims.lowest_becomes_no_change(up_again, EPOCHS).holds
    never = claims.lowest_becomes_no_change(series(features, (SETTLED[0],) * 5), EPOCHS)
    assert (never.holds, never.found) == (False, "at no checkpoint")


def test_a_group_that_shrinks_is_said(features) -> None:
    finding = claims.no_change_grows(series(features, SETTLED[::-1]), EPOCHS)
    assert (finding.holds, finding.found[:5]) == (False, "-1.00")


def test_the_table_is_markdown_with_a_row_for_each_claim(features) -> None:
    findings = claims.examine(series(features), EPOCHS, features, confusable=[])
    lines = claims.as_markdown(claims.as_table(findings)).splitlines()
    assert len(lines) == 2 + len(findings) == 8
    assert all(line.count(" | ") == 5 for line in lines)
    assert not any("(d)" in line for line in lines)
