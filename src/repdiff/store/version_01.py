"""Runs that version 0.1 wrote (schema version 2): their evidence held sentences where there are codes now.

The sentences are not parsed: each code is derived from the figures beside it, by the rules of a new comparison and with
the no-change threshold of the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from repdiff.core.plain import from_plain, to_plain
from repdiff.core.ranges import Count, Share
from repdiff.evidence.verdict import conclude, not_found_again
from repdiff.results.choice import Candidate
from repdiff.results.directions import DirectionName
from repdiff.results.evidence import FDR, ClusterEvidence, Reason, Untested

_CLUSTERER_FAILED = "the clusterer could not label a sample of the items"


@dataclass(frozen=True)
class _Whole:
    fdr: Share
    n_resamples: Count
    n_seen: Count


@dataclass(frozen=True)
class _Chosen:
    n: Count
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class _Reasons:
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Stored:
    """What ``evidence.json`` held, as far as it is read; clusters and similarity are as they are now."""

    comparison: _Whole | None
    similarity: Any
    chosen: Mapping[DirectionName, _Chosen]
    clusters: Mapping[DirectionName, tuple[Any, ...]]


def evidence_in_codes(told: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What ``evidence.json`` would hold in the present version.

    Parameters
    ----------
    told : mapping
        What the file holds.
    manifest : mapping
        Of the run.
    """
    old = from_plain(_Stored, told, "evidence.json")
    whole, level = old.comparison, FDR if old.comparison is None else old.comparison.fdr
    judged: list[ClusterEvidence] = []
    untested: list[Untested] = []
    clusters: dict[str, list[Any]] = {}
    for name, entries in old.clusters.items():
        clusters[name] = []
        for entry in entries:
            where = f"evidence.json.clusters.{name}"
            said = () if entry is None else from_plain(_Reasons, entry, where).reasons
            found = None if entry is None else from_plain(ClusterEvidence, {**entry, "reasons": ()}, where)
            if found is not None and (found.p_value is not None or said):  # it claims a difference
                why: Untested = "clusterer_failed" if _CLUSTERER_FAILED in said else "sample_too_small"
                untested.append(why)
                found = _judged(found, level, why)
                judged.append(found)
            clusters[name].append(found and to_plain(found))
    conclusion = whole and conclude(
        judged,
        n_resamples=whole.n_resamples,
        n_seen=whole.n_seen,
        no_change_threshold=manifest["parameters"]["no_change_threshold"],
        level=level,
        untested=untested[0] if untested else None,
    )
    return {
        "comparison": conclusion and to_plain(conclusion),
        "similarity": old.similarity,
        "chosen": {name: _chosen(number, manifest["n_items"]) for name, number in old.chosen.items()},
        "clusters": clusters,
    }


def _judged(evidence: ClusterEvidence, level: float, untested: Untested) -> ClusterEvidence:
    """Whether a cluster held: it stood out from neighbourhoods picked at random, and was found again."""
    if evidence.p_value is None:
        return replace(evidence, holds=None, reasons=(untested,))
    reasons = (*_does_not_stand_out(evidence, level), *not_found_again(evidence))
    return replace(evidence, holds=not reasons, reasons=reasons)


def _does_not_stand_out(evidence: ClusterEvidence, level: float) -> Iterator[Reason]:
    if not evidence.stands_out(level):
        unseen = evidence.unseen_affinity is not None and evidence.null_affinity is not None
        yield "does_not_stand_out" if unseen else "few_unseen"


def _chosen(number: _Chosen, n_items: int) -> dict[str, Any]:
    at_one = "nothing_apart" if number.candidates else "too_few_items"
    code = "gap" if number.n > 1 else at_one
    return {"n": number.n, "candidates": to_plain(number.candidates), "code": code, "n_items": n_items}
