"""Many checkpoints against one reference -> Timeline: what the reference knows that each of them does not yet.

X is the reference, Y each checkpoint, as in the paper (RDC, section 4): "only in x" is what is still to be learnt,
"only in y" what will be given up. Any sequence works: epochs, layers against the last layer, versions, steps of
fine-tuning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.clusters import DIRECTIONS, DifferenceCluster, Direction, DirectionName
from repdiff.comparison import Comparison
from repdiff.errors import InputError
from repdiff.history import History, follow_clusters
from repdiff.io import Items
from repdiff.io.agreement import OF_ONE_PAIR, PREDICTED
from repdiff.memory import available_bytes
from repdiff.metrics import Metrics
from repdiff.naming import check_different, names_of, saying_which
from repdiff.pair import EmbeddingPair, make_pair
from repdiff.predictions import check_same_items, with_predictions_of, within_of_pair
from repdiff.progress import Progress, silent
from repdiff.settings import Settings
from repdiff.several import PairOfSides, compare_several
from repdiff.sides import Side, room_for_ranks

if TYPE_CHECKING:
    from repdiff.io.images import Thumbnails

_MEASURES = ("mean_affinity", "size", "accuracy_x", "accuracy_y")
_LIFE_COLUMNS = {
    "direction": "str", "life": "int64", "first": "str", "last": "str", "checkpoints": "int64", "begins": "str",
    "parent": "Int64", "ends": "str", "heir": "Int64", "sizes": "object",
}  # fmt: skip
_SHARE_HELD = 1 / 8  # of the memory that may be used, for checkpoints that are read before their turn


@dataclass(frozen=True)
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
        The lives of the difference clusters of each direction.
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

    def lives_frame(self) -> pd.DataFrame:
        """One row per life of a cluster: when it begins and ends, how, its sizes and what it turns into."""
        rows = [
            {
                "direction": name,
                "life": life.index,
                "first": self.checkpoints[life.first],
                "last": self.checkpoints[life.last],
                "checkpoints": len(life.clusters),
                "begins": life.begins,
                "parent": life.parent,
                "ends": life.ends,
                "heir": life.heir,
                "sizes": [
                    direction.clusters[cluster].size
                    for direction, cluster in zip(self.directions(name)[life.first :], life.clusters, strict=False)
                ],
            }
            for name, history in zip(DIRECTIONS, (self.x_only, self.y_only), strict=True)
            for life in history.lives
        ]
        return pd.DataFrame(rows, columns=list(_LIFE_COLUMNS)).astype(_LIFE_COLUMNS)

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
        from repdiff.series_run import write_series

        return write_series(self, path, overwrite=overwrite)

    def report(self, path: str | Path) -> Path:
        """Write one self-contained HTML file that works offline."""
        from repdiff.report import write_series_report
        from repdiff.series_run import series_run_of

        return write_series_report(series_run_of(self), Path(path))


def compare_series(
    checkpoints: Sequence[Any] | Mapping[str, Any],
    reference: Any,
    *,
    items: Any = None,
    images: str | Path | None = None,
    names: Sequence[str] | None = None,
    reference_name: str | None = None,
    label: str | None = None,
    predictions: Sequence[Any] | None = None,
    image: str | None = None,
    text: str | None = None,
    metric: Metrics = "euclidean",
    within: str | None = None,
    description: str | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> Timeline:
    """Compare every checkpoint with one reference, and follow the clusters from one to the next.

    Parameters
    ----------
    checkpoints : sequence of array_like (n, d), tables or paths; or mapping of name to these
        Embeddings of the same items, in order of time.
    reference : array_like (n, d), table or path
        What they are compared with, usually the last. Its neighbour ranks are computed once.
    items, images, label, image, text, metric, within, progress, description
        As in :func:`repdiff.compare`; of a pair of metrics the first is the reference's.
    names : sequence of str, optional
        How to call the checkpoints; the names of the files by default.
    reference_name : str, optional
        How to call the reference.
    predictions : sequence of str or of array_like (n,), T + 1 of them, optional
        What each checkpoint and, last, the reference predicts: columns of ``items``, or values in the order of the
        reference's rows.
    **settings
        ``n_clusters``, ``gamma``, ``beta``, ``no_change_threshold``, ``clusterer``, ``n_representatives``,
        ``representatives``, ``engine``, ``device``, ``memory_limit``, ``n_jobs``, ``random_state``, ``n_resamples``, as
        in :func:`repdiff.compare`; ``evidence`` too, but that is False by default, since it is taken at every
        checkpoint.

    Returns
    -------
    Timeline
        Every comparison is what :func:`repdiff.compare` of the reference and that checkpoint gives.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is; before any work is done.
    """
    chosen = Settings(**settings)
    data = list(checkpoints.values()) if isinstance(checkpoints, Mapping) else list(checkpoints)
    given = list(checkpoints) if isinstance(checkpoints, Mapping) and names is None else names
    called = names_in_series(data, reference, given, reference_name)

    def pair_at(step: int) -> EmbeddingPair:
        with saying_which((called[-1], reference), (called[step], data[step])):
            pair = make_pair(
                reference, data[step], items=items, images=images, names=(called[-1], called[step]), label=label,
                image=image, text=text, metric=metric, within=within_of_pair(within, predictions),
                n_clusters=chosen.fewest_clusters,
            )  # fmt: skip
        return with_predictions_of(pair, predictions, called, (len(data), step), within=within)

    first, *held = _all_checked(pair_at, called[:-1], chosen)
    keeps = len(data) > 1 and room_for_ranks(first, chosen)
    side_x = Side(first.x, first.metrics[0], keep_ranks=keeps, random_state=chosen.random_state)

    def pairs() -> Iterator[PairOfSides]:
        for step in range(len(data)):
            pair = first if step == 0 else held.pop(0) or pair_at(step)
            pair = replace(pair, x=side_x.values)  # the same values, held once
            side_y = Side(pair.y, pair.metrics[1], random_state=chosen.random_state)
            yield PairOfSides(pair, (side_x, side_y), called[step])

    todo = pairs()
    comparisons = []
    for count in (1, len(data) - 1):  # the first computes what the others share
        comparisons += compare_several(islice(todo, count), chosen, count=count, shared=[side_x], progress=progress)
    return timeline_of(comparisons, description=description)


def timeline_of(comparisons: Sequence[Comparison], *, description: str | None = None) -> Timeline:
    """The timeline of comparisons of one reference (x) with successive checkpoints (y), of the same items."""
    return Timeline(
        reference=comparisons[0].names[0],
        checkpoints=tuple(comparison.names[1] for comparison in comparisons),
        comparisons=tuple(comparisons),
        x_only=follow_clusters([comparison.x_only.groups for comparison in comparisons]),
        y_only=follow_clusters([comparison.y_only.groups for comparison in comparisons]),
        description=description,
    )


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


def names_in_series(
    data: Sequence[Any], reference: Any, names: Sequence[str] | None, reference_name: str | None
) -> list[str]:
    """What the checkpoints and, last, the reference are called; no two alike."""
    if not data:
        raise InputError("a series needs at least one checkpoint beside the reference")
    called = names_of(data, names, what="checkpoint")
    if reference_name is None:
        own = Path(reference).stem if isinstance(reference, str | Path) else "reference"
        reference_name = f"{own} (reference)" if own in called else own
    called.append(str(reference_name).strip())
    check_different(called)
    return called


def _all_checked(
    pair_at: Callable[[int], EmbeddingPair], checkpoints: Sequence[str], settings: Settings
) -> tuple[EmbeddingPair, *tuple[EmbeddingPair | None, ...]]:
    """Every pair, made before any work is done, so that what is wrong with the last is told at once.

    The first is kept; of the others, as many as there is room for, and None for those that are to be made again.
    """
    first = pair_at(0)
    known = first.items
    _check_columns(known, checkpoints)
    limit = available_bytes() if settings.memory_bytes is None else settings.memory_bytes
    room = _SHARE_HELD * limit
    held: list[EmbeddingPair | None] = []
    for step in range(1, len(checkpoints)):
        pair = replace(pair_at(step), x=first.x)
        known = check_same_items(known, pair.items, checkpoints[step])
        room -= pair.y.nbytes
        held.append(pair if room >= 0 else None)
    return first, *held


def _check_columns(items: Items, checkpoints: Sequence[str]) -> None:
    """Refuse columns that are called as those of the timeline's table."""
    results = ["settled", *(_label_column(name, checkpoint) for name in DIRECTIONS for checkpoint in checkpoints)]
    taken = [name for name in results if name in items.frame]
    if taken:
        raise InputError(f"items: column {taken[0]!r} has a name that results use; rename it")


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
