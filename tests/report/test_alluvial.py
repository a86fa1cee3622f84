from __future__ import annotations

import re
from itertools import pairwise

import pytest

from repdiff.report.alluvial import HEIGHT, Alluvial, alluvial, short_names
from repdiff.report.tracks import colours_of_tracks, letter
from repdiff.results.tracks import NO_CHANGE
from repdiff.store.series import SeriesRun


@pytest.fixture(scope="module", params=["x_only", "y_only"])
def direction(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def drawing(learning: SeriesRun, direction: str) -> Alluvial:
    timeline = learning.timeline
    history = getattr(timeline, direction)
    found = timeline.directions(direction)  # type: ignore[arg-type]
    return alluvial(history, found, timeline.checkpoints, colours_of_tracks(history.tracks))


def test_every_cluster_is_a_node_and_no_change_is_one(learning: SeriesRun, direction: str, drawing: Alluvial) -> None:
    for step, found in enumerate(learning.timeline.directions(direction)):  # type: ignore[arg-type]
        sizes = {node.cluster: node.size for node in drawing.nodes if node.step == step}
        expected = {cluster.index: cluster.size for cluster in found.difference_clusters}
        assert sizes == expected | {NO_CHANGE: int(found.no_change.sum())}


def test_nodes_are_as_high_as_they_have_items_and_columns_stand_on_one_ground(drawing: Alluvial) -> None:
    scales = [node.height / node.size for node in drawing.nodes if node.height > 2]
    assert scales == pytest.approx([scales[0]] * len(scales), rel=0.01)
    for column in drawing.columns:
        nodes = sorted((node for node in drawing.nodes if node.step == column.step), key=lambda node: node.y)
        assert nodes[-1].cluster == NO_CHANGE
        assert nodes[-1].y + nodes[-1].height == pytest.approx(HEIGHT, abs=0.05)
        assert all(upper.y + upper.height < lower.y for upper, lower in pairwise(nodes))
        assert [node.x + node.width / 2 for node in nodes] == pytest.approx([column.x] * len(nodes), abs=0.06)


def test_ribbons_are_the_flows_and_lie_within_their_nodes(
    learning: SeriesRun, direction: str, drawing: Alluvial
) -> None:
    history = getattr(learning.timeline, direction)
    assert sorted(map(str, (ribbon.flow for ribbon in drawing.ribbons))) == sorted(map(str, history.flows))
    at = {(node.step, node.cluster): node for node in drawing.nodes}
    for ribbon in drawing.ribbons:
        left, top, *_, stop = map(float, re.findall(r"[\d.]+", ribbon.path.partition("v")[0]))
        height = float(re.findall(r"v([\d.]+)", ribbon.path)[0])
        source, target = at[ribbon.flow.step, ribbon.flow.source], at[ribbon.flow.step + 1, ribbon.flow.target]
        assert left == pytest.approx(source.x + source.width, abs=0.06)
        for start, node in ((top, source), (stop, target)):
            assert node.y - 0.2 <= start
            assert start + height <= node.y + node.height + 0.2


def test_a_track_has_one_colour_and_no_change_none(learning: SeriesRun, direction: str, drawing: Alluvial) -> None:
    history = getattr(learning.timeline, direction)
    colours = colours_of_tracks(history.tracks)
    for node in drawing.nodes:
        track = history.track_of[node.step].get(node.cluster)
        assert node.colour == (None if track is None else colours[track])
        assert node.letter == ("" if track is None else letter(track))
        assert (": no change, " in node.said) == (node.cluster == NO_CHANGE)


@pytest.mark.parametrize(
    ("names", "longest", "short"),
    [
        (("epoch 1", "epoch 12"), 9, ("epoch 1", "epoch 12")),
        (("training epoch 1", "training epoch 12"), 9, ("1", "12")),
        (("a b", "a b c"), 4, ("b", "b c")),
        (("abcdefghijkl", "x"), 7, ("abc…jkl", "x")),
        (("one very long name",), 7, ("one…ame",)),
    ],
)
def test_names_are_cut_to_what_tells_them_apart(names: tuple[str, ...], longest: int, short: tuple[str, ...]) -> None:
    assert short_names(names, longest) == short
