"""What one model's representation knows that another's does not.

``repdiff.compare(x, y)`` takes the embeddings of the same items from two models and returns the groups of items that
sit close together in one and far apart in the other, in both directions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repdiff.affinity.base import Affinity
    from repdiff.affinity.difference import difference_affinity, rank_difference
    from repdiff.affinity.ranks import neighbor_ranks
    from repdiff.clustering.cluster import cluster_affinity, normalized_cut
    from repdiff.clustering.coordinates import spectral_embedding
    from repdiff.clustering.recut import recut
    from repdiff.core.errors import (
        InputError,
        MemoryLimitError,
        MissingExtraError,
        NotConvergedWarning,
        RepdiffError,
        RunError,
    )
    from repdiff.encoding.pipeline import Encoded, encode
    from repdiff.evaluation.runs import evaluate_run
    from repdiff.evaluation.scoring import Evaluation, evaluate
    from repdiff.gate.check import CheckResult, RuleResult, check
    from repdiff.inputs.triplets import TripletEmbedding, embed_triplets
    from repdiff.report import write_report
    from repdiff.report.figures import plot_checkpoint, plot_comparison, plot_growth, save_figure
    from repdiff.report.notebook import notebook_html
    from repdiff.report.wording.answer import Answer, answer
    from repdiff.report.wording.summary import describe
    from repdiff.results.annotations import Annotations, ClusterNote, NamedSelection
    from repdiff.results.assignment import Assignment
    from repdiff.results.choice import ChosenNumber
    from repdiff.results.clusters import AffinityMap, DifferenceCluster, Direction
    from repdiff.results.comparison import Comparison
    from repdiff.results.evidence import ClusterEvidence, ComparisonEvidence, Enrichment
    from repdiff.results.matrix import ComparisonMatrix
    from repdiff.results.neighbors import NeighborLists
    from repdiff.results.provenance import Provenance
    from repdiff.results.similarity import Score, SimilarityTable
    from repdiff.results.spectrum import Recut
    from repdiff.results.timeline import Timeline
    from repdiff.results.tracks import Flow, History, Track
    from repdiff.similarities.alignment import Alignment, align
    from repdiff.similarities.table import similarity
    from repdiff.store.kinds import save
    from repdiff.store.matrix import load_matrix
    from repdiff.store.run import load_run as load
    from repdiff.store.series import load_series
    from repdiff.workflows.assign import Assigner, assign
    from repdiff.workflows.compare import compare
    from repdiff.workflows.estimator import DifferenceClustering
    from repdiff.workflows.matrix import compare_matrix
    from repdiff.workflows.series import compare_series

__version__ = "0.2.0"

# Every public name and where it is defined. Looked up on first use, so that `import repdiff` costs next to nothing.
_HOME = {
    "Affinity": "affinity.base",
    "AffinityMap": "results.clusters",
    "align": "similarities.alignment",
    "Alignment": "similarities.alignment",
    "Annotations": "results.annotations",
    "answer": "report.wording.answer",
    "assign": "workflows.assign",
    "Assigner": "workflows.assign",
    "Assignment": "results.assignment",
    "Answer": "report.wording.answer",
    "check": "gate.check",
    "CheckResult": "gate.check",
    "ChosenNumber": "results.choice",
    "cluster_affinity": "clustering.cluster",
    "ClusterEvidence": "results.evidence",
    "ClusterNote": "results.annotations",
    "compare": "workflows.compare",
    "compare_matrix": "workflows.matrix",
    "compare_series": "workflows.series",
    "Comparison": "results.comparison",
    "ComparisonEvidence": "results.evidence",
    "ComparisonMatrix": "results.matrix",
    "describe": "report.wording.summary",
    "difference_affinity": "affinity.difference",
    "DifferenceCluster": "results.clusters",
    "DifferenceClustering": "workflows.estimator",
    "Direction": "results.clusters",
    "embed_triplets": "inputs.triplets",
    "encode": "encoding.pipeline",
    "Encoded": "encoding.pipeline",
    "Enrichment": "results.evidence",
    "evaluate": "evaluation.scoring",
    "evaluate_run": "evaluation.runs",
    "Evaluation": "evaluation.scoring",
    "Flow": "results.tracks",
    "History": "results.tracks",
    "InputError": "core.errors",
    "load": "store.run",
    "load_matrix": "store.matrix",
    "load_series": "store.series",
    "MemoryLimitError": "core.errors",
    "MissingExtraError": "core.errors",
    "NamedSelection": "results.annotations",
    "neighbor_ranks": "affinity.ranks",
    "normalized_cut": "clustering.cluster",
    "NeighborLists": "results.neighbors",
    "notebook_html": "report.notebook",
    "NotConvergedWarning": "core.errors",
    "plot_checkpoint": "report.figures",
    "plot_comparison": "report.figures",
    "plot_growth": "report.figures",
    "Provenance": "results.provenance",
    "rank_difference": "affinity.difference",
    "recut": "clustering.recut",
    "Recut": "results.spectrum",
    "RepdiffError": "core.errors",
    "RunError": "core.errors",
    "RuleResult": "gate.check",
    "save": "store.kinds",
    "save_figure": "report.figures",
    "Score": "results.similarity",
    "similarity": "similarities.table",
    "SimilarityTable": "results.similarity",
    "spectral_embedding": "clustering.coordinates",
    "Timeline": "results.timeline",
    "Track": "results.tracks",
    "TripletEmbedding": "inputs.triplets",
    "write_report": "report",
}
_NAME_AT_HOME = {"load": "load_run"}

__all__ = [
    "Affinity",
    "AffinityMap",
    "Alignment",
    "Annotations",
    "Answer",
    "Assigner",
    "Assignment",
    "CheckResult",
    "ChosenNumber",
    "ClusterEvidence",
    "ClusterNote",
    "Comparison",
    "ComparisonEvidence",
    "ComparisonMatrix",
    "DifferenceCluster",
    "DifferenceClustering",
    "Direction",
    "Encoded",
    "Enrichment",
    "Evaluation",
    "Flow",
    "History",
    "InputError",
    "MemoryLimitError",
    "MissingExtraError",
    "NamedSelection",
    "NeighborLists",
    "NotConvergedWarning",
    "Provenance",
    "Recut",
    "RepdiffError",
    "RuleResult",
    "RunError",
    "Score",
    "SimilarityTable",
    "Timeline",
    "Track",
    "TripletEmbedding",
    "align",
    "answer",
    "assign",
    "check",
    "cluster_affinity",
    "compare",
    "compare_matrix",
    "compare_series",
    "describe",
    "difference_affinity",
    "embed_triplets",
    "encode",
    "evaluate",
    "evaluate_run",
    "load",
    "load_matrix",
    "load_series",
    "neighbor_ranks",
    "normalized_cut",
    "notebook_html",
    "plot_checkpoint",
    "plot_comparison",
    "plot_growth",
    "rank_difference",
    "recut",
    "save",
    "save_figure",
    "similarity",
    "spectral_embedding",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'repdiff' has no attribute {name!r}")
    value = getattr(import_module(f"repdiff.{_HOME[name]}"), _NAME_AT_HOME.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
