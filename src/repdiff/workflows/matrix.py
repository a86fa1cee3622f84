"""All pairs of several representations -> ComparisonMatrix: how much each knows that each other does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repdiff.core.errors import InputError
from repdiff.core.metrics import Metric
from repdiff.core.progress import Progress, silent
from repdiff.inputs import Items
from repdiff.inputs.agreement import OF_ONE_PAIR, PREDICTED
from repdiff.inputs.names import names_of, saying_which
from repdiff.inputs.pair import SAME_VALUES, EmbeddingPair, make_pair
from repdiff.inputs.predictions import check_same_items, with_predictions_of, within_of_pair
from repdiff.settings import Settings
from repdiff.workflows.representation import Side, room_for_ranks
from repdiff.workflows.scheduler import PairOfSides, compare_several

if TYPE_CHECKING:
    pass
from repdiff.results.matrix import ComparisonMatrix


def compare_matrix(
    representations: Sequence[Any] | Mapping[str, Any],
    *,
    items: Any = None,
    images: str | Path | None = None,
    names: Sequence[str] | None = None,
    label: str | None = None,
    predictions: Sequence[Any] | None = None,
    image: str | None = None,
    text: str | None = None,
    metric: Metric = "euclidean",
    within: str | None = None,
    match: str = "auto",
    description: str | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> ComparisonMatrix:
    """Compare every two of several representations; the neighbour ranks of each are computed once, where they fit.

    Parameters
    ----------
    representations : sequence of array_like (n, d), tables or paths; or mapping of name to these
        At least two, of the same items. Rows are matched with those of the first: by id, or by order.
    items, images, label, image, text, metric, within, match, description, progress
        As in :func:`repdiff.compare`.
    names : sequence of str, optional
        How to call them; the names of the files by default.
    predictions : sequence of str or of array_like (n,), K of them, optional
        What each predicts: columns of ``items``, or values in the order of the rows of the first.
    **settings
        As in :func:`repdiff.compare_series`.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is.
    """
    chosen = Settings(**settings)
    data = list(representations.values()) if isinstance(representations, Mapping) else list(representations)
    given = list(representations) if isinstance(representations, Mapping) and names is None else names
    called = names_of(data, given, what="representation")
    if len(data) < 2:
        raise InputError(f"a matrix needs at least two representations, but has {len(data)}")

    def pair_with_first(place: int) -> EmbeddingPair:
        with saying_which((called[0], data[0]), (called[place], data[place])):
            return make_pair(
                data[0], data[place], items=items, images=images, names=(called[0], called[place]), label=label,
                image=image, text=text, metric=metric, within=within_of_pair(within, predictions),
                match=match, n_clusters=chosen.fewest_clusters,
            )  # fmt: skip

    with_first = _of_same_items([pair_with_first(place) for place in range(1, len(data))])
    pairs = [
        with_predictions_of(_pair_of(with_first, i, j), predictions, called, (i, j), within=within)
        for i, j in combinations(range(len(data)), 2)
    ]
    fits = room_for_ranks(pairs[0], chosen, n_sides=len(data))
    values = [pairs[0].x, *(pair.y for pair in with_first)]
    sides = [Side(one, metric, keep_ranks=fits, random_state=chosen.random_state) for one in values]
    todo = (
        PairOfSides(pair, (sides[i], sides[j]), " and ".join(pair.names))
        for (i, j), pair in zip(combinations(range(len(data)), 2), pairs, strict=True)
    )
    # No two comparisons at a time may compute the same ranks: those of the first side, then those of all others.
    comparisons = []
    for count in (1, len(data) - 2, len(pairs) - len(data) + 1):
        comparisons += compare_several(islice(todo, count), chosen, count=count, shared=sides, progress=progress)
    return ComparisonMatrix(tuple(called), tuple(comparisons), description)


def _of_same_items(with_first: Sequence[EmbeddingPair]) -> list[EmbeddingPair]:
    """The pairs of the first with each other, whose rows must be the same items throughout; the first is held once."""
    known = with_first[0].items
    for pair in with_first[1:]:
        known = check_same_items(known, pair.items, pair.names[1])
    return [replace(pair, x=with_first[0].x) for pair in with_first]


def _pair_of(with_first: Sequence[EmbeddingPair], i: int, j: int) -> EmbeddingPair:
    """Representations i < j as a pair, put together from their pairs with the first."""
    second = with_first[j - 1]
    if i == 0:
        return second
    first = with_first[i - 1]
    sha256 = (first.sha256[1], second.sha256[1])
    told = [word for word in (*first.warnings, *second.warnings) if word != SAME_VALUES]
    return replace(
        second,
        x=first.y,
        items=_items_of(first.items, second.items),
        names=(first.names[1], second.names[1]),
        sources=(first.sources[1], second.sources[1]),
        sha256=sha256,
        matched_by="id" if first.matched_by == second.matched_by == "id" else "order",
        matching={**second.matching, "x": first.matching["y"]},
        encodings=replace(second.encodings, x=first.encodings.y),
        warnings=tuple(dict.fromkeys((*told, *[SAME_VALUES] * (sha256[0] == sha256[1])))),
    )


def _items_of(first: Items, second: Items) -> Items:
    """The items of a pair: what its x predicts is what the y of the first pair does, its y that of the second."""
    told = {
        f"{what}_{side}": items.frame[f"{what}_y"]
        for side, items in (("x", first), ("y", second))
        for what in PREDICTED
        if f"{what}_y" in items.frame
    }
    rest = second.frame.drop(columns=list(OF_ONE_PAIR), errors="ignore")
    predicted = "prediction_x" if first.prediction_y is not None else None
    return replace(second, frame=rest.assign(**told), prediction_x=predicted)
