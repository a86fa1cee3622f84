"""Pairs of several representations -> the same pairs, checked to have the same items, with each side's predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs import Items
from repdiff.inputs.keys import index_key
from repdiff.inputs.pair import EmbeddingPair, groups_within
from repdiff.inputs.wording import few

PREDICTION = "prediction"


def check_same_items(known: Items, items: Items, name: str) -> Items:
    """Refuse items that differ from those of the earlier pairs, or are in another order.

    Parameters
    ----------
    known : Items
        Of the earlier pairs.
    items : Items
        Of the next pair.
    name : str
        Name of its y.

    Returns
    -------
    Items
        What the next pair is checked against: the items of the two that have ids.

    Raises
    ------
    InputError
        Where they differ in number, or in ids where both have them.
    """
    ours, theirs = known.frame["id"].to_numpy(), items.frame["id"].to_numpy()
    if len(ours) != len(theirs):
        raise InputError(
            f"{name}: has {len(theirs):,} items in common with the first, and another {len(ours):,}; "
            "give all of them the same items"
        )
    if known.has_ids and items.has_ids and (other := ours != theirs).any():
        row = int(other.argmax())
        raise InputError(
            f"{name}: its items, or their order, differ from the earlier ones: its row {row} is {theirs[row]}, "
            f"theirs is {ours[row]}; give all of them the same items, and ids to match them by"
        )
    return known if known.has_ids else items


def within_of_pair(within: str | None, predictions: Sequence[Any] | None) -> str | None:
    """``within`` for making a pair: None where it means the given predictions, which are added to the pair later."""
    return None if within == PREDICTION and predictions is not None else within


def with_predictions_of(
    pair: EmbeddingPair,
    predictions: Sequence[Any] | None,
    called: Sequence[str],
    places: tuple[int, int],
    *,
    within: str | None = None,
) -> EmbeddingPair:
    """The pair, with the predictions of x and y among its items.

    Parameters
    ----------
    pair : EmbeddingPair
        Two of several representations.
    predictions : sequence of str or of array_like (n,), optional
        Of each representation: a column of the items, or values in their order.
    called : sequence of str
        What each is called.
    places : (int, int)
        Which of them are x and y.
    within : str, optional
        What two items must agree in for their pair to count; "prediction" is what is added here.

    Raises
    ------
    InputError
        Where predictions are missing, or fit no item.
    """
    if predictions is not None:
        _check_number(predictions, called)
        items, columns = pair.items, []
        for place in places:
            items, column = _with_prediction(items, predictions[place], called[place])
            columns.append(column)
        pair = replace(pair, items=replace(items, prediction_x=columns[0], prediction_y=columns[1]))
    if within == PREDICTION:
        pair = replace(pair, within=within, groups=groups_within(pair.items, within))
    return pair


def _check_number(predictions: Any, called: Sequence[str]) -> None:
    wanted = f"predictions must be one for each of {', '.join(called)}, in this order"
    if not isinstance(predictions, Sequence | np.ndarray) or isinstance(predictions, str):
        raise InputError(f"{wanted}, in a list, but are {type(predictions).__name__}")
    if len(predictions) != len(called):
        raise InputError(f"{wanted}, but are {len(predictions)}")


def _with_prediction(items: Items, given: Any, name: str) -> tuple[Items, str]:
    """The items, and which of their columns holds the predictions of a representation."""
    if isinstance(given, str):
        if given not in items.frame:
            known = few(items.frame.columns, most=20)
            raise InputError(f"predictions: the items have no column {given!r}; they have {known}")
        return items, given
    values, column = _in_order(given, items, name), f"prediction of {name}"
    if values.shape != (len(items.frame),):
        raise InputError(f"predictions of {name} have shape {values.shape}, but there are {len(items.frame):,} items")
    if column in items.frame:
        raise InputError(f"predictions: the items have a column {column!r} already; pass its name, or rename it")
    return replace(items, frame=items.frame.assign(**{column: _storable(values)})), column


def _in_order(given: Any, items: Items, name: str) -> npt.NDArray[Any]:
    """Predictions in the order of the items: by the index of a Series where that is ids, else as they come."""
    if not isinstance(given, pd.Series) or (key := index_key(given.index, len(given))) is None:
        return np.asarray(given)
    rows = pd.Index(key.ids, dtype=object).get_indexer(pd.Index(items.frame["id"], dtype=object))
    if (rows < 0).any():
        missing = items.frame["id"][rows < 0]
        raise InputError(
            f"predictions of {name}: their index has no row for {len(missing):,} of {len(rows):,} items "
            f"({few(missing)}); give them those ids, or drop the index with .to_numpy() to match by order"
        )
    return np.asarray(given)[rows]


def _storable(values: Any) -> Any:
    """The values, as text where they are of several kinds and no file format could hold them."""
    column = pd.Series(values).infer_objects()
    return (column.map(str, na_action="ignore") if column.dtype == object else column).array
