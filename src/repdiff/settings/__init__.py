"""Every option in one place: default, type, range and the sentence that documents it."""

from repdiff.settings.calls import (
    AlignCall,
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
from repdiff.settings.computing import ENGINES, Computing, Engine, EngineLike
from repdiff.settings.documentation import documents
from repdiff.settings.encoding import EncodingSettings, Pool
from repdiff.settings.evaluating import Evaluating, EvaluatingRun
from repdiff.settings.evidence import EvidenceSettings
from repdiff.settings.fields import check_setting
from repdiff.settings.keywords import initialises, takes
from repdiff.settings.measuring import Fitting, SimilaritySettings
from repdiff.settings.method import LARGEST_BETA, N_CLUSTERS, Clusterer, Method, RepresentativeKind
from repdiff.settings.pairing import AlignmentSettings, AlignMethod

__all__ = [
    "ENGINES",
    "LARGEST_BETA",
    "N_CLUSTERS",
    "AlignCall",
    "AlignMethod",
    "AlignmentSettings",
    "ClusterSettings",
    "Clusterer",
    "CompareCall",
    "Computing",
    "EncodeCall",
    "EncodingSettings",
    "Engine",
    "EngineLike",
    "EstimatorOptions",
    "EvaluateCall",
    "EvaluateRunCall",
    "Evaluating",
    "EvaluatingRun",
    "EvidenceSettings",
    "Fitting",
    "InspectCall",
    "MatrixCall",
    "Method",
    "Pool",
    "RepresentativeKind",
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
