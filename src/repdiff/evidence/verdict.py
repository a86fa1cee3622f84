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
    Where,
)


def judge(evidence: ClusterEvidence, *, untested: Untested = "sample_too_small") -> ClusterEvidence:
    """The evidence of a difference cluster with whether it holds, and where not, why.

    Parameters
    ----------
    evidence : ClusterEvidence
        Its figures.
    untested : {"sample_too_small", "clusterer_failed"}
        Why, where there are no figures.
    """
    if evidence.p_value is None:
        return replace(evidence, holds=None, reasons=(untested,))
    if evidence.excess_q is None and evidence.found_in_replicates is None:
        return replace(evidence, holds=None, reasons=("too_few_items",))
    reasons = tuple(_reasons(evidence))
    return replace(evidence, holds=not reasons, reasons=reasons)


def _reasons(evidence: ClusterEvidence) -> Iterator[Reason]:
    # Other seeds say more than one pair can. So do labels: where one side is right far more often there is no noise.
    in_seeds = evidence.found_in_replicates
    if in_seeds is False:
        yield "not_in_other_seeds"
    elif in_seeds is None and not evidence.is_significant and evidence.value not in ("gain", "loss"):
        yield "few_unseen" if evidence.excess is None else "no_more_than_noise"
    yield from not_found_again(evidence)


def not_found_again(evidence: ClusterEvidence) -> Iterator[Reason]:
    """Why a cluster is not there when items are left out or settings change; nothing where it is."""
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
    """What the evidence of all difference clusters comes to, but for the findings.

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
    n_standing_out = sum(evidence.stands_out(level) for evidence in clusters)
    where: Where
    if not clusters:
        where = "nothing_to_test"
    elif not n_resamples:
        where = "untested"
    elif n_standing_out:
        where = "in_groups"
    else:
        all_over = null_affinity is not None and null_affinity >= no_change_threshold
        where = "everywhere" if all_over else "in_no_group"
    return ComparisonEvidence(
        fdr=level,
        n_resamples=n_resamples,
        n_seen=n_seen,
        n_tested=len(clusters),
        n_significant=sum(evidence.is_significant for evidence in clusters),
        n_found_again=sum(evidence.is_found_again for evidence in clusters),
        n_holding=sum(evidence.holds is True for evidence in clusters),
        n_standing_out=n_standing_out,
        where=where,
        null_affinity=null_affinity,
        untested=untested if where == "untested" else None,
    )
