"""Looking closer: neighbours, search, sorting, the address, and what is lit, with real clicks and keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import planted
import pytest
from browser import SELECTED, chromium, click, errors, get, requests, scroll_to, visit, wait
from report_runs import make_run, pictures
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from repdiff.report import write_report
from repdiff.report.wording.groups import all_in_order, in_order
from repdiff.store.run import Run

pytestmark = pytest.mark.browser

OPEN = "document.getElementById('lightbox').open"
TITLE = "document.getElementById('lightbox-title').textContent"
GALLERY = "[...document.querySelectorAll('#wall li')].map((li) => Number(li.dataset.item))"
HEAD = "document.getElementById('gallery-title').textContent"


@pytest.fixture(scope="module")
def run() -> Run:
    """Twenty clusters of items with names, a label and a column."""
    found = planted.split_in_x(np.random.default_rng(3), n_groups=12, size=25, n_agreed=100)
    n = len(found.x)
    items = pd.DataFrame(
        {
            "id": [f"i{row:03}" for row in range(n)],
            "name": [f"thing <b>{row}" for row in range(n)],
            "kind": [f"kind {group}" for group in found.group],
            "colour": np.where(np.arange(n) % 3, "red", "deep blue"),
        }
    )
    return make_run(
        found.x, found.y, items=items, label="kind", names=("old", "new"), n_clusters=20, thumbnails=pictures(range(n))
    )


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("closer")) as found:
        yield found


@pytest.fixture(scope="module")
def report(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(run, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def page(driver: Chrome, report: Path) -> Iterator[Chrome]:
    driver.get("about:blank")
    visit(driver, report)
    yield driver
    assert errors(driver) == []
    assert [address.split("#")[0] for address in requests(driver)] in ([report.as_uri()], [report.as_uri()] * 2)


def search(page: Chrome, text: str) -> None:
    field = scroll_to(page, "#search")
    field.clear()
    field.send_keys(text + Keys.ENTER)


def neighbours(page: Chrome, side: int) -> list[str]:
    strips = page.find_elements(By.CSS_SELECTOR, "#lightbox .strip-of")
    return [tile.text for tile in strips[side].find_elements(By.CSS_SELECTOR, ".neighbour")]


def test_an_item_is_found_looked_at_and_three_neighbours_walked(page: Chrome, run: Run) -> None:
    search(page, "i042")
    assert get(page, GALLERY) == [42]
    click(page, "#wall li")
    assert get(page, OPEN)
    lists = run.comparison.neighbors
    assert lists is not None
    at = 42
    for order in range(3):
        assert get(page, TITLE) == f"thing <b>{at}"
        told = neighbours(page, 0)
        assert len(told) == 10
        place = int(lists.x_in_y[at, order])
        assert "kept" in told[order] if place <= 10 else "lost" in told[order]
        ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th") if place % 100 not in (11, 12, 13) else "th"
        assert f"{order + 1}{('st', 'nd', 'rd')[order]} here, {place}{ending} there" in told[order]
        gained = neighbours(page, 1)
        assert ["kept" in one for one in gained] == (lists.y_in_x[at, :10] <= 10).tolist()
        page.find_elements(By.CSS_SELECTOR, "#lightbox .strip-of:nth-of-type(1) .look")[order].click()
        at = int(lists.x[at, order])
    assert get(page, TITLE) == f"thing <b>{at}"
    page.back()
    wait(page, f"{TITLE} !== 'thing <b>{at}'")
    page.find_element(By.ID, "lightbox-close").click()
    assert not get(page, OPEN)
    assert get(page, GALLERY) == [42]


def test_the_arrow_keys_go_through_the_list_and_escape_closes(page: Chrome, run: Run) -> None:
    group = in_order(run.comparison.x_only)[0]
    tiles = f".card[data-cluster='{group.index}'] [data-item]"
    click(page, tiles)
    first, second = (f"thing <b>{row}" for row in group.representatives[:2].tolist())
    assert get(page, TITLE) == first
    assert get(page, "document.getElementById('lightbox-count').textContent") == f"1 of {len(group.representatives)}"
    facts = page.find_element(By.CSS_SELECTOR, ".item-facts").text
    assert f"i{group.representatives[0]:03}" in facts
    assert "colour" in facts
    assert "group 1" in facts
    keys = ActionChains(page)
    keys.send_keys(Keys.ARROW_RIGHT).perform()
    assert get(page, TITLE) == second
    keys.send_keys(Keys.ARROW_LEFT, Keys.ARROW_LEFT).perform()
    assert get(page, TITLE) == f"thing <b>{group.representatives[-1]}"
    keys.send_keys(Keys.ESCAPE).perform()
    wait(page, f"!{OPEN}")
    assert get(page, "document.getElementById('show-all').hidden")  # a press on a picture shows no group alone


def test_a_keyboard_reaches_an_item_of_the_list(page: Chrome) -> None:
    search(page, "i007")
    page.execute_script("document.querySelector('#wall li').focus()")
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert get(page, TITLE) == "thing <b>7"


def test_search_knows_labels_groups_columns_and_directions(page: Chrome, run: Run) -> None:
    frame, direction = run.comparison.items.frame, run.comparison.x_only
    kind = frame["kind"].iloc[0]
    search(page, f'label:"{kind}" colour:blue')
    assert get(page, GALLERY) == np.flatnonzero(
        frame["kind"].str.contains(kind) & (frame["colour"] == "deep blue")
    ).tolist()[:60]  # fmt: skip
    first = all_in_order(direction)[0]
    search(page, "group:1")
    assert get(page, GALLERY) == first.items.tolist()[:60]
    search(page, "only:x")
    assert get(page, HEAD) == f"{int((~direction.no_change).sum())} items selected"
    search(page, "thing <b>12")
    assert 12 in get(page, GALLERY)
    search(page, "nowhere to be found")
    assert get(page, HEAD) == "Nothing found for “nowhere to be found”"


def test_what_is_lit_is_what_is_listed(page: Chrome, run: Run) -> None:
    search(page, "colour:blue")
    blue = np.flatnonzero(run.comparison.items.frame["colour"] == "deep blue")
    assert [sorted(lit) for lit in get(page, SELECTED)] == [blue.tolist()] * 2
    group = in_order(run.comparison.x_only)[0]
    click(page, f".key[data-cluster='{group.index}']")
    both = np.intersect1d(blue, group.items).tolist()
    assert [sorted(lit) for lit in get(page, SELECTED)] == [both] * 2
    assert get(page, GALLERY) == both
    click(page, "#show-all")
    assert [sorted(lit) for lit in get(page, SELECTED)] == [blue.tolist()] * 2


def test_the_address_brings_back_what_was_seen(page: Chrome, report: Path, run: Run) -> None:
    search(page, "colour:blue")
    group = in_order(run.comparison.x_only)[1]
    click(page, f".key[data-cluster='{group.index}']")
    click(page, "#wall li")
    title, listed, address = get(page, TITLE), get(page, GALLERY), get(page, "location.href")
    assert address.startswith(f"{report.as_uri()}#")
    page.get("about:blank")
    page.get(address)
    wait(page, f"'ready' in document.documentElement.dataset && {OPEN}")
    assert get(page, TITLE) == title
    assert get(page, GALLERY) == listed
    assert get(page, "document.getElementById('search').value") == "colour:blue"
    assert get(page, "document.getElementById('show-all').textContent").startswith("Group 2 ")


def test_cards_are_sorted(page: Chrome, run: Run) -> None:
    shown = "[...document.querySelectorAll('.cards')].find((l) => l.offsetParent).children"
    order = f"Array.from({shown}, (card) => Number(card.dataset.cluster))"
    groups = list(in_order(run.comparison.x_only))
    assert get(page, order) == [group.index for group in groups]
    for value, key in (("size", "size"), ("affinity", "mean_affinity")):
        click(page, f"#sort-cards option[value={value}]")
        found = [getattr(run.comparison.x_only.clusters[index], key) for index in get(page, order)]
        assert found == sorted(found, reverse=True)
    click(page, "#sort-cards option[value=number]")
    assert get(page, order) == [group.index for group in groups]


def test_twenty_groups_fit_into_six_thousand_pixels_and_nothing_is_cut_on_a_phone(driver: Chrome, report: Path) -> None:
    visit(driver, report)
    assert len(driver.find_elements(By.CSS_SELECTOR, ".card, .quiet-card")) >= 20
    assert get(driver, "document.documentElement.scrollHeight") <= 6000
    maps, cards = (
        get(driver, f"document.querySelector('{one}').getBoundingClientRect().toJSON()")
        for one in (".maps", "#clusters")
    )
    assert cards["left"] > maps["right"]
    assert cards["top"] < maps["top"] < cards["bottom"]
    visit(driver, report, width=390)
    assert get(driver, "document.documentElement.scrollWidth") <= 390
    cut = """[...document.querySelectorAll('main *, header *, .bar *')].filter((part) => {
      if (!part.offsetParent || part.closest('.scroll, .bk-Figure, .switch legend, svg')) return false;
      const box = part.getBoundingClientRect();
      return box.width > 0 && (box.right > 391 || box.left < -1);
    }).map((part) => part.outerHTML.slice(0, 120))"""
    assert get(driver, cut) == []
    assert errors(driver) == []
