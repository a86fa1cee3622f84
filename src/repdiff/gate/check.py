"""A comparison and rules -> for each rule its figure, and whether it is broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from repdiff.core.errors import RepdiffError
from repdiff.gate.figures import Unknown
from repdiff.gate.rules import Rule, parse_rule
from repdiff.results.comparison import Comparison
from repdiff.store.kinds import as_run
from repdiff.store.run import Run

Status = Literal["passed", "broken", "unknown"]

# What stands for no rules, as far as a run can tell it.
DEFAULT_RULES = (
    "accuracy drop > 1 %", "label accuracy drop > 5 %", "prediction accuracy drop > 1 %", "r2 drop > 0.02",
    "lost > 5 %",
)  # fmt: skip


@dataclass(frozen=True)
class RuleResult:
    """A rule and what came of it.

    Attributes
    ----------
    rule : Rule
        What must not be.
    status : {"passed", "broken", "unknown"}
        Whether it is.
    figure : float, tuple of str, or None
        What the rule speaks of: a share in [0, 1], a number, or codes; None where the run cannot tell.
    words : str
        What that figure is made of, or why it is unknown.
    """

    rule: Rule
    status: Status
    figure: float | tuple[str, ...] | None
    words: str

    @property
    def figure_in_words(self) -> str:
        """``15.9 %``, ``0.031``, ``3``, ``throughout``; a dash where it is unknown."""
        if self.figure is None:
            return "\N{EN DASH}"
        if isinstance(self.figure, tuple):
            return ", ".join(dict.fromkeys(self.figure))
        if self.rule.figure.kind == "share":
            return f"{self.figure * 100:.1f} %"
        return f"{self.figure:.0f}" if self.rule.figure.kind == "count" else f"{self.figure:.3f}"


@dataclass(frozen=True)
class CheckResult:
    """What a gate says of a comparison.

    Attributes
    ----------
    names : (str, str)
        Of the old model, x, and the new one, y.
    results : tuple of RuleResult
        In the order of the rules.
    by_default : bool
        Whether these are the default rules, of which those are left out that the run cannot tell.
    """

    names: tuple[str, str]
    results: tuple[RuleResult, ...]
    by_default: bool

    @property
    def passed(self) -> bool:
        """Whether no rule is broken."""
        return not any(one.status == "broken" for one in self.results)

    def to_plain(self) -> dict[str, Any]:
        """Dicts, lists, numbers and text, as JSON holds them."""
        rules = [
            {
                "rule": one.rule.text,
                "status": one.status,
                "figure": list(one.figure) if isinstance(one.figure, tuple) else one.figure,
                "words": one.words,
            }
            for one in self.results
        ]
        return {"names": list(self.names), "passed": self.passed, "by_default": self.by_default, "rules": rules}


def check(
    run: Comparison | Run | str | Path, rules: Sequence[str] | None = None, *, allow_unknown: bool = False
) -> CheckResult:
    """Whether an upgrade breaks a rule: x is the old model and y the new one.

    Parameters
    ----------
    run : Comparison, Run or path
        A comparison, or the directory of a run.
    rules : sequence of str, optional
        What must not be, such as ``"lost > 2 %"`` (:data:`repdiff.gate.figures.FIGURES` has all that they may name).
        By default those of :data:`DEFAULT_RULES` that the run can tell.
    allow_unknown : bool
        Let rules pass of which the run cannot tell, for instance because it has no labels.

    Raises
    ------
    RepdiffError
        For what is no rule, for a rule of which the run cannot tell, and for a series or a matrix.
    """
    if isinstance(rules, str):
        raise RepdiffError(f"rules are a list of texts; write [{rules!r}]")
    parsed = [parse_rule(text) for text in (rules or DEFAULT_RULES)]
    comparison = _comparison(run)
    results = [_result(rule, comparison) for rule in parsed]
    if not rules:
        results = [one for one in results if one.status != "unknown"]
        if not results:
            raise RepdiffError("the run tells nothing that a rule could speak of; compare again without --no-evidence")
    for one in results:
        if one.status == "unknown" and not allow_unknown:
            raise RepdiffError(f"{one.rule.text!r} cannot be told: {one.words}; or allow it with --allow-unknown")
    return CheckResult(comparison.names, tuple(results), not rules)


def _comparison(run: Comparison | Run | str | Path) -> Comparison:
    if isinstance(run, Comparison):
        return run
    found = as_run(run)
    if not isinstance(found, Run):
        where = run if isinstance(run, str | Path) else type(run).__name__
        raise RepdiffError(f"{where}: holds several comparisons; compare the old and the new model, and check that run")
    return found.comparison


def _result(rule: Rule, comparison: Comparison) -> RuleResult:
    found = rule.figure.read(comparison, rule.label)
    if isinstance(found, Unknown):
        return RuleResult(rule, "unknown", None, found.why)
    figure, words = found
    return RuleResult(rule, "broken" if rule.is_broken_by(figure) else "passed", figure, words)
