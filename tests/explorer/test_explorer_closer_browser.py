"""Side by side, other settings and larger pictures in a headless Chromium, with real clicks and keys."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium, get, wait
from explorer_pages import choose, click, draw_round, opened, press, served, shows, text, visit, write
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import repdiff

pytestmark = pytest.mark.browser
NEW_FILES = ("neighbors.parquet", "eigenvectors.parquet", "eigenvalues.parquet", "reference.parquet", "reference.json")
HELD = "document.querySelectorAll('#inspector .one-of-two').length === 2"


@pytest.fixture(scope="module")
def address(pictured: Path) -> Iterator[str]:
    with served(pictured / "run") as found:
        yield found


@pytest.fixture(scope="module")
def chrome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def browser(chrome: webdriver.Chrome, address: str) -> Iterator[webdriver.Chrome]:
    with opened(chrome, address) as page:
        yield page


def test_two_groups_side_by_side_by_a_click_with_shift(browser: webdriver.Chrome, pictured: Path) -> None:
    click(browser, "#finding-list li:first-child button")
    wait(browser, "document.querySelectorAll('#wall li').length > 0")
    second = browser.find_element(By.CSS_SELECTOR, "#finding-list li:nth-child(2) button")
    ActionChains(browser).key_down(Keys.SHIFT).click(second).key_up(Keys.SHIFT).perform()
    wait(browser, HELD)
    assert "beside=x%3A2" in browser.current_url
    assert "group=1" in browser.current_url
    shows(browser, "#inspector", "Side by side")
    shows(browser, "#inspector", "They have no item in common.")
    for words in ("How far apart they are", "members of the other", "fellow members among 10 neighbours, x"):
        assert words in text(browser, "#inspector")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".one-of-two .tile-button")) == 12
    here = browser.current_url
    browser.refresh()
    wait(browser, "'ready' in document.documentElement.dataset")
    wait(browser, HELD)
    assert browser.current_url == here
    click(browser, ".one-of-two .tile-button")
    wait(browser, "document.querySelectorAll('.near').length === 20")
    browser.back()
    wait(browser, HELD)
    press(browser, Keys.ESCAPE)
    wait(browser, "document.querySelector('#beside-close') === null")
    assert "beside" not in browser.current_url
    assert "group=1" in browser.current_url


def test_two_groups_side_by_side_by_keys_and_the_closest_of_the_other_direction(browser: webdriver.Chrome) -> None:
    press(browser, "j")
    wait(browser, "document.querySelector('#compare-with') !== null")
    press(browser, "c")
    assert get(browser, "document.activeElement.id") == "compare-with"
    press(browser, Keys.ARROW_DOWN)
    wait(browser, HELD)
    assert "beside=x%3A2" in browser.current_url
    click(browser, "#beside-close")
    click(browser, "[data-both=y_only]")
    wait(browser, HELD)
    assert "beside=y%3A" in browser.current_url
    assert "held together by y" in text(browser, "#inspector")


def test_what_is_drawn_round_beside_a_group(browser: webdriver.Chrome) -> None:
    corners = "(({ left, top, width, height }) => [left, top, width, height])"
    left, top, width, height = get(browser, f"{corners}(document.getElementById('map-x').getBoundingClientRect())")
    right, low = left + 0.7 * width, top + 0.7 * height
    draw_round(browser, [(left + 2, top + 2), (right, top + 2), (right, low), (left + 2, low)])
    shows(browser, "#wall-title", "drawn round")
    choose(browser, "#compare-with", "y_only:5")
    wait(browser, HELD)
    shows(browser, ".one-of-two", "drawn round")
    assert "round=x" in browser.current_url
    assert "beside=y" in browser.current_url


def test_other_settings_are_tried_on_a_sample(browser: webdriver.Chrome, pictured: Path) -> None:
    write(browser, "#trial-threshold", "140")
    click(browser, "#trial-go")
    shows(browser, "#trial", "Preview, on all 60 items: threshold 140 (run: 1.5)")
    assert "settings=%2C%2C140" in browser.current_url
    lines = browser.find_elements(By.CSS_SELECTOR, "#trial .fates")
    assert [line.get_attribute("data-direction") for line in lines] == ["x_only", "y_only"]
    counts = "[...document.querySelectorAll('.fates[data-direction=x_only] .chip')].length"
    assert get(browser, counts) == len(repdiff.load(pictured / "run").x_only.difference_clusters)
    assert get(browser, "document.querySelector('.fates [data-fate=kept]')") is None
    write(browser, "#trial-threshold", "")
    write(browser, "#trial-gamma", "0.1001")
    browser.find_element(By.ID, "trial-gamma").send_keys(Keys.ENTER)
    wait(browser, "document.querySelector('.fates [data-fate=kept]') !== null")
    here = browser.current_url
    browser.refresh()
    wait(browser, "'ready' in document.documentElement.dataset")
    shows(browser, "#trial", "gamma 0.1001 (run: 0.1)")
    assert browser.current_url == here
    assert get(browser, "document.getElementById('trial-gamma').value") == "0.1001"
    click(browser, "[data-fate=kept] .chip")
    shows(browser, "#inspector", "held together by x")
    click(browser, "#trial-close")
    wait(browser, "document.getElementById('trial').hidden")
    assert not (pictured / "run" / "annotations.json").exists()


def test_groups_that_are_new_with_other_settings_can_be_looked_at(browser: webdriver.Chrome) -> None:
    slider = browser.find_element(By.ID, "k")
    slider.click()
    slider.send_keys(Keys.HOME)
    shows(browser, "#review", "A preview")
    write(browser, "#trial-beta", "4")
    click(browser, "#trial-go")
    shows(browser, "#trial", "beta 4 (run: 5), 2 groups")
    new = get(browser, "document.querySelector('[data-fresh]')?.dataset.fresh ?? null")
    if new is None:
        assert get(browser, "document.querySelectorAll('[data-fate=gone]').length") > 0
        return
    click(browser, "[data-fresh]")
    shows(browser, "#wall-title", "in a group that is new with these settings")
    assert f"new={new}" in browser.current_url


def test_run_it_shows_progress_and_opens_the_new_run(browser: webdriver.Chrome, pictured: Path) -> None:
    write(browser, "#trial-gamma", "0.2")
    click(browser, "#trial-go")
    shows(browser, "#trial", "gamma 0.2")
    click(browser, "#trial-run")
    shows(browser, "#rerun", "Comparing again: x and y, gamma 0.2")
    click(browser, "#rerun-cancel")
    shows(browser, "#rerun", "Cancelled; nothing was written.")
    assert sorted(path.name for path in pictured.glob("*run*")) == ["run"]
    click(browser, "#trial-run")
    shows(browser, "#rerun", "Open the new run", seconds=60)
    shows(browser, "#rerun", "It is in the folder run-gamma-0.2, beside this run.")
    click(browser, "#rerun-open")
    wait(browser, "document.getElementById('frame')?.value === '1'")
    assert get(browser, "document.getElementById('trial-gamma').placeholder") == "0.2"
    assert repdiff.load(pictured / "run-gamma-0.2").provenance.parameters["gamma"] == 0.2
    shutil.rmtree(pictured / "run-gamma-0.2")


def test_a_picture_is_seen_larger_and_the_list_walked(browser: webdriver.Chrome) -> None:
    visit(browser, browser.current_url.partition("#")[0] + "#search=item&row=0")
    wait(browser, "document.querySelector('#inspector img')?.dataset.from === 'file'")
    click(browser, "#open-look")
    wait(browser, "document.getElementById('look').open")
    assert "picture=large" in browser.current_url
    shows(browser, "#look-from", "From the item's own file, 512 × 341 pixels here.")
    shows(browser, "#look-count", "1 of 60")
    press(browser, Keys.ARROW_RIGHT)
    shows(browser, "#look-from", "A thumbnail, enlarged: 1.jpg is not an image in a known format")
    assert get(browser, "document.querySelector('#look img').src.includes('/picture?')")
    assert "item=item+1" in browser.current_url
    press(browser, Keys.ARROW_RIGHT)
    shows(browser, "#look-from", "is a link to another place")
    press(browser, Keys.ESCAPE)
    wait(browser, "!document.getElementById('look').open")
    shows(browser, "#inspector h2", "item 2")
    assert "picture" not in browser.current_url
    shows(browser, "#inspector .hint", "a thumbnail, enlarged")


def test_an_older_run_says_what_it_lacks(chrome: webdriver.Chrome, pictured: Path, tmp_path: Path) -> None:
    shutil.copytree(pictured / "run", tmp_path / "old")
    for name in (
        "neighbors.parquet",
        "eigenvectors.parquet",
        "eigenvalues.parquet",
        "reference.parquet",
        "reference.json",
    ):
        (tmp_path / "old" / name).unlink()
    with served(tmp_path / "old") as address, opened(chrome, address) as browser:
        shows(browser, "#inspector", "This run keeps no neighbours")
        shows(browser, "#inspector", "repdiff rerun RUN -o NEW compares again")
        assert not browser.find_element(By.ID, "k").is_displayed()
        click(browser, "#finding-list li:first-child button")
        click(browser, "#wall [data-row]")
        shows(browser, ".strips", "This run keeps no neighbours")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_stops_the_comparison_that_runs(pictured: Path, tmp_path: Path) -> None:
    """Nothing of it is left, and no process."""
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from repdiff.explorer import server\n"
        "from repdiff.explorer.library import open_library\n"
        "from repdiff.explorer.trials import Changes\n"
        "library = open_library(Path(sys.argv[1]))\n"
        "library.compare_again(0, Changes(gamma=0.7))\n"
        "print(library.rerun._work.process.pid, flush=True)\n"
        "with server.listen(0) as listening:\n"
        "    server.serve(library, listening, 'token')\n"
    )
    command = [sys.executable, "-c", script, str(pictured / "run")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.send_signal(signal.SIGINT)
        parent.wait(20)
    for _ in range(50):  # stopped before the server ran, the comparison ends once it sees that nobody waits for it
        if not _runs(child):
            break
        time.sleep(0.1)
    assert not _runs(child)
    assert not list(pictured.glob("*gamma-0.7*"))
