"""Every option in one place: default, type, range and the sentence that documents it."""

from repdiff.settings.calls import (
    AlignCall,
    AssignCall,
    ClusterSettings,
    CompareCall,
    EncodeCall,
    EstimatorOptions,
    EvaluateCall,
    EvaluateRunCall,
    InspectCall,
    MatrixCall,
    SeriesCall,
    Settings,
    SimilarityCall,
    TripletsCall,
)
from repdiff.settings.computing import ENGINES, ComputingSettings, EngineChoice, EngineLike
from repdiff.settings.documentation import documents
from repdiff.settings.encoding import EncodingSettings, Pool
from repdiff.settings.evaluating import EvaluationSettings, RunEvaluationSettings
from repdiff.settings.evidence import EvidenceSettings
from repdiff.settings.fields import check_setting
from repdiff.settings.keywords import initialises, takes
from repdiff.settings.measuring import FittingSettings, SimilaritySettings
from repdiff.settings.method import LARGEST_BETA, N_CLUSTERS, Clusterer, MethodSettings, RepresentativeKind
from repdiff.settings.pairing import AlignmentSettings, AlignMethod

__all__ = [
    "ENGINES",
    "LARGEST_BETA",
    "N_CLUSTERS",
    "AlignCall",
    "AlignMethod",
    "AlignmentSettings",
    "AssignCall",
    "ClusterSettings",
    "Clusterer",
    "CompareCall",
    "ComputingSettings",
    "EncodeCall",
    "EncodingSettings",
    "EngineChoice",
    "EngineLike",
    "EstimatorOptions",
    "EvaluateCall",
    "EvaluateRunCall",
    "EvaluationSettings",
    "EvidenceSettings",
    "FittingSettings",
    "InspectCall",
    "MatrixCall",
    "MethodSettings",
    "Pool",
    "RepresentativeKind",
    "RunEvaluationSettings",
    "SeriesCall",
    "Settings",
    "SimilarityCall",
    "SimilaritySettings",
    "TripletsCall",
    "check_setting",
    "documents",
    "initialises",
    "takes",
]
