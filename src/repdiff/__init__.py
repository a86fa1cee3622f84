"""What one model's representation knows that another's does not.

``repdiff.compare(x, y)`` takes the embeddings of the same items from two models and returns the groups of items that
sit close together in one and far apart in the other, in both directions.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repdiff.affinity.base import Affinity
    from repdiff.alignment import Alignment, align
    from repdiff.clustering import cluster_affinity, normalized_cut
    from repdiff.clusters import AffinityMap, DifferenceCluster, Direction
    from repdiff.comparison import Comparison
    from repdiff.difference import difference_affinity, rank_difference
    from repdiff.encoding.pipeline import Encoded, encode
    from repdiff.errors import (
        InputError,
        MemoryLimitError,
        MissingExtraError,
        NotConvergedWarning,
        RepdiffError,
        RunError,
    )
    from repdiff.estimator import DifferenceClustering
    from repdiff.evaluation.runs import evaluate_run
    from repdiff.evaluation.scoring import Evaluation, evaluate
    from repdiff.evidence.choice import ChosenNumber
    from repdiff.evidence.enrichment import Enrichment
    from repdiff.evidence.results import ClusterEvidence, ComparisonEvidence
    from repdiff.history import Flow, History, Life
    from repdiff.matrix import ComparisonMatrix, compare_matrix
    from repdiff.matrix_run import load_matrix
    from repdiff.pipeline import compare
    from repdiff.plots import plot_checkpoint, plot_comparison, plot_growth, save_figure
    from repdiff.provenance import Provenance
    from repdiff.ranks import neighbor_ranks
    from repdiff.run import load_run as load
    from repdiff.series import Timeline, compare_series
    from repdiff.series_run import load_series
    from repdiff.similarities.score import Score, SimilarityTable
    from repdiff.similarities.table import similarity
    from repdiff.spectral import spectral_embedding
    from repdiff.triplets import TripletEmbedding, embed_triplets

__version__ = "0.1.0"

# Every public name and where it lives. Looked up on first use, so that `import repdiff` costs next to nothing.
_HOME = {
    "Affinity": "affinity.base",
    "ChosenNumber": "evidence.choice",
    "ClusterEvidence": "evidence.results",
    "ComparisonEvidence": "evidence.results",
    "Enrichment": "evidence.enrichment",
    "AffinityMap": "clusters",
    "Alignment": "alignment",
    "Comparison": "comparison",
    "DifferenceCluster": "clusters",
    "DifferenceClustering": "estimator",
    "Direction": "clusters",
    "Encoded": "encoding.pipeline",
    "Evaluation": "evaluation.scoring",
    "InputError": "errors",
    "MemoryLimitError": "errors",
    "MissingExtraError": "errors",
    "NotConvergedWarning": "errors",
    "Provenance": "provenance",
    "RepdiffError": "errors",
    "RunError": "errors",
    "Score": "similarities.score",
    "SimilarityTable": "similarities.score",
    "align": "alignment",
    "cluster_affinity": "clustering",
    "compare": "pipeline",
    "TripletEmbedding": "triplets",
    "compare_matrix": "matrix",
    "compare_series": "series",
    "ComparisonMatrix": "matrix",
    "load_matrix": "matrix_run",
    "difference_affinity": "difference",
    "Flow": "history",
    "History": "history",
    "Life": "history",
    "load_series": "series_run",
    "Timeline": "series",
    "embed_triplets": "triplets",
    "encode": "encoding.pipeline",
    "evaluate": "evaluation.scoring",
    "evaluate_run": "evaluation.runs",
    "load": "run",
    "neighbor_ranks": "ranks",
    "normalized_cut": "clustering",
    "rank_difference": "difference",
    "plot_checkpoint": "plots",
    "plot_comparison": "plots",
    "plot_growth": "plots",
    "save_figure": "plots",
    "similarity": "similarities.table",
    "spectral_embedding": "spectral",
}
_NAME_AT_HOME = {"load": "load_run"}

__all__ = [
    "Affinity",
    "AffinityMap",
    "Alignment",
    "ChosenNumber",
    "ClusterEvidence",
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
    "Life",
    "MemoryLimitError",
    "MissingExtraError",
    "NotConvergedWarning",
    "Provenance",
    "RepdiffError",
    "RunError",
    "Score",
    "SimilarityTable",
    "Timeline",
    "TripletEmbedding",
    "align",
    "cluster_affinity",
    "compare",
    "compare_matrix",
    "compare_series",
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
    "plot_checkpoint",
    "plot_comparison",
    "plot_growth",
    "rank_difference",
    "save_figure",
    "similarity",
    "spectral_embedding",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'repdiff' has no attribute {name!r}")
    value = getattr(import_module(f"repdiff.{_HOME[name]}"), _NAME_AT_HOME.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
