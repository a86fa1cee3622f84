"""All pairs of several representations -> ComparisonMatrix: how much each knows that each other does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations, islice

from repdiff.core.errors import InputError
from repdiff.inputs import Items
from repdiff.inputs.agreement import OF_ONE_PAIR, PREDICTED
from repdiff.inputs.names import names_of, naming_sides
from repdiff.inputs.pair import SAME_VALUES, EmbeddingPair, make_pair
from repdiff.inputs.predictions import check_same_items, with_predictions_of, within_of_pair
from repdiff.results.matrix import ComparisonMatrix
from repdiff.settings import MatrixCall, Settings, takes
from repdiff.workflows.engine import device_for
from repdiff.workflows.representation import ShownRepresentation, share_if_it_fits
from repdiff.workflows.scheduler import PairToCompare, compare_several


@takes(MatrixCall)
def compare_matrix(call: MatrixCall) -> ComparisonMatrix:
    """Compare every two of several representations; the neighbour ranks of each are computed once, where they fit.

    Parameters
    ----------
    representations : sequence of array_like (n, d), tables or paths; or mapping of name to these
        At least two, of the same items. Rows are matched with those of the first: by id, or by order.

    Returns
    -------
    ComparisonMatrix
        Every comparison is what :func:`repdiff.compare` of these two gives.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is.
    """
    chosen, representations = Settings.of(call), call.representations
    data = list(representations.values()) if isinstance(representations, Mapping) else list(representations)
    given = list(representations) if isinstance(representations, Mapping) and call.names is None else call.names
    called = names_of(data, given, what="representation")
    if len(data) < 2:
        raise InputError(f"a matrix needs at least two representations, but has {len(data)}")

    def pair_with_first(place: int) -> EmbeddingPair:
        with naming_sides((called[0], data[0]), (called[place], data[place])):
            return make_pair(
                data[0], data[place], items=call.items, images=call.images, names=(called[0], called[place]),
                label=call.label, image=call.image, text=call.text, metric=call.metric, match=call.match,
                within=within_of_pair(call.within, call.predictions), n_clusters=chosen.fewest_clusters,
            )  # fmt: skip

    with_first = _of_same_items([pair_with_first(place) for place in range(1, len(data))])
    pairs = [
        with_predictions_of(_pair_of(with_first, i, j), call.predictions, called, (i, j), within=call.within)
        for i, j in combinations(range(len(data)), 2)
    ]
    values = [pairs[0].x, *(pair.y for pair in with_first)]
    device = device_for(chosen)
    shown = [ShownRepresentation(one, call.metric, random_state=chosen.random_state, device=device) for one in values]
    share_if_it_fits(shown, pairs[0], chosen)
    todo = (
        PairToCompare(pair, (shown[i], shown[j]), " and ".join(pair.names))
        for (i, j), pair in zip(combinations(range(len(data)), 2), pairs, strict=True)
    )
    # What is shared of a representation may be completed by one comparison at a time: first that of the first two, then
    # one for each other.
    comparisons = []
    for count in (1, len(data) - 2, len(pairs) - len(data) + 1):
        comparisons += compare_several(islice(todo, count), chosen, count=count, shared=shown, progress=call.progress)
    return ComparisonMatrix(tuple(called), tuple(comparisons), call.description)


def _of_same_items(with_first: Sequence[EmbeddingPair]) -> list[EmbeddingPair]:
    """The pairs of the first with each other, checked to have the same items; the first is held in memory once."""
    known = with_first[0].items
    for pair in with_first[1:]:
        known = check_same_items(known, pair.items, pair.names[1])
    return [replace(pair, x=with_first[0].x) for pair in with_first]


def _pair_of(with_first: Sequence[EmbeddingPair], i: int, j: int) -> EmbeddingPair:
    """Representations i < j as a pair, combined from their pairs with the first."""
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
    """The items of a pair: its x has the predictions of the first pair's y, its y those of the second pair's."""
    told = {
        f"{what}_{side}": items.frame[f"{what}_y"]
        for side, items in (("x", first), ("y", second))
        for what in PREDICTED
        if f"{what}_y" in items.frame
    }
    rest = second.frame.drop(columns=list(OF_ONE_PAIR), errors="ignore")
    predicted = "prediction_x" if first.prediction_y is not None else None
    return replace(second, frame=rest.assign(**told), prediction_x=predicted)
