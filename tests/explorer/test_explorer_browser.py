"""The explorer in a headless Chromium, with real clicks and keys: every part is used once as a reader would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium, errors, get, wait
from explorer_pages import choose, click, draw_round, opened, press, served, shows, text, visit, write
from report_runs import HOSTILE
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from small_umap import write_small_umap

import repdiff

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that says how long the small UMAP takes that the server finds."""
    return write_small_umap(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def address(saved: Path, seconds: Path) -> Iterator[str]:
    """The address of a server over the run; it ends with Ctrl-C at once, as it is meant to."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(seconds.parent), *filter(None, sys.path)])}
    with served(saved, environment=environment) as found:
        yield found


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def browser(chrome: webdriver.Chrome, address: str, run: Path) -> Iterator[webdriver.Chrome]:
    with opened(chrome, address) as page:
        yield page


def place_on_map(browser: webdriver.Chrome, side: str, row: int, comparison: Any) -> tuple[float, float]:
    """Where an item is on the screen."""
    corners = "(({ left, top, width, height }) => [left, top, width, height])"
    box = get(browser, f"{corners}(document.getElementById('map-{side}').getBoundingClientRect())")
    values = getattr(comparison.projection, side)
    margin = 0.06 * (values.max(0) - values.min(0))
    low, high = values.min(0) - margin, values.max(0) + margin
    across, up = (values[row] - low) / (high - low)
    return box[0] + across * box[2], box[1] + (1 - up) * box[3]


def test_an_item_is_found_and_neighbours_are_walked(browser: webdriver.Chrome, saved: Path) -> None:
    press(browser, "/")
    browser.find_element(By.ID, "query").send_keys("17th", Keys.ENTER)
    shows(browser, "#wall-title", "4 items for “17th”")  # the 17th, 117th, 217th and 317th
    assert "search=17th" in browser.current_url
    click(browser, "#wall [data-row='17']")
    shows(browser, "#inspector h2", "the 17th <i>")
    lists = repdiff.load(saved).neighbors
    assert lists is not None
    walked = 17
    for step in range(3):
        near = browser.find_elements(By.CSS_SELECTOR, ".nears[data-side=x] .near")
        assert [int(one.get_attribute("data-row") or -1) for one in near] == lists.x[walked, :10].tolist()
        there = int(lists.x_in_y[walked, 1])
        assert f"2nd here, {there}" in near[1].text
        kept = int((lists.x_in_y[walked, :10] <= 10).sum())
        assert f"{kept} kept, {10 - kept} lost" in text(browser, ".strip-of")
        near[step].click()
        walked = int(lists.x[walked, step])
        shows(browser, "#inspector h2", f"the {walked}th <i>")
        assert f"item=item+%22{walked}%22" in browser.current_url
    browser.back()
    browser.back()
    browser.back()
    shows(browser, "#inspector h2", "the 17th <i>")
    press(browser, Keys.ESCAPE)
    shows(browser, "#inspector", "Name them")


def test_a_group_lists_its_members_in_order_and_its_counterpart(browser: webdriver.Chrome, saved: Path) -> None:
    comparison = repdiff.load(saved)
    click(browser, "#finding-list li:first-child button")
    cluster = comparison.x_only.difference_clusters[-1]  # without evidence the highest mean affinity comes first
    shows(browser, "#wall-title", f"{cluster.size} items")
    shows(browser, "#inspector", "held together by <u>x")
    typical = get(browser, "[...document.querySelectorAll('#wall [data-row]')].map((one) => Number(one.dataset.row))")
    assert sorted(typical) == cluster.items.tolist()
    choose(browser, "#sort", "edge")
    wait(browser, f"document.querySelector('#wall [data-row]').dataset.row === '{typical[-1]}'")
    assert "order=edge" in browser.current_url
    assert "fellow members" in text(browser, "#inspector")
    click(browser, "input[value=y_only]")
    wait(browser, "document.querySelector('#wall').children.length === 0")
    assert "only=y" in browser.current_url


def test_a_lasso_gives_the_same_facts_and_a_name_to_keep(browser: webdriver.Chrome, saved: Path) -> None:
    comparison = repdiff.load(saved)
    xy = np.array([place_on_map(browser, "x", row, comparison) for row in range(320)])
    corner = xy[np.argsort(xy.sum(axis=1))[len(xy) // 4]] + 4
    low = xy.min(axis=0) - 5
    inside = set(np.flatnonzero(((xy < corner) & (xy > low)).all(axis=1)).tolist())
    near_the_line = set(np.flatnonzero((np.abs(xy - corner) < 2).any(axis=1)).tolist())  # pixels are whole
    assert len(inside - near_the_line) > 20
    draw_round(browser, [(low[0], low[1]), (corner[0], low[1]), (corner[0], corner[1]), (low[0], corner[1])])
    shows(browser, "#wall-title", "drawn round")
    rows = get(browser, "[...document.querySelectorAll('#wall [data-row]')].map((one) => Number(one.dataset.row))")
    assert (set(rows) ^ inside) <= near_the_line
    assert "fellow members" in text(browser, "#inspector")
    drawn = browser.current_url
    browser.refresh()
    wait(browser, "'ready' in document.documentElement.dataset")
    assert browser.current_url == drawn
    assert get(browser, "document.querySelectorAll('#wall [data-row]').length") == len(rows)
    browser.find_element(By.ID, "selection-name").send_keys("upper left", Keys.ENTER)
    shows(browser, "#selection-list", "upper left")
    shows(browser, "#wall-title", f"upper left: {len(rows)} items")
    (kept,) = repdiff.load(saved).annotations.selections
    ids = comparison.items.frame["id"]
    assert (kept.name, sorted(kept.items)) == ("upper left", sorted(ids[rows]))


def test_a_name_is_seen_in_report_table_and_python(browser: webdriver.Chrome, saved: Path, tmp_path: Path) -> None:
    click(browser, "#finding-list li:first-child button")
    write(browser, "#name", HOSTILE)
    shows(browser, "#finding-list", HOSTILE)
    write(browser, "#tags", "one, two ,one")
    shows(browser, "#finding-list .marks", "one · two")
    write(browser, "#note", "A note.")
    wait(browser, "document.querySelector('#undo').disabled === false")
    browser.refresh()
    wait(browser, "'ready' in document.documentElement.dataset")
    shows(browser, "#finding-list", HOSTILE)
    comparison = repdiff.load(saved)
    (said,) = comparison.annotations.clusters
    assert (said.name, said.tags, said.note) == (HOSTILE, ("one", "two"), "A note.")
    assert "&lt;img src=x onerror=alert(1)&gt;</span>" in comparison.report(tmp_path / "r.html").read_text("utf-8")
    table = subprocess.run(
        [sys.executable, "-m", "repdiff", "export", str(saved)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    ).stdout  # fmt: skip
    assert "x_only_name" in table.splitlines()[0]
    assert table.count(HOSTILE) > said.index


def test_review_by_keyboard_counts_down_and_can_be_undone(browser: webdriver.Chrome, saved: Path) -> None:
    comparison = repdiff.load(saved)
    n = len(comparison.x_only.difference_clusters) + len(comparison.y_only.difference_clusters)
    shows(browser, "#review", f"{n} left to review")
    press(browser, "j")
    shows(browser, "#finding-list [aria-pressed=true] .number", "1")
    press(browser, "r")
    shows(browser, "#review", f"{n - 1} left" if n > 1 else "Nothing left")
    shows(browser, "#finding-list li:first-child .marks", "real")
    press(browser, "n")
    shows(browser, "#review", f"{n - 2} left" if n > 2 else "Nothing left")
    decisions = {note.decision for note in repdiff.load(saved).annotations.clusters}
    assert decisions == {"real", "noise"}
    press(browser, "u")
    shows(browser, "#review", f"{n - 1} left")
    assert [note.decision for note in repdiff.load(saved).annotations.clusters] == ["real"]
    choose(browser, "#filter-state", "real")
    wait(browser, "document.querySelectorAll('#finding-list li').length === 1")
    home = browser.current_window_handle
    click(browser, "#memo")
    (other,) = set(browser.window_handles) - {home}
    browser.switch_to.window(other)
    shows(browser, ".memo-count", "1 taken for real, 0 for noise")
    browser.close()
    browser.switch_to.window(home)


def test_two_windows_do_not_lose_each_others_words(browser: webdriver.Chrome, saved: Path) -> None:
    click(browser, "#finding-list li:first-child button")
    first, here = browser.current_window_handle, browser.current_url
    browser.switch_to.new_window("tab")
    browser.set_window_size(1280, 900)
    visit(browser, here)
    write(browser, "#note", "of the second window")
    wait(browser, "document.querySelector('#undo').disabled === false")
    browser.close()
    browser.switch_to.window(first)
    write(browser, "#name", "of the first window")
    shows(browser, "#finding-list", "of the first window")
    (said,) = repdiff.load(saved).annotations.clusters
    assert (said.name, said.note) == ("of the first window", "of the second window")


def test_another_number_of_groups_is_a_preview(browser: webdriver.Chrome, saved: Path) -> None:
    slider = browser.find_element(By.ID, "k")
    slider.click()
    slider.send_keys(Keys.HOME)
    shows(browser, "#review", "A preview")
    wait(browser, "document.querySelectorAll('#finding-list li').length === 2")
    assert "groups=2" in browser.current_url
    click(browser, "#finding-list li:first-child button")
    shows(browser, "#wall-title", "group 1 of 2")
    browser.refresh()
    wait(browser, "'ready' in document.documentElement.dataset")
    shows(browser, "#wall-title", "group 1 of 2")
    members = int(np.bincount(repdiff.load(saved).recut(2).x_only.labels).max())
    assert members >= 160
    click(browser, "#k-back")
    wait(browser, "document.querySelectorAll('#finding-list li').length === 6")
    assert not (saved / "annotations.json").exists()


def test_points_are_picked_and_maps_moved(browser: webdriver.Chrome, saved: Path) -> None:
    comparison = repdiff.load(saved)
    xy = np.array([place_on_map(browser, "y", row, comparison) for row in range(320)])
    gaps = np.linalg.norm(xy[:, None] - xy[None], axis=2) + np.eye(320) * 1e3
    lonely = int(gaps.min(axis=1).argmax())
    left, top = xy[lonely]
    chain = ActionChains(browser, duration=20)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(round(left) - 3, round(top)).move_to_location(round(left), round(top))
    chain.perform()
    shows(browser, "#hovercard", f"the {lonely}th <i>")
    ActionChains(browser).click().perform()
    shows(browser, "#inspector h2", f"the {lonely}th <i>")
    seen = "document.getElementById('map-y').toDataURL()"
    before = get(browser, seen)
    click(browser, "[data-tool=pan]")
    draw_round(browser, [(left, top), (left - 60, top - 30), (left - 61, top - 30)][:2])
    assert "round=" not in browser.current_url
    click(browser, "#reset-maps")
    choose(browser, "#colour-by", "kept")
    shows(browser, "#colour-key", "10")
    assert get(browser, seen) != before
    assert "colour=kept" in browser.current_url


def test_the_left_map_turns_into_the_right_one(browser: webdriver.Chrome, saved: Path) -> None:
    comparison = repdiff.load(saved)
    xy = np.array([place_on_map(browser, "y", row, comparison) for row in range(320)])
    gaps = np.linalg.norm(xy[:, None] - xy[None], axis=2) + np.eye(320) * 1e3
    lonely = int(gaps.min(axis=1).argmax())
    click(browser, "#finding-list li:first-child button")
    wait(browser, "document.querySelectorAll('#wall li').length > 0")
    slider = browser.find_element(By.ID, "turn")
    slider.send_keys(Keys.END)
    width = "document.getElementById('map-{}').getBoundingClientRect().left"
    aside = get(browser, width.format("y")) - get(browser, width.format("x"))
    left, top = xy[lonely]
    chain = ActionChains(browser, duration=20)
    pointer = chain.w3c_actions.pointer_action
    pointer.move_to_location(round(left - aside), round(top)).pointer_down().pointer_up()
    chain.perform()
    shows(browser, "#inspector h2", f"the {lonely}th <i>")
    slider.send_keys(Keys.HOME)
    wait(browser, "document.getElementById('turn').value === '0'")


def test_filters_and_mistakes(browser: webdriver.Chrome) -> None:
    write(browser, "#query", "")
    browser.find_element(By.ID, "query").send_keys("colour:red", Keys.ENTER)
    shows(browser, "#notice", "there is no column 'colour'")
    errors(browser)  # the console notes the refused request
    choose(browser, "#filter-state", "noise")
    wait(browser, "document.querySelectorAll('#finding-list li').length === 0")


def test_on_a_narrow_screen_nothing_is_cut(browser: webdriver.Chrome, address: str) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    click(browser, "#finding-list li:first-child button")
    wait(browser, "document.querySelectorAll('#wall li').length > 0")
    click(browser, "#wall li:first-child button")
    wait(browser, "document.querySelectorAll('.near').length === 20")
    assert get(browser, "document.documentElement.scrollWidth") <= 390


def test_the_page_closed_to_others_stays_closed(browser: webdriver.Chrome, address: str) -> None:
    assert "token" not in browser.current_url
    assert get(browser, "document.cookie") == ""
    assert get(browser, "typeof window.DATA") == "undefined"


def test_a_umap_replaces_the_components_when_it_is_ready(browser: webdriver.Chrome, saved: Path, seconds: Path) -> None:
    (saved / "umap.parquet").unlink(missing_ok=True)
    seconds.write_text("1000")
    pixels = "document.getElementById('map-x').toDataURL()"
    before = get(browser, pixels)
    choose(browser, "#map-kind", "umap")
    shows(browser, "#map-note", "laying out <u>x, 3")
    assert get(browser, pixels) == before  # components are there while it is made
    click(browser, "#map-note button")
    wait(browser, "document.getElementById('map-note').hidden && document.getElementById('map-kind').value === ''")
    seconds.write_text("0")
    choose(browser, "#map-kind", "umap")
    shows(browser, "#map-note", "UMAP of all 320 items (15 neighbours")
    wait(browser, "document.querySelector('#map-note button').hidden")
    assert get(browser, pixels) != before
    assert "map=umap" in browser.current_url
    assert get(browser, "document.getElementById('map-y').getAttribute('aria-label')").endswith("UMAP")
    made = get(browser, pixels)
    browser.refresh()
    wait(browser, "'ready' in document.documentElement.dataset")
    shows(browser, "#map-note", "UMAP of all 320 items")
    wait(browser, f"{pixels} === {json.dumps(made)}")
    choose(browser, "#map-kind", "")
    wait(browser, f"{pixels} === {json.dumps(before)}")
