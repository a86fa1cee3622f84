"""Other ways to say what x knows and y does not, each written from its paper, behind one protocol."""

from __future__ import annotations

from collections.abc import Sequence

from repdiff.errors import RepdiffError
from repdiff.evaluation.methods.base import Method
from repdiff.evaluation.methods.controls import CentralItems, ChosenItems
from repdiff.evaluation.methods.factorisations import NMF, PCA, ConvexNMF
from repdiff.evaluation.methods.matched import MatchedClusters
from repdiff.evaluation.methods.neighbours import LostNeighbours
from repdiff.evaluation.methods.rdc import RDC
from repdiff.evaluation.methods.regression import ConceptRegression
from repdiff.evaluation.methods.simple import KMeans, RandomGroups, RandomNeighbourhoods
from repdiff.evaluation.methods.sparse_autoencoder import SparseAutoencoder
from repdiff.evaluation.methods.spectral import DifferentialSpectral, KernelDifference

__all__ = ["CONTROLS", "METHODS", "Method", "choose_methods"]

METHODS: tuple[Method, ...] = (
    RDC(),
    KMeans(),
    NMF(),
    ConvexNMF(),
    PCA(),
    SparseAutoencoder(),
    MatchedClusters(),
    KernelDifference(),
    LostNeighbours(),
    DifferentialSpectral(),
    ConceptRegression(),
    RandomGroups(),
    RandomNeighbourhoods(),
)
CONTROLS: tuple[Method, ...] = (CentralItems(), ChosenItems())


def choose_methods(methods: Sequence[str | Method] | None) -> tuple[Method, ...]:
    """Methods by name, or as they are; all of them and the controls for None.

    Raises
    ------
    RepdiffError
        For a name that no method has, for none at all, and for the same one twice.
    """
    if methods is None:
        return METHODS + CONTROLS
    by_name = {method.name: method for method in METHODS + CONTROLS}
    for one in methods:
        if isinstance(one, str) and one not in by_name:
            raise RepdiffError(f"there is no method {one!r}; choose from {', '.join(by_name)}")
    chosen = tuple(by_name[one] if isinstance(one, str) else one for one in methods)
    names = [method.name for method in chosen]
    if not names or len(set(names)) < len(names):
        raise RepdiffError(f"name one method or more, each once; given: {', '.join(names) or 'none'}")
    return chosen
