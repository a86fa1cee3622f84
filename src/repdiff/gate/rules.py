"""Rules as people write them, ``lost > 2 %``, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from repdiff.core.errors import RepdiffError
from repdiff.gate.figures import FIGURES, Figure
from repdiff.results.findings import FINDING_CODES

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq, "!=": ne}
_RULE = re.compile(r"\s*(?P<name>.*?)\s*(?P<operator>>=|<=|!=|==|>|<|=)\s*(?P<value>[^<>=!]*?)\s*")
_NUMBER = re.compile(r"(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))\s*(?P<percent>%?)")
_ONE_LABEL = re.compile(r"label\s+(?P<quote>['\"])(?P<label>.+)(?P=quote)\s+(?P<rest>[^'\"]+)")
_ROUNDING = 1e-9  # so that 0.1 - 0.05 is no more than 5 %


@dataclass(frozen=True)
class Rule:
    """What must not be: a figure, a comparison and a value.

    Attributes
    ----------
    text : str
        As it was written.
    figure : Figure
        What it speaks of.
    operator : str
        ``>``, ``>=``, ``<``, ``<=``, ``=`` or ``!=``.
    value : float or str
        A share in [0, 1], a number, or a code.
    label : str or None
        The one label that it is about.
    """

    text: str
    figure: Figure
    operator: str
    value: float | str
    label: str | None = None

    def is_broken_by(self, figure: float | tuple[str, ...]) -> bool:
        """Whether that is what the rule says must not be; of several codes one is enough, for ``!=`` all."""
        if isinstance(figure, tuple):
            return self.value in figure if self.operator == "=" else self.value not in figure
        assert isinstance(self.value, float)  # as parse_rule made it
        if abs(figure - self.value) <= _ROUNDING:
            return self.operator in (">=", "<=", "=")
        return bool(_COMPARE[self.operator](figure, self.value))


def parse_rule(text: str) -> Rule:
    """A rule as a person writes it: ``NAME OPERATOR VALUE``.

    Parameters
    ----------
    text : str
        Such as ``lost > 2 %``, ``label '3' accuracy drop > 5 %`` or ``finding = throughout``.

    Raises
    ------
    RepdiffError
        Where it is no rule, nothing has that name, or the value does not fit it.
    """
    found = _RULE.fullmatch(text)
    if found is None or not found["name"] or not found["value"]:
        raise RepdiffError(f"{text!r} is no rule; write NAME OPERATOR VALUE, such as 'lost > 2 %'")
    operator = "=" if found["operator"] == "==" else found["operator"]
    name, label = _without_label(found["name"])
    figure = _figure(name, text)
    if label is not None and not figure.takes_label:
        raise RepdiffError(f"{text!r}: {figure.name!r} is not known of one label")
    value = _code(found["value"], operator, text) if figure.kind == "code" else _number(found["value"], figure, text)
    return Rule(text.strip(), figure, operator, value, label)


def _without_label(name: str) -> tuple[str, str | None]:
    """``label '3' accuracy drop`` -> ``label accuracy drop`` and ``3``."""
    one = _ONE_LABEL.fullmatch(name)
    return (name, None) if one is None else (f"label {one['rest']}", one["label"])


def _figure(name: str, text: str) -> Figure:
    plain = " ".join(name.lower().replace("neighbors", "neighbours").split())
    if plain in FIGURES:
        return FIGURES[plain]
    near = get_close_matches(plain, FIGURES, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "see repdiff check --rules"
    raise RepdiffError(f"{text!r}: there is no figure {plain!r}; {hint}")


def _code(value: str, operator: str, text: str) -> str:
    if operator not in ("=", "!="):
        raise RepdiffError(f"{text!r}: a finding is a word; compare it with = or !=")
    if value in FINDING_CODES:
        return value
    near = get_close_matches(value, FINDING_CODES, n=1, cutoff=0.5)
    raise RepdiffError(
        f"{text!r}: no finding is {value!r}; it is one of {', '.join(FINDING_CODES)}"
        + (f"; did you mean {near[0]!r}?" if near else "")
    )


def _number(value: str, figure: Figure, text: str) -> float:
    found = _NUMBER.fullmatch(value)
    if found is None:
        raise RepdiffError(f"{text!r}: {value!r} is no number")
    number = float(found["number"])
    if figure.kind != "share":
        if found["percent"]:
            raise RepdiffError(f"{text!r}: {figure.name!r} is no share; leave out the %")
        return number
    share = number / 100 if found["percent"] else number
    if not -1 <= share <= 1:
        raise RepdiffError(f"{text!r}: {figure.name!r} is a share; write it as per cent, such as {number:g} %")
    return share
