"""Other methods to find what x knows and y does not, each written from its paper, with one protocol."""

from __future__ import annotations

from collections.abc import Sequence

from repdiff.core.errors import RepdiffError
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
    KernelDifference("cosine", name="spec-cosine", title="kernel-difference eigenvectors (SPEC), cosine kernel"),
    LostNeighbours(),
    DifferentialSpectral(),
    ConceptRegression(),
    RandomGroups(),
    RandomNeighbourhoods(),
)
CONTROLS: tuple[Method, ...] = (CentralItems(), ChosenItems())


def choose_methods(methods: Sequence[str | Method] | None, *, own: RDC | None = None) -> tuple[Method, ...]:
    """Methods from names or objects; None gives all of them and the controls.

    Parameters
    ----------
    methods : sequence of str or Method, optional
        Which.
    own : RDC, optional
        The method called "rdc", which the controls use, too; the default one if not given.

    Raises
    ------
    RepdiffError
        For an unknown name, for no name, and for the same name twice.
    """
    settled: tuple[Method, ...] = () if own is None else (own, CentralItems(own), ChosenItems(own))
    instead = {method.name: method for method in settled}
    every = tuple(instead.get(method.name, method) for method in METHODS + CONTROLS)
    if methods is None:
        return every
    by_name = {method.name: method for method in every}
    for one in methods:
        if isinstance(one, str) and one not in by_name:
            raise RepdiffError(f"there is no method {one!r}; choose from {', '.join(by_name)}")
    chosen = tuple(by_name[one] if isinstance(one, str) else one for one in methods)
    names = [method.name for method in chosen]
    if not names or len(set(names)) < len(names):
        raise RepdiffError(f"name at least one method, each once; given: {', '.join(names) or 'none'}")
    return chosen
