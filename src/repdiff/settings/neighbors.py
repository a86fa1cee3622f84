"""How many neighbours a run keeps."""

from __future__ import annotations

from dataclasses import dataclass

from repdiff.settings.fields import SettingsGroup, setting


@dataclass(frozen=True, kw_only=True)
class NeighborSettings(SettingsGroup):
    """What is kept of each item."""

    n_neighbors: int = setting(
        20,
        "Nearest neighbours of each item, in both, that are kept with the result.",
        more="With their places in the other. Of a random sample of the items where an engine samples and there are "
        "more than 20,000.",
        at_least=0,
        advice="0 keeps none",
        flags=("--neighbors",),
    )
