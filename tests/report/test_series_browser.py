"""The page of a series as a reader uses it, in a real browser."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import CLUSTERS, COLOURED, chromium, click, errors, get, point_at, requests, scroll_to, visit, wait, wear
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from series_runs import CHECKPOINTS, series_run

from repdiff.report import write_series_report
from repdiff.report.series_page import series_subject
from repdiff.report.wording.groups import numbers
from repdiff.store.series import SeriesRun
from repdiff.workflows.series import compare_series, timeline_of

pytestmark = pytest.mark.browser

NAME = "document.querySelector('#checkpoint-name b').textContent"
CARDS = "[...document.querySelectorAll('article.card, .quiet-card')].filter((card) => card.offsetParent)"
MAP_OF_Y = "Bokeh.documents[0].roots()[1]"
LINES = "Bokeh.documents[1].roots()"
POINT_OF_CHART = """
const figure = Bokeh.documents[1].roots().find((root) => root.name === arguments[0]);
document.getElementById(figure.name).scrollIntoView({ block: "center" });
const { el, frame } = Bokeh.index.get(figure);
const canvas = el.getBoundingClientRect();
const { start, end } = figure.x_range;
return [canvas.left + frame.bbox.left + (arguments[1] - start) / (end - start) * frame.bbox.width,
  canvas.top + frame.bbox.top + frame.bbox.height / 2];
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("series-browser")


@pytest.fixture(scope="module")
def browser(folder: Path) -> Iterator[Chrome]:
    with chromium(folder) as driver:
        yield driver


@pytest.fixture(scope="module")
def report(folder: Path, learning: SeriesRun) -> Path:
    return write_series_report(learning, folder / "series.html")


@pytest.fixture
def page(browser: Chrome, report: Path) -> Iterator[Chrome]:
    visit(browser, report)
    yield browser
    assert errors(browser) == []
    assert requests(browser) == [report.as_uri()]


def slide(browser: Chrome, *keys: str) -> None:
    scroll_to(browser, "#checkpoint").send_keys(*keys)


def node(direction: str, step: int, cluster: int) -> str:
    return f".alluvial[data-direction={direction}] .node[data-step='{step}'][data-group='{cluster}']"


def point_at_chart(browser: Chrome, name: str, step: float, *, press: bool = False) -> None:
    x, y = browser.execute_script(POINT_OF_CHART, name, step)
    chain = ActionChains(browser, duration=20)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(round(x) - 2, round(y)).move_to_location(round(x), round(y))
    if press:
        pointer.pointer_down().pointer_up()
    chain.perform()


def test_the_slider_moves_maps_cards_and_words(page: Chrome, learning: SeriesRun) -> None:
    frames = series_subject(learning).frames
    for step, frame in enumerate(frames):
        assert get(page, NAME) == CHECKPOINTS[step]
        direction = frame.comparison.x_only
        assert get(page, CLUSTERS) == direction.labels.tolist()
        shown = [int(index) for index in get(page, f"{CARDS}.map((card) => card.dataset.cluster)")]
        assert shown == [cluster.index for cluster in reversed(direction.clusters)]
        assert set(get(page, f"{CARDS}.map((card) => card.closest('[data-frame]').dataset.frame)")) == {str(step)}
        assert get(page, f"{CARDS}.flatMap((c) => [...c.querySelectorAll('img')]).every((image) => image.src)")
        at = frame.comparison.projection.y[7]
        assert get(page, f"{MAP_OF_Y}.renderers[0].data_source.data.y1[7]") == pytest.approx(float(at[0]), abs=1e-4)
        low, high = get(page, f"[{MAP_OF_Y}.x_range.start, {MAP_OF_Y}.x_range.end]")
        assert low < frame.comparison.projection.y[:, 0].min()
        assert high > frame.comparison.projection.y[:, 0].max()
        slide(page, Keys.ARROW_RIGHT)
    assert get(page, NAME) == CHECKPOINTS[-1]
    slide(page, Keys.HOME)
    assert get(page, NAME) == CHECKPOINTS[0]
    assert (
        get(page, "document.getElementById('checkpoint').getAttribute('aria-valuetext')") == f"{CHECKPOINTS[0]}, 1 of 4"
    )


def test_steps_and_play_go_from_checkpoint_to_checkpoint(page: Chrome) -> None:
    assert get(page, "document.querySelector('[data-go=\"-1\"]').disabled")
    click(page, "[data-go='1']")
    assert get(page, NAME) == CHECKPOINTS[1]
    click(page, "#play")
    assert get(page, NAME) == CHECKPOINTS[2]
    wait(page, f"{NAME} === '{CHECKPOINTS[3]}'")
    wait(page, "document.getElementById('play').getAttribute('aria-pressed') === 'false'")
    assert get(page, "document.querySelector('[data-go=\"1\"]').disabled")


