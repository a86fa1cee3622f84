"""What a series and a matrix have in common: a directory of runs of the same items, which share their pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.files import link_or_copy
from repdiff.core.plain import from_plain
from repdiff.core.progress import Progress, silent
from repdiff.core.ranges import Count, FolderName
from repdiff.core.regular import check_folder
from repdiff.inputs.images import Thumbnails, make_thumbnails
from repdiff.results.comparison import Comparison, warnings_of
from repdiff.store.comparison import THUMBNAILS
from repdiff.store.facts import check_parameters, check_versions
from repdiff.store.lazy import damage_told, put_off
from repdiff.store.run import RUN_KIND, Run, read_run, representatives_of, run_of

RUNS = "runs"


def shared_facts(comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The facts about how several comparisons were made, for the manifest they share."""
    first, last = comparisons[0].provenance, comparisons[-1].provenance
    return {
        "created": last.created,
        "versions": last.versions,
        "parameters": first.parameters,
        "random_state": first.random_state,
        "warnings": [str(warning) for warning in warnings_of(comparisons)],
    }


def read_runs(folder: Path, manifest: Mapping[str, Any]) -> tuple[tuple[Comparison, ...], Callable[[], Thumbnails]]:
    """The comparisons of a directory of runs, and a function that reads the thumbnails that they share.

    Raises
    ------
    RunError
        Where a run is missing or damaged, or has other items than the rest.
    """
    with damage_told(folder):
        told = from_plain(_Shared, manifest, "manifest.json")
        check_parameters(told.parameters, "manifest.json.parameters")
        check_versions(told.versions, "manifest.json.versions")
        if not told.runs or len(set(told.runs)) != len(told.runs):
            raise ValueError("manifest.json.runs must name folders, each once")
        check_folder(folder / RUNS)
    runs = [_read_one(folder, name) for name in told.runs]
    first = runs[0].comparison
    for name, run in zip(told.runs, runs, strict=True):
        with damage_told(folder):
            _check_alike(run.comparison, first, told.n_items, f"{RUNS}/{name}")
    others = [put_off(run.comparison, thumbnails=lambda: runs[0].thumbnails) for run in runs[1:]]
    return (first, *others), lambda: runs[0].thumbnails


@dataclass(frozen=True)
class _Shared:
    """What the manifest of a directory of runs says of all of them."""

    runs: tuple[FolderName, ...]
    n_items: Count
    description: str | None
    created: str
    versions: Mapping[str, str]
    parameters: Mapping[str, Any]
    random_state: int | None
    warnings: tuple[str, ...]


def _read_one(folder: Path, name: str) -> Run:
    with damage_told(folder):
        check_folder(folder / RUNS / name)
    return read_run(folder / RUNS / name)


def _check_alike(comparison: Comparison, first: Comparison, n_items: int, where: str) -> None:
    """Refuse a run whose items are not those of the first, or that lacks what the first has."""
    frame, wanted = comparison.items.frame, first.items.frame
    if len(frame) != n_items or not frame["id"].equals(wanted["id"]):
        raise ValueError(f"{where} has other items than the rest")
    if (comparison.evidence is None) != (first.evidence is None):
        raise ValueError(f"some runs have evidence and some have none, such as {where}")


def shared_thumbnails(
    given: Thumbnails | None, comparisons: Sequence[Comparison], *, progress: Progress = silent
) -> Thumbnails:
    """The given ones, or new ones of the items of these comparisons."""
    if given is not None:
        return given
    return make_thumbnails(comparisons[0].items, _rows_to_picture(comparisons), progress=progress)


def _rows_to_picture(comparisons: Sequence[Comparison]) -> npt.NDArray[np.int64]:
    """All items, those that represent a cluster in most comparisons first, the others in random order."""
    shown, times = np.unique(np.concatenate([representatives_of(one) for one in comparisons]), return_counts=True)
    urgent = shown[np.argsort(-times, kind="stable")]
    others = np.random.default_rng(0).permutation(len(comparisons[0].items.frame))
    return np.array(list(dict.fromkeys([*urgent.tolist(), *others.tolist()])), dtype=np.int64)


def run_folders(names: Sequence[str]) -> list[str]:
    """Names of folders, in order, that any file system accepts: ``003-epoch-12``."""
    plain_names = [re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.")[:60] for name in names]
    return [f"{place:03}-{name}".rstrip("-.") for place, name in enumerate(plain_names)]


def write_runs(folder: Path, comparisons: Mapping[str, Comparison]) -> None:
    """Write runs that share their thumbnails, which are stored once where the file system allows it."""
    first: Path | None = None
    for name, comparison in comparisons.items():
        run = folder / name
        run.mkdir(parents=True)
        RUN_KIND.write_into(run_of(comparison), run)
        if first is not None:
            link_or_copy(first / THUMBNAILS, run / THUMBNAILS)
        first = first or run
