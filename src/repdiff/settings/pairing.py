"""What is done with a pair before the method starts: matching, distances, guidance, alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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
        more="The ids may also be an array or an index of that name.",
    )


@dataclass(frozen=True, kw_only=True)
class PairMetricSettings(SettingsGroup):
    """The distance within each of two representations."""

    metric: Metrics = setting(
        "euclidean",
        "Distance within a representation: euclidean, cosine, or precomputed (n x n distances).",
        more='Or a pair: within x and within y. "precomputed": that side is a symmetric (n, n) matrix of distances '
        "(the diagonal is the smallest value of each row) or of similarities (the largest).",
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
        "Only count pairs with the same value of it: label, prediction, or any column of the items.",
        more="Finds differences inside a class (guided comparison; RDX, arXiv 2505.23917). The affinity of all "
        "other pairs is 1, no change.",
    )


@dataclass(frozen=True, kw_only=True)
class AlignmentSettings(SettingsGroup):
    """Whether y is mapped into the space of x before the two are compared."""

    align: AlignMethod = setting(
        "none",
        "Align Y with X first: none, procrustes, linear or cka.",
        more="By rotation and scale (which changes no rank, but measures the fit), by least squares, or by the linear "
        "map with the highest CKA; see :func:`repdiff.align`. Fitted on half of the items; the fit on both halves is "
        'in ``provenance.parameters["alignment"]``.',
    )
    align_effect: bool = setting(
        False,
        "Compare without alignment too.",
        more="Stores how much the clusters agree (adjusted Rand index) and how many there are, per direction. "
        "Takes twice the time.",
        flags=("--align-effect",),
    )

    def check_together(self) -> None:
        """Refuse align_effect without an alignment."""
        super().check_together()
        if self.align_effect and self.align == "none":
            raise OptionError("align_effect measures what align changes, but align is 'none'; choose an alignment")


@dataclass(frozen=True, kw_only=True)
class ReplicateSettings(SettingsGroup):
    """Other seeds of the same two models."""

    replicates_x: Sequence[Any] | None = setting(
        None,
        "Embeddings by the first model trained again from another seed; once for each.",
        more="A list, each as ``x``. Says whether a group would be there after training again "
        "(:class:`repdiff.results.replicates.Replicates`); with two replicates of each model, at least, by a test.",
        kind="list of array_like (n, d), tables or paths",
        flags=("--replicate-x",),
        metavar="FILE",
        typed=list[Path],
    )
    replicates_y: Sequence[Any] | None = setting(
        None,
        "The same for the second model.",
        kind="list of array_like (n, d), tables or paths",
        flags=("--replicate-y",),
        metavar="FILE",
        typed=list[Path],
    )

    def check_together(self) -> None:
        """Refuse replicates of one side only."""
        super().check_together()
        x, y = (one is not None and not (isinstance(one, list | tuple) and not one)
                for one in (self.replicates_x, self.replicates_y))  # fmt: skip
        if x != y:
            given, lacking = ("x", "y") if x else ("y", "x")
            why = "groups are looked for in other seeds of both models"
            raise OptionError(
                f"replicates_{given} was given, but no replicates_{lacking}; {why}, so give one of each at least",
                on_command_line=f"--replicate-{given} was given, but no --replicate-{lacking}; {why}, so give one of "
                "each at least",
            )
