"""Arrays and items -> EmbeddingPair: the only place that validates input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.core.metrics import Metric, Metrics, metrics_of
from repdiff.inputs import Embeddings, Items, as_embeddings, as_items, bare_items
from repdiff.inputs.agreement import Encodings, agree, with_predictions
from repdiff.inputs.ids import Ids, row_numbers

SAME_VALUES = "x and y hold the same values"  # a warning
_NAMED_AT_MOST = 3
_ROWS_AT_A_TIME = 4096
_SYMMETRY_TOLERANCE = 1e-5  # of the largest entry


@dataclass(frozen=True)
class EmbeddingPair:
    """Two representations of the same items, validated; row i of everything is item i.

    Attributes
    ----------
    x, y : ndarray of float32 or float64, (n, d_x) and (n, d_y), C-contiguous
        Finite, with some variance; not copied where the input already was so. Distances, (n, n), where the metric is
        "precomputed".
    metrics : (str, str)
        Distance within x and within y.
    items : Items
        The table of the items, in the same order.
    names : (str, str)
        How to call x and y for a person.
    sources : (str, str)
        Where x and y came from.
    sha256 : (str, str)
        Hashes of the values of x and y as given.
    matched_by : {"id", "order"}
        How rows of x and y were matched.
    warnings : tuple of str
        What a reader of the result must know, such as rows of the item table that were left out.
    encodings : Encodings
        How x and y were made, where ``repdiff encode`` made them.
    within : str or None
        What two items must agree in for their pair to count.
    groups : ndarray of int32, (n,), or None
        Items of one number agree in it; None where all pairs count.
    alignment : mapping or None
        How y was turned towards x, and how well; None where it is as it was given.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    metrics: tuple[Metric, Metric]
    items: Items
    names: tuple[str, str]
    sources: tuple[str, str]
    sha256: tuple[str, str]
    matched_by: Literal["id", "order"]
    warnings: tuple[str, ...] = ()
    encodings: Encodings = field(default_factory=Encodings)
    within: str | None = None
    groups: npt.NDArray[np.int32] | None = None
    alignment: Mapping[str, Any] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """What the manifest keeps of how the pair is looked at."""
        same = self.metrics[0] == self.metrics[1]
        guidance = {} if self.within is None else {"within": self.within}
        turned = {} if self.alignment is None else {"align": self.alignment["method"], "alignment": self.alignment}
        return {"metric": self.metrics[0] if same else list(self.metrics), **guidance, **turned}

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.x)


def make_pair(
    x: Any,
    y: Any,
    *,
    items: Any = None,
    images: str | Path | None = None,
    names: tuple[str, str] | None = None,
    label: str | None = None,
    prediction_x: str | None = None,
    prediction_y: str | None = None,
    image: str | None = None,
    text: str | None = None,
    metric: Metrics = "euclidean",
    within: str | None = None,
    n_clusters: int = 1,
) -> EmbeddingPair:
    """Match, check and order two sides and their items.

    Parameters
    ----------
    x, y, items, images, names, label, prediction_x, prediction_y, image, text, metric, within,
    n_clusters
        As in :func:`repdiff.compare`.

    Raises
    ------
    InputError
        For anything that makes the comparison impossible or meaningless; one line says what, where, and what to do.
    """
    metrics = metrics_of(metric)
    side_x, side_y = as_embeddings(x, source="x"), as_embeddings(y, source="y")
    sha256 = (side_x.sha256(), side_y.sha256())
    side_x, side_y, encodings = agree(side_x, side_y, data=(x, y), sha256=sha256)
    for side, metric_of_side in zip((side_x, side_y), metrics, strict=True):
        _check_values(side, metric_of_side)
    side_y, matched_by = _match_sides(side_x, side_y, is_matrix=metrics[1] == "precomputed")
    side_x, side_y = (
        _as_distances(side) if name == "precomputed" else side
        for side, name in zip((side_x, side_y), metrics, strict=True)
    )
    ids = side_x.ids if side_x.ids is not None else side_y.ids
    roles = {"label": label, "prediction_x": prediction_x, "prediction_y": prediction_y, "image": image, "text": text}
    table, warnings = _match_items(items, images, roles, ids, side_x, numbered=encodings.numbered)
    table, warnings = with_predictions(table, encodings, ids), (*encodings.warnings, *warnings)
    _check_count(len(side_x.values), n_clusters)
    if sha256[0] == sha256[1]:
        warnings = (*warnings, SAME_VALUES)
    return EmbeddingPair(
        x=side_x.values,
        y=side_y.values,
        metrics=metrics,
        items=table,
        names=_names(names, side_x.source, side_y.source),
        sources=(side_x.source, side_y.source),
        sha256=sha256,
        matched_by=matched_by,
        warnings=warnings,
        encodings=encodings,
        within=within,
        groups=None if within is None else groups_within(table, within),
    )


