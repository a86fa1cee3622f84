"""Many checkpoints against one reference -> Timeline: what the reference knows that each of them does not yet.

X is the reference, Y each checkpoint, as in the paper (RDC, section 4): "only in x" is what is still to be learnt,
"only in y" what will be given up. Any sequence works: epochs, layers against the last layer, versions, steps of
fine-tuning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from repdiff.clustering.tracking import follow_clusters
from repdiff.core.errors import InputError
from repdiff.core.memory import available_bytes
from repdiff.inputs import Items
from repdiff.inputs.names import check_different, names_of, naming_sides
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.inputs.predictions import check_same_items, with_predictions_of, within_of_pair
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import Comparison
from repdiff.results.timeline import Timeline, _label_column
from repdiff.settings import SeriesCall, Settings, takes
from repdiff.workflows.representation import representations_of, share_if_it_fits
from repdiff.workflows.scheduler import PairToCompare, compare_several

_SHARE_HELD = 1 / 8  # share of the memory limit for checkpoints that are read before their turn


@takes(SeriesCall)
def compare_series(call: SeriesCall) -> Timeline:
    """Compare every checkpoint with one reference, and follow the clusters from one to the next.

    Parameters
    ----------
    checkpoints : sequence of array_like (n, d), tables or paths; or mapping of name to these
        Embeddings of the same items, in order of time.
    reference : array_like (n, d), table or path
        What they are compared with, usually the last. Its neighbour ranks are computed once. It is x of every
        comparison: of a pair of metrics the first is the reference's.

    Returns
    -------
    Timeline
        Every comparison is what :func:`repdiff.compare` of the reference and that checkpoint gives.

    Raises
    ------
    RepdiffError
        For input that cannot be used, and for more memory than there is; before any work is done.
    """
    chosen, checkpoints, reference = Settings.of(call), call.checkpoints, call.reference
    data = list(checkpoints.values()) if isinstance(checkpoints, Mapping) else list(checkpoints)
    given = list(checkpoints) if isinstance(checkpoints, Mapping) and call.names is None else call.names
    called = names_in_series(data, reference, given, call.reference_name)

    def pair_at(step: int) -> EmbeddingPair:
        with naming_sides((called[-1], reference), (called[step], data[step])):
            pair = make_pair(
                reference, data[step], items=call.items, images=call.images, names=(called[-1], called[step]),
                label=call.label, image=call.image, text=call.text, metric=call.metric, match=call.match,
                within=within_of_pair(call.within, call.predictions), n_clusters=chosen.fewest_clusters,
            )  # fmt: skip
        return with_predictions_of(pair, call.predictions, called, (len(data), step), within=call.within)

    first, *held = _all_checked(pair_at, called[:-1], chosen)
    x, _ = representations_of(first, chosen)
    if len(data) > 1:
        share_if_it_fits([x], first, chosen)

    def pairs() -> Iterator[PairToCompare]:
        for step in range(len(data)):
            pair = first if step == 0 else held.pop(0) or pair_at(step)
            pair = replace(pair, x=x.values)  # the same values, held once
            yield PairToCompare(pair, (x, representations_of(pair, chosen)[1]), called[step])

    todo = pairs()
    comparisons = []
    for count in (1, len(data) - 1):  # the first computes what the others share
        comparisons += compare_several(islice(todo, count), chosen, count=count, shared=[x], progress=call.progress)
    return timeline_of(comparisons, description=call.description)


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
    """Every pair, made before any work is done, so that an error in the last is reported at once.

    The first is kept, and as many others as there is room for; None stands in for those that have to be read again.
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
    """Refuse columns with the names of columns in the timeline's table."""
    results = ["settled", *(_label_column(name, checkpoint) for name in DIRECTIONS for checkpoint in checkpoints)]
    taken = [name for name in results if name in items.frame]
    if taken:
        raise InputError(f"items: column {taken[0]!r} has a name that results use; rename it")
