"""Figures: what they show is what was computed, the same figure is the same file, and nothing global is touched."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from repdiff import (
    Comparison,
    MissingExtraError,
    RepdiffError,
    Timeline,
    compare,
    compare_series,
    plot_checkpoint,
    plot_comparison,
    plot_growth,
    save_figure,
)
from repdiff.report.palette import cluster_colours, no_change_colour
from repdiff.workflows.series import timeline_of

pytest.importorskip("matplotlib")

N, STAGES = 160, (0.0, 0.3, 0.7, 1.0)


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Timeline:
    """Four groups of pictures that are pulled apart; the last checkpoint is the reference."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(4), N // 4)
    noise, centres = rng.normal(size=(N, 6)), rng.normal(size=(4, 6)) * 8
    reference = noise + centres[group]
    checkpoints = [noise + centres[group] * stage + rng.normal(size=(N, 6)) * 3 * (1 - stage) for stage in STAGES]
    for row in range(N):
        Image.new("RGB", (12, 8), (60 * int(group[row]), 99, row)).save(folder / f"{row}.png")
    items = pd.DataFrame({"id": range(N), "image": [f"{row}.png" for row in range(N)], "group": group})
    said = [np.where(rng.random(N) < 0.5 + stage / 2.5, group, -1) for stage in (*STAGES, 1.0)]
    return compare_series(
        {f"epoch {place}": values for place, values in enumerate(checkpoints)}, reference, items=items, images=folder,
        image="image", label="group", predictions=said, reference_name="last", n_clusters=4,
    )  # fmt: skip


