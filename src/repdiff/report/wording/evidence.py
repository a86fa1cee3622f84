"""Whether to believe a cluster, and what the evidence of all of them comes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from repdiff.inputs.columns import as_text
from repdiff.report.wording import formatting as words
from repdiff.report.wording.codes import border_sentence
from repdiff.report.wording.findings import holder_and_other
from repdiff.results.clusters import DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import FDR, ClusterEvidence, ComparisonEvidence, Outcome, Reason, Untested

_UNTESTED: Mapping[Untested, str] = {
    "sample_too_small": "a sample of the items is too small for so many clusters",
    "clusterer_failed": "the clusterer could not label a sample of the items",
}


def level_of(comparison: Comparison) -> float:
    """The false discovery rate at which the comparison calls a cluster significant."""
    return FDR if comparison.evidence is None else comparison.evidence.fdr


def standing(evidence: ClusterEvidence) -> str:
    """``holds``, ``no more than noise``, ``in doubt``, ``of one seed only``, ``not tested``; 0.1: ``as elsewhere``."""
    if evidence.holds is None:
        return "not tested"
    if evidence.holds:
        return "holds"
    if not evidence.is_found_again:
        return "in doubt"
    if "not_in_other_seeds" in evidence.reasons:
        return "of one seed only"
    return "as elsewhere" if "does_not_stand_out" in evidence.reasons else "no more than noise"


def cluster_verdict(comparison: Comparison, direction: DirectionName, evidence: ClusterEvidence) -> str:
    """Whether a cluster holds, with its figures or with why not; empty where nothing is claimed of it."""
    why = "; ".join(reasons(comparison, direction, evidence))
    if evidence.holds is None:
        return f"Not tested: {why}" if why else ""
    if not evidence.holds:
        return f"{standing(evidence).capitalize()}: {why}"
    if evidence.excess_q is not None and not evidence.is_significant and evidence.value is not None:
        parts = [f"not tighter than noise, yet a {evidence.value} by its labels"]
    else:
        parts = [f"false discovery rate {words.rate(evidence.excess_q or evidence.q_value)}"]
    parts += [
        f"{name} {value:.2f}"
        for name, value in (("stability", evidence.stability), ("robustness", evidence.robustness))
        if value is not None
    ]
    return "Holds: " + ", ".join(parts)


def reasons(comparison: Comparison, direction: DirectionName, evidence: ClusterEvidence) -> list[str]:
    """Why a cluster does not hold, in the order of its codes."""
    holder, _ = holder_and_other(comparison, direction)

    def affinity(value: float | None) -> str:
        return words.UNKNOWN if value is None else words.affinity(value)

    def share(value: float | None) -> str:
        return words.UNKNOWN if value is None else f"{value:.2f}"

    told: dict[Reason, str] = {
        "no_more_than_noise": "it is no tighter than a group in noise of the same amount",
        "not_in_other_seeds": "it is not there in other seeds of the two models",
        "too_few_items": "there are too few items to compare with noise",
        "does_not_stand_out": f"it does not stand out: its mean affinity on unseen items is "
        f"{affinity(evidence.unseen_affinity)}, that of random neighbourhoods of {holder} "
        f"{affinity(evidence.null_affinity)}",
        "few_unseen": "too few unseen items fall into it to check it on them",
        "few_sampled": "too few of its items are in a sample to see whether it is found again",
        "dissolves": f"it dissolves when items are left out (stability {share(evidence.stability)})",
        "depends_on_settings": "it depends on gamma, beta or the number of clusters "
        f"(robustness {share(evidence.robustness)})",
        "sample_too_small": _UNTESTED["sample_too_small"],
        "clusterer_failed": _UNTESTED["clusterer_failed"],
    }
    return [told[code] for code in evidence.reasons]


def verdict(comparison: Comparison) -> words.Sentence | None:
    """What the evidence comes to, in a sentence; None where none was taken."""
    evidence = comparison.evidence
    if evidence is None:
        return None
    if not evidence.findings:
        return verdict_sentence(evidence, comparison.names)
    told, close = groups_sentence(evidence), border_sentence(comparison)
    return told if close is None else words.Sentence((*told.parts, (" ", False), *close.parts))


def groups_sentence(evidence: ComparisonEvidence) -> words.Sentence:
    """How many groups are more than noise, how many are found again, and where in the pair the difference is."""
    n = evidence.n_tested
    if not n:
        return words.Sentence((("There is no group to be tested.", False),))
    if not evidence.n_resamples:
        why = "nothing was tested" if evidence.untested is None else _UNTESTED[evidence.untested]
        return words.Sentence(((f"Whether a group is more than noise cannot be told: {why}.", False),))
    of = f"of {n} group{'' if n == 1 else 's'}"
    again = f"{evidence.n_found_again} {of} {_are(evidence.n_found_again)} found again when items are left out "
    again += "and settings change"
    elsewhere = {
        "in_groups": f"{evidence.n_standing_out} {_have(evidence.n_standing_out)} more of the difference than other "
        "places of this pair",
        "in_no_group": "none has more of the difference than other places of this pair",
        "everywhere": "other places of this pair differ as much as the groups do",
    }[evidence.where]
    if any(found.code in ("too_few", "untested") for found in evidence.findings.values()):
        return words.Sentence(((f"None was compared with noise. {again}; {elsewhere}.", False),))
    noise = f"{evidence.n_significant} {of} {_are(evidence.n_significant)} tighter than noise of the same amount would "
    holding = f"{evidence.n_holding} {'holds' if evidence.n_holding == 1 else 'hold'}"
    return words.Sentence(((f"{noise}make them ({_rate(evidence.fdr)}); {again}; {holding}; {elsewhere}.", False),))


def _are(n: int) -> str:
    return "is" if n == 1 else "are"


def _have(n: int) -> str:
    return "has" if n == 1 else "have"


def verdict_sentence(evidence: ComparisonEvidence, names: tuple[str, str]) -> words.Sentence:
    """What the evidence of a run of version 0.1 comes to, in a sentence about these two."""
    between = (" between ", False), (names[0], True), (" and ", False), (names[1], True)
    n, significant, holding = evidence.n_tested, evidence.n_standing_out, evidence.n_holding
    if evidence.where == "nothing_to_test":
        return words.Sentence((("There is no difference", False), *between, (" to be tested.", False)))
    if evidence.where == "untested":
        why = "nothing was tested" if evidence.untested is None else _UNTESTED[evidence.untested]
        tail = f" are chance cannot be told: {why}."
        return words.Sentence((("Whether the differences", False), *between, (tail, False)))
    if evidence.where == "in_groups":
        verb = "is" if significant == 1 else "are"
        more = f" {verb} more than chance ({_rate(evidence.fdr)}){_also(holding, significant)}."
        start = f"{significant} of {n} difference{'' if n == 1 else 's'}"
        return words.Sentence(((start, False), *between, (more, False)))
    if evidence.where == "in_no_group":
        groups = "the one group of items found does not stand" if n == 1 else f"none of {n} groups of items stands"
        why = f": {groups} out from neighbourhoods picked at random ({_rate(evidence.fdr)})."
        return words.Sentence((("No significant difference", False), *between, (why, False)))
    return words.Sentence((("No single difference", False), *between, (_nothing_stands_out(evidence), False)))


def _nothing_stands_out(evidence: ComparisonEvidence) -> str:
    """That the two differ wherever one looks, so that no group can stand out."""
    n = evidence.n_tested
    groups = "the one group of items found does not differ" if n == 1 else f"none of {n} groups of items differs"
    usual = words.UNKNOWN if evidence.null_affinity is None else words.affinity(evidence.null_affinity)
    return (
        f" stands out: {groups} more than neighbourhoods picked at random, which have a mean affinity of "
        f"{usual} ({_rate(evidence.fdr)}). Either the two differ all over, or in nothing but noise; "
        f"{_found_again(evidence.n_found_again, n)} when items are left out and when settings change."
    )


def _rate(level: float) -> str:
    return f"false discovery rate {level * 100:.3g} %"


def _found_again(again: int, n: int) -> str:
    """How many are found again, which those of noise seldom are."""
    if n == 1:
        return f"the group is {'' if again else 'not '}found again"
    return f"{again or 'none'} of {n} groups {'is' if again <= 1 else 'are'} found again"


def _also(holding: int, significant: int) -> str:
    """How many of the significant ones are more than that."""
    if significant == 1:
        return "; it is also stable and robust" if holding else "; it is not stable, or not robust"
    some = "all" if holding == significant else holding or "none"
    return f"; {some} of these {'is' if holding <= 1 else 'are'} also stable and robust"


def outcome_in_words(comparison: Comparison, outcome: Outcome | None) -> str:
    """Confidence intervals and the test of both models on the same items; empty where nothing is known."""
    if outcome is None:
        return ""
    intervals = [
        f"{name} {words.percent(interval[0])} to {words.percent(interval[1])}"
        for name, interval in zip(comparison.names, (outcome.interval_x, outcome.interval_y), strict=True)
        if interval is not None
    ]
    parts = [f"95{words.NBSP}% confidence interval: {', '.join(intervals)}"] if intervals else []
    if outcome.q_value is not None and outcome.n_known:
        parts.append(_who_alone_is_right(comparison, outcome, outcome.q_value))
    if outcome.disagreements:
        parts.append(_disagreement(comparison, outcome.disagreements))
    return ". ".join(parts)


def _who_alone_is_right(comparison: Comparison, outcome: Outcome, q_value: float) -> str:
    if not (outcome.only_x_right or outcome.only_y_right):
        return "Both are right on the same items"
    x, y = comparison.names
    only_x, only_y = words.number(outcome.only_x_right), words.number(outcome.only_y_right)
    sure = "so a difference" if q_value <= level_of(comparison) else "which may be chance"
    return f"{only_x} only {x} gets right, {only_y} only {y}, {sure} (false discovery rate {words.rate(q_value)})"


def _disagreement(comparison: Comparison, rows: tuple[int, ...]) -> str:
    """On how many items the models disagree, and over what most often."""
    items, (x, y) = comparison.items, comparison.names
    told = f"They disagree on {words.plural(len(rows), 'item')}"
    if items.prediction_x is None or items.prediction_y is None:
        return told
    said = (as_text(items.frame[column].iloc[list(rows)]) for column in (items.prediction_x, items.prediction_y))
    (by_x, by_y), count = Counter(zip(*said, strict=True)).most_common(1)[0]
    if count == 1 < len(rows):
        return told
    often = "" if count == len(rows) else f"most often, {words.number(count)} times, "
    return f"{told}: {often}{x} says {by_x} and {y} {by_y}"
