"""The code of a direction in words, and of one that is close to another."""

from __future__ import annotations

from repdiff.report.wording.findings import holder_and_other
from repdiff.report.wording.formatting import Sentence
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import Comparison
from repdiff.results.findings import Finding, FindingCode

CODES: dict[FindingCode, str] = {
    "same": "the same",
    "noise": "no more than noise",
    "directions": "all over, along a few directions",
    "throughout": "all over, in structured ways",
    "local": "in groups, and nowhere else",
    "too_few": "too few items to compare with noise",
    "untested": "not compared with noise",
}


def code_in_words(finding: Finding) -> str:
    """The code of a direction: ``all over, in structured ways``."""
    return CODES[finding.code] if finding.close_to is None else f"{CODES[finding.code]}: {_border(finding)}"


def border_sentence(comparison: Comparison) -> Sentence | None:
    """Which directions are close to another code; None where none is.

    ``What `resnet18` groups is close to the border between "no more than noise" and "in groups, and nowhere else".``
    """
    if comparison.evidence is None:
        return None
    findings = comparison.evidence.findings
    close = [name for name in DIRECTIONS if name in findings and findings[name].close_to is not None]
    parts: tuple[tuple[str, bool], ...] = ()
    for name in close:
        start = "; what " if parts else "What "
        parts += ((start, False), (holder_and_other(comparison, name)[0], True))
        parts += ((f" groups is {_border(findings[name])}", False),)
    return Sentence((*parts, (".", False))) if parts else None


def _border(finding: Finding) -> str:
    other = finding.code if finding.close_to is None else finding.close_to
    return f'close to the border between "{CODES[finding.code]}" and "{CODES[other]}"'