@pytest.fixture(scope="module")
def bare() -> Comparison:
    """A comparison without labels, predictions or pictures."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(80, 5)) + 9 * np.repeat(np.eye(5)[:4], 20, axis=0)
    return compare(x, rng.normal(size=(80, 3)), n_clusters=4)


def panels(figure) -> dict[str, object]:
    return {axes.get_title(loc="left"): axes for axes in figure.axes}


def drawn(axes, colour: str) -> list[tuple[float, float]]:
    """Points of the lines of one colour, gaps left out."""
    from matplotlib.colors import to_hex

    lines = [line for line in axes.lines if to_hex(line.get_color()) == colour and line.get_marker() != "None"]
    return [tuple(map(float, point)) for line in lines for point in line.get_xydata() if np.isfinite(point).all()]


@pytest.mark.parametrize("direction", ["x_only", "y_only"])
def test_growth_draws_the_numbers_of_its_table(learning, direction) -> None:
    found = panels(plot_growth(learning, direction=direction))
    rows = learning.growth().query("direction == @direction")
    lowest, others = rows[rows["group"] == "lowest"], rows[rows["group"] == "others"]
    titles = {
        "mean affinity": "mean_affinity",
        "size, items": "size",
        "accuracy of each checkpoint": "accuracy_y",
        "accuracy of last": "accuracy_x",
    }
    assert set(found) == set(titles)
    colour, other_colour = (colour.light for colour in cluster_colours(2))
    for title, measure in titles.items():
        axes = found[title]
        open_ones = lowest[~lowest["is_no_change"]]
        assert sorted(drawn(axes, colour)) == sorted(zip(open_ones["step"], open_ones[measure], strict=True))
        settled = lowest[lowest["is_no_change"]]
        assert set(drawn(axes, "#8d8b85")) >= set(zip(settled["step"], settled[measure], strict=True))
        assert drawn(axes, other_colour) == list(zip(others["step"], others[measure], strict=True))
        (band,) = axes.collections
        edges = band.get_paths()[0].vertices[:, 1]
        assert edges.min() == others[f"{measure}_min"].min()
        assert edges.max() == others[f"{measure}_max"].max()


def test_the_last_point_of_growth_is_the_reference_itself(learning) -> None:
    axes = panels(plot_growth(learning))["mean affinity"]
    last = float(len(STAGES) - 1)
    lowest, others = (colour.light for colour in cluster_colours(2))
    assert (last, 1.0) in drawn(axes, "#8d8b85")
    assert last not in {across for across, _ in drawn(axes, lowest) + drawn(axes, others)}


def test_without_predictions_there_is_no_panel_of_accuracy(bare) -> None:
    assert set(panels(plot_growth(timeline_of([bare, bare])))) == {"mean affinity", "size, items"}


def test_checkpoints_are_named_by_their_number_where_all_are_one_word_and_a_number(learning) -> None:
    axes = panels(plot_growth(learning, axis_label="epoch"))["mean affinity"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2", "3"]
    assert axes.get_xlabel() == "epoch"


def test_a_map_shows_every_item_in_the_colour_of_its_cluster(learning) -> None:
    from matplotlib.colors import to_hex

    figure = plot_checkpoint(learning, 0)
    comparison = learning.comparisons[0]
    left, right = (axes for axes in figure.axes if axes.collections)
    for axes, coordinates in ((left, comparison.projection.x), (right, comparison.projection.y)):
        points = axes.collections[0]
        order = np.lexsort(points.get_offsets().T)
        np.testing.assert_allclose(points.get_offsets()[order], coordinates[np.lexsort(coordinates.T)])
        labels = comparison.x_only.labels[np.lexsort(coordinates.T)]
        colours = np.array([to_hex(colour) for colour in points.get_facecolors()])[order]
        assert len(set(zip(labels.tolist(), colours, strict=True))) == len(set(labels.tolist()))


def test_collages_carry_pictures_and_the_accuracies(learning) -> None:
    comparison = learning.comparisons[0]
    strongest = comparison.x_only.clusters[-1]
    figure = plot_checkpoint(learning, "epoch 0", clusters=[strongest.index])
    (axes,) = (axes for axes in figure.axes if axes.images)
    assert len(axes.images) == len(strongest.representatives)
    first = np.asarray(axes.images[0].get_array())
    assert first.shape == (8, 12, 3)
    assert abs(int(first[0, 0, 2]) - int(strongest.representatives[0])) < 12  # WebP is not exact
    title = axes.get_title(loc="left")
    assert f"epoch 0: {100 * strongest.accuracy_y:.1f}\N{NO-BREAK SPACE}% right" in title
    assert f"last: {100 * strongest.accuracy_x:.1f}\N{NO-BREAK SPACE}% right" in title


def test_long_labels_and_names_stay_above_their_own_collage(bare) -> None:
    named = [replace(c, label_counts={"a label of many more words": 9, "and another": 8}) for c in bare.x_only.clusters]
    clusters = [replace(c, accuracy_x=0.5, accuracy_y=0.25) for c in named]
    long = replace(
        bare,
        names=("a model with quite a name", "ResNet-18 of a longer name"),
        x_only=replace(bare.x_only, clusters=clusters),
    )
    figure = plot_comparison(long, clusters=[0, 1, 2, 3, 3])
    figure.draw_without_rendering()
    titles = [axes._left_title for axes in figure.axes if axes.get_title(loc="left").count("\n") > 1]
    boxes = [title.get_window_extent() for title in titles]
    assert len(boxes) == 5
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))


def test_items_without_pictures_are_shown_as_text(bare) -> None:
    figure = plot_comparison(bare)
    words = [text.get_text() for axes in figure.axes for text in axes.texts]
    ids = bare.items.frame["id"].astype(str)
    strongest = bare.x_only.clusters[-1]
    assert "\n".join(ids.iloc[row] for row in strongest.representatives) in words


def test_names_are_shown_as_they_are(learning, tmp_path: Path) -> None:
    dear = replace(learning.comparisons[0], names=("$x_1$ " + "and more " * 12, "costs $5"))
    figure = plot_comparison(dear)
    headline = figure.get_suptitle().splitlines()
    assert len(headline) > 1
    assert max(map(len, headline)) < 100
    assert headline[0].startswith(r"\$x_1\$ and more")
    assert any(axes.get_title(loc="left").startswith(r"costs \$5: ") for axes in figure.axes)
    save_figure(figure, tmp_path / "figure.svg")
    long = replace(learning, checkpoints=("encoder.layer.10.output.dense", *learning.checkpoints[1:]))
    first = panels(plot_growth(long))["mean affinity"].get_xticklabels()[0]
    assert (first.get_text(), first.get_rotation()) == ("encoder.layer.10.…", 35)


def test_the_reference_against_itself_shows_one_grey_group(learning) -> None:
    from matplotlib.colors import to_hex

    figure = plot_checkpoint(learning, -1)
    colours = {to_hex(c) for axes in figure.axes for points in axes.collections for c in points.get_facecolors()}
    assert colours == {no_change_colour().light}
    assert figure.get_suptitle().startswith("Nothing differs: ")


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "webp"])
def test_the_same_figure_gives_the_same_bytes(learning, tmp_path: Path, suffix) -> None:
    paths = [save_figure(plot_checkpoint(learning, 1), tmp_path / f"{n}.{suffix}", dpi=50) for n in range(2)]
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"0.{suffix}", f"1.{suffix}"]


def test_mistakes_are_said(learning, tmp_path: Path) -> None:
    with pytest.raises(RepdiffError, match="no checkpoint 'epoch 9'; they are epoch 0, epoch 1"):
        plot_checkpoint(learning, "epoch 9")
    with pytest.raises(RepdiffError, match="no checkpoint 4; they are numbered 0 to 3"):
        plot_checkpoint(learning, 4)
    with pytest.raises(RepdiffError, match="no cluster 7; they are numbered 0 to 3"):
        plot_checkpoint(learning, 0, clusters=[7])
    with pytest.raises(RepdiffError, match="direction must be x_only or y_only"):
        plot_growth(learning, direction="both")
    with pytest.raises(RepdiffError, match=r"a figure is written as \.png, \.svg, \.pdf or \.webp"):
        save_figure(plot_growth(learning), tmp_path / "figure.bmp")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(RepdiffError, match="is a folder"):
        save_figure(plot_growth(learning), tmp_path / "folder.png")


def test_no_global_setting_and_no_pyplot(learning) -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    plot_growth(learning)
    assert dict(matplotlib.rcParams) == before
    code = "import sys, repdiff.report.figures; print({'matplotlib', 'matplotlib.pyplot'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.strip() == "set()"


def test_without_matplotlib_the_error_names_what_to_install(learning, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r'pip install "repdiff\[plot\]"'):
        plot_growth(learning)
