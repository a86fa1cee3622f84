"""Encoding: how a model makes embeddings of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from repdiff.settings.columns import ItemSettings
from repdiff.settings.fields import SettingsGroup, like, setting

Pool = Literal["cls", "last", "mean", "max", "none"]

MOST_WORKERS = 128


@dataclass(frozen=True, kw_only=True)
class EncodingSettings(SettingsGroup):
    """Which output of a model is used, and how items are fed to it."""

    images: str | Path | None = like(ItemSettings, "images")
    image: str | None = like(ItemSettings, "image")
    text: str | None = like(ItemSettings, "text")
    layer: str | Sequence[str] | None = setting(
        None,
        "Module whose output to use; may be given several times.",
        more="One name, or a sequence of names.",
        unset="the model's usual embedding",
        kind="str or sequence of str",
        typed=list[str],
    )
    pool: Pool | None = setting(None, "How maps become vectors.", unset="the model's usual way")
    batch: int | Literal["auto"] = setting(
        32,
        "Items per batch: a number, or auto.",
        more='"auto" measures the speed; the choice, and with it the last bits, may differ between calls.',
        at_least=1,
        allowed="a positive number of items, or auto",
        metavar="N|auto",
    )
    device: str | None = setting(None, "Where the model runs.", unset="a GPU if there is one")
    n_workers: int | None = setting(
        None,
        "Processes that open images.",
        unset="all cores, at most 8",
        check=lambda n_workers: n_workers != 0 and n_workers <= MOST_WORKERS,
        allowed=f"a positive number of processes, at most {MOST_WORKERS}, or -1 for all cores",
        flags=("--workers",),
    )
    seconds_per_image: float = setting(
        30.0, "An image that takes longer to open is skipped.", above=0, on_command_line=False
    )
    overwrite: bool = setting(
        False,
        "Replace existing embeddings.",
        more="Also an unfinished encoding with other settings. Existing work with the same settings is reused.",
        flags=("--overwrite",),
    )