def test_the_other_direction_has_its_own_drawing_and_figure(page: Chrome, learning: SeriesRun) -> None:
    page.find_element(By.CSS_SELECTOR, "input[value=y_only]").send_keys(Keys.SPACE)
    seen = "[...document.querySelectorAll('.alluvial')].filter((part) => part.offsetParent)"
    assert get(page, f"{seen}.map((part) => part.dataset.direction)") == ["y_only"]
    assert get(page, "document.querySelector('h1').innerText").strip().startswith("<b>first keeps ")
    lowest = [direction.clusters[0].size for direction in learning.timeline.directions("y_only")]
    dots = "renderers.find((renderer) => renderer.name === 'lowest size dots').data_source.data.value"
    assert get(page, f"Array.from({LINES}[1].{dots})") == pytest.approx(lowest)


def test_a_box_of_the_drawing_goes_to_its_checkpoint_and_shows_its_cluster_alone(
    page: Chrome, learning: SeriesRun
) -> None:
    direction = learning.timeline.comparisons[2].x_only
    cluster = direction.clusters[-1]
    click(page, node("x_only", 2, cluster.index))
    assert get(page, NAME) == CHECKPOINTS[2]
    assert get(page, COLOURED) == [cluster.items.tolist()] * 2
    assert get(page, "document.getElementById('gallery-title').textContent") == (
        f"Group {numbers(learning.timeline.comparisons[2].x_only)[cluster.index]}: {cluster.size} items"
    )
    pressed = [n.get_attribute("aria-label") for n in page.find_elements(By.CSS_SELECTOR, ".node[aria-pressed=true]")]
    assert len(pressed) == 1
    assert pressed[0].startswith(f"{CHECKPOINTS[2]}: group {numbers(direction)[cluster.index]} (")
    click(page, node("x_only", 1, -1))
    assert get(page, NAME) == CHECKPOINTS[1]
    assert get(page, "document.getElementById('show-all').hidden")
    click(page, ".alluvial[data-direction=x_only] .column[data-step='3'] text")
    assert get(page, NAME) == CHECKPOINTS[3]


def test_a_cluster_seen_alone_stays_so_while_its_track_goes_on(page: Chrome, learning: SeriesRun) -> None:
    history = learning.timeline.x_only
    long = next(track for track in history.tracks if len(track.clusters) == 4)
    short = next(track for track in history.tracks if track.first == 0 and len(track.clusters) == 2)
    for track in (long, short):
        slide(page, Keys.HOME)
        click(page, node("x_only", 0, track.clusters[0]))
        for step in range(1, 4):
            slide(page, Keys.ARROW_RIGHT)
            goes_on = step < len(track.clusters)
            assert get(page, "document.getElementById('show-all').hidden") is not goes_on
            if goes_on:
                number = numbers(learning.timeline.comparisons[step].x_only)[track.clusters[step]]
                expected = f"Group {number} alone ✕"
                assert get(page, "document.getElementById('show-all').textContent") == expected


def test_arrow_keys_walk_over_the_drawing_and_enter_shows_one_alone(page: Chrome, learning: SeriesRun) -> None:
    stops = page.find_elements(By.CSS_SELECTOR, ".alluvial[data-direction=x_only] .node[tabindex='0']")
    assert len(stops) == 1
    page.execute_script("arguments[0].focus()", stops[0])
    focused = "document.activeElement.dataset"
    page.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert get(page, f"{focused}.step") == "1"
    page.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert get(page, f"{focused}.step") == "1"
    assert get(page, "!document.getElementById('hovercard').hidden")
    group = int(get(page, f"{focused}.group"))
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert get(page, NAME) == CHECKPOINTS[1]
    assert get(page, COLOURED) == [learning.timeline.comparisons[1].x_only.clusters[group].items.tolist()] * 2


def test_ribbons_and_boxes_say_what_they_are(page: Chrome, learning: SeriesRun) -> None:
    flow = max(learning.timeline.x_only.flows, key=lambda flow: (flow.source >= 0) * flow.count)
    told = f".alluvial[data-direction=x_only] [data-flow='{flow.step} {flow.source} {flow.target} {flow.count}']"
    ribbon = scroll_to(page, told)
    page.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))", ribbon)
    text = get(page, "document.getElementById('hovercard').innerText")
    assert text.startswith(f"{flow.count} item")
    called = numbers(learning.timeline.comparisons[flow.step].x_only)[flow.source]
    assert f"{CHECKPOINTS[flow.step]}: group {called} (" in text
    assert f"{CHECKPOINTS[flow.step + 1]}: " in text
    page.execute_script("arguments[0].dispatchEvent(new PointerEvent('pointerout', { bubbles: true }))", ribbon)
    assert get(page, "document.getElementById('hovercard').hidden")