def groups_within(items: Items, within: str) -> npt.NDArray[np.int32]:
    """A number for each item, the same for items that agree in that column; items without a value agree with none."""
    roles = {"label": [items.label], "prediction": [items.prediction_x, items.prediction_y]}
    columns = [name for name in roles.get(within, ()) if name is not None] or [within]
    missing = [name for name in columns if name not in items.frame]
    if missing:
        known = ", ".join(map(str, items.frame.columns))
        raise InputError(f"within={within!r}: the items have no column {missing[0]!r}; they have {known}")
    values = items.frame[columns]
    groups = np.array(values.groupby(columns, sort=False, dropna=False).ngroup(), np.int32)
    unknown = values.isna().any(axis=1).to_numpy()
    groups[unknown] = -1 - np.arange(unknown.sum(), dtype=np.int32)
    return groups


def _check_values(side: Embeddings, metric: Metric) -> None:
    if not side.values.size:
        raise InputError(f"{side.source}: has shape {side.values.shape}, so there is nothing to compare")
    _check_finite(side)
    if (side.values == side.values[0]).all():
        raise InputError(
            f"{side.source}: has zero variance: all {len(side.values):,} rows are the same, so no item is near or far; "
            "check how the embeddings were made"
        )
    if metric == "cosine" and not (has_direction := side.values.any(axis=1)).all():
        raise InputError(
            f"{side.source}: row {int(has_direction.argmin())} is all zeros and has no direction, so the cosine metric "
            "cannot place it; remove the row from both sides, or use the euclidean metric"
        )


def _as_distances(side: Embeddings) -> Embeddings:
    """The side's n x n matrix as distances, which similarities are subtracted from their largest to become."""
    values = side.values
    if values.shape[0] != values.shape[1]:
        raise InputError(f"{side.source}: has shape {values.shape}, but precomputed distances are a square matrix")
    scale = float(np.abs(values).max())
    odd = np.abs(values - values.T) > _SYMMETRY_TOLERANCE * scale
    if odd.any():
        row, column = (int(place[0]) for place in np.nonzero(odd))
        raise InputError(
            f"{side.source}: is not symmetric: row {row}, column {column} holds {values[row, column]:g} and its mirror "
            f"{values[column, row]:g}; average the matrix with its transpose"
        )
    own = np.diagonal(values)
    others = values[~np.eye(len(values), dtype=bool)]
    if (others == others[0]).all():
        raise InputError(f"{side.source}: all distances are the same, so no item is near or far")
    if (own[:, None] <= values).all():
        return side
    if (own[:, None] >= values).all():
        return replace(side, values=values.max() - values)
    row = int(np.argmax((own > values.min(axis=1)) & (own < values.max(axis=1))))
    raise InputError(
        f"{side.source}: is neither distances nor similarities: in row {row} the item itself, {own[row]:g}, is neither "
        "the nearest nor the most similar; check the diagonal"
    )


def _check_finite(side: Embeddings) -> None:
    for start in range(0, len(side.values), _ROWS_AT_A_TIME):
        finite = np.isfinite(side.values[start : start + _ROWS_AT_A_TIME])
        if finite.all():
            continue
        row, column = (int(place[0]) for place in np.nonzero(~finite))
        value = side.values[start + row, column]
        name = column if side.columns is None else repr(side.columns[column])
        count = sum(
            int((~np.isfinite(side.values[first : first + _ROWS_AT_A_TIME]).all(axis=1)).sum())
            for first in range(start, len(side.values), _ROWS_AT_A_TIME)
        )
        raise InputError(
            f"{side.source}: row {start + row}, column {name} is {'NaN' if np.isnan(value) else 'infinite'} "
            f"({count:,} such {'row' if count == 1 else 'rows'}); remove those rows from both sides, or fill them in"
        )


def _match_sides(x: Embeddings, y: Embeddings, *, is_matrix: bool) -> tuple[Embeddings, Literal["id", "order"]]:
    """Side y in the order of x."""
    if x.ids is not None and y.ids is not None:
        _check_same_ids(x.ids, y.ids, x.source, y.source)
        if np.array_equal(x.ids, y.ids):
            return y, "id"
        order = pd.Index(y.ids).get_indexer(pd.Index(x.ids))
        values = y.values[np.ix_(order, order)] if is_matrix else y.values[order]
        return replace(y, values=values, ids=x.ids), "id"
    if len(x.values) != len(y.values):
        raise InputError(
            f"{x.source} has {len(x.values):,} rows and {y.source} {len(y.values):,}; "
            "both must hold the same items, or carry ids to match them by"
        )
    return y, "order"


