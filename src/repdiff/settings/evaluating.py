"""The evaluation: which methods are tried, and on what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from repdiff.settings.computing import ComputingSettings
from repdiff.settings.fields import SettingsGroup, like, setting
from repdiff.settings.method import N_CLUSTERS, MethodSettings


@dataclass(frozen=True, kw_only=True)
class TrialSettings(SettingsGroup):
    """Which methods are tried, and on which items."""

    methods: Sequence[Any] | None = setting(
        None,
        "One to try; repeatable.",
        more="By name, or as they are (``repdiff.evaluation.methods.METHODS``).",
        unset="all",
        kind="sequence of str or Method",
        flags=("--method",),
    )
    held_out: bool = setting(True, "Also fit on each half and measure on the other.")
    max_items: int = setting(
        4_000,
        "Of more items so many are drawn.",
        more="Some methods hold several n x n matrices.",
        at_least=1,
    )


@dataclass(frozen=True, kw_only=True)
class EvaluationSettings(TrialSettings):
    """How methods are tried on a pair that no run holds."""

    n_groups: int | tuple[int, int] = setting(
        N_CLUSTERS, "Groups to ask of each method in each direction, or in that of x and that of y.", at_least=1
    )
    size: int = like(MethodSettings, "n_representatives", sentence="Items in a collage.", at_least=2, flags=())
    random_state: int = like(ComputingSettings, "random_state", kind="int")


@dataclass(frozen=True, kw_only=True)
class RunEvaluationSettings(TrialSettings):
    """How methods are tried on what a run was made from."""

    random_state: int | None = like(ComputingSettings, "random_state", default=None, kind="int", unset="the run's")
