"""Twelve pairs of which the answer is known: what a gate says of each, and what the evidence calls it."""

from __future__ import annotations

from typing import NamedTuple

import known_answers as made
import pandas as pd
import pytest

import repdiff

WORSE = "accuracy drop > 3 %"
LABEL_WORSE = "label accuracy drop > 20 %"


class Expected(NamedTuple):
    """What is true of a pair; codes are of x_only and y_only, each one of a few.

    Where one side has a property of a few directions of which the other knows nothing, that side looks like the other
    one with noise along few directions, which no test of one pair can tell apart: any code is right.
    """

    broken: tuple[str, ...]
    passed: tuple[str, ...]
    x_only: tuple[str, ...]
    y_only: tuple[str, ...]
    values: tuple[str, ...] = ("neither",)  # of its groups


EVERYWHERE, IN_GROUPS, NOISE = ("throughout",), ("local",), ("noise",)
AT_LEAST_DIRECTIONS = ("directions", "throughout", "local")
ANY = ("noise", *AT_LEAST_DIRECTIONS)
SAME = (WORSE, LABEL_WORSE, "lost > 0 %", "loosened > 0 %", "neighbours shared < 99 %", "worse groups > 0 %")
KNOWN = {
    "same": Expected((), SAME, ("same",), ("same",)),
    "rotated": Expected((), SAME, ("same",), ("same",)),
    "noise_only": Expected(
        ("neighbours shared < 90 %",), (WORSE, LABEL_WORSE, "lost > 10 %", "neighbours lost > 5 %"), NOISE, NOISE
    ),
    "dropout": Expected(
        ("neighbours shared < 90 %",), (WORSE, LABEL_WORSE, "neighbours lost > 5 %"), NOISE, NOISE
    ),
    "worse_for_one_class": Expected(
        (WORSE, "label '0' accuracy drop > 20 %", "lost > 5 %", "worse groups > 5 %", "neighbours shared < 90 %"),
        ("label '3' accuracy drop > 20 %", "lost > 25 %", "better groups > 0 %"),
        IN_GROUPS, IN_GROUPS, values=("gain", "loss", "neither"),
    ),
    "better_for_one_class": Expected(
        ("better groups > 5 %", "neighbours shared < 90 %"),
        (WORSE, LABEL_WORSE, "lost > 5 %", "worse groups > 0 %"),
        IN_GROUPS, IN_GROUPS, values=("gain", "loss", "neither"),
    ),
    "reordered_inside": Expected(
        ("neighbours reordered > 80 %", "neighbours shared < 25 %"), (WORSE, LABEL_WORSE, "neighbours lost > 10 %"),
        EVERYWHERE, EVERYWHERE,
    ),
    "lost_factor": Expected(
        ("lost > 80 %", "neighbours shared < 40 %"), (WORSE, LABEL_WORSE), ANY, EVERYWHERE
    ),
    "merged": Expected(
        (WORSE, LABEL_WORSE, "worse groups > 10 %"), ("neighbours lost > 10 %",), EVERYWHERE, EVERYWHERE,
        values=("gain", "loss", "neither"),
    ),
    "new_split": Expected(
        ("neighbours shared < 95 %",), (WORSE, LABEL_WORSE, "lost > 5 %", "worse groups > 0 %"), IN_GROUPS, IN_GROUPS
    ),
    "unrelated": Expected(
        (WORSE, LABEL_WORSE, "lost > 80 %", "neighbours shared < 10 %"), ("better groups > 0 %",),
        EVERYWHERE, EVERYWHERE, values=("gain", "loss", "neither"),
    ),
    "number_lost": Expected(
        ("r2 drop > 0.3", "neighbours shared < 90 %"), ("r2 drop > 1.5",), ANY, AT_LEAST_DIRECTIONS, values=()
    ),
}  # fmt: skip


def compared(name: str, *, label: str | None) -> repdiff.Comparison:
    pair: made.Pair = getattr(made, name)(0)
    items = pd.DataFrame({"truth": pair.label if pair.label.dtype.kind == "f" else pair.label.astype(str)})
    return repdiff.compare(pair.x, pair.y, items=items, label=label, n_clusters=8, n_resamples=1, random_state=0)


@pytest.mark.parametrize("name", KNOWN)
def test_the_gate_and_the_findings_say_what_is_known(name):
    expected, found = KNOWN[name], compared(name, label="truth")
    told = {one.rule.text: one.status for one in repdiff.check(found, expected.broken + expected.passed).results}
    assert told == dict.fromkeys(expected.broken, "broken") | dict.fromkeys(expected.passed, "passed")
    assert found.evidence is not None
    findings = found.evidence.findings
    assert findings["x_only"].code in expected.x_only
    assert findings["y_only"].code in expected.y_only
    sides = (found.x_only, found.y_only)
    values = {one.evidence.value for side in sides for one in side.difference_clusters if one.evidence}
    assert values <= set(expected.values) | {None}


def test_a_group_that_was_cut_into_parts_is_significant():
    found = compared("new_split", label=None)
    parts = [one for one in found.x_only.difference_clusters if one.evidence and one.evidence.is_significant]
    assert len(parts) >= 3
    label = made.new_split(0).label
    assert all((label[one.items] == 0).all() for one in parts)
    assert all(one.evidence.excess >= 1 and one.evidence.excess_q <= 0.01 for one in parts)


def test_without_labels_nothing_is_said_of_who_is_right():
    found = compared("lost_factor", label=None)
    with pytest.raises(repdiff.RepdiffError, match="compare again with --label COLUMN"):
        repdiff.check(found, [WORSE])
    assert repdiff.check(found, [WORSE], allow_unknown=True).results[0].status == "unknown"
    assert repdiff.check(found, ["lost > 5 %"]).results[0].status == "broken"
