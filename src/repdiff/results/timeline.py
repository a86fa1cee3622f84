"""A reference against its checkpoints: what it knows that each of them does not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.inputs import Items
from repdiff.inputs.agreement import OF_ONE_PAIR, PREDICTED
from repdiff.results.clusters import DIRECTIONS, DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.tracks import History

if TYPE_CHECKING:
    from repdiff.inputs.images import Thumbnails

_MEASURES = ("mean_affinity", "size", "accuracy_x", "accuracy_y")


_TRACK_COLUMNS = {
    "direction": "str", "track": "int64", "first": "str", "last": "str", "checkpoints": "int64", "begins": "str",
    "parent": "Int64", "ends": "str", "successor": "Int64", "sizes": "object",
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class Timeline:
    """What a reference groups and each of its checkpoints scatters, and the reverse, through time.

    Attributes
    ----------
    reference : str
        What the reference is called.
    checkpoints : tuple of str, T of them
        What the checkpoints are called, in order.
    comparisons : tuple of Comparison, T of them
        The reference (x) against each checkpoint (y); row i of all is the same item.
    x_only, y_only : History
        The tracks of the difference clusters of each direction.
    description : str or None
        The user's words on what is compared.
    thumbnails : Thumbnails or None
        Small pictures of the items; None until they are made for a run or a report.
    """

    reference: str
    checkpoints: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    x_only: History
    y_only: History
    description: str | None = None
    thumbnails: Thumbnails | None = None

    def __repr__(self) -> str:
        named = (
            ", ".join(self.checkpoints)
            if len(self.checkpoints) <= 4
            else f"{self.checkpoints[0]} to {self.checkpoints[-1]}"
        )
        n = len(self.items.frame)
        return f"<Timeline of {self.reference} against {len(self.checkpoints)} checkpoints ({named}): {n:,} items>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        import repdiff

        return repdiff.notebook_html(self)

    @property
    def items(self) -> Items:
        """The table of the items."""
        return self.comparisons[0].items

    @property
    def settled(self) -> npt.NDArray[np.int32]:
        """For each item, (n,), the checkpoint from which it stays in no change (x_only) to the end; T for never."""
        changed = ~np.stack([comparison.x_only.no_change for comparison in self.comparisons])
        last_change = len(changed) - np.argmax(changed[::-1], axis=0)
        return np.where(changed.any(axis=0), last_change, 0).astype(np.int32)

    def directions(self, name: DirectionName) -> tuple[Direction, ...]:
        """One direction at each checkpoint."""
        return tuple(getattr(comparison, name) for comparison in self.comparisons)

    def growth(self) -> pd.DataFrame:
        """The numbers of the paper's Figure 1: one row per direction, checkpoint and group of clusters.

        Returns
        -------
        DataFrame
            ``direction``, ``step``, ``checkpoint``, ``group`` ("lowest": the cluster of lowest mean affinity;
            "others": the average of the rest, absent where there is no rest), ``clusters`` (how many), and for each of
            ``mean_affinity``, ``size``, ``accuracy_x``, ``accuracy_y`` the mean with ``_min`` and ``_max``;
            ``is_no_change``, whether all of the group are, and ``no_change_size``, the items in all no-change clusters.
        """
        rows = [
            {"direction": name, "step": step, "checkpoint": self.checkpoints[step], **facts}
            for name in DIRECTIONS
            for step, direction in enumerate(self.directions(name))
            for facts in _growth_of(direction)
        ]
        return pd.DataFrame(rows)

    def tracks_frame(self) -> pd.DataFrame:
        """One row per track of a cluster: when it begins and ends, how, its sizes and what it turns into."""
        rows = [
            {
                "direction": name,
                "track": track.index,
                "first": self.checkpoints[track.first],
                "last": self.checkpoints[track.last],
                "checkpoints": len(track.clusters),
                "begins": track.begins,
                "parent": track.parent,
                "ends": track.ends,
                "successor": track.successor,
                "sizes": [
                    direction.clusters[cluster].size
                    for direction, cluster in zip(self.directions(name)[track.first :], track.clusters, strict=False)
                ],
            }
            for name, history in zip(DIRECTIONS, (self.x_only, self.y_only), strict=True)
            for track in history.tracks
        ]
        return pd.DataFrame(rows, columns=list(_TRACK_COLUMNS)).astype(_TRACK_COLUMNS)

    def to_frame(self) -> pd.DataFrame:
        """One row per item: id, the checkpoint from which it is settled (missing for never), its clusters, metadata.

        The metadata are the items' own columns, and what each checkpoint and the reference predicts where they do not
        tell that already: ``prediction of NAME``, and with embeddings that ``repdiff encode`` made ``confidence of
        NAME``.
        """
        own = self.items.frame
        names = pd.array([*self.checkpoints, None], dtype="string")
        columns = {"id": own["id"], "settled": names[self.settled]}
        for name in DIRECTIONS:
            for checkpoint, direction in zip(self.checkpoints, self.directions(name), strict=True):
                columns[_label_column(name, checkpoint)] = direction.labels
        told: dict[str, pd.Series] = {}
        for comparison in self.comparisons:
            told |= _predicted(comparison.items, "y", comparison.names[1])
        told |= _predicted(self.items, "x", self.reference)
        rest = own.drop(columns=["id", *OF_ONE_PAIR, *told], errors="ignore")
        return pd.concat([pd.DataFrame(columns), rest.assign(**told)], axis=1)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a directory of runs, whole or not at all; :func:`repdiff.load_series` reads it.

        Raises
        ------
        RunError
            Where the path is taken, or cannot be written.
        """
        import repdiff

        return repdiff.save(self, path, overwrite=overwrite)

    def report(self, path: str | Path) -> Path:
        """Write one self-contained HTML file that works offline."""
        import repdiff

        return repdiff.write_report(self, path)


def _growth_of(direction: Direction) -> list[dict[str, Any]]:
    lowest, *others = direction.clusters
    settled = {"no_change_size": int(direction.no_change.sum())}
    rows = [{"group": "lowest", "clusters": 1, "is_no_change": lowest.is_no_change, **settled, **_spread([lowest])}]
    if others:
        all_settled = all(cluster.is_no_change for cluster in others)
        spread = _spread(others)
        rows.append({"group": "others", "clusters": len(others), "is_no_change": all_settled, **settled, **spread})
    return rows


def _spread(clusters: Sequence[DifferenceCluster]) -> dict[str, float]:
    """Mean, least and largest of each measure; NaN where it is unknown."""
    facts: dict[str, float] = {}
    for measure in _MEASURES:
        known = [float(value) for cluster in clusters if (value := getattr(cluster, measure)) is not None]
        facts[measure] = float(np.mean(known)) if known else np.nan
        facts[f"{measure}_min"] = min(known, default=np.nan)
        facts[f"{measure}_max"] = max(known, default=np.nan)
    return facts


def _label_column(direction: DirectionName, checkpoint: str) -> str:
    return f"{direction} {checkpoint}"


def _predicted(items: Items, side: Literal["x", "y"], name: str) -> dict[str, pd.Series]:
    """What one side of a pair predicts, by columns called after it; nothing where a column of the user's tells it."""
    column, own = getattr(items, f"prediction_{side}"), f"prediction of {name}"
    if column == own:
        return {own: items.frame[own]}
    if column != f"prediction_{side}":
        return {}
    return {f"{what} of {name}": items.frame[f"{what}_{side}"] for what in PREDICTED if f"{what}_{side}" in items.frame}
