"""Other seeds of the same models in words: whether groups would be there after training again."""

from __future__ import annotations

import math

import numpy as np

from repdiff.report.wording import formatting as words
from repdiff.report.wording.findings import holder_and_other
from repdiff.report.wording.groups import in_order
from repdiff.report.wording.names import short_name
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ClusterEvidence, ComparisonEvidence
from repdiff.results.findings import FindingCode
from repdiff.results.replicates import DirectionReplicates, ReplicateCode, Replicates

# Codes of a direction that leave open what other seeds can tell.
UNCLEAR: frozenset[FindingCode] = frozenset({"noise", "directions", "too_few", "untested"})
_MOST_NAMED = 2

CODES: dict[ReplicateCode, str] = {
    "found": "found again",
    "not_found": "not found again",
    "no_test": "no test",
    "too_few": "too few items",
    "untested": "not tested",
    "nothing_to_test": "no group",
}


def again(evidence: ComparisonEvidence) -> words.Sentence | None:
    """Whether the groups would be there after training again, for the first screen; None where nothing tells."""
    found = evidence.replicates
    if found is None:
        return None
    codes = {one.code for one in found.directions.values()}
    if found.n_tested:
        told = _how_many(found) if found.is_tested else _how_much(found)
    elif "untested" in codes:
        told = "Other seeds tell nothing, since the clusterer could not group a part of the items."
    elif "too_few" in codes:
        told = "Too few items to look for the groups in other seeds."
    else:
        return None
    return words.Sentence(((told, False),))


def _how_many(found: Replicates) -> str:
    n, there = found.n_tested, found.n_found
    if n == 1:
        return f"After training again, the one group was {'still' if there else 'no longer'} there."
    some = f"all {n}" if there == n else f"{there or 'none'} of {'the ' if not there else ''}{n}"
    return f"After training again, {some} groups {'was' if there <= 1 else 'were'} still there."


def _how_much(found: Replicates) -> str:
    known = [one for one in found.directions.values() if one.effect is not None]
    effect = np.average([one.effect or 0.0 for one in known], weights=[one.n_tested for one in known])
    return f"In one other seed of each, groups are {_times(float(effect))} as tight; bring one more of each for a test."


def differ_in_other_seeds(
    comparison: Comparison, evidence: ComparisonEvidence, *, naming: bool = True
) -> words.Sentence | None:
    """The headline where no group is more than noise within the pair, and yet other seeds show some; else None."""
    found = evidence.replicates
    if found is None or not found.n_found:
        return None
    x, y = ((name, True) for name in comparison.names)
    called = [
        short_name(cluster, comparison.items.label)
        for direction in (comparison.x_only, comparison.y_only)
        for cluster in in_order(direction)
        if cluster.evidence is not None and cluster.evidence.found_in_replicates
    ]
    labels = list(dict.fromkeys(filter(None, called)))[:_MOST_NAMED] if naming else []
    named = f" ({', '.join(labels)})" if labels else ""
    some = f"{words.count_in_words(found.n_found)} group{'' if found.n_found == 1 else 's'} of items"
    told = f" differ in {some}, weak in this pair but there in other seeds as well{named}."
    return words.Sentence((x, (" and ", False), y, (told, False)))


def replicate_lines(comparison: Comparison) -> list[str]:
    """What other seeds say of each direction; nothing without them."""
    evidence = comparison.evidence
    if evidence is None or evidence.replicates is None:
        return []
    found = evidence.replicates
    x, y = comparison.names
    seeds = f"other seeds ({found.n_x} of {x}, {found.n_y} of {y})"
    parts = [_of_direction(comparison, name, found.directions[name]) for name in DIRECTIONS]
    test = f"false discovery rate {evidence.fdr * 100:.3g} %" if found.is_tested else "no test with one of a kind"
    return [f"{seeds}: {'; '.join(parts)}; {test}"]


def _of_direction(comparison: Comparison, name: DirectionName, found: DirectionReplicates) -> str:
    holder, other = holder_and_other(comparison, name)
    why: dict[ReplicateCode, str] = {
        "too_few": f"too few unseen items fall into groups of {holder}",
        "untested": f"groups of {holder} could not be tested, since the clusterer could not label a sample",
        "nothing_to_test": f"{holder} has no group",
    }
    if found.code in why or found.effect is None:
        return why[found.code]
    told = f"members of groups of {holder} are {_times(found.effect)} as near as in {other}'s"
    if found.code == "no_test":
        return told
    return f"{found.n_found} of {words.plural(found.n_tested, 'group')} of {holder} found again ({told})"


def again_on_card(comparison: Comparison, evidence: ClusterEvidence) -> str:
    """What other seeds say of one group; empty where they do not.

    ``After training again: there, members 2.1 times as near (false discovery rate 0.003)``
    """
    found = evidence.replicates
    if comparison.evidence is None or found is None:
        return ""
    if found.effect is None:
        return "After training again: not tested, too few unseen items fall into it"
    near = f"members {_times(found.effect)} as near in other seeds of the one as of the other"
    if found.found is None:
        return f"In another seed of each: {near}; no test with one of a kind"
    verdict = "still there" if found.found else "no longer there"
    return f"After training again: {verdict}, {near} (false discovery rate {words.rate(found.q_value)})"


def again_in_short(evidence: ClusterEvidence) -> str:
    """The same in a word or a figure, for a table."""
    found = evidence.replicates
    if found is None or found.effect is None:
        return words.UNKNOWN
    return _times(found.effect) if found.found is None else ("there" if found.found else "gone")


def _times(effect: float) -> str:
    """A difference of log ranks as a ratio: ``2.1 times``."""
    return f"{math.exp(effect):.1f} times"
