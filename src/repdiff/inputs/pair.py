"""Arrays and items -> EmbeddingPair: the only place that validates input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.metrics import Metric, Metrics, metrics_of
from repdiff.core.plain import as_unicode
from repdiff.inputs import Embeddings, Items, as_embeddings, as_items, bare_items
from repdiff.inputs.agreement import Encodings, agree, with_predictions
from repdiff.inputs.checks import as_compared, check_values, notes_on_rows
from repdiff.inputs.ids import Ids
from repdiff.inputs.image_paths import check_images
from repdiff.inputs.keys import Key
from repdiff.inputs.matching import AUTO, ORDER, left_out, match_items, match_sides
from repdiff.inputs.sources import is_path, title_of
from repdiff.inputs.wording import few

SAME_VALUES = "x and y hold the same values"  # a warning


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
    matching : mapping of str to str
        What each part (x, y, items, predictions) was matched by: what its ids are called, or "order".
    match : str
        What was asked for: "auto", "order", or the column that holds the ids.
    warnings : tuple of str
        What a reader of the result must know, such as rows of the item table that were left out.
    encodings : Encodings
        How x and y were made, where ``repdiff encode`` made them.
    within : str or None
        Column in which two items must agree for their pair to count.
    groups : ndarray of int32, (n,), or None
        Items with the same number agree in it; None where all pairs count.
    alignment : mapping or None
        How y was aligned to x, and how well; None where it was not.
    ids : ndarray of str objects, (n,), or None
        Ids of the rows, where x or y has some.
    ids_from : str
        Where they were found.
    keys : tuple of Key
        What else may identify the rows of x.
    """

    x: npt.NDArray[Any]
    y: npt.NDArray[Any]
    metrics: tuple[Metric, Metric]
    items: Items
    names: tuple[str, str]
    sources: tuple[str, str]
    sha256: tuple[str, str]
    matched_by: Literal["id", "order"]
    matching: Mapping[str, str] = field(default_factory=dict)
    match: str = AUTO
    warnings: tuple[str, ...] = ()
    encodings: Encodings = field(default_factory=Encodings)
    within: str | None = None
    groups: npt.NDArray[np.int32] | None = None
    alignment: Mapping[str, Any] | None = None
    ids: Ids | None = None
    ids_from: str = ""
    keys: tuple[Key, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """The settings of the pair that go into the manifest."""
        same = self.metrics[0] == self.metrics[1]
        guidance = {} if self.within is None else {"within": self.within}
        turned = {} if self.alignment is None else {"align": self.alignment["method"], "alignment": self.alignment}
        return {"metric": self.metrics[0] if same else list(self.metrics), **guidance, **turned}

    @property
    def rows(self) -> Embeddings:
        """Values of x with what identifies its rows, to match further representations with."""
        return Embeddings(self.x, self.ids, self.sources[0], None, self.ids_from, self.keys)

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.x)


def make_pair(
    x: Any, y: Any, *, items: Any = None, images: str | Path | None = None, names: tuple[str, str] | None = None,
    label: str | None = None, prediction_x: str | None = None, prediction_y: str | None = None,
    image: str | None = None, text: str | None = None, metric: Metrics = "euclidean", within: str | None = None,
    match: str = AUTO, n_clusters: int = 1, any_scale: bool = False,
) -> EmbeddingPair:  # fmt: skip
    """Match, check and order two sides and their items.

    Parameters
    ----------
    x, y, items, images, names, label, prediction_x, prediction_y, image, text, metric, within, match, n_clusters
        As in :func:`repdiff.compare`.
    any_scale : bool
        Take values, too, whose squares are too large or too small to be numbers.

    Raises
    ------
    InputError
        For anything that makes the comparison impossible or meaningless; one line says what, where, and what to do.
    """
    metrics = metrics_of(metric)
    id_column = None if match in (AUTO, ORDER) else match
    side_x, side_y = (as_embeddings(one, source=name, id_column=id_column) for one, name in ((x, "x"), (y, "y")))
    sha256 = (side_x.sha256(), side_y.sha256())
    side_x, side_y, encodings = agree(side_x, side_y, data=(x, y), sha256=sha256)
    told = [*encodings.warnings, *_checked((side_x, side_y), metrics, any_scale)]
    side_x, side_y, matched_by, notes = match_sides(side_x, side_y, match=match, is_matrix=metrics[1] == "precomputed")
    told += notes
    side_x, side_y = as_compared(side_x, metrics[0]), as_compared(side_y, metrics[1])
    roles = {"label": label, "prediction_x": prediction_x, "prediction_y": prediction_y, "image": image, "text": text}
    table, how, notes = _items_of(items, images, roles, (side_x, side_y), encodings.numbered, match)
    table = with_predictions(table, encodings, side_x.ids)
    _check_count(len(side_x.values), n_clusters)
    told += [*notes, *[SAME_VALUES] * (sha256[0] == sha256[1])]
    return EmbeddingPair(
        x=side_x.values,
        y=side_y.values,
        metrics=metrics,
        items=table,
        names=_names(names, side_x.source, side_y.source),
        sources=(side_x.source, side_y.source),
        sha256=sha256,
        matched_by=matched_by,
        matching=_matching(side_x, side_y, matched_by, how, table, given=(prediction_x, prediction_y)),
        match=match,
        warnings=tuple(told),
        encodings=encodings,
        within=within,
        groups=None if within is None else groups_within(table, within),
        **{name: getattr(side_x, name) for name in ("ids", "ids_from", "keys")},
    )


