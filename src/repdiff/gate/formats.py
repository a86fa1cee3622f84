"""What a gate says, for a person, a pull request and a machine that runs tests."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, tostring

from repdiff.gate.check import CheckResult, RuleResult, Status
from repdiff.gate.figures import FIGURES

_WORD: dict[Status, str] = {"passed": "pass", "broken": "FAIL", "unknown": "cannot tell"}
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def headline(result: CheckResult) -> str:
    """``merged against ten-digits: 2 of 3 rules are broken``."""
    x, y = result.names
    n, broken = len(result.results), sum(one.status == "broken" for one in result.results)
    rules = f"{n} {'rule' if n == 1 else 'rules'}"
    told = f"{broken} of {rules} {'is' if broken == 1 else 'are'} broken" if broken else f"{rules}, none broken"
    return f"{y} (new) against {x} (old): {told}" + (" (default rules)" if result.by_default else "")


def as_text(result: CheckResult) -> str:
    """A line for each rule, then the headline."""
    width = max(len(one.rule.text) for one in result.results)
    lines = [
        f"{_WORD[one.status]:<11}  {one.rule.text:<{width}}  {one.figure_in_words:>10}  {one.words}"
        for one in result.results
    ]
    return "\n".join([*lines, headline(result)])


def as_markdown(result: CheckResult) -> str:
    """The headline and a table, as a comment on a pull request."""
    sign: dict[Status, str] = {
        "passed": "\N{WHITE HEAVY CHECK MARK} pass",
        "broken": "\N{CROSS MARK} **fail**",
        "unknown": "\N{WHITE QUESTION MARK ORNAMENT} cannot tell",
    }
    rows = [
        f"| {sign[one.status]} | {_cell(one.rule.text)} | {_cell(one.figure_in_words)} | {_cell(one.words)} |"
        for one in result.results
    ]
    head = ["| | fails on | figure | |", "| --- | --- | ---: | --- |"]
    return "\n".join([f"### repdiff: {_cell(headline(result))}", "", *head, *rows])


def _cell(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|#~@])", r"\\\1", " ".join(text.split()))


def as_junit(result: CheckResult) -> str:
    """JUnit XML: a test for each rule."""
    broken = sum(one.status == "broken" for one in result.results)
    skipped = sum(one.status == "unknown" for one in result.results)
    facts = {"tests": str(len(result.results)), "failures": str(broken), "errors": "0", "skipped": str(skipped)}
    x, y = result.names
    suites = Element("testsuites", {"name": "repdiff", **facts})
    suite = SubElement(suites, "testsuite", {"name": _xml(f"repdiff check: {y} against {x}"), **facts})
    for one in result.results:
        _test_case(suite, one)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _test_case(suite: Element, one: RuleResult) -> None:
    case = SubElement(suite, "testcase", {"classname": "repdiff.check", "name": _xml(one.rule.text), "time": "0"})
    told = _xml(f"{one.figure_in_words}: {one.words}")
    if one.status == "broken":
        SubElement(case, "failure", {"message": told, "type": "rule"}).text = told
    elif one.status == "unknown":
        SubElement(case, "skipped", {"message": told})
    else:
        SubElement(case, "system-out").text = told


def _xml(text: str) -> str:
    """The same without characters that XML has not."""
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def rules_table() -> str:
    """All that rules may name, as a table in Markdown."""
    units = {"share": "%", "number": "number", "count": "whole number", "code": "word"}
    rows = [f"| `{one.name}` | {units[one.kind]} | {one.meaning} | {one.source} |" for one in FIGURES.values()]
    return "\n".join(["| figure | compared with | meaning | source |", "| --- | --- | --- | --- |", *rows])
