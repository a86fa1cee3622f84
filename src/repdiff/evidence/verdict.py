"""Figures -> whether a cluster holds, and the words for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from repdiff.clusters import NO_CHANGE_THRESHOLD
from repdiff.evidence.results import FDR, ClusterEvidence, ComparisonEvidence
from repdiff.evidence.stability import DISSOLVED

Parts = tuple[tuple[str, bool], ...]


def judge(evidence: ClusterEvidence, holder: str, *, level: float = FDR) -> ClusterEvidence:
    """The evidence of a difference cluster with whether it holds, and where not, why.

    Parameters
    ----------
    evidence : ClusterEvidence
        Its figures.
    holder : str
        Name of the representation that groups the cluster.
    level : float
        False discovery rate.
    """
    if evidence.p_value is None:
        return replace(evidence, holds=None, reasons=("some of the items could not be clustered again",))
    reasons = tuple(_reasons(evidence, holder, level))
    return replace(evidence, holds=not reasons, reasons=reasons)


def _reasons(evidence: ClusterEvidence, holder: str, level: float) -> Iterator[str]:
    if not evidence.is_significant(level):
        if evidence.unseen_affinity is None or evidence.null_affinity is None:
            yield "too few unseen items fall into it to check it on them"
        else:
            yield (
                f"it does not stand out: its mean affinity on unseen items is {evidence.unseen_affinity:.3g}, that of "
                f"random neighbourhoods of {holder} {evidence.null_affinity:.3g}"
            )
    if evidence.stability is not None and evidence.stability < DISSOLVED:
        yield f"it dissolves when items are left out (stability {evidence.stability:.2f})"
    if evidence.robustness is not None and evidence.robustness < DISSOLVED:
        yield f"it depends on gamma, beta or the number of clusters (robustness {evidence.robustness:.2f})"


def conclude(
    found: Iterable[ClusterEvidence], names: tuple[str, str], *, n_resamples: int, n_seen: int, level: float = FDR
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
    level : float
        False discovery rate.
    """
    clusters = list(found)
    significant = sum(evidence.is_significant(level) for evidence in clusters)
    holding = sum(evidence.holds is True for evidence in clusters)
    elsewhere = [evidence.null_affinity for evidence in clusters if evidence.null_affinity is not None]
    verdict = _verdict(len(clusters), significant, holding, names, level, n_resamples > 0, elsewhere)
    return ComparisonEvidence(
        level, n_resamples, n_seen, significant, holding, len(clusters), significant > 0, verdict
    )  # fmt: skip


def _verdict(
    n: int,
    significant: int,
    holding: int,
    names: tuple[str, str],
    level: float,
    can_tell: bool,
    elsewhere: Sequence[float],
) -> Parts:
    between = (" between ", False), (names[0], True), (" and ", False), (names[1], True)
    rate = f"false discovery rate {level:.0%}"
    if not n:
        return (("There is no difference", False), *between, (" to be tested.", False))
    if not can_tell:
        why = " are chance cannot be told, since some of the items could not be clustered again."
        return (("Whether the differences", False), *between, (why, False))
    if not significant:
        none = f": none of {n} groups of items stands out from neighbourhoods picked at random ({rate})."
        return (("No significant difference", False), *between, (none + _all_over(elsewhere), False))
    tail = "" if holding == significant else f", and {holding} of these are stable and do not depend on the settings"
    stand = "group of items stands" if significant == 1 else "groups of items stand"
    return ((f"{significant} of {n} {stand} out more than chance", False), *between, (f" ({rate}){tail}.", False))


def _all_over(elsewhere: Sequence[float]) -> str:
    """That the two differ wherever one looks, where they do: then no group can stand out."""
    usual = float(np.median(elsewhere)) if elsewhere else 1.0
    if usual < NO_CHANGE_THRESHOLD:
        return ""
    return f" These differ as much, with a mean affinity of {usual:.3g}: what differs, differs all over."
