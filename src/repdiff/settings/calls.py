"""The arguments of each public function: data first, then options in groups.

A function takes its dataclass through :func:`repdiff.settings.keywords.takes`, a command its options through
:mod:`repdiff.cli.options`. The documentation lists the groups that a dataclass inherits from last to first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from repdiff.core.errors import OptionError
from repdiff.core.progress import Progress, silent
from repdiff.settings.cluster import ON_CLUSTERS, DaskSettings
from repdiff.settings.columns import ItemSettings, PredictionSettings
from repdiff.settings.computing import ComputingSettings, EngineChoice, SeedSettings
from repdiff.settings.encoding import EncodingSettings
from repdiff.settings.evaluating import EvaluationSettings, RunEvaluationSettings
from repdiff.settings.evidence import EvidenceSettings
from repdiff.settings.fields import SettingsGroup, like, setting
from repdiff.settings.measuring import FittingSettings, SimilaritySettings, TripletSettings
from repdiff.settings.method import MethodSettings
from repdiff.settings.neighbors import NeighborSettings
from repdiff.settings.pairing import (
    AlignmentSettings,
    GuidanceSettings,
    MatchingSettings,
    MetricSettings,
    PairMetricSettings,
    ReplicateSettings,
)


@dataclass(frozen=True, kw_only=True)
class ClusterSettings(ComputingSettings, MethodSettings):
    """How clusters are found in one direction: the method, and what computes it."""


@dataclass(frozen=True, kw_only=True)
class Settings(NeighborSettings, EvidenceSettings, ClusterSettings):
    """How two representations are compared: the method, what computes it, the evidence, and what is kept."""

    @classmethod
    def of(cls, other: SettingsGroup) -> Self:
        """The settings of a call; "auto" is settled as "exact" where no other engine will do.

        Comparisons within groups need all pairs of a group, and a clusterer of the user's gets the whole matrix.
        """
        found = super().of(other)
        whole = getattr(other, "within", None) is not None or found.clusterer != "spectral"
        return replace(found, engine="exact") if whole and found.engine == "auto" else found


@dataclass(frozen=True, kw_only=True)
class ProgressSettings(SettingsGroup):
    """Where progress is reported."""

    progress: Progress = setting(
        silent, "Receives the progress of the work.", kind="Progress, optional", on_command_line=False
    )


@dataclass(frozen=True, kw_only=True)
class DescriptionSettings(ProgressSettings):
    """How the report describes the comparison."""

    description: str | None = setting(None, "Short description of what is compared, for the report.")


@dataclass(frozen=True, kw_only=True)
class PairNameSettings(SettingsGroup):
    """Display names of the two representations."""

    names: tuple[str, str] | None = setting(
        None, "Display names of the two.", unset="the files' names", metavar="NAME NAME"
    )


@dataclass(frozen=True, kw_only=True)
class KeepingSettings(SettingsGroup):
    """What a comparison keeps of the embeddings."""

    keep_rows: bool = setting(
        True,
        "Keep a sample of the embeddings, so that new items can be assigned without the files.",
        more="At most 4,096 rows and 32 MB; see :func:`repdiff.assign`.",
    )


@dataclass(frozen=True, eq=False)
class CompareCall(
    DescriptionSettings,
    KeepingSettings,
    DaskSettings,
    Settings,
    ReplicateSettings,
    AlignmentSettings,
    GuidanceSettings,
    PairMetricSettings,
    PredictionSettings,
    PairNameSettings,
    MatchingSettings,
    ItemSettings,
):
    """What :func:`repdiff.compare` is given."""

    x: Any
    y: Any

    def check_together(self) -> None:
        """Refuse replicates without evidence, and on a cluster what only engines of this machine can do."""
        super().check_together()
        if self.dask is not None:
            self._check_cluster()
        if not self.evidence and self.replicates_x is not None:
            raise OptionError(
                "replicates are part of the evidence, but evidence=False leaves it out; leave out one of the two",
                on_command_line="--replicate-x is part of the evidence, but --no-evidence leaves it out; leave out one "
                "of the two",
            )

    def _check_cluster(self) -> None:
        needs = "needs the exact engine, which does not run on Dask"
        for name, given, flag in (
            ("within", self.within is not None, "--within"),
            ("clusterer", self.clusterer != "spectral", "--clusterer"),
            ("device", self.device not in (None, "cpu"), "--device"),
        ):
            if given:
                why = "needs an engine on a device, which does not run on Dask" if name == "device" else needs
                raise OptionError(
                    f"{name}= {why}; leave out {name}= or dask=",
                    on_command_line=f"{flag} {why}; leave out {flag} or --dask",
                )
        if isinstance(self.engine, str) and self.engine not in ON_CLUSTERS:
            only = f"the {self.engine} engine does not run on Dask, only the sampled one does"
            raise OptionError(
                f"{only}; leave out engine= or dask=", on_command_line=f"{only}; leave out --engine or --dask"
            )


@dataclass(frozen=True, kw_only=True)
class SeveralSettings(DescriptionSettings, Settings, GuidanceSettings):
    """Options that comparisons of several representations share."""

    names: Sequence[str] | None = setting(
        None,
        "Display names, one for each.",
        unset="the files' names",
        kind="sequence of str",
        on_command_line=False,
    )
    predictions: Sequence[Any] | None = setting(
        None,
        "Predictions of each one, and last of the reference, if there is one.",
        more="Columns of ``items``, or values in the order of the rows of the first (of the reference).",
        kind="sequence of str or of array_like (n,)",
        on_command_line=False,
    )
    evidence: bool = like(
        EvidenceSettings, "evidence", default=False, more="False by default, since it is computed for every comparison."
    )


@dataclass(frozen=True, eq=False)
class SeriesCall(SeveralSettings, PairMetricSettings, MatchingSettings, ItemSettings):
    """What :func:`repdiff.compare_series` is given."""

    checkpoints: Sequence[Any] | Mapping[str, Any]
    reference: Any
    reference_name: str | None = setting(None, "Display name of the reference.", unset="the file's name")


@dataclass(frozen=True, eq=False)
class MatrixCall(SeveralSettings, MetricSettings, MatchingSettings, ItemSettings):
    """What :func:`repdiff.compare_matrix` is given."""

    representations: Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class EstimatorOptions(ClusterSettings, PairMetricSettings):
    """What :class:`repdiff.DifferenceClustering` is made with."""

    n_clusters: int = like(
        MethodSettings,
        "n_clusters",
        kw_only=False,
        sentence="Number of clusters.",
        more="No-change clusters count, too.",
    )
    engine: EngineChoice = like(
        ComputingSettings, "engine", default="exact", more="The affinity is kept as a matrix, which takes n x n floats."
    )


@dataclass(frozen=True, eq=False)
class SimilarityCall(
    ProgressSettings, SeedSettings, SimilaritySettings, PairMetricSettings, PairNameSettings, MatchingSettings
):
    """What :func:`repdiff.similarity` is given."""

    x: Any
    y: Any


@dataclass(frozen=True, eq=False)
class AlignCall(SeedSettings, FittingSettings, MatchingSettings):
    """What :func:`repdiff.align` is given."""

    x: Any
    y: Any


@dataclass(frozen=True, eq=False)
class TripletsCall(ProgressSettings, SeedSettings, TripletSettings):
    """What :func:`repdiff.embed_triplets` is given."""

    judgements: Any


@dataclass(frozen=True, kw_only=True)
class InspectCall(MatchingSettings):
    """What :func:`repdiff.inputs.inspection.inspect_files` is given beside the files."""

    items: Any = like(ItemSettings, "items")
    images: str | Path | None = like(ItemSettings, "images")


@dataclass(frozen=True, eq=False)
class EncodeCall(ProgressSettings, EncodingSettings):
    """What :func:`repdiff.encode` is given."""

    model: Any
    items: Any
    output: str | Path


@dataclass(frozen=True, eq=False)
class EvaluateCall(ProgressSettings, EvaluationSettings, PairMetricSettings, PairNameSettings, MatchingSettings):
    """What :func:`repdiff.evaluate` is given."""

    x: Any
    y: Any


@dataclass(frozen=True)
class EvaluateRunCall(ProgressSettings, RunEvaluationSettings):
    """What :func:`repdiff.evaluate_run` is given."""

    run: str | Path
    x: str | Path | None = setting(
        None, "Where x is now.", more="It must hold the same values.", unset="where the run found it", kind="path"
    )
    y: str | Path | None = setting(
        None, "Where y is now.", more="It must hold the same values.", unset="where the run found it", kind="path"
    )


@dataclass(frozen=True, kw_only=True)
class AssignSettings(ProgressSettings, DaskSettings, MatchingSettings):
    """How new items are assigned to the clusters of a comparison."""

    x: Any = setting(
        None,
        "Where x of the comparison is now.",
        more="Needed if the comparison kept no rows; it must hold the same values.",
        unset="where it was",
        kind="array_like, table or path",
        typed=Path,
    )
    y: Any = setting(
        None,
        "Where y of the comparison is now.",
        more="Needed if the comparison kept no rows; it must hold the same values.",
        unset="where it was",
        kind="array_like, table or path",
        typed=Path,
    )
    n_jobs: int | None = like(ComputingSettings, "n_jobs")


@dataclass(frozen=True, eq=False)
class AssignCall(AssignSettings):
    """What :func:`repdiff.assign` is given."""

    comparison: Any
    x_new: Any
    y_new: Any
