"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from typer import Option

from repdiff.core.errors import InputError
from repdiff.core.metrics import Metric

Pool = Literal["cls", "mean", "max", "none"]
Json = Annotated[bool, Option("--json", help="Print a summary as JSON.")]
Overwrite = Annotated[bool, Option("--overwrite", help="Replace a run that is there.")]
Output = Annotated[Path, Option("--output", "-o", help="Directory of the run, made by this command.")]
ItemTable = Annotated[Path | None, Option(help="Table of the items, .csv or .parquet, or folder of images.")]
Images = Annotated[Path | None, Option(help="Folder that image paths start from.  [default: the table's]")]
Label = Annotated[str | None, Option("--label", "--labels", help="Column with the label.")]
Image = Annotated[str | None, Option(help="Column with the image's path.")]
Text = Annotated[str | None, Option(help="Column with the item's text.")]
Clusters = Annotated[
    str, Option("--clusters", "-n", help="Clusters per direction: a number, or auto.", metavar="N|auto")
]
Gamma = Annotated[float, Option(help="Slope of the rank difference.")]
Beta = Annotated[float, Option(help="Sharpness of the affinity.")]
MetricName = Annotated[Metric, Option(help="euclidean, cosine, or precomputed (n x n distances).")]
Within = Annotated[
    str | None, Option(help="Only pairs that agree in it count: label, prediction, or any column of the items.")
]
Match = Annotated[
    str, Option(help="How rows are matched: auto (by ids where there are ids), order, or the column with the ids.")
]
Threshold = Annotated[float, Option(help="Mean affinity below which a cluster is no change.")]
Representatives = Annotated[int, Option(help="Items in a cluster's collage.")]
Collage = Annotated[
    Literal["typical", "spread", "border"], Option(help="Which items: the clearest, diverse ones, or its edge.")
]
Evidence = Annotated[bool, Option(help="Say what clusters mean and whether to believe them.")]
Resamples = Annotated[int, Option(help="How often items are clustered again for the evidence.")]
Engine = Annotated[str, Option(help="exact (cores) or torch (a device).")]
Device = Annotated[str | None, Option(help="Of the torch engine: cuda, mps or cpu.")]
MemoryLimit = Annotated[str | None, Option(help="Such as 8GB.  [default: three quarters of what is free]")]
Jobs = Annotated[int | None, Option(help="Threads.  [default: all cores]")]
Seed = Annotated[int, Option(min=0, help="The same seed gives the same result.")]
Description = Annotated[str | None, Option(help="A few words on what is compared, for the report.")]
Names = Annotated[
    list[str] | None, Option("--name", help="What to call the next of them; give it once for each.  [default: files]")
]
Predictions = Annotated[
    list[str] | None,
    Option(help="Column with what the next of them predicts; or one pattern such as 'says {}', with names for {}."),
]


def number_or_auto(given: str) -> int | Literal["auto"]:
    """What ``--clusters`` asks for."""
    if given == "auto":
        return "auto"
    try:
        return int(given)
    except ValueError as error:
        raise InputError(f"--clusters must be a number or auto, but is {given!r}") from error


def prediction_columns(given: list[str] | None, called: list[str]) -> list[str] | None:
    """The columns of several representations: as given, or a pattern filled with their names."""
    if given is not None and len(given) == 1 and "{}" in given[0]:
        return [given[0].replace("{}", name) for name in called]
    return given or None
