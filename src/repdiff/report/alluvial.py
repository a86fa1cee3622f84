"""The history of one direction as an alluvial drawing: where its nodes and ribbons go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from repdiff.report.wording import formatting as words
from repdiff.report.wording.groups import numbers
from repdiff.report.wording.names import name_of
from repdiff.report.wording.tracks import letter
from repdiff.results.clusters import Direction
from repdiff.results.tracks import NO_CHANGE, Flow, History

HEIGHT = 420.0  # units of the drawing; a unit is a pixel on a wide screen
_GAP = 7.0
_NODE_WIDTH = 18.0
_LEAST_HEIGHT = 1.5
_ROOM = 1100.0  # width of the columns where they are few
_PITCH = (62.0, 376.0)  # least and largest distance of two columns
_LEAST_PITCH = 44.0  # pixels on a narrow screen, as in series.css
_CHARACTER = 7.5
_MARGIN = 34.0
_SWEEPS = 4


@dataclass(frozen=True)
class Node:
    """A group at a checkpoint, as a box.

    ``cluster`` is :data:`repdiff.results.tracks.NO_CHANGE` for all items of no change together, ``colour`` a place in
    the palette or None for grey, ``said`` what is read out of it.
    """

    step: int
    cluster: int
    size: int
    colour: int | None
    letter: str
    said: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Ribbon:
    """Items that go from one node to one of the next column, as a path."""

    flow: Flow
    colour: int | None
    tracks: tuple[int | None, int | None]
    path: str


@dataclass(frozen=True)
class Column:
    """A checkpoint: its name, as long as there is room for it here and on a narrow screen; the middle of its nodes."""

    step: int
    name: str
    short: str
    shortest: str
    x: float


@dataclass(frozen=True)
class Alluvial:
    """A drawing of one direction."""

    direction: str
    width: float
    columns: tuple[Column, ...]
    nodes: tuple[Node, ...]
    ribbons: tuple[Ribbon, ...]
    height: float = HEIGHT

    @property
    def top(self) -> float:
        """Where the highest column begins."""
        return min(node.y for node in self.nodes)


def alluvial(
    history: History, directions: Sequence[Direction], checkpoints: Sequence[str], colours: Sequence[int]
) -> Alluvial:
    """The drawing of one direction of a series.

    Parameters
    ----------
    history : History
        Its tracks and flows.
    directions : sequence of Direction
        Its clusters at each checkpoint.
    checkpoints : sequence of str
        Names.
    colours : sequence of int
        Place in the palette of each track.
    """
    pitch = float(np.clip(_ROOM / max(len(checkpoints) - 1, 1), *_PITCH))
    sizes = [_sizes(direction) for direction in directions]
    orders = _orders(history, sizes)
    scale = (HEIGHT - _GAP * (max(map(len, orders)) - 1)) / sum(sizes[0].values())
    nodes: dict[tuple[int, int], Node] = {}
    for step, order in enumerate(orders):
        heights = [max(sizes[step][cluster] * scale, _LEAST_HEIGHT) for cluster in order]
        top = HEIGHT - sum(heights) - _GAP * (len(order) - 1)  # all columns stand on one ground
        for cluster, height in zip(order, heights, strict=True):
            size, track = sizes[step][cluster], history.track_of[step].get(cluster)
            nodes[step, cluster] = Node(
                step, cluster, size, None if track is None else colours[track], "" if track is None else letter(track),
                _said(checkpoints[step], directions[step], cluster, size, track),
                round(_MARGIN + step * pitch - _NODE_WIDTH / 2, 1), round(top, 2), _NODE_WIDTH, round(height, 2),
            )  # fmt: skip
            top += height + _GAP
    short, shortest = (short_names(checkpoints, int(room / _CHARACTER)) for room in (pitch, _LEAST_PITCH))
    names = zip(checkpoints, short, shortest, strict=True)
    columns = (Column(step, *own, x=_MARGIN + step * pitch) for step, own in enumerate(names))
    return Alluvial(
        directions[0].name,
        2 * _MARGIN + pitch * (len(checkpoints) - 1),
        tuple(columns),
        tuple(nodes.values()),
        _ribbons(history, nodes, scale),
    )


def short_names(names: Sequence[str], longest: int) -> tuple[str, ...]:
    """Names that fit: without the words that all begin with, else cut in the middle."""
    if max(map(len, names)) > longest and len(names) > 1:
        split = [name.split(" ") for name in names]
        same = 0
        while all(len(parts) > same + 1 and parts[same] == split[0][same] for parts in split):
            same += 1
        names = [" ".join(parts[same:]) for parts in split]
    ends = max((longest - 1) // 2, 1)
    return tuple(name if len(name) <= longest else f"{name[:ends]}…{name[-ends:]}" for name in names)


def _sizes(direction: Direction) -> dict[int, int]:
    """Items of each group that has any; no change last."""
    sizes = {cluster.index: cluster.size for cluster in reversed(direction.difference_clusters)}
    unchanged = int(direction.no_change.sum())
    return {**sizes, NO_CHANGE: unchanged} if unchanged else sizes


def _orders(history: History, sizes: Sequence[dict[int, int]]) -> list[list[int]]:
    """Groups of each checkpoint from top to bottom, so that few ribbons cross; no change lies at the bottom.

    Each group goes to the mean place of those it exchanges items with, column by column, forth and back (the barycentre
    method; Sugiyama, Tagawa and Toda 1981).
    """
    places = [_placed(list(of)) for of in sizes]
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 0
        for step in range(1, len(sizes)) if forth else range(len(sizes) - 2, -1, -1):
            beside = places[step - 1 if forth else step + 1]
            pulls: dict[int, list[tuple[float, int]]] = {cluster: [] for cluster in sizes[step]}
            for flow in history.flows:
                if flow.step == (step - 1 if forth else step):
                    here, there = (flow.target, flow.source) if forth else (flow.source, flow.target)
                    pulls[here].append((beside[there], flow.count))
            middle = {cluster: _mean(pulls[cluster], places[step][cluster]) for cluster in sizes[step]}
            places[step] = _placed(sorted(sizes[step], key=lambda one: (one == NO_CHANGE, middle[one])))
    return [sorted(of, key=of.__getitem__) for of in places]


def _placed(order: list[int]) -> dict[int, float]:
    """Places between 0 and 1, so that columns of few and of many groups can be told side by side."""
    return {cluster: (place + 0.5) / len(order) for place, cluster in enumerate(order)}


def _mean(pulls: list[tuple[float, int]], otherwise: float) -> float:
    total = sum(count for _, count in pulls)
    return sum(place * count for place, count in pulls) / total if total else otherwise


def _ribbons(history: History, nodes: dict[tuple[int, int], Node], scale: float) -> tuple[Ribbon, ...]:
    """All flows; those from or to one node lie side by side in the order of their other ends."""

    def ends(flow: Flow) -> tuple[Node, Node]:
        return nodes[flow.step, flow.source], nodes[flow.step + 1, flow.target]

    used: dict[tuple[str, int, int], float] = {}
    starts: dict[Flow, float] = {}
    stops: dict[Flow, float] = {}
    for flow in sorted(history.flows, key=lambda flow: (flow.step, ends(flow)[0].y, ends(flow)[1].y)):
        for side, offsets, node in (("from", starts, ends(flow)[0]), ("to", stops, ends(flow)[1])):
            key = (side, node.step, node.cluster)
            offsets[flow] = node.y + used.get(key, 0.0)
            used[key] = used.get(key, 0.0) + flow.count * scale
    ribbons = []
    for flow in sorted(history.flows, key=lambda flow: (flow.step, -flow.count)):
        source, target = ends(flow)
        tracks = history.track_of[flow.step].get(flow.source), history.track_of[flow.step + 1].get(flow.target)
        colour = source.colour if source.colour is not None else target.colour
        path = _path(source.x + source.width, target.x, starts[flow], stops[flow], flow.count * scale)
        ribbons.append(Ribbon(flow, colour, tracks, path))
    return tuple(ribbons)


def _path(left: float, right: float, start: float, stop: float, height: float) -> str:
    middle = (left + right) / 2
    above = f"M{left:.1f} {start:.1f}C{middle:.1f} {start:.1f} {middle:.1f} {stop:.1f} {right:.1f} {stop:.1f}"
    start, stop = start + height, stop + height
    return f"{above}v{height:.2f}C{middle:.1f} {stop:.1f} {middle:.1f} {start:.1f} {left:.1f} {start:.1f}z"


def _said(checkpoint: str, direction: Direction, cluster: int, size: int, track: int | None) -> str:
    items = f"{words.plural(size, 'item')}, {words.percent(size / len(direction.labels))}"
    if track is None:
        return f"{checkpoint}: no change, {items}"
    found = direction.clusters[cluster]
    called = f"group {numbers(direction)[cluster]} ({letter(track)})"
    parts = (called, items, f"mean affinity {words.affinity(found.mean_affinity)}", name_of(found))
    return f"{checkpoint}: " + ", ".join(filter(None, parts))