def _check_same_ids(ids_x: Ids, ids_y: Ids, source_x: str, source_y: str) -> None:
    only_x, only_y = _missing_from(ids_y, ids_x), _missing_from(ids_x, ids_y)
    parts = [
        f"{len(ids):,} only in {source} ({_first_few(ids)})"
        for ids, source in ((only_x, source_x), (only_y, source_y))
        if len(ids)
    ]
    if parts:
        raise InputError(f"ids of the two sides differ: {' and '.join(parts)}; keep the items that both have")


def _match_items(
    data: Any,
    images: str | Path | None,
    roles: dict[str, str | None],
    ids: Ids | None,
    side: Embeddings,
    *,
    numbered: bool,
) -> tuple[Items, tuple[str, ...]]:
    """The items in the order of the embeddings, and what to tell about them."""
    n = len(side.values)
    if data is None:
        given = [role for role, column in roles.items() if column is not None] + ["images"] * (images is not None)
        if given:
            raise InputError(f"{given[0]} was given, but no table of items; give items=, or --items")
        return bare_items(n, ids), ()
    items = as_items(data, images=images, **roles)
    if images is not None and items.image is None:
        raise InputError(
            f"{_source(data)}: a folder of images was given, but no column tells which image an item has; "
            "call the column 'image', or name it with image=, or --image"
        )
    if ids is not None and numbered and max(map(int, ids)) < len(items.frame):
        numbers = replace(items, frame=items.frame.assign(id=row_numbers(len(items.frame))))
        found, warnings = _order_items(numbers, ids, _source(data), side.source)
        own = items.frame["id"].to_numpy(dtype=object)[ids.astype(np.int64)]
        return replace(found, frame=found.frame.assign(id=own)), warnings
    if ids is None or not items.has_ids:
        if len(items.frame) != n:
            raise InputError(
                f"{_source(data)} has {len(items.frame):,} rows, but there are {n:,} embeddings; "
                "give one row per item, or ids on both to match them by"
            )
        return (items if items.has_ids or ids is None else _with_ids(items, ids)), ()
    return _order_items(items, ids, _source(data), side.source)


def _order_items(items: Items, ids: Ids, source: str, source_of_ids: str) -> tuple[Items, tuple[str, ...]]:
    own = items.frame["id"].to_numpy(dtype=object)
    missing = _missing_from(own, ids)
    if len(missing):
        raise InputError(
            f"{source}: has no row for {len(missing):,} of the {len(ids):,} ids of {source_of_ids} "
            f"({_first_few(missing)}); add them"
        )
    order = pd.Index(own).get_indexer(pd.Index(ids))
    left_out = len(own) - len(ids)
    warnings = (f"{source}: {left_out:,} of {len(own):,} rows have no embedding and were left out",) if left_out else ()
    return replace(items, frame=items.frame.iloc[order].reset_index(drop=True)), warnings


def _with_ids(items: Items, ids: Ids) -> Items:
    return replace(items, frame=items.frame.assign(id=ids), has_ids=True)


def _check_count(n: int, n_clusters: int) -> None:
    if n_clusters < 1:
        raise InputError(f"n_clusters must be at least 1, but is {n_clusters}")
    if n < max(2, n_clusters):
        raise InputError(f"{n:,} items cannot make {n_clusters} clusters; give more items, or ask for fewer clusters")


def _names(names: tuple[str, str] | None, source_x: str, source_y: str) -> tuple[str, str]:
    if names is None:
        stems = Path(source_x).stem, Path(source_y).stem
        return stems if stems[0] != stems[1] else ("x", "y")
    if isinstance(names, str) or len(names) != 2:
        raise InputError(f"names must be two, one for x and one for y, but are {names!r}")
    stripped = str(names[0]).strip(), str(names[1]).strip()
    if not all(stripped) or stripped[0] == stripped[1]:
        raise InputError(f"names must be two different words, but are {names[0]!r} and {names[1]!r}")
    return stripped


def _missing_from(known: Ids, ids: Ids) -> Ids:
    """The ids that are not among the known ones."""
    return ids[~pd.Index(ids).isin(pd.Index(known))]


def _first_few(ids: Ids) -> str:
    few = ", ".join(map(str, ids[:_NAMED_AT_MOST]))
    return f"{few}, ..." if len(ids) > _NAMED_AT_MOST else few


def _source(data: Any) -> str:
    return str(data) if isinstance(data, str | Path) else "items"