def _checked(sides: tuple[Embeddings, Embeddings], metrics: tuple[Metric, Metric], any_scale: bool) -> tuple[str, ...]:
    """What to tell of the sides; those that cannot be compared are refused."""
    told: list[str] = []
    for side, metric in zip(sides, metrics, strict=True):
        check_values(side, metric, any_scale=any_scale)
        told += (*side.warnings, *notes_on_rows(side, metric))
    return tuple(told)


def _items_of(
    data: Any,
    images: str | Path | None,
    roles: dict[str, str | None],
    sides: tuple[Embeddings, Embeddings],
    numbered: bool,
    match: str,
) -> tuple[Items, str | None, tuple[str, ...]]:
    """The items in the order of the embeddings, how they were matched, and notes on them."""
    ids, n = sides[0].ids, len(sides[0].values)
    if data is None:
        given = [role for role, column in roles.items() if column is not None] + ["images"] * (images is not None)
        if given:
            raise InputError(f"{given[0]} was given, but no table of items; give items=, or --items")
        return bare_items(n, ids), None, ()
    items = as_items(data, images=images, id_column=None if match in (AUTO, ORDER) else match, **roles)
    source = _source(data)
    if images is not None and items.image is None:
        raise InputError(
            f"{source}: a folder of images was given, but no column tells which image an item has; "
            "call the column 'image', or name it with image=, or --image"
        )
    if ids is not None and numbered and max(map(int, ids)) < len(items.frame):
        rows = ids.astype(np.int64)
        found, how, told = items.take(rows), "row numbers", left_out(items, items.take(rows), source)
    else:
        found, how, told = match_items(items, source, sides, match=match)
        told = (*left_out(items, found, source), *told)
    asked = images is not None or roles["image"] is not None
    return found, how, (*told, *check_images(found, source, asked=asked))


def _matching(
    x: Embeddings, y: Embeddings, matched_by: str, items: str | None, table: Items, *, given: tuple[str | None, ...]
) -> dict[str, str]:
    """What each part was matched by: what its ids are called, or "order"."""
    by_id = matched_by == "id"
    found = {"x": (x.ids_from or "id") if by_id else ORDER, "y": (y.ids_from or "id") if by_id else ORDER}
    if items is not None:
        found["items"] = items
    for side, column in zip(("x", "y"), given, strict=True):
        if (name := getattr(table, f"prediction_{side}")) is not None:
            from_model = column is None and items is None
            found[f"prediction_{side}"] = "id" if from_model else f"column {name!r} of the items"
    return found


def groups_within(items: Items, within: str) -> npt.NDArray[np.int32]:
    """A number for each item, the same for items that agree in that column; items without a value agree with none."""
    roles = {"label": [items.label], "prediction": [items.prediction_x, items.prediction_y]}
    columns = [name for name in roles.get(within, ()) if name is not None] or [within]
    missing = [name for name in columns if name not in items.frame]
    if missing:
        known = few(items.frame.columns, most=20)
        raise InputError(f"within={within!r}: the items have no column {missing[0]!r}; they have {known}")
    values = items.frame[columns]
    groups = np.array(values.groupby(columns, sort=False, dropna=False).ngroup(), np.int32)
    unknown = values.isna().any(axis=1).to_numpy()
    groups[unknown] = -1 - np.arange(unknown.sum(), dtype=np.int32)
    return groups


def _check_count(n: int, n_clusters: int) -> None:
    if n_clusters < 1:
        raise InputError(f"n_clusters must be at least 1, but is {n_clusters}")
    if n < max(2, n_clusters):
        raise InputError(f"{n:,} items cannot make {n_clusters} clusters; give more items, or ask for fewer clusters")


def _names(names: tuple[str, str] | None, source_x: str, source_y: str) -> tuple[str, str]:
    if names is None:
        stems = Path(source_x).stem, Path(source_y).stem
        titles = title_of(source_x), title_of(source_y)
        return next(((one, other) for one, other in (titles, stems) if one != other), ("x", "y"))
    if isinstance(names, str) or len(names) != 2:
        raise InputError(f"names must be two, one for x and one for y, but are {names!r}")
    stripped = as_unicode(str(names[0])).strip(), as_unicode(str(names[1])).strip()
    if not all(stripped) or stripped[0] == stripped[1]:
        raise InputError(f"names must be two different words, but are {names[0]!r} and {names[1]!r}")
    return stripped


def _source(data: Any) -> str:
    return str(data) if is_path(data) else "items"
