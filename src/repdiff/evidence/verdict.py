"""Figures -> whether a cluster holds, and why not; and what all of them come to. In codes: words are for reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from repdiff.results.evidence import (
    DISSOLVED,
    FDR,
    ClusterEvidence,
    ComparisonEvidence,
    Reason,
    Untested,
    Verdict,
)


def judge(evidence: ClusterEvidence, *, level: float = FDR, untested: Untested = "sample_too_small") -> ClusterEvidence:
    """The evidence of a difference cluster with whether it holds, and where not, why.

    Parameters
    ----------
    evidence : ClusterEvidence
        Its figures.
    level : float
        False discovery rate.
    untested : {"sample_too_small", "clusterer_failed"}
        Why, where there are no figures.
    """
    if evidence.p_value is None:
        return replace(evidence, holds=None, reasons=(untested,))
    reasons = tuple(_reasons(evidence, level))
    return replace(evidence, holds=not reasons, reasons=reasons)


def _reasons(evidence: ClusterEvidence, level: float) -> Iterator[Reason]:
    if not evidence.is_significant(level):
        unseen = evidence.unseen_affinity is not None and evidence.null_affinity is not None
        yield "does_not_stand_out" if unseen else "few_unseen"
    if evidence.stability is None or evidence.robustness is None:
        yield "few_sampled"
    if evidence.stability is not None and evidence.stability < DISSOLVED:
        yield "dissolves"
    if evidence.robustness is not None and evidence.robustness < DISSOLVED:
        yield "depends_on_settings"


def conclude(
    found: Iterable[ClusterEvidence],
    *,
    n_resamples: int,
    n_seen: int,
    no_change_threshold: float,
    level: float = FDR,
    untested: Untested | None = None,
) -> ComparisonEvidence:
    """What the evidence of all difference clusters comes to.

    Parameters
    ----------
    found : iterable of ClusterEvidence
        Of the difference clusters of both directions.
    n_resamples, n_seen : int
        See :class:`ComparisonEvidence`.
    no_change_threshold : float
        That of the comparison. Where neighbourhoods picked at random have a mean affinity of as much, everything
        differs.
    level : float
        False discovery rate.
    untested : {"sample_too_small", "clusterer_failed"}, optional
        Why nothing was tested, where ``n_resamples`` is 0.
    """
    clusters = list(found)
    elsewhere = [evidence.null_affinity for evidence in clusters if evidence.null_affinity is not None]
    null_affinity = float(np.median(elsewhere)) if elsewhere else None
    n_significant = sum(evidence.is_significant(level) for evidence in clusters)
    verdict: Verdict
    if not clusters:
        verdict = "nothing_to_test"
    elif not n_resamples:
        verdict = "untested"
    elif n_significant:
        verdict = "significant"
    else:
        everywhere = null_affinity is not None and null_affinity >= no_change_threshold
        verdict = "none_stands_out" if everywhere else "none_significant"
    return ComparisonEvidence(
        fdr=level,
        n_resamples=n_resamples,
        n_seen=n_seen,
        n_significant=n_significant,
        n_holding=sum(evidence.holds is True for evidence in clusters),
        n_found_again=sum(evidence.is_found_again for evidence in clusters),
        n_tested=len(clusters),
        verdict=verdict,
        null_affinity=null_affinity,
        untested=untested if verdict == "untested" else None,
    )
