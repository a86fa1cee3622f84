"""What the files of a run must agree on: numbers of items and clusters, and rows that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from repdiff.inputs.images import Thumbnails
from repdiff.inputs.items import RESULT_COLUMNS, ROLES
from repdiff.results.choice import ChosenNumber
from repdiff.results.clusters import AffinityMap, DifferenceCluster
from repdiff.results.directions import DIRECTIONS, DirectionName
from repdiff.results.evidence import ClusterEvidence

_WORDS = {"b": "truth values", "i": "whole numbers"}
_LARGEST_PICTURE = 4096  # pixels of a side


def check_items(frame: pd.DataFrame, roles: Any, where: str) -> None:
    """Refuse a table of items without unique ids, without labels of clusters, or without a column that has a role.

    Parameters
    ----------
    frame : DataFrame
        As it was stored.
    roles : object
        Its attributes of these names are columns, or None.
    where : str
        The file.

    Raises
    ------
    LookupError, TypeError, ValueError
        With the column.
    """
    told = [name for role in ROLES if (name := getattr(roles, role)) is not None]
    for name in ("id", *RESULT_COLUMNS, *told):
        if name not in frame:
            raise LookupError(f"{where} has no column {name!r}")
    ids = frame["id"].to_list()
    if not all(isinstance(one, str) for one in ids):
        raise TypeError(f"{where}: the ids are no text")
    if len(set(ids)) != len(ids):
        raise ValueError(f"{where}: ids are repeated")
    for name in RESULT_COLUMNS:
        kind = "b" if name.endswith("no_change") else "i"
        if getattr(frame[name].dtype, "kind", "") != kind or not isinstance(frame[name].dtype, np.dtype):
            raise TypeError(f"{where}: column {name!r} must hold {_WORDS[kind]}, but holds {frame[name].dtype}")


def check_clusters(
    name: DirectionName, clusters: Sequence[DifferenceCluster], frame: pd.DataFrame, sizes: Sequence[int]
) -> None:
    """Refuse clusters that do not follow from the labels of the items.

    Parameters
    ----------
    name : str
        The direction.
    clusters : sequence of DifferenceCluster
        In order.
    frame : DataFrame
        The items, with their labels.
    sizes : sequence of int
        How many items each is said to have.

    Raises
    ------
    ValueError
        Where they are out of order, or a label, a size, a flag or a representative is not theirs.
    """
    labels = frame[name].to_numpy()
    if not clusters or [cluster.index for cluster in clusters] != list(range(len(clusters))):
        raise ValueError(f"the clusters of {name} are not numbered from 0 in order")
    if not ((labels >= 0) & (labels < len(clusters))).all():
        raise ValueError(f"a label of {name} is of none of the {len(clusters)} clusters")
    for cluster, size in zip(clusters, sizes, strict=True):
        if cluster.size != size:
            raise ValueError(f"cluster {cluster.index} of {name} has {size} items, but {cluster.size} labels")
        if not np.isin(cluster.representatives, cluster.items).all():
            raise ValueError(f"cluster {cluster.index} of {name} is represented by items that are not in it")
        if len(set(cluster.representatives.tolist())) != len(cluster.representatives):
            raise ValueError(f"cluster {cluster.index} of {name} is represented by an item twice")
    flags = np.array([cluster.is_no_change for cluster in clusters])[labels]
    if (flags != frame[f"{name}_no_change"].to_numpy()).any():
        raise ValueError(f"items and clusters of {name} disagree on what is no change")


def check_affinity_map(name: DirectionName, picture: AffinityMap, clusters: int, n: int) -> None:
    """Refuse a picture of an affinity that is not square, or not of these clusters and items.

    Raises
    ------
    ValueError
        With the direction.
    """
    bins = len(picture.cluster)
    if picture.means.shape != (bins, bins) or not bins:
        raise ValueError(f"the affinity of {name} is not a square picture")
    if not (picture.means > 0).all():
        raise ValueError(f"the affinity of {name} is not positive")
    if (np.diff(picture.cluster) < 0).any() or set(picture.cluster.tolist()) != set(range(clusters)):
        raise ValueError(f"the affinity of {name} is not that of its {clusters} clusters")
    sizes = picture.size.tolist()
    if min(sizes) < 1 or sum(sizes) != n:
        raise ValueError(f"the affinity of {name} is not that of {n} items")


def check_pictures(pictures: Thumbnails, n: int, where: str) -> None:
    """Refuse pictures of items that do not exist, or that are no pictures.

    Raises
    ------
    ValueError
        With the row.
    """
    rows = pictures.rows
    if len(rows) and (rows[0] < 0 or rows[-1] >= n or (np.diff(rows) <= 0).any()):
        raise ValueError(f"{where}: column 'row' does not name items in order")
    for name, sides in (("width", pictures.widths), ("height", pictures.heights)):
        if len(sides) and not ((sides > 0) & (sides <= _LARGEST_PICTURE)).all():
            raise ValueError(f"{where}: column {name!r} must be from 1 to {_LARGEST_PICTURE} pixels")
    for row, image in zip(rows.tolist(), pictures.images, strict=True):
        if image[:4] != b"RIFF" or image[8:12] != b"WEBP":
            raise ValueError(f"{where}: the image of row {row} is not a WebP file")


def check_evidence(
    clusters: Mapping[DirectionName, Sequence[ClusterEvidence | None]],
    counts: Mapping[DirectionName, int],
    n: int,
    where: str,
) -> None:
    """Refuse evidence of other clusters, or of items that do not exist.

    Raises
    ------
    LookupError, ValueError
        With the direction.
    """
    for name in DIRECTIONS:
        if name not in clusters:
            raise LookupError(f"{where} has no clusters of {name}")
        if len(clusters[name]) != counts[name]:
            raise ValueError(
                f"{where} has {len(clusters[name])} clusters of {name}, but clusters.parquet has {counts[name]}"
            )
        for index, one in enumerate(clusters[name]):
            rows = () if one is None or one.outcome is None else one.outcome.disagreements
            if max(rows, default=0) >= n:
                raise ValueError(f"{where}: an item that cluster {index} of {name} disagrees on does not exist")


def check_chosen(
    chosen: Mapping[DirectionName, ChosenNumber], counts: Mapping[DirectionName, int], where: str, *, were_chosen: bool
) -> None:
    """Refuse numbers of clusters that were chosen for a direction, but are not there, or the reverse.

    Raises
    ------
    ValueError
        With the direction.
    """
    for name in DIRECTIONS:
        if were_chosen and name not in chosen:
            raise ValueError(f"{where} does not say why {name} has {counts[name]} clusters")
        if name in chosen and not counts[name] <= chosen[name].n:
            raise ValueError(f"{where} says that {chosen[name].n} clusters were chosen, but {name} has {counts[name]}")
