"""Subject -> what the template shows, with every decision made and every figure formatted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from repdiff.report import matrix
from repdiff.report.belief import Belief, belief, evidence_tables
from repdiff.report.closer import name_column
from repdiff.report.payload import column_text, shortened
from repdiff.report.shown_items import ShownItems
from repdiff.report.subject import Fate, Frame, Subject
from repdiff.report.tables import Table, direction_tables
from repdiff.report.wording import formatting as words
from repdiff.report.wording.choice import chosen_in_short, why_so_many
from repdiff.report.wording.findings import finding, holder_and_other, makeup, nothing_differs
from repdiff.report.wording.groups import all_in_order, numbers
from repdiff.report.wording.names import shown_name
from repdiff.results.annotations import ClusterNote
from repdiff.results.clusters import DifferenceCluster, Direction
from repdiff.results.comparison import Comparison

_MOST_LABELS_ON_A_CARD = 3
_CHOSEN = {  # by kind of representatives
    "typical": "belong together most",
    "spread": "differ most among themselves, so that its whole range is seen",
    "border": "lie at its edge",
}
_SMALL_PICTURE = 32  # pixels; a smaller one is shown with hard edges, since blur would hide what it is


@dataclass(frozen=True)
class Tile:
    """One representative in a collage.

    ``place`` is the item's place on the page, ``called`` its name or id, ``ratio`` width by height (1 without a
    picture).
    """

    place: int
    called: str
    label: str
    text: str
    ratio: float
    has_picture: bool
    is_small: bool


@dataclass(frozen=True)
class LabelShare:
    """A label and its share of a cluster, in [0, 1]."""

    label: str
    share: float


@dataclass(frozen=True)
class Accuracy:
    """Share of right predictions of one model in a cluster, beside that over all items."""

    name: str
    share: float | None
    overall: float


@dataclass(frozen=True)
class Card:
    """A cluster as its card, legend entry and bar show it.

    ``number`` is its number, 1 for the first, ``index`` its key in the data, ``called`` what tells it apart. ``colour``
    is its place in the palette, None for no change; ``bar`` the end of its bar, in [0, 1]; ``fate`` its place in a
    series; ``belief`` what the evidence says of it; ``said`` what people say of it.
    """

    index: int
    number: int
    colour: int | None
    size: int
    share: float
    mean_affinity: float
    mean_error: float
    bar: float
    called: str
    makeup: str
    labels: tuple[LabelShare, ...]
    accuracies: tuple[Accuracy, ...]
    rows: tuple[tuple[Tile, ...], ...]
    fate: Fate | None = None
    belief: Belief | None = None
    said: ClusterNote | None = None

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """All representatives, best first."""
        return tuple(tile for row in self.rows for tile in row)


@dataclass(frozen=True)
class Bars:
    """The scale of the bars of mean affinity; positions in [0, 1]."""

    one: float
    threshold: float
    ticks: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class DirectionView:
    """One direction of one frame; ``reading`` says what is on its cards, ``chosen`` why so many clusters."""

    frame: int
    name: str
    holder: str
    other: str
    finding: words.Sentence
    nothing_differs: bool
    reading: str
    changed: tuple[Card, ...]
    unchanged: tuple[Card, ...]
    bars: Bars
    matrix: matrix.MatrixPicture
    matrix_ticks: tuple[tuple[str, float], ...]
    tables: tuple[Table, ...]
    evidence: tuple[Table, ...] = ()
    chosen: str = ""
    chosen_in_short: str = ""

    @property
    def cards(self) -> tuple[Card, ...]:
        """All clusters, in the order of their numbers."""
        return (*self.changed, *self.unchanged)

    @property
    def unchanged_items(self) -> int:
        """Items in no-change clusters."""
        return sum(card.size for card in self.unchanged)

    @property
    def unchanged_share(self) -> float:
        """Their share of all items, in [0, 1]."""
        return sum(card.share for card in self.unchanged)


def direction_views(subject: Subject, shown_items: ShownItems) -> tuple[DirectionView, ...]:
    """What the page shows of both directions of every frame."""
    tiles = _Tiles(subject, shown_items)
    return tuple(
        _direction_view(index, frame, direction, tiles)
        for index, frame in enumerate(subject.frames)
        for direction in frame.directions
    )


def _direction_view(index: int, frame: Frame, direction: Direction, tiles: _Tiles) -> DirectionView:
    comparison = frame.comparison
    holder, other = holder_and_other(comparison, direction.name)
    threshold, number = threshold_of(comparison), comparison.chosen.get(direction.name)
    scale = matrix.bar_scale(direction, threshold)
    cards = [_card(frame, direction, cluster, scale, tiles) for cluster in all_in_order(direction)]
    picture = matrix.picture(direction.affinity_map)
    colours = matrix.Scale(1 / picture.bound, picture.bound)
    return DirectionView(
        frame=index,
        name=direction.name,
        holder=holder,
        other=other,
        finding=finding(comparison, direction),
        nothing_differs=nothing_differs(comparison),
        reading=_reading(comparison, cards),
        changed=tuple(card for card in cards if card.colour is not None),
        unchanged=tuple(card for card in cards if card.colour is None),
        bars=Bars(scale.position(1.0), scale.position(threshold), _ticks(scale, 5)),
        matrix=picture,
        matrix_ticks=_ticks(colours, 5),
        tables=direction_tables(comparison, direction),
        evidence=evidence_tables(comparison, direction),
        chosen="" if number is None else f"{words.plural(number.n, 'cluster')}: {why_so_many(number)}",
        chosen_in_short="" if number is None else chosen_in_short(number),
    )


def _reading(comparison: Comparison, cards: list[Card]) -> str:
    """What a card shows, in words."""
    chosen = _CHOSEN[str(comparison.provenance.parameters.get("representatives", "typical"))]
    parts = [f"Each card shows the items of its cluster that {chosen}."]
    if any(card.labels for card in cards):
        parts.append("The coloured bars are its most frequent labels, as a share of its items.")
    if any(card.accuracies for card in cards):
        parts.append("The dark bars say on how many of its items a model is right; the tick, on how many of all items.")
    return " ".join(parts)


def bounds_text(comparison: Comparison) -> tuple[str, str]:
    """The least and the largest affinity that there can be."""
    beta = float(comparison.provenance.parameters["beta"])
    return words.affinity(math.exp(-beta)), words.affinity(math.exp(beta))


def collage_rows(tiles: tuple[Tile, ...]) -> tuple[tuple[Tile, ...], ...]:
    """Tiles in rows of about equal count, as many rows as make the whole about square."""
    if not tiles:
        return ()
    mean_ratio = float(np.mean([tile.ratio for tile in tiles]))
    count = min(max(round(float(np.sqrt(len(tiles) * mean_ratio))), 1), len(tiles))
    return tuple(tuple(tiles[place] for place in part) for part in np.array_split(np.arange(len(tiles)), count))


def threshold_text(comparison: Comparison) -> str:
    """The no-change threshold as a person writes it: ``1.5``."""
    return f"{threshold_of(comparison):g}"


def facts(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """The figures of the page's head: name and value."""
    x, y = comparison.names
    found = [(name, len(d.difference_clusters)) for name, d in ((x, comparison.x_only), (y, comparison.y_only))]
    accuracies = [(x, comparison.accuracy_x), (y, comparison.accuracy_y)]
    return (
        ("items", words.number(len(comparison.items.frame))),
        *((f"groups closer in {name}", words.number(count)) for name, count in found),
        *((f"accuracy of {name}", words.percent(share)) for name, share in accuracies if share is not None),
    )


