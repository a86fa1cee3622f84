"""The page as a reader uses it, in a real browser."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import (
    CLUSTERS,
    COLOURED,
    PALETTE,
    SELECTED,
    chromium,
    click,
    draw,
    errors,
    get,
    point_at,
    requests,
    scroll_to,
    turn_wheel,
    visit,
    wait,
    wear,
)
from report_runs import HOSTILE
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from repdiff.report import write_report
from repdiff.report.wording import formatting as words
from repdiff.report.wording.groups import all_in_order, numbers
from repdiff.store.run import Run

pytestmark = pytest.mark.browser

DIRECTIONS = "[...document.querySelectorAll('[data-direction]')].filter((part) => part.offsetParent)"
COLLAGES = "[...document.querySelectorAll('.collage img')].filter((image) => image.offsetParent)"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="session")
def browser(folder: Path) -> Iterator[Chrome]:
    with chromium(folder) as driver:
        yield driver


@pytest.fixture(scope="session")
def hostile(folder: Path, hostile_run: Run) -> Path:
    return write_report(hostile_run, folder / "hostile.html")


@pytest.fixture
def page(browser: Chrome, hostile: Path) -> Iterator[Chrome]:
    visit(browser, hostile)
    yield browser
    assert errors(browser) == []
    assert requests(browser) == [hostile.as_uri()]


def inside(points: np.ndarray, low: tuple[float, float], high: tuple[float, float]) -> list[int]:
    return np.flatnonzero(((points > low) & (points < high)).all(axis=1)).tolist()


def gap_between(values: np.ndarray, share: float) -> float:
    """A coordinate near a share of the items on which none of them lies."""
    ordered = np.sort(values)
    middle = np.arange(int(len(ordered) * (share - 0.1)), int(len(ordered) * (share + 0.1)))
    widest = middle[np.argmax(ordered[middle + 1] - ordered[middle])]
    return float(ordered[widest] + ordered[widest + 1]) / 2


def corners(points: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """A box from beyond the lower left corner of a map's items to their midst, its edges on none of them."""
    low, high = points.min(axis=0), points.max(axis=0)
    start = low - 0.03 * (high - low)
    return (float(start[0]), float(start[1])), (gap_between(points[:, 0], 0.5), gap_between(points[:, 1], 0.7))


def titles(browser: Chrome) -> str:
    return str(get(browser, "document.getElementById('gallery-title').textContent"))


@pytest.mark.parametrize("side", ["x", "y"])
def test_a_lasso_on_one_map_selects_the_same_items_on_the_other_and_fills_the_gallery(
    page: Chrome, hostile_run: Run, side: str
) -> None:
    points = getattr(hostile_run.comparison.projection, side)
    (left, bottom), (right, top) = corners(points)
    expected = inside(points, (left, bottom), (right, top))
    assert 20 < len(expected) < 300
    draw(page, side, [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)])
    wait(page, "document.querySelectorAll('#wall li').length > 0")
    for indices in get(page, SELECTED):
        assert sorted(indices) == expected
    assert titles(page) == f"{len(expected)} items selected"
    shown = [
        int(place) for place in get(page, "[...document.querySelectorAll('#wall li')].map((li) => li.dataset.item)")
    ]
    assert shown == expected[:60]
    if len(expected) > 60:
        click(page, "#show-more")
        assert len(page.find_elements(By.CSS_SELECTOR, "#wall li")) == min(180, len(expected))
    click(page, "#clear-selection")
    assert get(page, SELECTED) == [[], []]
    assert titles(page) == "Nothing selected"


def test_a_box_selects_too(page: Chrome, hostile_run: Run) -> None:
    points = hostile_run.comparison.projection.y
    low, high = corners(points)
    click(page, "[data-tool=box]")
    assert get(page, "document.querySelector('[data-tool=lasso]').getAttribute('aria-pressed')") == "false"
    draw(page, "y", [low, high])
    wait(page, "document.querySelectorAll('#wall li').length > 0")
    assert [sorted(indices) for indices in get(page, SELECTED)] == [inside(points, low, high)] * 2


