"""The evidence of a run <-> ``evidence.json``: codes and figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.core.plain import from_plain, to_plain
from repdiff.core.regular import read_json
from repdiff.results.choice import ChosenNumber
from repdiff.results.clusters import DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ClusterEvidence, ComparisonEvidence
from repdiff.results.similarity import SimilarityTable
from repdiff.store import version_01
from repdiff.store.consistency import check_chosen, check_evidence
from repdiff.store.directory import SCHEMA_VERSION

EVIDENCE = "evidence.json"


@dataclass(frozen=True)
class StoredEvidence:
    """What ``evidence.json`` holds.

    Attributes
    ----------
    comparison : ComparisonEvidence or None
        Of the whole; like ``similarity`` and each of ``clusters``, None where no evidence was gathered.
    similarity : SimilarityTable or None
        How alike the two are as a whole.
    chosen : mapping of str to ChosenNumber
        The numbers of clusters that were chosen.
    clusters : mapping of str to tuple of ClusterEvidence or None
        For each direction, by index of the cluster.
    """

    comparison: ComparisonEvidence | None
    similarity: SimilarityTable | None
    chosen: Mapping[DirectionName, ChosenNumber]
    clusters: Mapping[DirectionName, tuple[ClusterEvidence | None, ...]]


def chooses_numbers(manifest: Mapping[str, Any]) -> bool:
    """Whether the numbers of clusters were chosen, rather than given."""
    return bool(manifest["parameters"]["n_clusters"] == "auto")


def write_evidence(folder: Path, comparison: Comparison) -> None:
    """Write the file, unless there is no evidence and no number was chosen."""
    if comparison.evidence is None and not comparison.chosen:
        return
    directions = (comparison.x_only, comparison.y_only)
    held = StoredEvidence(
        comparison.evidence,
        comparison.similarity,
        comparison.chosen,
        {direction.name: tuple(cluster.evidence for cluster in direction.clusters) for direction in directions},
    )
    text = json.dumps(to_plain(held), indent=1, ensure_ascii=False, allow_nan=False)
    (folder / EVIDENCE).write_text(text + "\n", encoding="utf-8")


def read_evidence(
    file: Path, manifest: Mapping[str, Any], counts: Mapping[DirectionName, int], n_items: int
) -> StoredEvidence:
    """What the file holds.

    Parameters
    ----------
    file : path
        ``evidence.json``.
    manifest : mapping
        Of the run.
    counts : mapping of str to int
        How many clusters each direction has.
    n_items : int
        How many items there are.

    Raises
    ------
    LookupError, TypeError, ValueError
        Where it does not fit these clusters.
    """
    told = read_json(file)
    if manifest["schema_version"] < SCHEMA_VERSION:
        told = version_01.evidence_in_codes(told, manifest)
    found = from_plain(StoredEvidence, told, file.name)
    check_evidence(found.clusters, counts, n_items, file.name)
    check_chosen(found.chosen, counts, file.name, were_chosen=chooses_numbers(manifest))
    return found
