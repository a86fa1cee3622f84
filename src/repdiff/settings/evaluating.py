"""The evaluation: which methods to try, and on which items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from repdiff.settings.computing import ComputingSettings
from repdiff.settings.fields import SettingsGroup, like, setting
from repdiff.settings.method import N_CLUSTERS, MethodSettings


@dataclass(frozen=True, kw_only=True)
class TrialSettings(SettingsGroup):
    """Which methods to try, and on which items."""

    methods: Sequence[Any] | None = setting(
        None,
        "A method to try; may be given several times.",
        more="Names, or method objects (``repdiff.evaluation.methods.METHODS``).",
        unset="all",
        kind="sequence of str or Method",
        flags=("--method",),
    )
    held_out: bool = setting(True, "Also fit on each half of the items and measure on the other.")
    max_items: int = setting(
        4_000,
        "If there are more items, a random sample of this size is used.",
        more="Some methods hold several n x n matrices.",
        at_least=1,
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings(TrialSettings):
    """How methods are tried on a pair of embeddings."""

    n_groups: int | tuple[int, int] = setting(
        N_CLUSTERS,
        "Groups that each method should find in each direction; a pair gives x_only and y_only separately.",
        at_least=1,
    )
    size: int = like(MethodSettings, "n_representatives", sentence="Items in a collage.", at_least=2, flags=())
    random_state: int = like(ComputingSettings, "random_state", kind="int")


@dataclass(frozen=True, kw_only=True)
class RunEvaluationSettings(TrialSettings):
    """How methods are tried on the embeddings of a run."""

    random_state: int | None = like(ComputingSettings, "random_state", default=None, kind="int", unset="the run's")
