"""Maps of both representations and collages of representatives (RDC, Figure 2)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.inputs.images import make_thumbnails
from repdiff.report.figures.style import SOFT, checked, drawing, plain
from repdiff.report.palette import cluster_colours, no_change_colour
from repdiff.report.wording.findings import finding
from repdiff.report.wording.formatting import NBSP, affinity, percent, plural
from repdiff.report.wording.groups import in_order, numbers
from repdiff.report.wording.names import shown_name
from repdiff.results.clusters import DifferenceCluster, Direction, DirectionName
from repdiff.results.comparison import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, SubFigure

    from repdiff.results.timeline import Timeline

_MOST_VECTOR_POINTS = 4000  # above this, the points of a map become one bitmap in an SVG or PDF
_COLLAGES_IN_A_ROW = 5
_WORDS_ON_A_LINE, _NAME_ON_A_LINE, _HEADLINE = 28, 15, 95  # characters


def plot_checkpoint(
    timeline: Timeline,
    checkpoint: int | str,
    *,
    direction: DirectionName = "x_only",
    clusters: Sequence[int] | None = None,
) -> Figure:
    """Maps of one checkpoint and of the reference, and collages with accuracies in their titles (RDC, Figure 2).

    Parameters
    ----------
    timeline : Timeline
        What :func:`repdiff.compare_series` gives.
    checkpoint : int or str
        Which, by place or by name; -1 is the last.
    direction, clusters
        As in :func:`plot_comparison`.

    Raises
    ------
    RepdiffError
        Where there is no such checkpoint or cluster.
    MissingExtraError
        Without matplotlib.
    """
    called = list(timeline.checkpoints)
    if isinstance(checkpoint, str) and checkpoint not in called:
        raise RepdiffError(f"there is no checkpoint {checkpoint!r}; they are {', '.join(called)}")
    place = called.index(checkpoint) if isinstance(checkpoint, str) else checkpoint
    if not -len(called) <= place < len(called):
        raise RepdiffError(f"there is no checkpoint {place}; they are numbered 0 to {len(called) - 1}")
    return plot_comparison(timeline.comparisons[place], direction=direction, clusters=clusters)


def plot_comparison(
    comparison: Comparison, *, direction: DirectionName = "x_only", clusters: Sequence[int] | None = None
) -> Figure:
    """Both maps (principal components) coloured by cluster, and a collage of representatives for each of some clusters.

    Parameters
    ----------
    comparison : Comparison
        What :func:`repdiff.compare` gives. Items without images are shown as text.
    direction : {"x_only", "y_only"}
        Which clusters.
    clusters : sequence of int, optional
        Whose collages to show; by default the lowest and the four strongest.

    Raises
    ------
    RepdiffError
        Where there is no such cluster.
    MissingExtraError
        Without matplotlib.
    """
    found: Direction = getattr(comparison, checked(direction))
    shown = _chosen(found, clusters)
    colours = _colours(found)
    n_rows = -(-len(shown) // _COLLAGES_IN_A_ROW)
    with drawing("plot_comparison") as new_figure:
        figure: Figure = new_figure((10.0, 4.6 + 2.75 * n_rows))
        maps, collages = figure.subfigures(2, 1, squeeze=False, height_ratios=[4.4, 2.75 * n_rows]).ravel()
        _draw_maps(maps, comparison, found, colours)
        _draw_collages(collages, comparison, found, shown, colours)
        figure.suptitle(plain(_headline(comparison, found)), x=0.012, ha="left", fontsize=11)
    return figure


def _chosen(direction: Direction, clusters: Sequence[int] | None) -> list[DifferenceCluster]:
    count = len(direction.clusters)
    if clusters is None:
        clusters = sorted({0, *range(max(0, count - _COLLAGES_IN_A_ROW + 1), count)})
    for index in clusters:
        if not 0 <= index < count:
            raise RepdiffError(f"there is no cluster {index}; they are numbered 0 to {count - 1}")
    if not clusters:
        raise RepdiffError("clusters must name at least one cluster")
    return [direction.clusters[index] for index in clusters]


def _colours(direction: Direction) -> list[str]:
    """Colour of each cluster, by index, as on the page: the first group has the first hue, no change is grey."""
    ordered = in_order(direction)
    colours = {
        cluster.index: colour.light for cluster, colour in zip(ordered, cluster_colours(len(ordered)), strict=True)
    }
    return [colours.get(cluster.index, no_change_colour().light) for cluster in direction.clusters]


def _headline(comparison: Comparison, direction: Direction) -> str:
    sentence = finding(comparison, direction).plain.removesuffix(".")
    return "\n".join(wrap(sentence, _HEADLINE, break_on_hyphens=False))


def _draw_maps(figure: SubFigure, comparison: Comparison, direction: Direction, colours: list[str]) -> None:
    left, right = figure.subplots(1, 2)
    projection = comparison.projection
    sides = (
        (left, projection.x, projection.explained_x, comparison.names[0], comparison.accuracy_x),
        (right, projection.y, projection.explained_y, comparison.names[1], comparison.accuracy_y),
    )
    # Grey ones below, the others in an order independent of clusters, so that none covers the rest.
    order = np.random.default_rng(0).permutation(len(direction.labels))
    order = order[np.argsort(~direction.no_change[order], kind="stable")]
    points = np.array(colours)[direction.labels[order]]
    as_picture = len(order) > _MOST_VECTOR_POINTS
    size = float(np.clip(900 / len(order) ** 0.6, 2.5, 30))
    for axes, coordinates, explained, name, accuracy in sides:
        axes.scatter(*coordinates[order].T, c=points, s=size, alpha=0.8, linewidths=0, rasterized=as_picture)
        axes.set_title(plain(name) if accuracy is None else plain(name) + f": {100 * accuracy:.1f}{NBSP}% right")
        axes.set_xlabel(f"first component, {percent(explained[0])} of the variance", color=SOFT, fontsize=8)
        axes.set_ylabel(f"second component, {percent(explained[1])}", color=SOFT, fontsize=8)
        axes.set(xticks=[], yticks=[])


def _draw_collages(
    figure: SubFigure,
    comparison: Comparison,
    direction: Direction,
    clusters: list[DifferenceCluster],
    colours: list[str],
) -> None:
    n_rows, n_columns = -(-len(clusters) // _COLLAGES_IN_A_ROW), max(min(len(clusters), _COLLAGES_IN_A_ROW), 3)
    places = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    pictures = _pictures(comparison, clusters)
    for axes in places:
        axes.set_axis_off()
    numbered = numbers(direction)
    for axes, cluster in zip(places, clusters, strict=False):
        _draw_collage(axes, comparison, cluster, pictures)
        axes.set_title(
            plain(_caption(comparison, direction, cluster, numbered[cluster.index])),
            fontsize=8,
            linespacing=1.35,
            loc="left",
            pad=9,
        )
        axes.plot([0, 0.97], [1.02, 1.02], transform=axes.transAxes, color=colours[cluster.index], lw=4, clip_on=False)


def _caption(comparison: Comparison, direction: Direction, cluster: DifferenceCluster, number: int) -> str:
    kind = "no change" if cluster.is_no_change else f"group {number}"
    lines = [f"{kind}: {plural(cluster.size, 'item')}", f"affinity {affinity(cluster.mean_affinity)}"]
    if name := shown_name(comparison, direction.name, cluster):
        lines.append(_shortened(name))
    lines += [
        f"{_shortened(name, _NAME_ON_A_LINE)}: {100 * accuracy:.1f}{NBSP}% right"
        for name, accuracy in zip(comparison.names, (cluster.accuracy_x, cluster.accuracy_y), strict=True)
        if accuracy is not None
    ]
    return "\n".join(lines)


def _pictures(comparison: Comparison, clusters: list[DifferenceCluster]) -> dict[int, npt.NDArray[np.uint8]]:
    """Pictures of the representatives by row, as many as there are."""
    from PIL import Image

    wanted = np.unique(np.concatenate([cluster.representatives for cluster in clusters]))
    thumbnails = comparison.thumbnails
    if thumbnails is None:
        thumbnails = make_thumbnails(comparison.items, wanted)
    return {
        row: np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"))
        for row, webp in zip(thumbnails.rows.tolist(), thumbnails.images, strict=True)
        if row in set(wanted.tolist())
    }


def _draw_collage(
    axes: Axes, comparison: Comparison, cluster: DifferenceCluster, pictures: dict[int, npt.NDArray[np.uint8]]
) -> None:
    rows = cluster.representatives.tolist()
    shown = [row for row in rows if row in pictures]
    side = max(int(np.ceil(np.sqrt(len(shown)))), 3)
    axes.set(xlim=(0, side), ylim=(side, 0))
    if not shown:
        words = comparison.items.frame[comparison.items.text or "id"]
        lines = [_shortened(str(words.iloc[row])) for row in rows]
        axes.text(0, 0.15, plain("\n".join(lines)), fontsize=7.5, va="top", linespacing=1.5)
        return
    axes.set_aspect("equal", anchor="NW")
    for place, row in enumerate(shown):
        top, left = divmod(place, side)
        height, width = (0.94 * length / max(pictures[row].shape[:2]) for length in pictures[row].shape[:2])
        edges = (left + (1 - width) / 2, left + (1 + width) / 2, top + (1 + height) / 2, top + (1 - height) / 2)
        axes.imshow(pictures[row], extent=edges, interpolation="nearest")
    axes.set(xlim=(0, side), ylim=(side, 0))


def _shortened(text: str, longest: int = _WORDS_ON_A_LINE) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