def test_a_click_selects_one_item(page: Chrome, hostile_run: Run) -> None:
    place = _loneliest(hostile_run.comparison.projection.x)
    point = tuple(hostile_run.comparison.projection.x[place].tolist())
    draw(page, "x", [point])
    wait(page, "document.querySelectorAll('#wall li').length === 1")
    assert get(page, SELECTED) == [[place], [place]]


def test_maps_can_be_moved_and_zoomed_and_reset(page: Chrome, hostile_run: Run) -> None:
    points = hostile_run.comparison.projection.x
    middle, right = (tuple(map(float, points.mean(axis=0) + np.ptp(points, axis=0) * (share, 0))) for share in (0, 0.2))
    across = "[Bokeh.documents[0].roots()[0].x_range.start, Bokeh.documents[0].roots()[0].x_range.end]"
    whole = get(page, across)
    click(page, "[data-tool=pan]")
    draw(page, "x", [middle, right])
    moved = get(page, across)
    assert moved[0] < whole[0]
    assert moved[1] - moved[0] == pytest.approx(whole[1] - whole[0])
    assert get(page, SELECTED) == [[], []]
    click(page, "#reset-maps")
    assert get(page, across) == pytest.approx(whole)
    turn_wheel(page, "x", middle)
    assert get(page, across) == pytest.approx(whole)  # the page scrolls, the map stays
    click(page, "[data-tool=zoom]")
    turn_wheel(page, "x", middle)
    wait(page, f"{across}[0] > {whole[0]}")


def test_the_other_direction_swaps_words_cards_colours_and_tables(page: Chrome, hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    heading = "document.getElementById('clusters-title').innerText.replaceAll('\\u00a0', ' ').trim()"
    assert get(page, heading) == "Closer together in <u>x"
    assert get(page, CLUSTERS) == comparison.x_only.labels.tolist()
    page.find_element(By.CSS_SELECTOR, "input[value=y_only]").send_keys(Keys.SPACE)
    assert get(page, heading) == "Closer together in y & co"
    assert get(page, CLUSTERS) == comparison.y_only.labels.tolist()
    assert set(get(page, f"{DIRECTIONS}.map((part) => part.dataset.direction)")) == {"y_only"}
    assert get(page, "document.querySelector('[data-role=y]').textContent") == "closer together here"


def test_the_legend_shows_a_cluster_alone_in_both_maps_and_its_items_in_the_gallery(
    page: Chrome, hostile_run: Run
) -> None:
    cluster = hostile_run.comparison.x_only.clusters[-1]
    changed = np.flatnonzero(~hostile_run.comparison.x_only.no_change).tolist()
    assert get(page, COLOURED) == [changed, changed]
    key = page.find_element(By.CSS_SELECTOR, f".key[data-cluster='{cluster.index}']")
    key.send_keys(Keys.ENTER)
    assert key.get_attribute("aria-pressed") == "true"
    assert get(page, COLOURED) == [cluster.items.tolist()] * 2
    assert titles(page) == f"Group {numbers(hostile_run.comparison.x_only)[cluster.index]}: {cluster.size} items"
    click(page, "#show-all")
    assert get(page, COLOURED) == [changed, changed]
    click(page, f"article.card[data-cluster='{cluster.index}'] .figures")
    assert get(page, COLOURED) == [cluster.items.tolist()] * 2


def test_a_hostile_name_stays_text_in_hover_gallery_and_table(page: Chrome, hostile_run: Run) -> None:
    points = hostile_run.comparison.projection.x
    page.execute_script("document.querySelector('#items-table').open = true")
    point_at(page, "x", (float(points[0, 0]), float(points[0, 1])))
    wait(page, "!document.getElementById('hovercard').hidden")
    own = hostile_run.comparison.x_only.labels[0]
    click(page, f".key[data-cluster='{own}']")
    ids = get(page, "[...document.querySelectorAll('#wall b')].map((b) => b.textContent)")
    assert HOSTILE in ids
    wait(page, "document.querySelector('#items-table tbody th') !== null")
    assert get(page, "document.querySelector('#items-table tbody th').textContent") == HOSTILE
    assert get(page, "[...document.images].filter((i) => i.src && !i.src.startsWith('data:')).length") == 0
    assert get(page, "[...document.querySelectorAll('u, s, [onerror]')].length") == 0


def test_hover_shows_picture_id_label_and_cluster_and_rings_the_item_on_both_maps(
    page: Chrome, hostile_run: Run
) -> None:
    projection = hostile_run.comparison.projection
    place = _loneliest(projection.y)
    point_at(page, "y", (float(projection.y[place, 0]), float(projection.y[place, 1])))
    wait(page, "!document.getElementById('hovercard').hidden")
    text = get(page, "document.getElementById('hovercard').innerText")
    frame = hostile_run.comparison.items.frame
    assert frame["id"][place] in text
    assert frame["<i>kind"][place] in text
    direction = hostile_run.comparison.x_only
    assert f"group {numbers(direction)[direction.labels[place]]}" in text
    ring = get(page, "{...Bokeh.documents[0].roots()[0].renderers.find((r) => r.name === 'cursor').data_source.data}")
    assert ring["x1"] == pytest.approx([projection.x[place, 0]], abs=1e-4)
    assert ring["y2"] == pytest.approx([projection.y[place, 1]], abs=1e-4)


def test_arrow_keys_walk_over_a_map_and_enter_selects(page: Chrome) -> None:
    canvas = scroll_to(page, "#map-x")
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_UP)
    assert get(page, "!document.getElementById('hovercard').hidden")
    canvas.send_keys(Keys.ENTER)
    one, other = get(page, SELECTED)
    assert len(one) == 1
    assert one == other
    canvas.send_keys(Keys.ESCAPE)
    assert get(page, SELECTED) == [[], []]


