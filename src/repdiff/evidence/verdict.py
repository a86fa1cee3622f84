"""Figures -> whether a cluster holds, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from repdiff.results.evidence import DISSOLVED, FDR, ClusterEvidence, ComparisonEvidence
from repdiff.settings import Method

Parts = tuple[tuple[str, bool], ...]


def is_found_again(evidence: ClusterEvidence) -> bool:
    """Whether a cluster is there when items are left out, and when settings change."""
    return all(share is not None and share >= DISSOLVED for share in (evidence.stability, evidence.robustness))


def judge(
    evidence: ClusterEvidence, holder: str, *, level: float = FDR, untested: str = "it was not tested"
) -> ClusterEvidence:
    """The evidence of a difference cluster with whether it holds, and where not, why.

    Parameters
    ----------
    evidence : ClusterEvidence
        Its figures.
    holder : str
        Name of the representation that groups the cluster.
    level : float
        False discovery rate.
    untested : str
        Why, where there are no figures.
    """
    if evidence.p_value is None:
        return replace(evidence, holds=None, reasons=(untested,))
    reasons = tuple(_reasons(evidence, holder, level))
    return replace(evidence, holds=not reasons, reasons=reasons)


def _reasons(evidence: ClusterEvidence, holder: str, level: float) -> Iterator[str]:
    if not evidence.is_significant(level):
        if evidence.unseen_affinity is None or evidence.null_affinity is None:
            yield "too few unseen items fall into it to check it on them"
        else:
            its, usual = _figure(evidence.unseen_affinity), _figure(evidence.null_affinity)
            yield (
                f"it does not stand out: its mean affinity on unseen items is {its}, that of random neighbourhoods of "
                f"{holder} {usual}"
            )
    if evidence.stability is None or evidence.robustness is None:
        yield "too few of its items are in a sample to see whether it is found again"
    if evidence.stability is not None and evidence.stability < DISSOLVED:
        yield f"it dissolves when items are left out (stability {evidence.stability:.2f})"
    if evidence.robustness is not None and evidence.robustness < DISSOLVED:
        yield f"it depends on gamma, beta or the number of clusters (robustness {evidence.robustness:.2f})"


def conclude(
    found: Iterable[ClusterEvidence],
    names: tuple[str, str],
    *,
    n_resamples: int,
    n_seen: int,
    no_change_threshold: float = Method.no_change_threshold,
    level: float = FDR,
    untested: str = "",
) -> ComparisonEvidence:
    """What the evidence of all difference clusters comes to.

    Parameters
    ----------
    found : iterable of ClusterEvidence
        Of the difference clusters of both directions.
    names : (str, str)
        Of x and y.
    n_resamples, n_seen : int
        See :class:`ComparisonEvidence`.
    no_change_threshold : float
        Mean affinity below which neighbourhoods picked at random count as no change.
    level : float
        False discovery rate.
    untested : str
        Why nothing was tested, where ``n_resamples`` is 0.
    """
    clusters = list(found)
    significant = sum(evidence.is_significant(level) for evidence in clusters)
    holding = sum(evidence.holds is True for evidence in clusters)
    between = (" between ", False), (names[0], True), (" and ", False), (names[1], True)
    if not clusters:
        verdict: Parts = (("There is no difference", False), *between, (" to be tested.", False))
    elif not n_resamples:
        why = f" are chance cannot be told: {untested}."
        verdict = (("Whether the differences", False), *between, (why, False))
    elif not significant:
        verdict = _nothing_stands_out(clusters, between, level, no_change_threshold)
    else:
        more = f" {'is' if significant == 1 else 'are'} more than chance ({_rate(level)}){_also(holding, significant)}."
        verdict = ((f"{significant} of {_differences(len(clusters))}", False), *between, (more, False))
    return ComparisonEvidence(
        level, n_resamples, n_seen, significant, holding, len(clusters), significant > 0, verdict
    )  # fmt: skip


def _rate(level: float) -> str:
    return f"false discovery rate {level * 100:.3g} %"


def _figure(affinity: float) -> str:
    """Three digits, as in tables: 9.60 and not 9.6."""
    return f"{affinity:#.3g}".rstrip(".")


def _differences(n: int) -> str:
    return f"{n} difference{'' if n == 1 else 's'}"


def _nothing_stands_out(
    clusters: Sequence[ClusterEvidence], between: Parts, level: float, no_change_threshold: float
) -> Parts:
    """That no group is more than chance; or that the two differ wherever one looks, so that no group can stand out."""
    n = len(clusters)
    elsewhere = [evidence.null_affinity for evidence in clusters if evidence.null_affinity is not None]
    usual = float(np.median(elsewhere)) if elsewhere else 1.0
    if usual < no_change_threshold:
        groups = "the one group of items found does not stand" if n == 1 else f"none of {n} groups of items stands"
        why = f": {groups} out from neighbourhoods picked at random ({_rate(level)})."
        return (("No significant difference", False), *between, (why, False))
    groups = "the one group of items found does not differ" if n == 1 else f"none of {n} groups of items differs"
    why = (
        f" stands out: {groups} more than neighbourhoods picked at random, which have a mean affinity of "
        f"{_figure(usual)} ({_rate(level)}). Either the two differ all over, or in nothing but noise; "
        f"{_found_again(clusters)} when items are left out and when settings change."
    )
    return (("No single difference", False), *between, (why, False))


def _found_again(clusters: Sequence[ClusterEvidence]) -> str:
    """How many keep together, which noise seldom does."""
    again, n = sum(is_found_again(evidence) for evidence in clusters), len(clusters)
    if n == 1:
        return f"the group is {'' if again else 'not '}found again"
    return f"{again or 'none'} of {n} groups {'is' if again <= 1 else 'are'} found again"


def _also(holding: int, significant: int) -> str:
    """How many of the significant ones are more than that."""
    if significant == 1:
        return "; it is also stable and robust" if holding else "; it is not stable, or not robust"
    some = "all" if holding == significant else holding or "none"
    return f"; {some} of these {'is' if holding <= 1 else 'are'} also stable and robust"
