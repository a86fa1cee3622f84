"""The evidence: what clusters mean and whether to believe them."""

from __future__ import annotations

from dataclasses import dataclass

from repdiff.settings.fields import SettingsGroup, setting


@dataclass(frozen=True, kw_only=True)
class EvidenceSettings(SettingsGroup):
    """What is computed about clusters once they are found."""

    evidence: bool = setting(
        True,
        "Say what clusters mean and whether to believe them.",
        more="``evidence`` of each cluster and of the result.",
    )
    n_resamples: int = setting(
        5,
        "How often items are clustered again for the evidence.",
        at_least=1,
        advice="evidence=False turns all of it off",
        flags=("--resamples",),
    )