def _download(browser: Chrome, button: str, path: Path) -> str:
    click(browser, f"#{button}")
    until = time.monotonic() + 15
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return path.read_bytes().decode("utf-8")


def test_downloads_hold_the_labels_and_no_formula(page: Chrome, folder: Path, hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    ids = comparison.items.frame["id"].tolist()
    rows = list(csv.DictReader(io.StringIO(_download(page, "download-csv", folder / "repdiff-labels.csv"))))
    told = json.loads(_download(page, "download-json", folder / "repdiff-labels.json"))
    assert [row["id"] for row in rows] == [ids[0], "'=cmd()", *ids[2:]]
    assert [entry["id"] for entry in told["items"]] == ids
    assert told["n_items"] == len(ids)
    assert told["is_sample"] is False
    for name in ("x_only", "y_only"):
        direction = getattr(comparison, name)
        assert [int(row[name]) for row in rows] == [entry[name] for entry in told["items"]] == direction.labels.tolist()
        flags = direction.no_change.tolist()
        assert [row[f"{name}_no_change"] == "true" for row in rows] == flags
        assert [entry[f"{name}_no_change"] for entry in told["items"]] == flags
    assert [row["label"] for row in rows] == comparison.items.frame["<i>kind"].tolist()
    assert [row["prediction_y"] for row in rows] == comparison.items.frame["says y"].tolist()
    coordinates = np.array([[float(row["x_component_1"]), float(row["x_component_2"])] for row in rows])
    np.testing.assert_allclose(coordinates, comparison.projection.x, rtol=1e-4, atol=1e-5)


def test_maps_follow_the_theme_when_it_changes(page: Chrome) -> None:
    light = get(page, PALETTE)
    wear(page, dark=True)
    wait(page, f"JSON.stringify({PALETTE}) !== {json.dumps(json.dumps(light, separators=(',', ':')))}")
    assert get(page, "getComputedStyle(document.documentElement).backgroundColor") == "rgb(19, 20, 22)"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen_and_pictures_are_not_stretched(
    browser: Chrome, hostile: Path, width: int
) -> None:
    visit(browser, hostile, width=width)
    assert get(browser, "document.documentElement.scrollWidth") <= width
    ratios = get(browser, f"{COLLAGES}.map((image) => image.clientWidth / image.clientHeight)")
    assert ratios
    assert ratios == pytest.approx([1.5] * len(ratios), rel=0.03)


@pytest.mark.parametrize("width", [1280, 390])
def test_the_figures_against_noise_are_seen_without_scrolling(browser: Chrome, hostile: Path, width: int) -> None:
    visit(browser, hostile, width=width)
    box = "[...document.querySelectorAll('#evidence .scroll')].find((one) => one.ariaLabel.startsWith('Against noise'))"
    assert get(browser, f"{box}.clientWidth > 0 && {box}.scrollWidth <= {box}.clientWidth")


def test_long_names_leave_the_bar_on_one_line_and_the_maps_side_by_side(
    browser: Chrome, folder: Path, hostile_run: Run
) -> None:
    names = ("a-model-of-a-very-long-name-" * 4, "another model, whose name is long as well, " * 2)
    long = replace(hostile_run, comparison=replace(hostile_run.comparison, names=names))
    visit(browser, write_report(long, folder / "long.html"))
    assert get(browser, "document.documentElement.scrollWidth") <= 1280
    assert get(browser, "document.querySelector('.bar').clientHeight") < 70
    top = "document.getElementById('map-{}').getBoundingClientRect().top"
    assert get(browser, top.format("x")) == pytest.approx(get(browser, top.format("y")), abs=1)


def test_the_mean_affinity_of_two_clusters_is_read_off_where_a_finger_touches(page: Chrome, hostile_run: Run) -> None:
    grid = "document.querySelector('.affinity:not([hidden]) .grid')"
    box = get(page, f"(({{ left, top }}) => [left, top])({grid}.getBoundingClientRect())")
    at = {"clientX": box[0] + 2, "clientY": box[1] + 2, "pointerType": "touch", "bubbles": True}
    page.execute_script(f"{grid}.dispatchEvent(new PointerEvent('pointerdown', arguments[0]))", at)
    strongest = hostile_run.comparison.x_only.clusters[-1]
    number = numbers(hostile_run.comparison.x_only)[strongest.index]
    assert get(page, "document.querySelector('.affinity:not([hidden]) .readout').textContent") == (
        f"Mean affinity within group {number}: {words.affinity(strongest.mean_affinity)}"
    )


def test_a_page_on_which_nothing_differs_works(browser: Chrome, folder: Path, same_run: Run) -> None:
    visit(browser, write_report(same_run, folder / "same.html"))
    assert "one and two arrange all 80 items alike." in get(browser, "document.querySelector('h1').innerText")
    click(browser, ".quiet-card")
    assert titles(browser) == f"Group 1: {all_in_order(same_run.comparison.x_only)[0].size} items"
    browser.find_element(By.CSS_SELECTOR, "input[value=y_only]").send_keys(Keys.SPACE)
    assert errors(browser) == []


def test_texts_are_shown_where_there_are_no_pictures(browser: Chrome, folder: Path, text_run: Run) -> None:
    visit(browser, write_report(text_run, folder / "text.html"), width=390)
    click(browser, ".key")
    assert "<em>" in get(browser, "document.querySelector('#wall .words').textContent")
    assert get(browser, "document.documentElement.scrollWidth") <= 390
    assert errors(browser) == []


def _loneliest(points: np.ndarray) -> int:
    apart = np.linalg.norm((points[:, None] - points[None]) / np.ptp(points, axis=0), axis=2) + 9 * np.eye(len(points))
    return int(np.argmax(apart.min(axis=1)))
