"""What each public function is given: data first, then options in groups.

A function takes its dataclass through :func:`repdiff.settings.keywords.takes`, a command its options through
:mod:`repdiff.cli.options`. Of the groups that a dataclass inherits, the last comes first in the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.core.progress import Progress, silent
from repdiff.settings.columns import ItemSettings, PredictionColumns
from repdiff.settings.computing import Computing, Seed
from repdiff.settings.encoding import EncodingSettings
from repdiff.settings.evaluating import Evaluating, EvaluatingRun
from repdiff.settings.evidence import EvidenceSettings
from repdiff.settings.fields import Group, like, setting
from repdiff.settings.measuring import Fitting, Judging, SimilaritySettings
from repdiff.settings.method import Method
from repdiff.settings.pairing import AlignmentSettings, Guidance, Matching, MetricOfEach, OneMetric


@dataclass(frozen=True, kw_only=True)
class ClusterSettings(Computing, Method):
    """How clusters are found in one direction: the method, and what computes it."""


@dataclass(frozen=True, kw_only=True)
class Settings(EvidenceSettings, ClusterSettings):
    """How two representations are compared: the method, what computes it, and the evidence."""


@dataclass(frozen=True, kw_only=True)
class Watching(Group):
    """Who is told how far the work is."""

    progress: Progress = setting(silent, "Told how far the work is.", kind="Progress, optional", on_command_line=False)


@dataclass(frozen=True, kw_only=True)
class Describing(Watching):
    """What the report is told of the comparison."""

    description: str | None = setting(None, "A few words on what is compared, for the report.")


@dataclass(frozen=True, kw_only=True)
class NamesOfTwo(Group):
    """What the two representations are called."""

    names: tuple[str, str] | None = setting(
        None, "What to call the two.", unset="the files' names", metavar="NAME NAME"
    )


@dataclass(frozen=True, eq=False)
class CompareCall(
    Describing,
    Settings,
    AlignmentSettings,
    Guidance,
    MetricOfEach,
    PredictionColumns,
    NamesOfTwo,
    Matching,
    ItemSettings,
):
    """What :func:`repdiff.compare` is given."""

    x: Any
    y: Any


@dataclass(frozen=True, kw_only=True)
class Several(Describing, Settings, Guidance):
    """What comparisons of several representations have in common."""

    names: Sequence[str] | None = setting(
        None,
        "What to call them, one name for each.",
        unset="the files' names",
        kind="sequence of str",
        on_command_line=False,
    )
    predictions: Sequence[Any] | None = setting(
        None,
        "What each of them predicts, and last the reference where there is one.",
        more="Columns of ``items``, or values in the order of the rows of the first (of the reference).",
        kind="sequence of str or of array_like (n,)",
        on_command_line=False,
    )
    evidence: bool = like(
        EvidenceSettings, "evidence", default=False, more="False by default, since it is taken for every comparison."
    )


@dataclass(frozen=True, eq=False)
class SeriesCall(Several, MetricOfEach, Matching, ItemSettings):
    """What :func:`repdiff.compare_series` is given."""

    checkpoints: Sequence[Any] | Mapping[str, Any]
    reference: Any
    reference_name: str | None = setting(None, "What to call the reference.", unset="the file's name")


@dataclass(frozen=True, eq=False)
class MatrixCall(Several, OneMetric, Matching, ItemSettings):
    """What :func:`repdiff.compare_matrix` is given."""

    representations: Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True)
class EstimatorOptions(ClusterSettings, MetricOfEach):
    """What :class:`repdiff.DifferenceClustering` is made with."""

    n_clusters: int = like(
        Method, "n_clusters", kw_only=False, sentence="Number of clusters.", more="What does not change is among them."
    )


@dataclass(frozen=True, eq=False)
class SimilarityCall(Watching, Seed, SimilaritySettings, MetricOfEach, NamesOfTwo, Matching):
    """What :func:`repdiff.similarity` is given."""

    x: Any
    y: Any


@dataclass(frozen=True, eq=False)
class AlignCall(Seed, Fitting, Matching):
    """What :func:`repdiff.align` is given."""

    x: Any
    y: Any


@dataclass(frozen=True, eq=False)
class TripletsCall(Watching, Seed, Judging):
    """What :func:`repdiff.embed_triplets` is given."""

    judgements: Any


@dataclass(frozen=True, kw_only=True)
class InspectCall(Matching):
    """What :func:`repdiff.inputs.inspection.inspect_files` is given beside the files."""

    items: Any = like(ItemSettings, "items")
    images: str | Path | None = like(ItemSettings, "images")


@dataclass(frozen=True, eq=False)
class EncodeCall(Watching, EncodingSettings):
    """What :func:`repdiff.encode` is given."""

    model: Any
    items: Any
    output: str | Path


@dataclass(frozen=True, eq=False)
class EvaluateCall(Watching, Evaluating, MetricOfEach, NamesOfTwo, Matching):
    """What :func:`repdiff.evaluate` is given."""

    x: Any
    y: Any


@dataclass(frozen=True)
class EvaluateRunCall(Watching, EvaluatingRun):
    """What :func:`repdiff.evaluate_run` is given."""

    run: str | Path
    x: str | Path | None = setting(
        None, "Where x is now.", more="It must hold the same values.", unset="where the run found it", kind="path"
    )
    y: str | Path | None = setting(
        None, "Where y is now.", more="It must hold the same values.", unset="where the run found it", kind="path"
    )
