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
    """What is true of a pair."""

    broken: tuple[str, ...]
    passed: tuple[str, ...]
    codes: tuple[str, ...]  # one of which is what the direction that differs more comes to
    values: tuple[str, ...] = ("neither",)  # of its groups


STRENGTH = ("same", "noise", "directions", "local", "throughout")
SAME = (WORSE, LABEL_WORSE, "lost > 0 %", "loosened > 0 %", "neighbours shared < 99 %", "worse groups > 0 %")
KNOWN = {
    "same": Expected((), SAME, ("same",)),
    "rotated": Expected((), SAME, ("same",)),
    "noise_only": Expected(
        ("neighbours shared < 90 %",), (WORSE, LABEL_WORSE, "lost > 10 %", "neighbours lost > 5 %"), ("noise",)
    ),
    "dropout": Expected(("neighbours shared < 90 %",), (WORSE, LABEL_WORSE, "neighbours lost > 5 %"), ("noise",)),
    "worse_for_one_class": Expected(
        (WORSE, "label '0' accuracy drop > 20 %", "lost > 5 %", "worse groups > 5 %", "neighbours shared < 90 %"),
        ("label '3' accuracy drop > 20 %", "lost > 25 %", "better groups > 0 %"),
        ("throughout", "local"),
        values=("gain", "loss", "neither"),
    ),
    "better_for_one_class": Expected(
        ("better groups > 5 %", "neighbours shared < 90 %"),
        (WORSE, LABEL_WORSE, "lost > 5 %", "worse groups > 0 %"),
        ("throughout", "local"),
        values=("gain", "loss", "neither"),
    ),
    "reordered_inside": Expected(
        ("neighbours reordered > 80 %", "neighbours shared < 25 %"), (WORSE, LABEL_WORSE, "neighbours lost > 10 %"),
        ("throughout",),
    ),
    "lost_factor": Expected(("lost > 80 %", "neighbours shared < 40 %"), (WORSE, LABEL_WORSE), ("throughout",)),
    "merged": Expected(
        (WORSE, LABEL_WORSE, "worse groups > 10 %"), ("neighbours lost > 10 %",), ("throughout",),
        values=("gain", "loss", "neither")
    ),
    "new_split": Expected(
        ("neighbours shared < 95 %",), (WORSE, LABEL_WORSE, "lost > 5 %", "worse groups > 0 %"),
        ("throughout", "local"),
    ),
    "unrelated": Expected(
        (WORSE, LABEL_WORSE, "lost > 80 %", "neighbours shared < 10 %"), ("better groups > 0 %",),
        ("throughout",), values=("gain", "loss", "neither")
    ),
    "number_lost": Expected(
        ("r2 drop > 0.3", "neighbours shared < 90 %"), ("r2 drop > 1.5",), ("directions", "throughout"), values=()
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
    assert max((finding.code for finding in found.evidence.findings.values()), key=STRENGTH.index) in expected.codes
    sides = (found.x_only, found.y_only)
    values = {one.evidence.value for side in sides for one in side.difference_clusters if one.evidence}
    assert values <= set(expected.values) | {None}


def test_without_labels_nothing_is_said_of_who_is_right():
    found = compared("lost_factor", label=None)
    with pytest.raises(repdiff.RepdiffError, match="compare again with --label COLUMN"):
        repdiff.check(found, [WORSE])
    assert repdiff.check(found, [WORSE], allow_unknown=True).results[0].status == "unknown"
    assert repdiff.check(found, ["lost > 5 %"]).results[0].status == "broken"
