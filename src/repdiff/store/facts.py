"""What the manifest of a run must say of how it was made, as far as reports, the gate and evaluations read it.

Settings are checked by their own limits (:mod:`repdiff.settings`). What only stands in a table of the report may be
anything plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from repdiff.core.metrics import metrics_of
from repdiff.core.plain import from_plain
from repdiff.core.ranges import Count
from repdiff.results.directions import DirectionName
from repdiff.results.provenance import Provenance
from repdiff.settings.fields import check_setting, settings_of
from repdiff.settings.method import MethodSettings

_NEEDED = ("n_clusters", "gamma", "beta", "no_change_threshold", "n_representatives")


@dataclass(frozen=True)
class _Effect:
    clusters_without: Count
    clusters_with: Count
    adjusted_rand: float


@dataclass(frozen=True)
class _Alignment:
    method: str
    measure: str
    fit: float
    n_fit: Count
    held_out: float
    n_held_out: Count
    effect: Mapping[DirectionName, _Effect] = field(default_factory=dict)


@dataclass(frozen=True)
class _OtherParameters:
    clusterer: str
    metric: str | tuple[str, str]
    within: str | None = None
    align: str = "none"
    alignment: _Alignment | None = None


@dataclass(frozen=True)
class _Side:
    source: str
    shape: tuple[Count, ...]
    dtype: str
    sha256: str


@dataclass(frozen=True)
class _Versions:
    repdiff: str


@dataclass(frozen=True)
class _Inputs:
    x: _Side
    y: _Side
    matched_by: str
    match: str = "auto"


def read_provenance(manifest: Mapping[str, Any], where: str) -> Provenance:
    """What the manifest of a run says of how it was made.

    Raises
    ------
    LookupError, TypeError, ValueError
        Where something is missing, or is not what it should be.
    """
    found = from_plain(Provenance, manifest, where)
    check_parameters(found.parameters, f"{where}.parameters")
    from_plain(_Inputs, found.inputs, f"{where}.inputs")
    check_versions(found.versions, f"{where}.versions")
    return found


def check_versions(versions: Mapping[str, Any], where: str) -> None:
    """Refuse versions without that of repdiff; raises as :func:`read_provenance`."""
    from_plain(_Versions, versions, where)


def check_parameters(parameters: Mapping[str, Any], where: str) -> None:
    """Refuse parameters that no comparison can have been made with; raises as :func:`read_provenance`."""
    for name in settings_of(MethodSettings):
        if name in parameters and name != "clusterer":
            try:
                check_setting(MethodSettings, name, parameters[name])
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from error
        elif name in _NEEDED:
            raise LookupError(f"{where} has no {name!r}")
    others = from_plain(_OtherParameters, parameters, where)
    metrics_of(others.metric)
