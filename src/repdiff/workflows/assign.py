"""New items -> the clusters of a comparison that they belong to, without comparing again."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.cluster import Cluster, open_cluster
from repdiff.core.errors import InputError, RepdiffError
from repdiff.core.metrics import metrics_of
from repdiff.core.parallel import resolve_n_jobs, row_tiles
from repdiff.core.progress import Progress, prefixed, silent
from repdiff.inputs.embeddings import Embeddings, as_embeddings
from repdiff.inputs.laid_out import lay_out
from repdiff.inputs.matching import AUTO, ORDER, match_sides
from repdiff.results.assignment import AssignedDirection, Assignment
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.results.reference import Reference, ReferenceDirection
from repdiff.settings import AssignCall, takes
from repdiff.workflows.assign_on_cluster import Assigned, Ingredients, assign_on_cluster, assign_rows
from repdiff.workflows.extension import Rule, Values
from repdiff.workflows.recall import recall_pair

ROWS_AT_A_TIME = 1 << 16  # of a stream


@takes(AssignCall)
def assign(call: AssignCall) -> Assignment:
    """Which clusters of a comparison new items belong to, without comparing again.

    Parameters
    ----------
    comparison : Comparison
        Of other items, by the same two models.
    x_new, y_new : array_like (m, d_x) and (m, d_y), table, or path
        Embeddings of the new items by the same models. Rows are matched by ids where there are ids, else by order.

    Returns
    -------
    Assignment
        For each new item and both directions: the cluster in which the comparison would have put it, its mean affinity
        to that cluster, and whether it belongs to none.

    Raises
    ------
    RepdiffError
        For new items that do not fit, and for a comparison whose clusters cannot be extended.
    """
    ready = Assigner(call.comparison, x=call.x, y=call.y, n_jobs=call.n_jobs)
    where: dict[str, Any] = {"dask": call.dask, "dask_folder": call.dask_folder}
    return _joined(list(ready.stream(call.x_new, call.y_new, match=call.match, progress=call.progress, **where)))


class Assigner:
    """A comparison, prepared once to assign any number of new items; it can be called from several processes alike.

    Parameters
    ----------
    comparison : Comparison
        Of other items.
    x, y : array_like, table or path, optional
        What was compared, if the comparison did not keep the rows it needs; by default the files it was made from.
    run : path, optional
        Directory that the comparison was loaded from, where embeddings that were made for it may lie.
    n_jobs : int, optional
        Threads; all cores by default. The result does not depend on it.

    Raises
    ------
    RepdiffError
        If the clusters of the comparison cannot be extended to new items, or its embeddings are not found.

    Examples
    --------
    >>> import numpy as np, repdiff
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(90, 4)), rng.normal(size=(90, 3))
    >>> ready = repdiff.Assigner(repdiff.compare(x[:60], y[:60], n_clusters=3, evidence=False))
    >>> ready(x[60:], y[60:]).x_only.labels.shape
    (30,)
    """

    def __init__(
        self, comparison: Comparison, *, x: Any = None, y: Any = None, run: Path | None = None,
        n_jobs: int | None = None,
    ) -> None:  # fmt: skip
        reference = comparison.reference
        made = comparison.provenance.parameters
        if reference is None:
            raise RepdiffError(why_none(made))
        values = _values(comparison, reference, {"x": x, "y": y}, run)
        self._columns = values[0].shape[1], values[1].shape[1]
        rules = {
            name: Rule.of(
                direction.labels[reference.rows], reference.weights, places, direction.clusters,
                made["no_change_threshold"],
            )
            for name, direction, places in _directions(comparison, reference)
        }  # fmt: skip
        self._made = Ingredients(
            values, reference.weights, metrics_of(made["metric"]), made["gamma"], made["beta"], rules
        )
        self._extension = self._made.extension(resolve_n_jobs(n_jobs))

    def __call__(self, x_new: Any, y_new: Any, *, match: str = AUTO, progress: Progress = silent) -> Assignment:
        """The clusters of new items; see :func:`repdiff.assign`."""
        return _joined(list(self.stream(x_new, y_new, match=match, progress=progress)))

    def stream(
        self,
        x_new: Any,
        y_new: Any,
        *,
        match: str = AUTO,
        progress: Progress = silent,
        dask: Any = None,
        dask_folder: str | Path | None = None,
    ) -> Iterator[Assignment]:
        """The clusters of new items, some ten thousand at a time, so that memory-mapped rows are never read at once.

        Parameters
        ----------
        x_new, y_new, match, progress, dask, dask_folder
            As in :func:`repdiff.assign`.
        """
        with ExitStack() as stack:
            cluster = None if dask is None else stack.enter_context(open_cluster(dask, dask_folder))
            x, y = _new_items(x_new, y_new, match, self._columns, cluster, progress)
            tiles = row_tiles(len(x.values), ROWS_AT_A_TIME)
            found: Generator[Assigned, None, None]
            if cluster is None:
                found = (assign_rows(self._extension, x, y, rows) for rows in tiles)
            else:
                found = stack.enter_context(closing(assign_on_cluster(self._made, (x, y), tiles, cluster)))
            for number, rows in enumerate(tiles):
                progress("new items", number, len(tiles))
                own = next(found)
                yield Assignment(_ids(x, rows), own["x_only"], own["y_only"])
            progress("new items", len(tiles), len(tiles))


def why_none(parameters: Mapping[str, Any]) -> str:
    """Why the clusters of a comparison cannot be extended to new items, from the parameters in its manifest."""
    start = "new items cannot be assigned to the clusters of this comparison: "
    if "precomputed" in metrics_of(parameters["metric"]):
        return start + "it was made from distances, which new items do not have; compare embeddings"
    if parameters.get("within") is not None:
        return start + f"only pairs that agree in {parameters['within']!r} counted; compare without within="
    if parameters.get("align", "none") != "none":
        return start + "y was aligned with x, and the map is not kept; compare without align="
    if parameters["clusterer"] != "spectral":
        return start + f"they come from {parameters['clusterer']}; compare without clusterer="
    return start + "it was made by an older repdiff; compare again"


def _directions(
    comparison: Comparison, reference: Reference
) -> tuple[tuple[DirectionName, Direction, ReferenceDirection], ...]:
    return ("x_only", comparison.x_only, reference.x_only), ("y_only", comparison.y_only, reference.y_only)


def _values(comparison: Comparison, reference: Reference, given: Mapping[str, Any], run: Path | None) -> Values:
    """The embeddings of the reference items: those that were kept, else from what was compared."""
    if reference.x is not None and reference.y is not None:
        return reference.x, reference.y
    pair = recall_pair(comparison, given, run=run)
    return np.ascontiguousarray(pair.x[reference.rows]), np.ascontiguousarray(pair.y[reference.rows])


def _ids(x: Embeddings, rows: slice) -> npt.NDArray[np.object_]:
    return np.array([str(row) for row in range(rows.start, rows.stop)], object) if x.ids is None else x.ids[rows]


def _new_items(
    x_new: Any, y_new: Any, match: str, columns: tuple[int, ...], cluster: Cluster | None, progress: Progress
) -> tuple[Embeddings, Embeddings]:
    """Both sides of the new items, matched."""
    id_column = None if match in (AUTO, ORDER) else match
    if cluster is not None:
        x_new, y_new = (
            lay_out(data, name, cluster, id_column=id_column, progress=prefixed(progress, name))
            for name, data in (("x_new", x_new), ("y_new", y_new))
        )
    sides = [as_embeddings(one, source=name, id_column=id_column) for one, name in ((x_new, "x_new"), (y_new, "y_new"))]
    for side, wanted, name in zip(sides, columns, ("x", "y"), strict=True):
        if not len(side.values):
            raise InputError(f"{side.source}: holds no rows")
        if side.values.shape[1] != wanted:
            raise InputError(
                f"{side.source}: has {side.values.shape[1]} columns, but {name} of the comparison has {wanted}; "
                "give embeddings by the same model"
            )
    x, y, _, _ = match_sides(*sides, match=match)
    return x, y


def _joined(parts: list[Assignment]) -> Assignment:
    """Parts of a stream as one."""

    def of(name: DirectionName) -> AssignedDirection:
        own = [getattr(part, name) for part in parts]
        return AssignedDirection(*(np.concatenate([getattr(one, field) for one in own]) for field in _FIELDS))

    return Assignment(np.concatenate([part.ids for part in parts]), of("x_only"), of("y_only"))


_FIELDS = ("labels", "affinity", "no_change")
