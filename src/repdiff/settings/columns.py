"""The items: their table, and what its columns mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.settings.fields import SettingsGroup, setting


@dataclass(frozen=True, kw_only=True)
class ItemSettings(SettingsGroup):
    """The table of the items, and the columns that all kinds of comparison use."""

    items: Any = setting(
        None,
        "Table of the items, .csv or .parquet, or folder of images.",
        more="One row per item: ids, image paths, text, labels, predictions, any metadata.",
        kind="table or path",
        typed=Path,
    )
    images: str | Path | None = setting(
        None, "Folder that image paths are relative to.", unset="the table's", kind="path"
    )
    label: str | None = setting(
        None,
        "Column with the label.",
        more="Clusters are described by the labels in them.",
        flags=("--label", "--labels"),
    )
    image: str | None = setting(None, "Column with the image's path.")
    text: str | None = setting(None, "Column with the item's text.")


@dataclass(frozen=True, kw_only=True)
class PredictionSettings(SettingsGroup):
    """Predictions of both models of a pair, as columns of the items."""

    prediction_x: str | None = setting(
        None,
        "Column with the first model's predictions.",
        more="With labels it gives the model's accuracy in each cluster.",
        flags=("--pred-x",),
    )
    prediction_y: str | None = setting(None, "Column with the second model's predictions.", flags=("--pred-y",))
