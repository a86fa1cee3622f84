"""All pairs of several representations -> ComparisonMatrix: how much each knows that each other does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from repdiff.clusters import Direction
from repdiff.comparison import Comparison
from repdiff.errors import InputError
from repdiff.io import Items
from repdiff.io.agreement import OF_ONE_PAIR, PREDICTED
from repdiff.metrics import Metric
from repdiff.naming import names_of, saying_which
from repdiff.pair import SAME_VALUES, EmbeddingPair, make_pair
from repdiff.predictions import check_same_items, with_predictions_of, within_of_pair
from repdiff.progress import Progress, silent
from repdiff.settings import Settings
from repdiff.several import PairOfSides, compare_several
from repdiff.sides import Side, room_for_ranks

if TYPE_CHECKING:
    from repdiff.io.images import Thumbnails

_MEASURES = ("strength", "share", "clusters")


@dataclass(frozen=True)
class ComparisonMatrix:
    """Every pair of K representations of the same items.

    Attributes
    ----------
    names : tuple of str, K of them
        What the representations are called.
    comparisons : tuple of Comparison, K (K - 1) / 2 of them
        In the order of ``itertools.combinations(range(K), 2)``; the first of a pair is x.
    description : str or None
        The user's words on what is compared.
    thumbnails : Thumbnails or None
        Small pictures of the items; None until they are made for a run or a report.
    """

    names: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    description: str | None = None
    thumbnails: Thumbnails | None = None

    @property
    def items(self) -> Items:
        """The table of the items."""
        return self.comparisons[0].items

    def comparison(self, one: str, other: str) -> Comparison:
        """The comparison of two, whichever of them is its x.

        Raises
        ------
        InputError
            For a name that is none of them, or the same twice.
        """
        for comparison in self.comparisons:
            if set(comparison.names) == {one, other}:
                return comparison
        raise InputError(f"there is no comparison of {one!r} and {other!r}; there are {', '.join(self.names)}")

    def direction(self, knows: str, lacks: str) -> Direction:
        """What one groups and another scatters."""
        comparison = self.comparison(knows, lacks)
        return comparison.x_only if comparison.names[0] == knows else comparison.y_only

    def to_frame(self) -> pd.DataFrame:
        """One row per ordered pair.

        Returns
        -------
        DataFrame
            ``knows`` groups what ``lacks`` scatters: ``strength``, the mean affinity of the clusters, weighted by
            their sizes (1: the two agree); ``share`` of items in difference clusters; ``clusters``, how many differ.
        """
        rows = []
        for comparison in self.comparisons:
            x, y = comparison.names
            for knows, lacks, direction in ((x, y, comparison.x_only), (y, x, comparison.y_only)):
                n = len(direction.labels)
                strength = sum(cluster.mean_affinity * cluster.size / n for cluster in direction.clusters)
                share = 1 - float(direction.no_change.mean())
                clusters = len(direction.difference_clusters)
                facts = {"strength": strength, "share": share, "clusters": clusters}
                rows.append({"knows": knows, "lacks": lacks, **facts})
        return pd.DataFrame(rows)

    def table(self, measure: str = "strength") -> pd.DataFrame:
        """One measure of :meth:`to_frame` as a K x K table: the row knows what the column lacks.

        Parameters
        ----------
        measure : {"strength", "share", "clusters"}
            Which; the diagonal is missing.

        Raises
        ------
        InputError
            For another measure.
        """
        if measure not in _MEASURES:
            raise InputError(f"measure must be one of {', '.join(_MEASURES)}, but is {measure!r}")
        wide = self.to_frame().pivot(index="knows", columns="lacks", values=measure)
        return wide.reindex(index=list(self.names), columns=list(self.names))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a directory of runs, whole or not at all; :func:`repdiff.load_matrix` reads it.

        Raises
        ------
        RunError
            Where the path is taken, or cannot be written.
        """
        from repdiff.matrix_run import write_matrix

        return write_matrix(self, path, overwrite=overwrite)


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
    description: str | None = None,
    progress: Progress = silent,
    **settings: Any,
) -> ComparisonMatrix:
    """Compare every two of several representations; the neighbour ranks of each are computed once, where they fit.

    Parameters
    ----------
    representations : sequence of array_like (n, d), tables or paths; or mapping of name to these
        At least two, of the same items. Rows are matched with those of the first: by id, or by order.
    items, images, label, image, text, metric, within, description, progress
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
                n_clusters=chosen.fewest_clusters,
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
