"""The parameters of a comparison, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from repdiff.affinity.difference import BETA, GAMMA
from repdiff.clustering.order import NO_CHANGE_THRESHOLD
from repdiff.clustering.representatives import RepresentativeKind, check_kind
from repdiff.core.errors import RepdiffError
from repdiff.core.memory import parse_bytes
from repdiff.core.seeds import check_seed
from repdiff.evidence.resampling import N_RESAMPLES

if TYPE_CHECKING:
    from repdiff.clustering.cluster import Clusterer

_LARGEST_BETA = 40.0


@dataclass(frozen=True)
class Settings:
    """How two representations are compared; see :func:`repdiff.compare`.

    Attributes
    ----------
    n_clusters, gamma, beta, no_change_threshold, clusterer, n_representatives, representatives
        Of the method.
    engine, device, memory_limit, n_jobs
        Of the hardware.
    random_state : int or None
        Seed.
    evidence, n_resamples
        Whether to say what clusters mean and whether to believe them, and how often items are clustered again for it.

    Raises
    ------
    RepdiffError
        For a value that cannot be meant.
    """

    n_clusters: int | Literal["auto"] = 10
    gamma: float = GAMMA
    beta: float = BETA
    no_change_threshold: float = NO_CHANGE_THRESHOLD
    clusterer: Clusterer = "spectral"
    n_representatives: int = 9
    representatives: RepresentativeKind = "typical"
    engine: str = "exact"
    device: str | None = None
    memory_limit: int | str | None = None
    n_jobs: int | None = None
    random_state: int | None = 0
    evidence: bool = False
    n_resamples: int = N_RESAMPLES

    def __post_init__(self) -> None:
        self._check_number()
        for name in ("gamma", "beta", "no_change_threshold"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise RepdiffError(f"{name} must be a positive number, but is {value}")
        if self.beta > _LARGEST_BETA:
            raise RepdiffError(
                f"beta must be at most {_LARGEST_BETA:g}, since exp(beta) has to fit into a float, but is {self.beta}"
            )
        if self.n_representatives < 1:
            raise RepdiffError(f"n_representatives must be at least 1, but is {self.n_representatives}")
        check_kind(self.representatives)
        check_seed(self.random_state)
        if self.n_resamples < 1:
            raise RepdiffError(
                f"n_resamples must be at least 1, but is {self.n_resamples}; evidence=False leaves the evidence away"
            )

    def _check_number(self) -> None:
        if not isinstance(self.n_clusters, str):
            return
        if self.n_clusters != "auto":
            raise RepdiffError(f'n_clusters must be a number or "auto", but is {self.n_clusters!r}')
        if self.clusterer != "spectral":
            raise RepdiffError('n_clusters="auto" is for the spectral clusterer; others bring their own number')

    @property
    def fewest_clusters(self) -> int:
        """The number of clusters that there must be items for."""
        return 1 if isinstance(self.n_clusters, str) else self.n_clusters

    @property
    def memory_bytes(self) -> int | None:
        """The memory limit in bytes."""
        return None if self.memory_limit is None else parse_bytes(self.memory_limit)

    @property
    def parameters(self) -> dict[str, Any]:
        """What the manifest keeps: the parameters of the method."""
        clusterer = self.clusterer
        return {
            "n_clusters": self.n_clusters,
            "gamma": self.gamma,
            "beta": self.beta,
            "no_change_threshold": self.no_change_threshold,
            "clusterer": clusterer if isinstance(clusterer, str) else _name_of(clusterer),
            "n_representatives": self.n_representatives,
            "representatives": self.representatives,
        }


def _name_of(clusterer: Any) -> str:
    return getattr(clusterer, "__name__", type(clusterer).__name__)