def threshold_of(comparison: Comparison) -> float:
    """The mean affinity below which a cluster counts as no change."""
    return float(comparison.provenance.parameters["no_change_threshold"])


def _ticks(scale: matrix.Scale, most: int) -> tuple[tuple[str, float], ...]:
    """Round values on a scale, thinned evenly outwards from 1 until few enough."""
    ticks = scale.ticks
    one = ticks.index(1.0)
    step = -(-len(ticks) // most)
    return tuple((f"{tick:g}", scale.position(tick)) for place, tick in enumerate(ticks) if (place - one) % step == 0)


class _Tiles:
    """Representatives as tiles."""

    def __init__(self, subject: Subject, shown_items: ShownItems) -> None:
        self._items, self._shown_items = subject.first.items, shown_items
        thumbnails = subject.thumbnails
        self._sizes = {
            int(row): (int(width), int(height))
            for row, width, height in zip(thumbnails.rows, thumbnails.widths, thumbnails.heights, strict=True)
        }

    def of(self, cluster: DifferenceCluster) -> tuple[Tile, ...]:
        rows = cluster.representatives
        frame = self._items.frame.iloc[rows]
        blank = [""] * len(rows)
        label, text = self._items.label, self._items.text
        labels = blank if label is None else column_text(frame[label])
        texts = blank if text is None else [shortened(entry) for entry in column_text(frame[text])]
        ids, own = column_text(frame["id"]), name_column(self._items)
        names = ids if own is None else [name or id_ for name, id_ in zip(column_text(frame[own]), ids, strict=True)]
        tiles = []
        for row, place, name, its_label, its_text in zip(
            rows.tolist(), self._shown_items.places(rows).tolist(), names, labels, texts, strict=True
        ):
            width, height = self._sizes.get(row, (1, 1))
            small = max(width, height) < _SMALL_PICTURE
            tiles.append(Tile(place, name, its_label, its_text, width / height, row in self._sizes, small))
        return tuple(tiles)


def _card(frame: Frame, direction: Direction, cluster: DifferenceCluster, scale: matrix.Scale, tiles: _Tiles) -> Card:
    comparison = frame.comparison
    known = sum(cluster.label_counts.values())
    top = list(cluster.label_counts.items())[:_MOST_LABELS_ON_A_CARD]
    outcomes = (
        (comparison.names[0], cluster.accuracy_x, comparison.accuracy_x),
        (comparison.names[1], cluster.accuracy_y, comparison.accuracy_y),
    )
    return Card(
        index=cluster.index,
        number=numbers(direction)[cluster.index],
        colour=frame.places[direction.name][cluster.index],
        size=cluster.size,
        share=cluster.size / len(comparison.items.frame),
        mean_affinity=cluster.mean_affinity,
        mean_error=cluster.mean_error,
        bar=scale.position(cluster.mean_affinity),
        called=shown_name(comparison, direction.name, cluster),
        makeup=makeup(cluster.label_counts),
        labels=tuple(LabelShare(label, count / known) for label, count in top),
        accuracies=tuple(Accuracy(name, share, overall) for name, share, overall in outcomes if overall is not None),
        rows=collage_rows(tiles.of(cluster)),
        fate=frame.fates.get(direction.name, {}).get(cluster.index),
        belief=belief(comparison, direction.name, cluster),
        said=comparison.annotations.of(direction.name, cluster.index),
    )
