"""What each of several representations predicts -> the predictions of a pair of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from repdiff.errors import InputError
from repdiff.pair import EmbeddingPair


def with_predictions_of(
    pair: EmbeddingPair, predictions: Sequence[Any] | None, called: Sequence[str], places: tuple[int, int]
) -> EmbeddingPair:
    """The pair, whose items tell what its x and its y predict.

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

    Raises
    ------
    InputError
        Where predictions are missing, or fit no item.
    """
    if predictions is None:
        return pair
    if len(predictions) != len(called):
        raise InputError(
            f"predictions must be one for each of {', '.join(called)}, in this order, but are {len(predictions)}"
        )
    items, columns = pair.items, []
    for place in places:
        given = predictions[place]
        if isinstance(given, str):
            if given not in items.frame:
                known = ", ".join(map(str, items.frame.columns))
                raise InputError(f"predictions: the items have no column {given!r}; they have {known}")
            columns.append(given)
            continue
        values = np.asarray(given)
        if values.shape != (pair.n,):
            raise InputError(
                f"predictions of {called[place]} have shape {values.shape}, but there are {pair.n:,} items"
            )
        columns.append(f"prediction of {called[place]}")
        items = replace(items, frame=items.frame.assign(**{columns[-1]: values}))
    return replace(pair, items=replace(items, prediction_x=columns[0], prediction_y=columns[1]))
