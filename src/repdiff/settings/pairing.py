"""How a pair is looked at before the method starts: distances, guidance, alignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from repdiff.core.errors import OptionError
from repdiff.core.metrics import Metric, Metrics
from repdiff.settings.fields import SettingsGroup, setting

AlignMethod = Literal["none", "procrustes", "linear", "cka"]


@dataclass(frozen=True, kw_only=True)
class MatchingSettings(SettingsGroup):
    """How rows are matched."""

    match: str = setting(
        "auto",
        "How rows are matched: auto (by ids where there are ids), order, or the column with the ids.",
        more="An array or index of that name holds the ids, too.",
    )


@dataclass(frozen=True, kw_only=True)
class PairMetricSettings(SettingsGroup):
    """The distance within each of two representations."""

    metric: Metrics = setting(
        "euclidean",
        "Distance within a representation: euclidean, cosine, or precomputed (n x n distances).",
        more='Or a pair: within x and within y. "precomputed": that side is a symmetric matrix, (n, n), of distances '
        "(the diagonal holds the smallest value of each row) or of similarities (the largest).",
        kind='{"euclidean", "cosine", "precomputed"}, or a pair of these',
    )


@dataclass(frozen=True, kw_only=True)
class MetricSettings(SettingsGroup):
    """The distance within every one of several representations."""

    metric: Metric = setting(
        "euclidean",
        "Distance within a representation: euclidean, cosine, or precomputed (n x n distances).",
    )


@dataclass(frozen=True, kw_only=True)
class GuidanceSettings(SettingsGroup):
    """Which pairs of items count."""

    within: str | None = setting(
        None,
        "Only pairs that agree in it count: label, prediction, or any column of the items.",
        more="So differences inside a class are found (guided comparison; RDX, arXiv 2505.23917). The affinity of all "
        "other pairs is 1, no change.",
    )


@dataclass(frozen=True, kw_only=True)
class AlignmentSettings(SettingsGroup):
    """Whether y is turned towards x before the two are compared."""

    align: AlignMethod = setting(
        "none",
        "Turn Y towards X first: none, procrustes, linear or cka.",
        more="By rotation and scale (which changes no rank, and gives the fit), by least squares, or by the linear map "
        "of most CKA; see :func:`repdiff.align`. Fitted on a half of the items; the fit on both halves is in "
        '``provenance.parameters["alignment"]``.',
    )
    align_effect: bool = setting(
        False,
        "Compare without alignment too.",
        more="Keeps beside the fits how alike the clusters are (adjusted Rand index) and how many there are, per "
        "direction. Takes twice the time.",
        flags=("--align-effect",),
    )

    def check_together(self) -> None:
        """Without an alignment there is no effect of one."""
        super().check_together()
        if self.align_effect and self.align == "none":
            raise OptionError("align_effect tells what an alignment changes, but align is 'none'; choose one")
