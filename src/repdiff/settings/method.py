"""The method: what is computed of a pair of representations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from repdiff.core.errors import OptionError
from repdiff.settings.fields import SettingsGroup, setting

N_CLUSTERS = 10
LARGEST_BETA = 40.0  # exp(beta) has to fit into a float32

RepresentativeKind = Literal["typical", "spread", "border"]


@runtime_checkable
class AffinityClusterer(Protocol):
    """A scikit-learn estimator made with ``affinity="precomputed"``."""

    def fit(self, X: Any) -> Any:
        """Find ``labels_`` of an affinity, (n, n)."""


Clusterer: TypeAlias = Literal["spectral"] | AffinityClusterer | Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class MethodSettings(SettingsGroup):
    """The method's own parameters (RDC, ICLR 2025 workshop on Bidirectional Human-AI Alignment)."""

    n_clusters: int | Literal["auto"] = setting(
        N_CLUSTERS,
        "Clusters per direction: a number, or auto.",
        more='No-change clusters count, too. "auto": chosen for each direction so that the groups hold against noise; '
        "``chosen`` of the result says why.",
        at_least=1,
        flags=("--clusters", "-n"),
        metavar="N|auto",
    )
    gamma: float = setting(0.1, "Slope of the rank difference.", more="RDC, equation 2.", above=0)
    beta: float = setting(
        5.0,
        "Sharpness of the affinity.",
        more="RDC, equation 3.",
        above=0,
        at_most=LARGEST_BETA,
        because="exp(beta) has to fit into a float",
    )
    no_change_threshold: float = setting(
        1.5, "A cluster with a lower mean affinity is no change.", above=0, flags=("--threshold",)
    )
    clusterer: Clusterer = setting(
        "spectral",
        "What groups the affinity.",
        more='An estimator must take ``affinity="precomputed"``; a callable gets the dense affinity, (n, n) float32, '
        "and returns a label per item.",
        allowed='"spectral", a scikit-learn estimator or a callable',
        kind='"spectral", scikit-learn estimator, or callable',
        on_command_line=False,
    )
    n_representatives: int = setting(9, "Items in a cluster's collage.", at_least=1, flags=("--representatives",))
    representatives: RepresentativeKind = setting(
        "typical",
        "Which items to show: the clearest, diverse ones, or its edge.",
        more='"typical": items whose pairs all show the difference and that are tied most to the cluster; '
        '"spread": items that cover its range; "border": items where it ends.',
        flags=("--collage",),
    )

    def check_together(self) -> None:
        """Only the spectral clusterer can choose the number of clusters."""
        super().check_together()
        if self.n_clusters == "auto" and self.clusterer != "spectral":
            raise OptionError('n_clusters="auto" works with the spectral clusterer only; give a number of clusters')

    @property
    def fewest_clusters(self) -> int:
        """The smallest number of clusters, for which there must be items."""
        return 1 if isinstance(self.n_clusters, str) else self.n_clusters

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters that the manifest stores."""
        named = {name: getattr(self, name) for name in MethodSettings.__dataclass_fields__}
        clusterer = self.clusterer
        return named | {"clusterer": clusterer if isinstance(clusterer, str) else _name_of(clusterer)}


def _name_of(clusterer: Any) -> str:
    return str(getattr(clusterer, "__name__", type(clusterer).__name__))