def test_figure_1_shows_the_numbers_and_leads_to_a_checkpoint(page: Chrome, learning: SeriesRun) -> None:
    growth = learning.timeline.growth()
    own = growth[growth["direction"] == "x_only"]
    for panel, measure in enumerate(("mean_affinity", "size", "accuracy_y")):
        for group in ("lowest", "others"):
            dots = f"renderers.find((renderer) => renderer.name === '{group} {measure} dots').data_source.data"
            drawn = get(page, f"Array.from({LINES}[{panel}].{dots}.value)")
            assert drawn == pytest.approx(own.loc[own["group"] == group, measure].tolist())
    grey = get(page, f"{LINES}[0].renderers.find((r) => r.name === 'lowest mean_affinity dots').data_source.data.ink")
    assert set(grey) == {get(page, "getComputedStyle(document.documentElement).getPropertyValue('--k-grey')")}
    point_at_chart(page, "growth-size", 2.2)
    wait(page, "!document.getElementById('hovercard').hidden")
    text = get(page, "document.getElementById('hovercard').innerText")
    assert CHECKPOINTS[2] in text
    assert f"lowest cluster: {learning.timeline.comparisons[2].x_only.clusters[0].size} items" in text
    point_at_chart(page, "growth-affinity", 3, press=True)
    wait(page, f"{NAME} === '{CHECKPOINTS[3]}'")


def test_items_tell_when_they_settle(page: Chrome, learning: SeriesRun) -> None:
    settled = learning.timeline.settled
    wall = "[...document.querySelectorAll('#settled-wall li')].map((item) => Number(item.dataset.item))"
    never = np.flatnonzero(settled == 4).tolist()
    assert get(page, "document.getElementById('settled-title').textContent") == f"{len(never)} items never settle"
    assert get(page, wall) == never[:60]
    click(page, ".stick[data-settled='2']")
    assert get(page, wall) == np.flatnonzero(settled == 2).tolist()[:60]
    assert get(page, "document.getElementById('settled-title').textContent").endswith("settled from third on")
    points = learning.timeline.comparisons[0].projection.x
    point_at(page, "x", (float(points[never[0], 0]), float(points[never[0], 1])))
    wait(page, "!document.getElementById('hovercard').hidden")
    assert "settle" in get(page, "document.getElementById('hovercard').innerText")


def test_the_download_holds_the_clusters_of_every_checkpoint(page: Chrome, folder: Path, learning: SeriesRun) -> None:
    click(page, "#download-csv")
    path, until = folder / "repdiff-labels.csv", time.monotonic() + 15
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"))))
    frame = learning.timeline.to_frame()
    for name in ("x_only", "y_only"):
        for checkpoint in CHECKPOINTS:
            assert [int(row[f"{name} {checkpoint}"]) for row in rows] == frame[f"{name} {checkpoint}"].tolist()
    assert [row["settled"] for row in rows] == frame["settled"].fillna("").tolist()


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_screen(browser: Chrome, report: Path, width: int) -> None:
    visit(browser, report, width=width)
    slide(browser, Keys.END)
    assert get(browser, NAME) == CHECKPOINTS[-1]
    assert get(browser, "document.documentElement.scrollWidth") <= width
    drawing = "document.querySelector('.alluvial')"
    assert get(browser, f"{drawing}.scrollWidth <= {drawing}.clientWidth")
    letter = "document.querySelector('.alluvial .node text').getBoundingClientRect()"
    shape = f"(({{ width, height }}) => width / height)({letter})"
    wait(browser, f"{shape} > 0.4 && {shape} < 1")  # not squeezed
    assert errors(browser) == []


def test_many_checkpoints_slide_along_on_a_narrow_screen(browser: Chrome, report: Path) -> None:
    visit(browser, report, width=390)
    for svg in browser.find_elements(By.CSS_SELECTOR, ".alluvial svg"):
        browser.execute_script("arguments[0].style.setProperty('--columns', 30)", svg)
    slide(browser, Keys.END)
    drawing = "document.querySelector('.alluvial')"
    assert get(browser, f"{drawing}.scrollWidth > {drawing}.clientWidth && {drawing}.scrollLeft > 0")


def test_the_figure_follows_the_theme(page: Chrome) -> None:
    colour = f"{LINES}[0].border_fill_color"
    assert get(page, colour) == "#fcfbf8"
    wear(page, dark=True)
    wait(page, f"{colour} === '#131416'")


def test_series_of_one_checkpoint_and_without_a_difference_work(
    browser: Chrome, folder: Path, learning: SeriesRun
) -> None:
    one = series_run(timeline_of(learning.timeline.comparisons[:1]))
    visit(browser, write_series_report(one, folder / "one.html"))
    assert get(browser, NAME) == CHECKPOINTS[0]
    x = np.random.default_rng(1).normal(size=(60, 5)).astype(np.float32)
    same = compare_series([x, x], x, names=["a", "b"], reference_name="c", n_clusters=3)
    visit(browser, write_series_report(series_run(same), folder / "same.html"))
    assert "Nothing differs: c and 2 checkpoints" in get(
        browser, "document.querySelector('h1').innerText.replaceAll('\\u00a0', ' ')"
    )
    slide(browser, Keys.ARROW_RIGHT)
    assert get(browser, "document.getElementById('settled-title').textContent") == "Every item settles"
    assert errors(browser) == []
