"""Rules as people write them."""

from __future__ import annotations

import pytest

from repdiff import RepdiffError
from repdiff.gate.rules import parse_rule


@pytest.mark.parametrize(
    ("text", "name", "operator", "value", "label"),
    [
        ("lost > 2 %", "lost", ">", 0.02, None),
        ("lost>2%", "lost", ">", 0.02, None),
        ("lost >= 0.02", "lost", ">=", 0.02, None),
        ("  Neighbors  Shared < 40 % ", "neighbours shared", "<", 0.4, None),
        ("accuracy drop > -1 %", "accuracy drop", ">", -0.01, None),
        ("label accuracy drop > .05", "label accuracy drop", ">", 0.05, None),
        ("label '3' accuracy drop > 5 %", "label accuracy drop", ">", 0.05, "3"),
        ('label "it\'s > 2" prediction accuracy drop > 5 %', "label prediction accuracy drop", ">", 0.05, "it's > 2"),
        ("r2 drop > 0.02", "r2 drop", ">", 0.02, None),
        ("significant groups > 3", "significant groups", ">", 3.0, None),
        ("finding = throughout", "finding", "=", "throughout", None),
        ("x_only finding == local", "x_only finding", "=", "local", None),
        ("y_only finding != noise", "y_only finding", "!=", "noise", None),
    ],
)
def test_a_rule_is_read(text, name, operator, value, label):
    rule = parse_rule(text)
    assert (rule.figure.name, rule.operator, rule.label) == (name, operator, label)
    assert rule.value == pytest.approx(value) if isinstance(value, float) else rule.value == value
    assert rule.text == text.strip()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no rule; write NAME OPERATOR VALUE"),
        ("lost", "is no rule"),
        ("lost >", "is no rule"),
        ("> 2 %", "is no rule"),
        ("lost > 2 % > 3 %", "no figure"),
        ("lsot > 2 %", "did you mean 'lost'?"),
        ("acuracy drop > 2 %", "did you mean 'accuracy drop'?"),
        ("xyz > 2 %", "see repdiff check --rules"),
        ("lost > two", "'two' is no number"),
        ("lost > 2", "is a share; write it as per cent, such as 2 %"),
        ("lost > 120 %", "is a share"),
        ("r2 drop > 2 %", "is no share; leave out the %"),
        ("significant groups > 2 %", "is no share"),
        ("finding > noise", "compare it with = or !="),
        ("finding = thoroughout", "did you mean 'throughout'?"),
        ("label 'a' lost > 2 %", "no figure 'label lost'"),
    ],
)
def test_what_is_no_rule_is_refused_in_a_line(text, said):
    with pytest.raises(RepdiffError) as refused:
        parse_rule(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "figure", "broken"),
    [
        ("lost > 2 %", 0.021, True),
        ("lost > 5 %", 0.95 - 0.9, False),  # 0.04999...96 or 0.0500...04 is 5 %
        ("lost >= 5 %", 0.95 - 0.9, True),
        ("neighbours shared < 40 %", 0.39, True),
        ("neighbours shared <= 40 %", 0.4, True),
        ("neighbours shared < 40 %", 0.4, False),
        ("significant groups != 0", 0.0, False),
        ("significant groups != 0", 1.0, True),
        ("significant groups = 2", 2.0, True),
        ("finding = local", ("noise", "local"), True),
        ("finding = local", ("noise", "noise"), False),
        ("finding != noise", ("noise", "local"), False),
        ("finding != noise", ("local", "throughout"), True),
    ],
)
def test_a_rule_says_what_must_not_be(text, figure, broken):
    assert parse_rule(text).is_broken_by(figure) is broken
