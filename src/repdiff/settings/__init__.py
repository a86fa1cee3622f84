"""Every option in one place: default, type, range and the sentence that documents it."""

from repdiff.settings.calls import (
    ClusterSettings,
    CompareCall,
    EstimatorOptions,
    EvaluateCall,
    EvaluateRunCall,
    MatrixCall,
    SeriesCall,
    Settings,
)
from repdiff.settings.computing import ENGINES, Computing, Engine, EngineLike
from repdiff.settings.documentation import documents
from repdiff.settings.evaluating import Evaluating, EvaluatingRun
from repdiff.settings.evidence import EvidenceSettings
from repdiff.settings.fields import check_setting
from repdiff.settings.keywords import initialises, takes
from repdiff.settings.method import LARGEST_BETA, N_CLUSTERS, Clusterer, Method, RepresentativeKind
from repdiff.settings.pairing import AlignMethod

__all__ = [
    "ENGINES",
    "LARGEST_BETA",
    "N_CLUSTERS",
    "AlignMethod",
    "ClusterSettings",
    "Clusterer",
    "CompareCall",
    "Computing",
    "Engine",
    "EngineLike",
    "EstimatorOptions",
    "EvaluateCall",
    "EvaluateRunCall",
    "Evaluating",
    "EvaluatingRun",
    "EvidenceSettings",
    "MatrixCall",
    "Method",
    "RepresentativeKind",
    "SeriesCall",
    "Settings",
    "check_setting",
    "documents",
    "initialises",
    "takes",
]
